"""Output files of programs: appended by them, rotated by us while they write, read from the end, followed."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import TypeVar

from runtime.shorten import front_of, take_front

T = TypeVar("T")

LIMIT_BYTES = 10 * 1024 * 1024
KEEP = 3
TAIL_BYTES = 1024 * 1024  # what a tail reads at most

_BLOCK = 64 * 1024
_COPY = 1024 * 1024
_TRIES = 5
_DIGITS = 20
_LOOK_S, _FAST_S = 1.0, 0.01


@dataclass(frozen=True, slots=True)
class _Piece:
    """A stretch of the output that lies in one file. `start` counts from the first byte that the program ever wrote."""

    path: Path
    start: int
    size: int

    @property
    def end(self) -> int:
        return self.start + self.size


class OutputFile:
    """One program's output: the file that it appends to, and the last rotated ones beside it.

    A position counts all bytes that were ever written, so it stays true over rotations; until the first rotation it is
    the file's size. Rotated files carry theirs in the name (`x.log.00000000000010485760`), so any number of objects, in
    any process, see the same. One of them rotates (one thread); reading is safe from any thread. Disk: `keep` + 1
    times the limit, and what is written between two looks.
    """

    def __init__(self, path: Path, *, limit_bytes: int = LIMIT_BYTES, keep: int = KEEP) -> None:
        self._path = path
        self._limit = limit_bytes
        self._keep = keep
        self._looked = time.monotonic()
        self._size = 0
        self._pause = _FAST_S

    @property
    def path(self) -> Path:
        """The file that the program appends to."""
        return self._path

    def rotate_if_large(self) -> bool:
        """Copy the end of a file that passed the limit beside it, and take it away under the writer's hands.

        True when it did. The writer must append (O_APPEND). On ext4 and XFS no byte is lost, however it writes: the
        copied blocks go, the rest moves up. Elsewhere the file is emptied, and what is written in the instant between
        the last read and the cut is lost: two system calls that follow one another, but the machine may do something
        else in between. Of a flood all but the last `limit_bytes` is lost everywhere. Raises OSError; the file is
        emptied even when the disk is full.
        """
        size = self._now()
        if size <= self._limit:
            return False
        rotated = self._rotated()
        base = rotated[-1].end if rotated else 0
        for old in rotated[: len(rotated) - self._keep + 1]:
            old.path.unlink(missing_ok=True)  # first, for the disk may be nearly full
        staged = self._path.with_name(f"{self._path.name}.rotating")
        start = max(0, size - self._limit)
        with self._path.open("r+b", buffering=0) as live:
            try:
                _move(live, staged, start, size, self._path.with_name(f"{self._path.name}.{base + start:0{_DIGITS}d}"))
            except OSError:
                live.truncate(0)
                raise
            finally:
                staged.unlink(missing_ok=True)
        self._size = self._now()
        return True

    def next_look(self) -> float:
        """In how many seconds `rotate_if_large` is worth a call: 1, or less for a program that writes fast.

        Belongs to the thread that rotates.
        """
        before, self._size = self._size, self._now()
        now = time.monotonic()
        passed, self._looked = max(now - self._looked, 1e-6), now
        speed = (self._size - before if self._size >= before else self._size) / passed
        left = max(0, self._limit - self._size)
        soon = left / speed / 2 if speed > 0 else _LOOK_S
        self._pause = max(_FAST_S, min(_LOOK_S, self._pause * 1.1, soon))  # a flood likes to begin with the program
        return self._pause

    def position(self) -> int:
        """How much was written so far."""
        return self._pieces()[-1].end

    def tail(self, lines: int, max_bytes: int = TAIL_BYTES, *, since: int = 0) -> list[str]:
        """The last lines, oldest first, from at most `max_bytes` and from nothing before the position `since`.

        Decoded, with what is not UTF-8 replaced; the first line is cut where it begins before that. Empty without a
        file.
        """
        if lines <= 0:
            return []
        data = self._steady(lambda pieces: _end_of(pieces, lines, max(since, pieces[-1].end - max_bytes)))
        return [_decode(line) for line in data.removesuffix(b"\n").split(b"\n")[-lines:]] if data else []

    def follow(self, position: int, max_bytes: int = TAIL_BYTES) -> tuple[bytes, int]:
        """What was written after that position, at most so much, and the position behind it; call it again and again.

        Bytes that were rotated away meanwhile are passed over. Never waits: no bytes when there is nothing new.
        """
        return self._steady(lambda pieces: _after(pieces, position, max_bytes))

    def remove(self) -> None:
        """Take the file and all rotated ones away."""
        for piece in self._rotated():
            piece.path.unlink(missing_ok=True)
        self._path.unlink(missing_ok=True)

    def _steady(self, read: Callable[[list[_Piece]], T]) -> T:
        """Read again when the file was rotated meanwhile; after five times what came is good enough."""
        for left in range(_TRIES, 0, -1):
            pieces = self._pieces()
            try:
                found = read(pieces)
            except FileNotFoundError:
                if left == 1:
                    raise
                continue
            live = self._pieces()[-1]
            if live.start == pieces[-1].start and live.size >= pieces[-1].size:
                break
        return found

    def _pieces(self) -> list[_Piece]:
        """Oldest first; the last is the live file, which may not be there yet."""
        rotated = self._rotated()
        base = rotated[-1].end if rotated else 0
        return [*rotated, _Piece(self._path, base, self._now())]

    def _rotated(self) -> list[_Piece]:
        return sorted(self._found(), key=lambda piece: piece.start)

    def _found(self) -> Iterator[_Piece]:
        head = f"{self._path.name}."
        try:
            names = os.listdir(self._path.parent)
        except FileNotFoundError:
            return  # nothing was written yet
        for name in names:
            number = name.removeprefix(head)
            if name.startswith(head) and len(number) == _DIGITS and number.isdecimal():
                path = self._path.with_name(name)
                with suppress(FileNotFoundError):  # it went while we looked
                    yield _Piece(path, int(number), path.stat().st_size)

    def _now(self) -> int:
        try:
            return self._path.stat().st_size
        except FileNotFoundError:
            return 0


def _move(live: FileIO, staged: Path, start: int, size: int, final: Path) -> None:
    """Copy from `start` on into a file that becomes `final`, and take all that was copied away from the live one."""
    front = front_of(live.fileno(), size)
    with open(staged, "wb", buffering=0, opener=_private) as copy:
        live.seek(start)
        _copy(live, copy, front - start)
        staged.replace(final)
        if front > start and take_front(live.fileno(), front):
            return
        # one that writes as fast as we copy must not keep us for ever, and of a flood much is lost anyway
        _copy(live, copy, 2 * size)
        live.truncate(0)


def _copy(source: FileIO, to: FileIO, most: int) -> None:
    left = most
    while left > 0 and (block := source.read(min(left, _COPY))):
        to.write(block)
        left -= len(block)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _end_of(pieces: Sequence[_Piece], lines: int, floor: int) -> bytes:
    """The last lines and a little more, read backwards block by block."""
    blocks: list[bytes] = []
    newlines = 0
    for piece in reversed(pieces):
        position = piece.end
        while position > max(piece.start, floor):
            begin = max(piece.start, floor, position - _BLOCK)
            blocks.append(_read(piece, begin, position))
            newlines += blocks[-1].count(b"\n")
            position = begin
            if newlines > lines:
                return b"".join(reversed(blocks))
    return b"".join(reversed(blocks))


def _after(pieces: Sequence[_Piece], position: int, max_bytes: int) -> tuple[bytes, int]:
    """The first bytes behind the position; a gap, left by a flood, is passed over."""
    if position > pieces[-1].end:
        return b"", pieces[-1].start  # the files were taken away: what comes next is new
    for piece in pieces:
        if piece.end > position:
            start = max(position, piece.start)
            data = _read(piece, start, min(piece.end, start + max_bytes))
            return data, start + len(data)
    return b"", position


def _read(piece: _Piece, start: int, end: int) -> bytes:
    if start >= end:
        return b""
    with piece.path.open("rb") as file:
        file.seek(start - piece.start)
        return file.read(end - start)


def _decode(line: bytes) -> str:
    return line.decode("utf-8", "replace").removesuffix("\r")
