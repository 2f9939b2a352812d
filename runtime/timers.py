"""A message later, or every N seconds: one thread, one heap."""

from __future__ import annotations

import heapq
import itertools
import logging
import random
import threading
from collections.abc import Callable

from runtime.clock import Clock, DrivenClock

log = logging.getLogger("runtime.timers")

LONGEST_WAIT = 3600.0  # the thread looks again at least this often
COMPACT_FROM = 128  # a heap of this size is searched for cancelled timers


class Timer:
    """One pending call. `cancel` may be called from any thread, any number of times."""

    __slots__ = ("call", "due", "jitter", "period")

    def __init__(self, due: float, call: Callable[[], object] | None, period: float | None, jitter: float) -> None:
        self.due = due
        self.call = call
        self.period = period
        self.jitter = jitter

    def cancel(self) -> None:
        """It will not fire any more, unless it is firing at this moment."""
        self.call = None

    @property
    def pending(self) -> bool:
        """Whether it may still fire."""
        return self.call is not None


class Timers:
    """Fires calls at their time, in order of their time, on one thread; with a driven clock on the clock's caller."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._driven = isinstance(clock, DrivenClock)
        self._heap: list[tuple[float, int, Timer]] = []
        self._numbers = itertools.count()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._compact_at = COMPACT_FROM
        self._stopped = False

    def after(self, seconds: float, call: Callable[[], object]) -> Timer:
        """Call once, `seconds` from now. The call must be quick: it holds up all other timers."""
        return self._add(Timer(self._clock.monotonic() + max(seconds, 0.0), call, None, 0.0))

    def every(self, seconds: float, call: Callable[[], object], *, jitter: float = 0.0) -> Timer:
        """Call every `seconds`, first after one period. `jitter` 0.1 makes each period 90 % to 110 % long."""
        if not seconds > 0:
            raise ValueError(f"a period must be positive: {seconds}")
        timer = Timer(0.0, call, seconds, jitter)
        timer.due = self._clock.monotonic() + self._period(timer, seconds)
        return self._add(timer)

    def next_due(self) -> float | None:
        """The time of the earliest pending timer, or None."""
        with self._changed:
            self._drop_cancelled()
            return self._heap[0][0] if self._heap else None

    def fire_due(self) -> None:
        """Fire all that is due by now, in the calling thread. The timer thread and driven clocks call it."""
        while True:
            with self._changed:
                self._drop_cancelled()
                if not self._heap or self._heap[0][0] > self._clock.monotonic():
                    return
                timer = heapq.heappop(self._heap)[2]
            self._fire(timer)

    def stop(self) -> None:
        """Nothing fires any more; the thread ends."""
        with self._changed:
            self._stopped = True
            self._heap.clear()
            self._changed.notify_all()

    def _add(self, timer: Timer) -> Timer:
        with self._changed:
            if self._stopped:
                timer.cancel()
                return timer
            self._compact()
            heapq.heappush(self._heap, (timer.due, next(self._numbers), timer))
            if self._heap[0][2] is timer and not self._driven:
                self._changed.notify_all()
            if self._thread is None and not self._driven:
                self._start_thread()
        return timer

    def _start_thread(self) -> None:
        thread = threading.Thread(target=self._run, name="timers", daemon=True)
        try:
            thread.start()
        except RuntimeError as error:  # the machine gives none now: the next timer tries again
            log.critical("no thread for the timers: %s", error)
        else:
            self._thread = thread

    def _run(self) -> None:
        while True:
            self.fire_due()
            with self._changed:
                if self._stopped:
                    return
                self._drop_cancelled()
                wait = self._heap[0][0] - self._clock.monotonic() if self._heap else LONGEST_WAIT
                if wait > 0:
                    self._changed.wait(min(wait, LONGEST_WAIT))

    def _fire(self, timer: Timer) -> None:
        call = timer.call
        if call is None:
            return
        if timer.period is None:
            timer.call = None
        try:
            call()
        except BaseException:
            # this thread's edge: one timer must not stop all the others
            log.exception("a timer's call failed")
        if timer.period is not None and timer.call is not None:
            due = max(timer.due + self._period(timer, timer.period), self._clock.monotonic())
            timer.due = due
            self._add(timer)

    @staticmethod
    def _period(timer: Timer, seconds: float) -> float:
        return seconds * (1.0 + timer.jitter * random.uniform(-1.0, 1.0))  # noqa: S311 - spreads load, hides nothing

    def _drop_cancelled(self) -> None:
        heap = self._heap
        while heap and heap[0][2].call is None:
            heapq.heappop(heap)

    def _compact(self) -> None:
        # many timers are cancelled long before their time: they must not fill the heap
        if len(self._heap) >= self._compact_at:
            self._heap = [entry for entry in self._heap if entry[2].call is not None]
            heapq.heapify(self._heap)
            self._compact_at = max(2 * len(self._heap), COMPACT_FROM)
