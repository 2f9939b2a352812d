"""The bare mirror of one address: cloned, brought up to date, kept in bounds, made anew when it is damaged."""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from actors.errors import NoSuchCommit, SourceError, Unreachable
from actors.source import complaints
from actors.source.address import Access, RemoteUrl
from actors.source.git import Reader, say
from actors.source.repository import FETCH_LIMIT_S, Sink
from actors.source.shared import Shared
from actors.source.tool import Tool
from runtime.clock import Clock
from runtime.errors import Cancelled
from runtime.shell import Cancel, Outcome

_EVERYTHING = ("+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*")
REMOTE_HEAD = "refs/remote/HEAD"  # what the server's HEAD pointed to
KEPT = "refs/vanka/"  # commits of versions: no clean-up takes them away
_GC_LIMIT_S = 600.0
_LOCK_AGE_S = 5.0  # git holds its lock files for milliseconds; an older one belongs to a git that was killed
_LEFT_OVER_S = 3600.0
_TRIES = 3  # against the git of a service that was killed, which may still be at work


class Mirror:
    """One directory, changed by one thread at a time; reading needs no lock. Credentials are never stored in it."""

    def __init__(self, directory: Path, url: RemoteUrl, tool: Tool, clock: Clock) -> None:
        self.directory = directory
        self.url = url
        self.reader = Reader(directory, tool)
        self._tool = tool
        self._clock = clock
        self._lock = threading.Lock()
        self._fetches: dict[str, Shared[bool]] = {}
        self._guard = threading.Lock()
        self._damaged = False
        self._swept = False

    def mark_damaged(self) -> None:
        """Something in it could not be read: the next fetch clones it anew."""
        self._damaged = True

    def exists(self) -> bool:
        """Whether there is anything to read yet."""
        return (self.directory / "HEAD").is_file()

    def fetch(self, access: Access, cancel: Cancel | None, sink: Sink) -> None:
        """Bring it up to date, sharing the result with all who wait with the same access."""
        with self._guard:
            shared = self._fetches.setdefault(access.digest, Shared(self._clock))
            if len(self._fetches) > 64:  # access that was changed again and again
                self._fetches = {access.digest: shared}
        mine = False

        def work() -> bool:
            nonlocal mine
            mine = True
            with self._alone(cancel):
                self._bring_up_to_date(access, cancel, sink)
            return True

        shared.run(work, limit_s=FETCH_LIMIT_S, cancel=cancel)
        if not mine:
            say(sink, f"{self.url.safe} was brought up to date together with others")

    def fetch_commit(self, sha: str, access: Access, cancel: Cancel | None, sink: Sink) -> None:
        """Ask for one commit by its full id, where no branch or tag leads to it. Raises NoSuchCommit."""
        with self._alone(cancel):
            outcome = self._git(("fetch", *_FETCH, "--", self.url.raw, sha), access, cancel, sink)
            if not outcome.ok or not self.reader.has_commit(sha):
                error = self._error(outcome, access)
                if isinstance(error, SourceError) and not isinstance(error, NoSuchCommit | Unreachable):
                    error = NoSuchCommit(f"{self.url.safe} does not have the commit {sha}", url=self.url.safe)
                raise error

    def remove(self) -> bool:
        """Delete the mirror's directory, if nobody is fetching into it."""
        if not self._lock.acquire(blocking=False):
            return False
        try:
            shutil.rmtree(self.directory, ignore_errors=True)
            return True
        finally:
            self._lock.release()

    @contextmanager
    def _alone(self, cancel: Cancel | None) -> Iterator[None]:
        until = time.monotonic() + FETCH_LIMIT_S
        while not self._lock.acquire(timeout=0.25):
            if cancel is not None and cancel.is_set():
                raise Cancelled("told to end while waiting for another fetch")
            if time.monotonic() > until:
                raise Unreachable(f"{self.url.safe} is kept busy by another fetch", "Try again later.")
        try:
            yield
        finally:
            self._lock.release()

    def _bring_up_to_date(self, access: Access, cancel: Cancel | None, sink: Sink) -> None:
        self._sweep()
        old = None
        if self._damaged and self.exists():
            say(sink, f"the mirror of {self.url.safe} is damaged: it is thrown away and cloned anew")
            old = self._set_aside()
        try:
            self._fetch_whole(access, cancel, sink)
        except _DamagedError as damage:
            say(sink, f"the mirror of {self.url.safe} is damaged ({damage}): it is thrown away and cloned anew")
            old = self._set_aside()
            try:
                self._fetch_whole(access, cancel, sink)
            except _DamagedError as again:
                raise SourceError(f"{self.url.safe} cannot be read even when cloned anew: {again}") from again
        finally:
            if old is not None:
                self._save_kept(old, cancel)
                shutil.rmtree(old, ignore_errors=True)
        self._damaged = False
        os.utime(self.directory)  # when it was last of use
        self._clean_up(cancel)
        if not self.reader.has_branches():
            raise complaints.empty(self.url)

    def _fetch_whole(self, access: Access, cancel: Cancel | None, sink: Sink) -> None:
        fresh = not self.exists()
        if fresh:
            self._create("sha1", cancel)
        outcome = self._fetch_refs(access, cancel, sink, quiet=fresh)
        if not outcome.ok and "mismatched algorithms" in outcome.text:
            self._set_aside_and_drop()
            self._create(_server_format(outcome.text), cancel)
            outcome = self._fetch_refs(access, cancel, sink, quiet=True)
        if not outcome.ok:
            raise self._error(outcome, access)
        wrong = self.reader.damage()
        if wrong:
            raise _DamagedError(wrong)

    def _fetch_refs(self, access: Access, cancel: Cancel | None, sink: Sink, *, quiet: bool) -> Outcome:
        begin = ("fetch", *_FETCH, "--prune", *(("--quiet",) if quiet else ()), "--", self.url.raw)
        outcome = self._git((*begin, *_EVERYTHING, f"+HEAD:{REMOTE_HEAD}"), access, cancel, sink)
        if not outcome.ok and "find remote ref HEAD" in outcome.text:  # empty, or its HEAD names a branch that is gone
            outcome = self._git((*begin, *_EVERYTHING), access, cancel, sink)
            if outcome.ok:
                self.reader.delete_ref(REMOTE_HEAD)
        return outcome

    def _git(self, arguments: tuple[str, ...], access: Access, cancel: Cancel | None, sink: Sink) -> Outcome:
        for attempt in range(1, _TRIES + 1):
            outcome = self._tool.run(
                arguments,
                timeout=FETCH_LIMIT_S,
                url=self.url,
                access=access,
                git_dir=self.directory,
                cancel=cancel,
                sink=sink,
            )
            if outcome.ok or attempt == _TRIES or not complaints.is_locked(outcome.text):
                break
            self._remove_locks(cancel)
        return outcome

    def _error(self, outcome: Outcome, access: Access) -> Exception:
        """What to raise: _DamagedError when the mirror itself is to blame, else the error that the words tell of."""
        error = complaints.classify(outcome.text, self.url, access, timed_out=outcome.timed_out)
        ours = "\n".join(line for line in outcome.text.splitlines() if not line.startswith("remote:"))
        if type(error) is SourceError and (str(self.directory) in ours or complaints.is_damage(ours)):
            return _DamagedError(complaints.last_words(ours, access))
        return error

    def _create(self, object_format: str, cancel: Cancel | None) -> None:
        staged = self.directory.with_suffix(".new")
        shutil.rmtree(staged, ignore_errors=True)
        self.directory.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        made = self._tool.run(
            ("init", "--bare", "--quiet", "--template=", f"--object-format={object_format}", "--", str(staged)),
            timeout=60.0,
            cancel=cancel,
        )
        if not made.ok:
            raise complaints.classify(made.text, self.url)
        shutil.rmtree(self.directory, ignore_errors=True)
        staged.replace(self.directory)

    def _set_aside(self) -> Path:
        aside = self.directory.with_suffix(".damaged")
        shutil.rmtree(aside, ignore_errors=True)
        self.directory.replace(aside)
        return aside

    def _set_aside_and_drop(self) -> None:
        shutil.rmtree(self._set_aside(), ignore_errors=True)

    def _save_kept(self, old: Path, cancel: Cancel | None) -> None:
        """Take over the commits of versions from the damaged mirror, one by one, as far as it can still be read."""
        if not self.exists():
            return
        for name in Reader(old, self._tool).kept(KEPT):
            self._tool.run(
                ("fetch", *_FETCH, "--quiet", "--", str(old), f"+{name}:{name}"),
                timeout=FETCH_LIMIT_S,
                git_dir=self.directory,
                cancel=cancel,
            )

    def _sweep(self) -> None:
        """Once in a service's life: what killed transfers left behind."""
        if self._swept:
            return
        self._swept = True
        shutil.rmtree(self.directory.with_suffix(".damaged"), ignore_errors=True)
        for left in (self.directory / "objects" / "pack").glob("tmp_*"):
            if _age(left) > _LEFT_OVER_S:
                left.unlink(missing_ok=True)

    def _remove_locks(self, cancel: Cancel | None) -> None:
        """Wait until the lock files are gone, or so old that nobody can be holding them; then remove those."""
        pause = cancel or Cancel()
        until = time.monotonic() + 2 * _LOCK_AGE_S
        while time.monotonic() < until and not pause.is_set():
            locks = [lock for lock in self.directory.rglob("*.lock") if "objects" not in lock.parts]
            for lock in locks:
                if _age(lock) > _LOCK_AGE_S:
                    lock.unlink(missing_ok=True)
            if not locks:
                return
            pause.wait(0.2)

    def _clean_up(self, cancel: Cancel | None) -> None:
        """Pack what has become many files; git decides whether there is anything to do. A failure harms nothing."""
        self._tool.run(("gc", "--auto", "--quiet"), timeout=_GC_LIMIT_S, git_dir=self.directory, cancel=cancel)


_FETCH = (
    "--force",
    "--no-tags",
    "--no-auto-gc",
    "--no-write-fetch-head",
    "--no-recurse-submodules",
)


class _DamagedError(Exception):
    """The mirror itself cannot be read."""


def _age(file: Path) -> float:
    try:
        return time.time() - file.lstat().st_mtime
    except FileNotFoundError:
        return 0.0


def _server_format(words: str) -> str:
    return "sha256" if "server sha256" in words else "sha1"
