"""A stranger's repository as files: fetched within bounds of size, checked out where no link can lead out."""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from actors.errors import BadUrl, SourceError
from actors.source import Access, Sources, parse
from runtime.shell import Cancel

MIRROR_BYTES = 500 * 1024**2
FILES_BYTES = 200 * 1024**2
LOOK_S = 0.5


@contextmanager
def checked_out(sources: Sources, home: Path, url: str, ref: str | None, cancel: Cancel) -> Iterator[tuple[Path, str]]:
    """The files of that branch, tag or commit in a directory of their own, and the commit's id; gone afterwards.

    Raises BadUrl, or a SourceError; one that grows too large is broken off.
    """
    address = parse(url)
    if address.scheme not in ("https", "http", "ssh"):
        raise BadUrl(f"{address.safe} is not on a server", "Give an https:// address.", url=address.safe)
    repository = sources.repository(address, Access())
    with bounded(home / "mirrors" / address.key, MIRROR_BYTES, cancel):
        repository.fetch(cancel=cancel)
    commit = repository.resolve(ref, None)
    root = home / "sandbox"
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    directory = Path(tempfile.mkdtemp(prefix="source-", dir=root))
    try:
        with bounded(directory, FILES_BYTES, cancel):
            repository.checkout(commit, directory, cancel=cancel)
        yield directory, commit
    finally:
        shutil.rmtree(directory, ignore_errors=True)


@contextmanager
def bounded(directory: Path, limit: int, cancel: Cancel) -> Iterator[None]:
    """Break off what is done in this block when the directory grows by more than that. Raises SourceError."""
    over, large = threading.Event(), threading.Event()
    before = size_of(directory)

    def watch() -> None:
        while not over.wait(LOOK_S):
            if size_of(directory) - before > limit:
                large.set()
                cancel.set()
                return

    watcher = threading.Thread(target=watch, name="size", daemon=True)
    watcher.start()
    try:
        yield
    except Exception as error:
        if large.is_set():
            raise _too_large(limit) from error
        raise
    finally:
        over.set()
        watcher.join(LOOK_S * 4)
    if large.is_set() or size_of(directory) - before > limit:
        raise _too_large(limit)


def size_of(directory: Path) -> int:
    """The bytes of all files below it, as far as they can be seen."""
    total = 0
    for folder, _names, files in os.walk(directory):
        for name in files:
            try:
                total += os.lstat(os.path.join(folder, name)).st_size
            except OSError:
                continue  # it went while we looked
    return total


def _too_large(limit: int) -> SourceError:
    return SourceError(
        f"the repository is larger than {limit / 1e6:.0f} MB", "Only smaller ones are run for strangers."
    )
