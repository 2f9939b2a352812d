"""Is the write-ahead log whole? SQLite drops all that follows a damaged place in it, without a word."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_MAGIC = 0x377F0682
_HEADER, _FRAME = struct.Struct(">8I"), struct.Struct(">6I")


@dataclass(frozen=True)
class _Frame:
    """One page in the log: whether it is of this log's life, ends a transaction, and continues the checksums."""

    ours: bool
    commits: bool
    whole: bool


def log_is_damaged(log: Path) -> bool:
    """Whether transactions that had ended are cut off by a damaged place. False when there is no log.

    What a death leaves is no damage: an unfinished transaction at the end, or frames of an earlier life of the log.
    Only when a transaction ended, and another began, behind the first bad frame had the bad one been acknowledged.
    Raises OSError.
    """
    try:
        content = log.read_bytes()
    except FileNotFoundError:
        return False
    if len(content) < _HEADER.size + _FRAME.size:
        return False
    header = _HEADER.unpack_from(content)
    order = ">" if header[0] & 1 else "<"
    if header[0] & ~1 != _MAGIC or _sums(content[:24], (0, 0), order) != header[6:8]:
        return True
    broken = ended = False
    for frame in _frames(content, header, order):
        broken = broken or not frame.whole
        if broken and frame.ours:
            if ended:
                return True
            ended = frame.commits
    return False


def _frames(content: bytes, header: tuple[int, ...], order: str) -> Iterator[_Frame]:
    page, salts, sums = header[2], header[4:6], header[6:8]
    whole = True
    for start in range(_HEADER.size, len(content) - _FRAME.size - page + 1, _FRAME.size + page):
        frame = _FRAME.unpack_from(content, start)
        ours = frame[2:4] == salts
        if whole:  # from the first bad frame on the sums say nothing any more
            sums = _sums(content[start : start + 8], sums, order)
            sums = _sums(content[start + _FRAME.size : start + _FRAME.size + page], sums, order)
            whole = ours and sums == frame[4:6]
        yield _Frame(ours, commits=frame[1] != 0, whole=whole)


def _sums(data: bytes, sums: tuple[int, ...], order: str) -> tuple[int, int]:
    """SQLite's checksum of a log, continued over `data`."""
    first, second = sums
    for one, two in struct.iter_unpack(f"{order}2I", data):
        first = (first + one + second) & 0xFFFFFFFF
        second = (second + two + first) & 0xFFFFFFFF
    return first, second
