"""What a command prints: the end of it kept, all of it written to a sink and told line by line, in bounded memory."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from runtime.command import OUTPUT_BYTES

Clean = Callable[[bytes], bytes]
OnLine = Callable[[str], None]

LINE_BYTES = 8 * 1024  # what `on_line` gets of one line at most
_PIECE_BYTES = 64 * 1024  # a longer line is cleaned in pieces


class Capture:
    """Takes output chunk by chunk; one thread feeds it.

    `clean` sees whole lines (pieces of 64 KB where a line is longer) before the sink and `on_line` get them; the kept
    end of the output is as the program wrote it. A sink that cannot be written is given up: a full disk does not end
    a command. What `on_line` raises goes to the feeder.
    """

    def __init__(
        self,
        *,
        sink: BinaryIO | Path | None = None,
        on_line: OnLine | None = None,
        clean: Clean | None = None,
        keep: int = OUTPUT_BYTES,
    ) -> None:
        self._keep = keep
        self._kept: deque[bytes] = deque()
        self._size = 0
        self._ours = isinstance(sink, Path)
        self._sink: BinaryIO | None = sink.open("ab") if isinstance(sink, Path) else sink
        self._on_line = on_line
        self._clean = clean
        self._by_line = clean is not None or on_line is not None
        self._open_line = bytearray()  # the beginning of a line that has not ended, as it must still be cleaned
        self._line = bytearray()  # the same for `on_line`, cleaned and cut

    def feed(self, chunk: bytes) -> None:
        """More output, in any pieces."""
        self._remember(chunk)
        if not self._by_line:
            self._write(chunk)
            return
        whole, newline, rest = chunk.rpartition(b"\n")
        if newline:
            self._pass_on(bytes(self._open_line) + whole + newline)
            self._open_line.clear()
        self._open_line += rest
        if len(self._open_line) >= _PIECE_BYTES:
            self._pass_on(bytes(self._open_line))
            self._open_line.clear()

    def end(self) -> None:
        """There is no more: what stands without a newline is passed on."""
        if self._open_line:
            self._pass_on(bytes(self._open_line))
            self._open_line.clear()
        if self._line:
            self._tell()

    def output(self) -> bytes:
        """The last bytes of all output, as many as are kept."""
        return b"".join(self._kept)[-self._keep :]

    def __enter__(self) -> Capture:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._give_sink_up()

    def _remember(self, chunk: bytes) -> None:
        self._kept.append(chunk)
        self._size += len(chunk)
        while self._size - len(self._kept[0]) >= self._keep:
            self._size -= len(self._kept.popleft())
        if len(self._kept) > 4096:  # many tiny chunks cost more than what is in them
            joined = b"".join(self._kept)
            self._kept = deque([joined])

    def _pass_on(self, data: bytes) -> None:
        data = data if self._clean is None else self._clean(data)
        self._write(data)
        if self._on_line is None:
            return
        *whole, rest = data.split(b"\n")
        for part in whole:
            self._line += part[: LINE_BYTES - len(self._line)]
            self._tell()
        self._line += rest[: LINE_BYTES - len(self._line)]

    def _tell(self) -> None:
        line = self._line.decode("utf-8", "replace").rstrip("\r")
        self._line.clear()
        if self._on_line is not None:
            self._on_line(line)

    def _write(self, data: bytes) -> None:
        if self._sink is None or not data:
            return
        try:
            self._sink.write(data)
            self._sink.flush()
        except OSError:
            self._give_sink_up()

    def _give_sink_up(self) -> None:
        sink, self._sink = self._sink, None
        if sink is not None and self._ours:
            try:
                sink.close()
            except OSError:
                return  # the disk is full: what the buffer still holds is lost, and that is what the promise says
