"""Links of ours and atomic changes of a directory; every difference between operating systems is in this module."""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import sys
from pathlib import Path

_AT_FDCWD = -100
_RENAME_EXCHANGE = 2
_RENAMEAT2 = {"x86_64": 316, "aarch64": 276, "armv7l": 382, "armv6l": 382, "i686": 353, "i386": 353, "riscv64": 276}
_NOT_HERE = frozenset({errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP})
_NO_LINKS = frozenset({errno.ENOSYS, errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EINVAL})


class UnsupportedError(OSError):
    """The file system or the operating system has no such operation; nothing was changed."""


class FileSystem:
    """What a target is changed with. One object may serve all projects; tests put a poorer one in its place."""

    def exchange(self, one: Path, other: Path) -> None:
        """Let two paths change places in one step; UnsupportedError, or OSError (EBUSY: a mount point, EXDEV)."""
        if sys.platform != "linux":
            raise UnsupportedError(errno.ENOSYS, "no exchange of two paths on this system")
        code = _renameat2(os.fsencode(one), os.fsencode(other))
        if code in _NOT_HERE:
            raise UnsupportedError(code, os.strerror(code), str(one))
        if code:
            raise OSError(code, os.strerror(code), str(one), None, str(other))

    def rename(self, source: Path, to: Path) -> None:
        """The plain rename, which fails across devices (EXDEV) and at mount points (EBUSY)."""
        os.rename(source, to)

    def make_link(self, to: Path, at: Path) -> None:
        """A new link (on Windows a junction: links want a privilege there) to a directory.

        Raises UnsupportedError where there are none, FileExistsError when something is at `at`.
        """
        if sys.platform == "win32":
            _make_junction(to, at)
            return
        try:
            os.symlink(to, at, target_is_directory=True)
        except OSError as error:
            if error.errno in _NO_LINKS:
                raise UnsupportedError(error.errno, "no links on this file system", str(at)) from error
            raise

    def replace_link(self, new: Path, at: Path) -> None:
        """Put the link `new` where the link `at` is: one atomic step, but on Windows two under the journal."""
        if sys.platform == "win32" and os.path.lexists(at):
            remove_link(at)
        os.replace(new, at)


def link_text(at: Path) -> Path | None:
    """Where a link of any kind leads, as written in it; None when `at` is no link or is not there."""
    try:
        text = os.readlink(at)
    except (OSError, ValueError):
        return None
    return Path(text.removeprefix("\\\\?\\")) if sys.platform == "win32" else Path(text)


def remove_link(at: Path) -> None:
    """Remove a link, never what it leads to; raises OSError when it is no link (a directory that is not empty)."""
    if sys.platform == "win32" and not at.is_symlink():
        os.rmdir(at)  # a junction
        return
    if not at.is_symlink():
        raise OSError(errno.EINVAL, "not a link", str(at))
    at.unlink()


def link_inside(to: Path, at: Path) -> None:
    """A link between two places under Vanka's home: relative where it can be, so that a home may be moved."""
    if sys.platform == "win32" and to.is_dir():
        _make_junction(to, at)
        return
    os.symlink(os.path.relpath(to, at.parent), at, target_is_directory=to.is_dir())


def _renameat2(one: bytes, other: bytes) -> int:
    """0, or the error number."""
    libc = ctypes.CDLL(None, use_errno=True)
    call = getattr(libc, "renameat2", None)
    if call is not None:
        done = call(_AT_FDCWD, one, _AT_FDCWD, other, ctypes.c_uint(_RENAME_EXCHANGE))
        return 0 if done == 0 else ctypes.get_errno()
    number = _RENAMEAT2.get(
        platform.machine()
    )  # a C library without the wrapper (musl): the kernel has it all the same
    if number is None:
        return errno.ENOSYS
    done = libc.syscall(ctypes.c_long(number), _AT_FDCWD, one, _AT_FDCWD, other, ctypes.c_uint(_RENAME_EXCHANGE))
    return 0 if done == 0 else ctypes.get_errno()


def _make_junction(to: Path, at: Path) -> None:
    if sys.platform == "win32":
        import _winapi  # exists on Windows only

        _winapi.CreateJunction(str(to), str(at))
