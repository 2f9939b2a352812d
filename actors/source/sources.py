"""Sources: the shared mirrors, connections and looks of one home."""

from __future__ import annotations

import re
import shutil
import threading
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from actors.source.address import Access, RemoteUrl
from actors.source.apart import Bounds, check_reach
from actors.source.looks import Looks
from actors.source.mirror import Mirror
from actors.source.refs import Refs
from actors.source.remote import GitRepository
from actors.source.repository import Head, Repository
from actors.source.tool import Tool
from runtime.clock import Clock, SystemClock
from runtime.shell import Cancel

_MIRROR = re.compile(r"^[0-9a-f]{16}$")
_UNUSED_S = 30 * 24 * 3600.0
_MOST_FORGOTTEN = 20
_DOOMED = ".doomed"


class Sources:
    """Made once by the tree, for the one service that owns the home. Safe from any thread."""

    def __init__(self, home: Path, *, clock: Clock | None = None, per_site: int = 8) -> None:
        self._mirrors_dir = home / "mirrors"
        self._clock = clock or SystemClock()
        self._tool = Tool(home)
        self._refs = Refs(self._tool, self._clock, per_site=per_site)
        self._looks = Looks(self._refs, self._clock)
        self._guard = threading.Lock()
        self._mirrors: dict[str, Mirror] = {}

    def repository(self, url: RemoteUrl, access: Access | None = None) -> Repository:
        """The repository at that address. Costs nothing: no server is asked, nothing is written."""
        return GitRepository(url, access or Access(), self._mirror(url), self._looks, self._tool, self._mirror)

    def apart(self, url: RemoteUrl, access: Access, directory: Path, bounds: Bounds) -> Repository:
        """A stranger's repository: its mirror, and those of its submodules, lie below that directory and nowhere else.

        Whoever asks removes the directory. Its submodules may not lead into networks that only this machine can reach.
        """
        mirrors: dict[str, Mirror] = {}

        def mirror_of(other: RemoteUrl) -> Mirror:
            check_reach(url, other)
            if other.key not in mirrors:
                mirrors[other.key] = Mirror(directory / other.key, other, self._tool, self._clock)
            return mirrors[other.key]

        return GitRepository(url, access, mirror_of(url), self._looks, self._tool, mirror_of, bounds)

    def head(
        self,
        url: RemoteUrl,
        access: Access | None = None,
        branch: str | None = None,
        max_age_s: float = 0.0,
        cancel: Cancel | None = None,
    ) -> Head:
        """Where the branch (None: the server's default) stands, by a look that began at most `max_age_s` ago.

        Projects that share an address (and its access) share the look: one request tells of all their branches. A
        look under way that is young enough is waited for; an error of a look goes to all who share it.
        """
        return self._looks.head(url, access or Access(), branch, max_age_s, cancel)

    def forget_unused(
        self, in_use: Iterable[RemoteUrl], *, older_than_s: float = _UNUSED_S, most: int = _MOST_FORGOTTEN
    ) -> int:
        """Delete the mirrors of addresses that no project uses and nobody fetched for that long; how many went.

        `most` at a time, and none that is just being fetched into. Mirrors of submodules count as unused: their last
        fetch decides, and they come back when they are needed. Nothing is raised for one that cannot be deleted.
        """
        kept = {url.key for url in in_use}
        gone = 0
        for directory in self._old_ones(older_than_s):
            if gone == most:
                break
            if directory.name not in kept:
                gone += self._forget(directory)
        return gone

    def _old_ones(self, older_than_s: float) -> list[Path]:
        found = []
        with suppress(FileNotFoundError):  # nothing was ever fetched
            for directory in self._mirrors_dir.iterdir():
                if directory.name.endswith(_DOOMED):  # the service was stopped while it was deleted
                    shutil.rmtree(directory, ignore_errors=True)
                with suppress(FileNotFoundError):  # it went meanwhile
                    if _MIRROR.match(directory.name) and time.time() - directory.stat().st_mtime >= older_than_s:
                        found.append(directory)
        return found

    def _forget(self, directory: Path) -> bool:
        """Under the lock of whoever would fetch into it; one that nobody ever asked for is moved out of the way."""
        with self._guard:
            mirror = self._mirrors.get(directory.name)
            if mirror is None:
                doomed = directory.with_name(f"{directory.name}{_DOOMED}")
                shutil.rmtree(doomed, ignore_errors=True)
                with suppress(OSError):
                    directory.rename(doomed)
        if mirror is not None:
            return mirror.remove()
        shutil.rmtree(doomed, ignore_errors=True)
        return not directory.exists()

    def close(self) -> None:
        """Close all connections. What git runs by then has its own limits and is cancelled by whoever started it."""
        self._refs.close()

    def _mirror(self, url: RemoteUrl) -> Mirror:
        with self._guard:
            mirror = self._mirrors.get(url.key)
            if mirror is None:
                mirror = Mirror(self._mirrors_dir / url.key, url, self._tool, self._clock)
                self._mirrors[url.key] = mirror
            return mirror
