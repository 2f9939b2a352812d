"""A thread that takes ended containers away, so that nobody waits for that between one program and the next."""

from __future__ import annotations

import queue
import threading
import time

from actors.engines.docker_calls import Docker
from actors.errors import VankaError
from runtime import log

PAUSE_S = 2.0  # by then the next program has been started
CLOSE_S = 10.0

say = log.get("vanka.containers")


class Removals:
    """Any thread. What could not be taken away, or was left by a crash, is found again as a stray and taken then."""

    def __init__(self, docker: Docker) -> None:
        self._docker = docker
        self._lock = threading.Lock()
        self._pending: set[str] = set()
        self._queue: queue.SimpleQueue[tuple[float, str] | None] = queue.SimpleQueue()  # no more than were stopped
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None

    def later(self, container: str) -> None:
        """Take that ended container away in a moment; once."""
        with self._lock:
            if container in self._pending or self._closing.is_set():
                return
            self._pending.add(container)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="container-removals", daemon=True)
                self._thread.start()
        self._queue.put((time.monotonic() + PAUSE_S, container))

    def pending(self) -> frozenset[str]:
        """Those that have ended and are still there."""
        with self._lock:
            return frozenset(self._pending)

    def close(self) -> None:
        """Take away at once what is waiting for it."""
        self._closing.set()
        with self._lock:
            thread = self._thread
        if thread is not None:
            self._queue.put(None)
            thread.join(CLOSE_S)

    def _run(self) -> None:
        while (waiting := self._queue.get()) is not None:
            due, container = waiting
            self._closing.wait(max(0.0, due - time.monotonic()))
            try:
                self._docker.remove(container)
            except VankaError as error:
                say.warning("an ended container is still there", container=container[:12], error=error.message)
            with self._lock:
                self._pending.discard(container)
