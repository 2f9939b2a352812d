"""Where log lines go: a stream that may break, block or be closed without harm to who writes."""

from __future__ import annotations

import io
import os
import select
import sys
import threading
import time
from typing import TextIO

_PATIENCE = 1.0
_PIECE = 4096  # a pipe that says it is writable takes that many bytes without blocking


class Output:
    """Writes whole lines, from any thread. Never raises, and never waits longer than a second for a reader that hangs.

    Without a stream it is the standard error of the moment. A broken stream is replaced by the process's own standard
    error, line by line, so the first one is used again as soon as it works.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream
        self._lock = threading.RLock()  # a signal handler or a finaliser may log in the middle of a line
        self._stalled = False
        self._torn = False
        self._lost = 0

    def write(self, line: str) -> bool:
        """True when the line, which is given without its end, was written in full somewhere."""
        with self._lock:
            stream = self._stream if self._stream is not None else sys.stderr
            try:
                if self._put(stream, line + "\n"):
                    return True
            except Exception:  # noqa: BLE001 - whatever a stream may raise: the log goes on without it
                if self._last_resort(stream, line + "\n"):
                    return True
            self._lost += 1
            return False

    def take_lost(self) -> int:
        """How many lines were lost since this was last asked."""
        with self._lock:
            lost, self._lost = self._lost, 0
            return lost

    def isatty(self) -> bool:
        """True when a person looks at it."""
        stream = self._stream if self._stream is not None else sys.stderr
        try:
            return stream.isatty()
        except (AttributeError, OSError, ValueError):
            return False

    def _last_resort(self, broken: TextIO, text: str) -> bool:
        spare = sys.__stderr__
        if spare is None or spare is broken:
            return False
        try:
            return self._put(spare, text)
        except Exception:  # noqa: BLE001 - nothing is left to write to; the line is counted as lost
            return False

    def _put(self, stream: TextIO, text: str) -> bool:
        encoding = getattr(stream, "encoding", None) or "utf-8"
        data = text.encode(encoding, "backslashreplace")
        if sys.platform != "win32" and isinstance(stream, io.TextIOWrapper):
            try:
                descriptor = stream.fileno()
            except io.UnsupportedOperation:
                pass  # it only looks like a file: written to as text below
            else:
                return self._put_bytes(descriptor, data)
        stream.write(data.decode(encoding))
        stream.flush()
        return True

    if sys.platform != "win32":

        def _put_bytes(self, descriptor: int, data: bytes) -> bool:
            """Straight to the descriptor: a terminal that is paused or a full pipe must not stop those that log."""
            if self._torn:
                data = b"\n" + data
            until = time.monotonic() + (0.0 if self._stalled else _PATIENCE)
            ready = select.poll()
            ready.register(descriptor, select.POLLOUT)
            begun = False
            while data:
                if not ready.poll(max(0.0, until - time.monotonic()) * 1000):
                    self._stalled, self._torn = True, begun or self._torn
                    return False
                data = data[os.write(descriptor, data[:_PIECE]) :]
                begun = True
            self._stalled = self._torn = False
            return True
