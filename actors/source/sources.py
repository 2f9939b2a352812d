"""Sources: the shared mirrors, connections and looks of one home."""

from __future__ import annotations

import re
import shutil
import threading
import time
from collections.abc import Iterable
from pathlib import Path

from actors.source.address import Access, RemoteUrl
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

    def forget_unused(self, in_use: Iterable[RemoteUrl], *, older_than_s: float = _UNUSED_S) -> int:
        """Delete the mirrors of addresses that no project uses and nobody fetched for that long; how many went.

        Mirrors of submodules count as unused: their last fetch decides, and they come back when they are needed.
        """
        kept = {url.key for url in in_use}
        gone = 0
        for directory in self._mirrors_dir.iterdir():
            if not _MIRROR.match(directory.name) or directory.name in kept:
                continue
            if time.time() - directory.stat().st_mtime < older_than_s:
                continue
            with self._guard:
                mirror = self._mirrors.get(directory.name)
            if mirror is not None:
                gone += mirror.remove()
            else:
                shutil.rmtree(directory, ignore_errors=True)
                gone += 1
        return gone

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
