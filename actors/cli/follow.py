"""Read a log as it grows: the last lines first, then what is added, across truncation and rotation."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

TAIL_BYTES = 256 * 1024
STEP_BYTES = 256 * 1024
MAX_LINE_BYTES = 16 * 1024


class Follow:
    """Whole lines of a file that may not exist yet. Not thread-safe. `clean` masks secrets; it sees whole lines."""

    def __init__(self, path: Path, clean: Callable[[str], str]) -> None:
        self._path = path
        self._clean = clean
        self._offset = 0
        self._inode = 0
        self._partial = b""

    def last(self, lines: int) -> list[str]:
        """The last so many lines; what is read next begins right behind them."""
        try:
            with open(self._path, "rb") as file:
                size = os.fstat(file.fileno()).st_size
                self._inode = os.fstat(file.fileno()).st_ino
                begin = max(0, size - TAIL_BYTES)
                file.seek(begin)
                data = file.read(size - begin)
        except FileNotFoundError:
            return []
        self._offset = begin + len(data)
        if begin:
            # what the cut left of a line is nothing to show
            data = data.partition(b"\n")[2]
        whole = self._lines(data)
        return whole[-lines:] if lines else []

    def more(self) -> list[str]:
        """The lines that were added since; empty when there are none. At most 256 KB are read at a time."""
        try:
            with open(self._path, "rb") as file:
                found = os.fstat(file.fileno())
                if found.st_ino != self._inode or found.st_size < self._offset:
                    # rotated by copy and truncate, or by a new file: what is there now is all new
                    self._inode, self._offset, self._partial = found.st_ino, 0, b""
                file.seek(self._offset)
                data = file.read(STEP_BYTES)
        except FileNotFoundError:
            return []
        self._offset += len(data)
        return self._lines(data)

    def rest(self) -> list[str]:
        """The last line, if nothing ended it."""
        partial, self._partial = self._partial, b""
        return [self._decode(partial)] if partial else []

    def _lines(self, data: bytes) -> list[str]:
        *whole, self._partial = (self._partial + data).split(b"\n")
        if len(self._partial) > MAX_LINE_BYTES:
            # a flood without a line's end must not grow here without bound
            whole.append(self._partial)
            self._partial = b""
        return [self._decode(line) for line in whole]

    def _decode(self, line: bytes) -> str:
        return self._clean(line.decode("utf-8", "replace").rstrip("\r"))
