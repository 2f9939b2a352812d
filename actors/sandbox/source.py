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
from actors.source import Access, Bounds, RemoteUrl, Sources, parse
from runtime.shell import Cancel

MIRROR_BYTES = 500 * 1024**2
FILES_BYTES = 200 * 1024**2
FILES = 20_000
LEAST_BYTES = 1024  # the smallest file costs as much at least
LOOK_S = 0.5
SOURCE = "source-"


def address_of(url: str) -> RemoteUrl:
    """The address of a stranger's repository; raises BadUrl for one that is on this machine."""
    address = parse(url)
    if address.scheme not in ("https", "http", "ssh"):
        raise BadUrl(f"{address.safe} is not on a server", "Give an https:// address.", url=address.safe)
    return address


@contextmanager
def checked_out(
    sources: Sources, root: Path, url: str, access: Access, ref: str | None, cancel: Cancel
) -> Iterator[tuple[Path, str]]:
    """The files of that branch, tag or commit in a directory of their own, and the commit's id; gone afterwards.

    So is what was fetched for it: nothing of a stranger's stays on the disk. Raises BadUrl, or a SourceError; one that
    grows too large is broken off.
    """
    address = address_of(url)
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=SOURCE, dir=root, ignore_cleanup_errors=True) as scratch:
        mirrors, files = Path(scratch) / "mirrors", Path(scratch) / "files"
        files.mkdir()
        repository = sources.apart(address, access, mirrors, Bounds(FILES, FILES_BYTES))
        with bounded(mirrors, MIRROR_BYTES, cancel) as end:
            repository.fetch(cancel=end)
            commit = repository.resolve(ref, None)
            repository.checkout(commit, files, cancel=end)
        shutil.rmtree(mirrors, ignore_errors=True)
        yield files, commit


@contextmanager
def bounded(directory: Path, limit: int, cancel: Cancel) -> Iterator[Cancel]:
    """Break off what is done in this block when the directory grows by more than that. Raises SourceError.

    Gives the order to end for what is done: it comes with `cancel`, too.
    """
    over, large, end = threading.Event(), threading.Event(), Cancel()
    before = size_of(directory)

    def watch() -> None:
        while not over.wait(LOOK_S):
            if size_of(directory) - before > limit:
                large.set()
                end.set()
                return

    watcher = threading.Thread(target=watch, name="size", daemon=True)
    watcher.start()
    try:
        with cancel.telling(end.set):
            yield end
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
    """The bytes of all files below it, as far as they can be seen; none counts for nothing."""
    total = 0
    for folder, _names, files in os.walk(directory):
        for name in files:
            try:
                total += max(os.lstat(os.path.join(folder, name)).st_size, LEAST_BYTES)
            except OSError:
                continue  # it went while we looked
    return total


def _too_large(limit: int) -> SourceError:
    return SourceError(
        f"the repository is larger than {limit / 1e6:.0f} MB", "Only smaller repositories of strangers are run."
    )
