"""Files that must survive a power cut: written, synced and renamed, in directories only their owner can enter."""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path

from runtime.errors import StoreError, StoreFull

NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


def private_directory(directory: Path) -> None:
    """Make `directory` (and what is above it) if it is missing; nobody but its owner can enter it afterwards.

    Raises StoreFull or StoreError.
    """
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        if sys.platform != "win32" and directory.stat().st_mode & 0o077:
            directory.chmod(0o700)
    except OSError as error:
        raise said_by_the_system(error, f"the directory {directory} cannot be used") from error


def sync_directory(directory: Path) -> None:
    """Make the names in `directory` durable. Where directories cannot be opened (Windows) it does nothing."""
    if sys.platform != "win32":
        handle = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def sync_file(file: Path) -> None:
    """Make the content of `file` durable."""
    with file.open("rb+") as opened:
        os.fsync(opened.fileno())


def write_durably(file: Path, text: str) -> None:
    """Put `text` into `file`, mode 0600, whole or not at all, and durable when this returns. Raises OSError."""
    partial = file.with_name(f"{file.name}.new")
    try:
        handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as opened:
            opened.write(text)
            opened.flush()
            os.fsync(opened.fileno())
        os.replace(partial, file)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    sync_directory(file.parent)


def said_by_the_system(error: OSError, what: str) -> StoreError:
    """The store's word for an OSError: StoreFull when there is no room, else StoreError. `what` begins the sentence."""
    if error.errno in NO_ROOM:
        return StoreFull(f"{what}: no space is left on the disk", "Free some space; nothing that was saved is lost.")
    return StoreError(f"{what}: {error.strerror or error}", "Check the disk and who owns the directory.")
