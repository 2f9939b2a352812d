"""One thread that cuts the connection of a request that ran out of time or was cancelled."""

from __future__ import annotations

import contextlib
import http.client
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from runtime.shell import Cancel

TICK_S = 0.5  # how late a limit may be noticed
_SWEEP_S = 30.0


@dataclass
class Flight:
    """A request on its way, for the one who watches over the limits."""

    connection: http.client.HTTPConnection
    until: float
    cancel: Cancel | None
    ended: str = ""


class Overseer:
    """Watches over requests under way, and calls `sweep` every half minute. Safe from any thread."""

    def __init__(self, sweep: Callable[[], None]) -> None:
        self._sweep = sweep
        self._swept = time.monotonic()
        self._changed = threading.Condition()
        self._flights: dict[int, Flight] = {}
        self._thread: threading.Thread | None = None
        self._closed = False

    @contextmanager
    def watching(self, flight: Flight) -> Iterator[None]:
        """For as long as the block runs, its connection does not outlive its limit."""
        with self._changed:
            if self._thread is None and not self._closed:
                self._thread = threading.Thread(target=self._watch, name="connections", daemon=True)
                self._thread.start()
            if not self._flights:
                self._changed.notify()
            self._flights[id(flight)] = flight
        try:
            yield
        finally:
            with self._changed:
                del self._flights[id(flight)]

    def close(self) -> None:
        """Cut everything that is under way, and end the thread."""
        with self._changed:
            self._closed = True
            for flight in self._flights.values():
                _cut(flight, "cancel")
            self._changed.notify()
        if self._thread is not None:
            self._thread.join(timeout=5.0)

    def _watch(self) -> None:
        with self._changed:
            while not self._closed:
                self._changed.wait(TICK_S if self._flights else _SWEEP_S)
                now = time.monotonic()
                if now - self._swept >= _SWEEP_S:
                    self._swept = now
                    self._sweep()
                for flight in self._flights.values():
                    if now > flight.until:
                        _cut(flight, "limit")
                    elif flight.cancel is not None and flight.cancel.is_set():
                        _cut(flight, "cancel")


def _cut(flight: Flight, why: str) -> None:
    flight.ended = why
    sock = flight.connection.sock
    if sock is not None:
        with contextlib.suppress(OSError):  # it has just ended by itself
            socket.socket.shutdown(sock, socket.SHUT_RDWR)  # the socket's own, not TLS's: another thread reads from it
