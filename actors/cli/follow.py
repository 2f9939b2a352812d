"""Read a log as it grows: the last lines first, then what is added, across rotations."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from runtime.output import OutputFile

TAIL_BYTES = 256 * 1024
STEP_BYTES = 256 * 1024
MAX_LINE_BYTES = 16 * 1024


class Follow:
    """Whole lines of a file that may not exist yet. Not thread-safe. `clean` masks secrets; it sees whole lines.

    `since`: nothing that was written before that size.
    """

    def __init__(self, path: Path, clean: Callable[[str], str], since: int = 0) -> None:
        self._file = OutputFile(path)
        self._clean = clean
        self._since = self._position = since
        self._partial = b""

    def last(self, lines: int) -> list[str]:
        """The last so many lines; what is read next begins right behind them."""
        begin = max(self._since, self._file.position() - TAIL_BYTES)
        self._position = begin
        data, whole = self._read(TAIL_BYTES), b""
        while data:
            whole += data
            data = self._read(TAIL_BYTES) if len(whole) < TAIL_BYTES else b""
        if begin > self._since:
            # what the cut left of a line is nothing to show
            whole = whole.partition(b"\n")[2]
        found = self._lines(whole)
        return found[-lines:] if lines else []

    def more(self) -> list[str]:
        """The lines that were added since; empty when there are none. At most 256 KB are read at a time."""
        return self._lines(self._read(STEP_BYTES))

    def rest(self) -> list[str]:
        """The last line, if nothing ended it."""
        partial, self._partial = self._partial, b""
        return [self._decode(partial)] if partial else []

    def _read(self, most: int) -> bytes:
        """What was written since; what was rotated away unread is passed over, and ends the line before it."""
        data, after = self._file.follow(self._position, most)
        gap = data and after != self._position + len(data)
        self._position = after
        return b"\n" + data if gap and self._partial else data

    def _lines(self, data: bytes) -> list[str]:
        *whole, self._partial = (self._partial + data).split(b"\n")
        if len(self._partial) > MAX_LINE_BYTES:
            # a flood without a line's end must not grow here without bound
            whole.append(self._partial)
            self._partial = b""
        return [self._decode(line) for line in whole]

    def _decode(self, line: bytes) -> str:
        return self._clean(line.decode("utf-8", "replace").rstrip("\r"))
