"""A clock that moves when the test says so, and takes the timers of a System along."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

from runtime.clock import Follower


class FakeClock:
    """Starts at noon, 1 January 2026. `advance` returns when what became due has fired and been dealt with."""

    def __init__(self, start: datetime = datetime(2026, 1, 1, 12, tzinfo=UTC)) -> None:
        self._lock = threading.Lock()
        self._wall = start
        self._seconds = 1000.0
        self._followers: list[Follower] = []

    def monotonic(self) -> float:
        """Seconds; moves with `advance` only."""
        with self._lock:
            return self._seconds

    def now(self) -> datetime:
        """The wall clock; moves with `advance`, and alone with `jump`."""
        with self._lock:
            return self._wall

    def attach(self, follower: Follower) -> None:
        """A System takes part in every movement."""
        self._followers.append(follower)

    def jump(self, seconds: float) -> None:
        """Set the wall clock forward or back, as an administrator or a time server does."""
        with self._lock:
            self._wall += timedelta(seconds=seconds)

    def advance(self, seconds: float) -> None:
        """Let `seconds` pass: each timer fires at its own time, in order, and the actors deal with it before the next.

        An actor that hangs holds this up for a fraction of a second only.
        """
        self._settle()
        target = self.monotonic() + seconds
        while True:
            due = [at for each in self._followers if (at := each.next_due()) is not None and at <= target]
            if not due:
                break
            self._move_to(min(due))
        self._move_to(target)

    def _move_to(self, seconds: float) -> None:
        with self._lock:
            step = max(seconds - self._seconds, 0.0)
            self._seconds += step
            self._wall += timedelta(seconds=step)
        for follower in self._followers:
            follower.moved()
        self._settle()

    def _settle(self) -> None:
        for follower in self._followers:
            follower.settle()
