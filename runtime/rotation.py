"""One thread that keeps many output files small: it looks often at those that grow fast, seldom at the others."""

from __future__ import annotations

import heapq
import threading
import time
from collections.abc import Callable
from pathlib import Path

from runtime.output import OutputFile

_IDLE_S = 3600.0
OnTrouble = Callable[[Path, Exception], None]


class Rotation:
    """Rotates the files given to it until `stop`. Safe from any thread; about 20 us of work a file and second.

    `on_trouble` is told what went wrong with a file, in the rotating thread; it must not raise.
    """

    def __init__(self, on_trouble: OnTrouble) -> None:
        self._on_trouble = on_trouble
        self._changed = threading.Condition()
        self._files: dict[Path, OutputFile] = {}
        self._queued: set[Path] = set()  # in `_due`, or in the thread's hands
        self._due: list[tuple[float, Path]] = []
        self._stopped = False
        self._thread = threading.Thread(target=self._work, name="rotation", daemon=True)

    def start(self) -> None:
        """Begin; once."""
        self._thread.start()

    def add(self, file: OutputFile) -> None:
        """Look after this file from now on; a file of the same path is replaced."""
        with self._changed:
            if file.path not in self._queued:
                self._queued.add(file.path)
                heapq.heappush(self._due, (time.monotonic(), file.path))
            self._files[file.path] = file
            self._changed.notify()

    def discard(self, path: Path) -> None:
        """Leave this file alone; a rotation that goes on ends first, within the next moments."""
        with self._changed:
            self._files.pop(path, None)

    def stop(self, timeout: float = 5.0) -> None:
        """End the thread; waits for a rotation that goes on, `timeout` seconds at most."""
        with self._changed:
            self._stopped = True
            self._changed.notify()
        if self._thread.is_alive():
            self._thread.join(timeout)

    def _work(self) -> None:
        while (file := self._next()) is not None:
            pause = 1.0
            try:
                file.rotate_if_large()
                pause = file.next_look()
            except Exception as error:  # noqa: BLE001 - a thread's edge: one file's trouble is not the others'
                self._on_trouble(file.path, error)
            with self._changed:
                if file.path in self._files:
                    heapq.heappush(self._due, (time.monotonic() + pause, file.path))
                else:
                    self._queued.discard(file.path)

    def _next(self) -> OutputFile | None:
        """Wait for the next file that is due; None when it is over."""
        with self._changed:
            while not self._stopped:
                wait = self._due[0][0] - time.monotonic() if self._due else _IDLE_S
                if wait > 0:
                    self._changed.wait(wait)
                    continue
                _, path = heapq.heappop(self._due)
                if (file := self._files.get(path)) is not None:
                    return file
                self._queued.discard(path)
            return None
