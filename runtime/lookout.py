"""One thread that watches for the ends of many programs."""

from __future__ import annotations

import itertools
import logging
import threading
from collections.abc import Callable

from runtime.host import ProcessId, is_alive

log = logging.getLogger("runtime.lookout")

TURN_S = 0.25  # between two looks at all of them; one look costs some 20 us a program


class Lookout:
    """Calls back when a program ends. Any thread may watch; the calls come from the lookout's own thread.

    It asks the kernel for each program's start time, which works for programs of ours and for adopted ones alike, on
    every platform, and needs no file descriptor a program.
    """

    def __init__(self, *, turn_s: float = TURN_S) -> None:
        self._turn_s = turn_s
        self._changed = threading.Condition()
        self._watched: dict[int, tuple[ProcessId, Callable[[], None]]] = {}
        self._numbers = itertools.count()
        self._thread: threading.Thread | None = None
        self._stopped = False

    def watch(self, process: ProcessId, ended: Callable[[], None]) -> Callable[[], None]:
        """Call `ended` once, when that process has ended (soon, if it has already). Returns what ends the watching.

        Raises RuntimeError when the machine gives no thread; nothing is watched then, and the next call tries again.
        """
        number = next(self._numbers)
        with self._changed:
            if self._thread is None and not self._stopped:
                thread = threading.Thread(target=self._run, name="lookout", daemon=True)
                thread.start()
                self._thread = thread
            self._watched[number] = (process, ended)
            self._changed.notify_all()
        return lambda: self._forget(number)

    def stop(self) -> None:
        """Nobody is called any more; the thread ends within a turn."""
        with self._changed:
            self._stopped = True
            self._watched.clear()
            self._changed.notify_all()
            thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(self._turn_s * 4)

    def _forget(self, number: int) -> None:
        with self._changed:
            self._watched.pop(number, None)

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._watched and not self._stopped:
                    self._changed.wait(60.0)
                if self._stopped:
                    return
                looked_at = list(self._watched.items())
            for number, (process, ended) in looked_at:
                if not is_alive(process):
                    self._forget(number)
                    self._call(process, ended)
            with self._changed:
                if not self._stopped:
                    self._changed.wait(self._turn_s)

    def _call(self, process: ProcessId, ended: Callable[[], None]) -> None:
        try:
            ended()
        except BaseException:
            # the edge of this thread: one caller's fault must not blind the others
            log.exception("the end of process %d could not be told", process.pid)
