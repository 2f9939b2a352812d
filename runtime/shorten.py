"""Takes the beginning of a file away while others append to it, where the file system can; nothing is lost then."""

from __future__ import annotations

import ctypes
import os
import sys

_COLLAPSE_RANGE = 0x08  # FALLOC_FL_COLLAPSE_RANGE: ext4 and XFS have it


def front_of(descriptor: int, size: int) -> int:
    """How many of a file's first bytes `take_front` can take away: whole blocks, and not all there is."""
    if sys.platform == "win32":
        return 0
    block = max(os.fstatvfs(descriptor).f_bsize, 1)
    return max(size - 1, 0) // block * block


def take_front(descriptor: int, length: int) -> bool:
    """Take the first `length` bytes away: what is behind them moves up, also what is written at this very moment.

    False where this cannot be done (another file system or system, a length that is no whole number of blocks): then
    nothing has changed.
    """
    if sys.platform != "linux" or length <= 0:
        return False
    library = ctypes.CDLL(None, use_errno=True)
    # with 64-bit offsets also on 32-bit machines; musl has no other and calls it by the short name
    call = getattr(library, "fallocate64", None) or getattr(library, "fallocate", None)
    if call is None:
        return False
    call.argtypes = (ctypes.c_int, ctypes.c_int, ctypes.c_int64, ctypes.c_int64)
    return bool(call(descriptor, _COLLAPSE_RANGE, 0, length) == 0)
