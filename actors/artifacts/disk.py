"""Durable writes, whole copies and careful removal: what must still be true after the power is cut."""

from __future__ import annotations

import ctypes
import errno
import json
import os
import shutil
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from actors.errors import SwitchError, VankaError


@contextmanager
def as_error(kind: type[VankaError], what: str) -> Iterator[None]:
    """What the disk refuses inside is raised as an error of the domain that says `what` could not be done."""
    try:
        yield
    except OSError as error:
        raise kind(f"{what}: {error}", "See that there is room on the disk, and who may write there.") from error


def sync_directory(directory: Path) -> None:
    """Make the names in a directory durable. Where directories cannot be opened (Windows) there is nothing to do."""
    if sys.platform == "win32":
        return
    fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def sync_tree(directory: Path) -> None:
    """Make everything below a directory durable: its whole file system at once, or file by file.

    At 2,000 small files one `syncfs` takes 16 ms where as many calls of fsync take 470.
    """
    if sys.platform == "linux" and _syncfs(directory):
        return
    for path in walk(directory):
        if path.is_symlink():
            continue
        if path.is_dir():
            sync_directory(path)
        elif path.is_file():
            sync_file(path)
    sync_directory(directory)


def sync_file(file: Path) -> None:
    """Make the content of one file durable."""
    fd = os.open(file, os.O_RDWR if sys.platform == "win32" else os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _syncfs(directory: Path) -> bool:
    syncfs = getattr(ctypes.CDLL(None, use_errno=True), "syncfs", None)
    if syncfs is None:
        return False
    fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        return bool(syncfs(fd) == 0)
    finally:
        os.close(fd)


def write_record(file: Path, record: dict[str, Any]) -> None:
    """Write a plain JSON record so that after any crash it is there whole, or as it was before."""
    temporary = file.with_name(f".{file.name}.new")
    with open(temporary, "w", encoding="utf-8") as out:
        out.write(json.dumps(record, separators=(",", ":")))  # in one piece: `dump` encodes in slow Python
        out.flush()
        os.fsync(out.fileno())
    os.replace(temporary, file)
    sync_directory(file.parent)


def read_record(file: Path) -> dict[str, Any] | None:
    """The record, or None where there is none or it cannot be read as one."""
    try:
        record = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return record if isinstance(record, dict) else None


def forget_record(file: Path) -> None:
    """Remove a record, durably."""
    file.unlink(missing_ok=True)
    if file.parent.is_dir():
        sync_directory(file.parent)


def walk(directory: Path) -> Iterator[Path]:
    """Every path below a directory, parents first; links are named, never followed."""
    for base, folders, files in os.walk(directory):
        for name in (*folders, *files):
            yield Path(base, name)


def tree_bytes(path: Path) -> int:
    """How much disk a file or tree takes, in bytes; links are not followed, what vanishes meanwhile counts nothing."""
    total = _blocks(path)
    if path.is_dir() and not path.is_symlink():
        total += sum(_blocks(found) for found in walk(path))
    return total


def _blocks(path: Path) -> int:
    try:
        found = path.lstat()
    except OSError:
        return 0
    return int(getattr(found, "st_blocks", 0)) * 512 or found.st_size


def copy_whole(source: Path, into: Path) -> None:
    """Copy a file, link or tree with its times, modes and owners, and make the copy durable; `into` must not exist.

    Sockets are left out: they mean nothing without the process that listens. Raises OSError, leaving a part behind.
    """
    found = source.lstat()
    if stat.S_ISLNK(found.st_mode):
        os.symlink(os.readlink(source), into)
    elif stat.S_ISDIR(found.st_mode):
        into.mkdir()
        for name in sorted(os.listdir(source)):
            copy_whole(source / name, into / name)
    elif stat.S_ISREG(found.st_mode):
        shutil.copyfile(source, into)
    elif stat.S_ISFIFO(found.st_mode) and sys.platform != "win32":
        os.mkfifo(into)
    else:
        return
    _keep_stat(source, into, found)
    if stat.S_ISREG(found.st_mode):
        sync_file(into)
    elif stat.S_ISDIR(found.st_mode):
        sync_directory(into)


def _keep_stat(source: Path, into: Path, found: os.stat_result) -> None:
    if sys.platform != "win32" and os.geteuid() == 0:
        os.chown(into, found.st_uid, found.st_gid, follow_symlinks=False)
    shutil.copystat(source, into, follow_symlinks=False)


def remove_tree(path: Path, *, inside: Path) -> int:
    """Remove a file, link or tree that lies directly in a directory of ours; the bytes that were freed.

    Links are removed, never followed. Raises SwitchError when `path` is not an entry of `inside` or when `inside` is
    reached through a link: then it is not ours, whatever its name says. What is gone already counts nothing.
    """
    if path.parent != inside or path.name in {"", ".", ".."} or os.path.realpath(inside) != str(inside):
        raise SwitchError(f"{path} is not ours to remove", path=str(path))
    if not os.path.lexists(path):
        return 0
    freed = tree_bytes(path)
    if path.is_symlink() or not path.is_dir():
        path.unlink(missing_ok=True)
        return freed
    doomed = path if path.name.startswith(TRASH) else inside / f"{TRASH}{path.name}"
    if doomed != path:
        if os.path.lexists(doomed):
            remove_tree(doomed, inside=inside)
        os.rename(path, doomed)  # at once out of sight: half a tree must never look like a whole one
    _remove_all(doomed)
    return freed


def _remove_all(doomed: Path) -> None:
    """Again when something vanished or came meanwhile: another removal, or a program that has not noticed yet."""
    for last in (False, False, True):
        try:
            _make_removable(doomed)
            shutil.rmtree(doomed)
        except FileNotFoundError:
            if not doomed.exists():
                return
            if last:
                raise
        except OSError as error:
            if last or error.errno != errno.ENOTEMPTY:
                raise
        else:
            return


def _make_removable(directory: Path) -> None:
    """Folders that forbid writing (a program's cache, a module store) would stop the removal half-way."""
    for base, folders, _ in os.walk(directory):
        for name in folders:
            path = Path(base, name)
            if not path.is_symlink() and not os.access(path, os.W_OK | os.X_OK):
                path.chmod(0o700)


TRASH = ".trash-"
