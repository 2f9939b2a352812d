"""One piece of work at a time, whose result goes to all who wait for it."""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from actors.errors import Unreachable, VankaError
from runtime.clock import Clock
from runtime.errors import Cancelled
from runtime.shell import Cancel

T = TypeVar("T")
_SLICE_S = 0.25  # how often a waiter looks whether it was told to stop


@dataclass(frozen=True)
class Result(Generic[T]):
    """What came out, the work's number, and when it had begun (the clock's monotonic seconds)."""

    number: int
    began: float
    value: T | None
    error: VankaError | None

    def get(self) -> T:
        """The value; raises a copy of the error, so that threads do not share a traceback."""
        if self.error is not None:
            raise copy.copy(self.error) from self.error
        assert self.value is not None  # noqa: S101 - told to the type checker: without an error there is a value
        return self.value


class Shared(Generic[T]):
    """Runs work in the thread of whoever needs it first; the others wait and take its result. Safe from any thread.

    A waiter that came before the work began profits from it, one that came later starts the next; unless it says that
    a result will do that began at a given moment or later.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._changed = threading.Condition()
        self._running = False
        self._begun = 0
        self._last: Result[T] | None = None

    def run(
        self,
        work: Callable[[], T],
        *,
        since: float | None = None,
        limit_s: float,
        cancel: Cancel | None = None,
        fits: Callable[[T], bool] | None = None,
    ) -> T:
        """A result of work that began after this call, or at `since` or later; and that `fits`.

        Waits at most `limit_s` for others' work to end.
        Raises what the work raised, Cancelled, or Unreachable when the limit passed.
        """
        until = self._clock.monotonic() + limit_s
        with self._changed:
            arrived = self._begun
            while True:
                found = self._last
                if found is not None and self._usable(found, arrived, since, fits):
                    return found.get()
                if not self._running:
                    self._running = True
                    self._begun += 1
                    number = self._begun
                    break
                if cancel is not None and cancel.is_set():
                    raise Cancelled("told to end while waiting for the same repository")
                left = until - self._clock.monotonic()
                if left <= 0:
                    raise Unreachable(f"others kept the same repository busy for {limit_s:.0f} s", "Try again later.")
                self._changed.wait(min(_SLICE_S, left))
        return self._lead(work, number)

    def _usable(self, found: Result[T], arrived: int, since: float | None, fits: Callable[[T], bool] | None) -> bool:
        young = found.number > arrived or (since is not None and found.began >= since)
        return young and (fits is None or found.value is None or fits(found.value))

    def _lead(self, work: Callable[[], T], number: int) -> T:
        began = self._clock.monotonic()
        result: Result[T] | None = None
        try:
            value = work()
            result = Result(number, began, value, None)
            return value
        except VankaError as error:
            result = Result(number, began, None, error)
            raise
        finally:  # cancelled, or a fault of ours: no result for others, who then do it themselves
            with self._changed:
                self._running = False
                self._last = result or self._last
                self._changed.notify_all()
