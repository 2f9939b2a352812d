"""Clock protocol and the system clock."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol, runtime_checkable


class Clock(Protocol):
    """Where the kernel reads the time. Both methods are safe from any thread."""

    def monotonic(self) -> float:
        """Seconds since some fixed moment; never jumps. Every wait and every window is measured with it."""
        ...

    def now(self) -> datetime:
        """The wall clock in UTC, aware. For records only: it may jump."""
        ...


class Follower(Protocol):
    """What a clock moved by hand takes along: one running kernel's timers and its look at slow handlers."""

    def next_due(self) -> float | None:
        """The monotonic time of the earliest timer, or None."""
        ...

    def moved(self) -> None:
        """The time has changed: fire what is due, look at what runs too long."""
        ...

    def settle(self) -> None:
        """Return when no actor has anything left to do, or after a short limit when one of them hangs."""
        ...


@runtime_checkable
class DrivenClock(Protocol):
    """A clock moved by hand: kernels attach to it, and it tells them when it has moved."""

    def attach(self, follower: Follower) -> None:
        """From now on `follower` is told of every movement."""
        ...


class SystemClock:
    """The clock of the machine."""

    def monotonic(self) -> float:
        """Seconds of the operating system's monotonic clock."""
        return time.monotonic()

    def now(self) -> datetime:
        """The wall clock, aware, in UTC."""
        return datetime.now(UTC)
