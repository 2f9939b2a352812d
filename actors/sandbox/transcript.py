"""One command's output: counted, its ends kept for people, all of it in a bounded file; never faster than we like."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from actors.model.guest import MOST_LINES, Step
from runtime.output import OutputFile

FILE_BYTES = 2 * 1024 * 1024
FILES = 1  # and one more of that size while it is written
LINE_BYTES = 4000  # kept of a line, so that a secret in it is masked whole
SHOWN = 400
LOOK_BYTES = 1024 * 1024
BURST_BYTES = 16 * 1024 * 1024
BYTES_PER_S = 4 * 1024 * 1024


class Transcript:
    """Fed by one thread, looked at by any. Memory is bounded by the lines that are shown, disk by the file's rotation.

    `clean` masks secrets in the lines that are shown; the file is as it was written, for whoever sends it to clean.
    """

    def __init__(self, file: Path, clean: Callable[[str], str] = lambda text: text) -> None:
        self._path = file
        self._clean = clean
        self._lock = threading.Lock()
        self._output = OutputFile(file, limit_bytes=FILE_BYTES, keep=FILES)
        self._output.remove()
        self._file = file.open("ab", buffering=0)
        self._head: list[bytes] = []
        self._tail: deque[bytes] = deque(maxlen=MOST_LINES)
        self._open = b""
        self._unlooked = 0
        self._began = time.monotonic()
        self.count = 0
        self.bytes = 0

    def __enter__(self) -> Transcript:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """No more comes."""
        self._file.close()

    def feed(self, piece: bytes) -> float:
        """Take the next piece; how many seconds to wait before the next, so that a flood has to wait for us."""
        self._file.write(piece)
        self.bytes += len(piece)
        self._unlooked += len(piece)
        if self._unlooked > LOOK_BYTES:
            self._unlooked = 0
            self._output.rotate_if_large()
        with self._lock:
            self.count += piece.count(b"\n")
            self._remember(piece)
        ahead = self.bytes - BURST_BYTES - (time.monotonic() - self._began) * BYTES_PER_S
        return max(0.0, ahead / BYTES_PER_S)

    def shown(self, most: int = MOST_LINES) -> tuple[tuple[str, ...], int]:
        """At most so many lines, cut in the middle, and how many are left out there."""
        with self._lock:
            ended = [self._open] if self._open else []
            total = self.count + len(ended)
            if total <= most:
                return self._texts([*self._head[:most], *ended][:most]), 0
            first = most // 2
            tail = [*self._tail, *ended][first - most :]
            return self._texts([*self._head[:first], *tail]), total - most

    def last(self, most: int) -> tuple[str, ...]:
        """The last lines so far."""
        with self._lock:
            return self._texts([*self._tail, *([self._open] if self._open else [])][-most:])

    def step(self, command: str, code: int | None, seconds: float, *, limit: bool = False) -> Step:
        """What came of the command that wrote all this."""
        lines, hidden = self.shown()
        return Step(
            command=command,
            exit_code=code,
            seconds=seconds,
            count=self.count,
            lines=lines,
            hidden=hidden,
            file=self._path,
            limit=limit,
        )

    def _texts(self, lines: list[bytes]) -> tuple[str, ...]:
        return tuple(self._clean(_text(line))[:SHOWN] for line in lines)

    def _remember(self, piece: bytes) -> None:
        """Only the lines that could be shown are cut out of a piece: the first and the last ones."""
        first, newline, rest = piece.partition(b"\n")
        if not newline:
            self._open = (self._open + first)[:LINE_BYTES]
            return
        self._line((self._open + first)[:LINE_BYTES])
        body, _, self._open = rest.rpartition(b"\n")
        self._open = self._open[:LINE_BYTES]
        if not body and b"\n" not in rest:
            return
        if len(self._head) < MOST_LINES:
            for line in body.split(b"\n", MOST_LINES)[:MOST_LINES]:
                if len(self._head) < MOST_LINES:
                    self._head.append(line[:LINE_BYTES])
        self._tail.extend(line[:LINE_BYTES] for line in body.rsplit(b"\n", MOST_LINES)[-MOST_LINES:])

    def _line(self, line: bytes) -> None:
        if len(self._head) < MOST_LINES:
            self._head.append(line)
        self._tail.append(line)


def _text(line: bytes) -> str:
    """As a person may see it: what is not text is replaced, and nothing can move the cursor."""
    shown = line.decode("utf-8", "replace").rstrip("\r")
    return "".join(letter if letter.isprintable() or letter == "\t" else "\ufffd" for letter in shown)
