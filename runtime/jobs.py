"""Bounded executors for what blocks; results come back as messages."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from runtime.errors import Cancelled, JobRejected

log = logging.getLogger("runtime.jobs")

T = TypeVar("T")


@dataclass(frozen=True)
class Done(Generic[T]):
    """How a job ended: `error` is None after success, and then `value` is what the work returned."""

    value: T | None
    error: BaseException | None

    def result(self) -> T:
        """The value, or the error raised."""
        if self.error is not None:
            raise self.error
        return self.value  # type: ignore[return-value]  # None is a value too, when T says so


@dataclass(frozen=True)
class Lane:
    """The bounds of one kind of blocking work: so many at once, so many waiting."""

    workers: int = 2
    queue: int = 100


class Settable(Protocol):
    """Anything that can be told to end: a threading.Event, the shell's Cancel."""

    def set(self) -> object: ...


class JobHandle:
    """One piece of work, waiting or running."""

    __slots__ = ("_lane", "cancelled", "done", "finished", "name", "token", "work")

    def __init__(
        self,
        name: str,
        work: Callable[[], Any],
        done: Callable[[Done[Any]], object],
        token: Settable | None,
        lane: _Lane | None,
    ) -> None:
        self.name = name
        self.work = work
        self.done = done
        self.token = token
        self._lane = lane
        self.cancelled = False
        self.finished = False

    def cancel(self) -> None:
        """Any thread, any number of times: out of the queue if it waits, its token set if it runs.

        Its result is then Cancelled, whatever the work still returns.
        """
        if self.finished:
            return
        self.cancelled = True
        if self.token is not None:
            self._set(self.token)
        self.withdraw()

    def _set(self, token: Settable) -> None:
        try:
            token.set()
        except BaseException:
            # foreign code in the thread that ends an incarnation or the system, which has more to do
            log.exception("a job in lane %s could not be told to end", self.name)

    def withdraw(self) -> bool:
        """Any thread: out of the queue if it waits there; its result is then Cancelled. False: it runs or is over."""
        if self._lane is None or not self._lane.remove(self):
            return False
        self.finish(Done(None, Cancelled(f"{self.name} was cancelled before it began")))
        return True

    def finish(self, outcome: Done[Any]) -> None:
        """Kernel use: hand the outcome on."""
        self.finished = True
        try:
            self.done(outcome)
        except BaseException:
            # this thread's edge: the lane goes on with the next job
            log.exception("the result of a job in lane %s could not be handed on", self.name)

    def run(self) -> None:
        """Kernel use: do the work in this thread and hand the outcome on."""
        try:
            outcome: Done[Any] = Done(self.work(), None)
        except BaseException as error:  # noqa: BLE001 - this thread's edge: whatever it is becomes the job's result
            outcome = Done(None, error)
        if self.cancelled:
            outcome = Done(None, Cancelled(f"{self.name} was cancelled"))
        self.finish(outcome)


class _Lane:
    """A bounded queue and its threads, started when first needed."""

    def __init__(self, name: str, bounds: Lane) -> None:
        self.name = name
        self.bounds = bounds
        self.changed = threading.Condition()
        self.queue: deque[JobHandle] = deque()
        self.running: set[JobHandle] = set()
        self.threads = 0
        self.idle = 0
        self.stopped = False

    def put(self, job: JobHandle) -> bool:
        """Queue it; False when the queue is full."""
        with self.changed:
            if self.stopped or len(self.queue) >= self.bounds.queue:
                return False
            if self.idle <= len(self.queue) and self.threads < self.bounds.workers:
                thread = threading.Thread(target=self._serve, name=f"job-{self.name}-{self.threads}", daemon=True)
                thread.start()  # raises RuntimeError when the machine gives no more threads
                self.threads += 1
            self.queue.append(job)
            self.changed.notify()
        return True

    def remove(self, job: JobHandle) -> bool:
        """Take it out of the queue; False when it is not waiting there."""
        with self.changed:
            try:
                self.queue.remove(job)
            except ValueError:
                return False
            return True

    def stop(self) -> None:
        """Forget what waits, tell what runs to end, end the threads as they come free."""
        with self.changed:
            self.stopped = True
            waiting, running = list(self.queue), list(self.running)
            self.changed.notify_all()
        for job in (*waiting, *running):
            job.cancel()

    def _serve(self) -> None:
        while True:
            with self.changed:
                self.idle += 1
                while not self.queue and not self.stopped:
                    self.changed.wait()
                self.idle -= 1
                if not self.queue:
                    self.threads -= 1
                    return
                job = self.queue.popleft()
                self.running.add(job)
            job.run()
            with self.changed:
                self.running.discard(job)
            del job  # an idle lane must not keep the last result alive


class Jobs:
    """Named lanes. A lane nobody configured gets four workers. Safe from any thread."""

    def __init__(self, lanes: Mapping[str, Lane] | None = None) -> None:
        self._lock = threading.Lock()
        self._lanes = {name: _Lane(name, bounds) for name, bounds in (lanes or {}).items()}
        self._stopped = False

    def run(
        self,
        lane: str,
        work: Callable[[], T],
        done: Callable[[Done[T]], object],
        *,
        cancel: Settable | None = None,
    ) -> JobHandle:
        """Do `work` on the lane and call `done` with how it ended, in the lane's thread. Never raises, never blocks.

        A full queue ends it at once with JobRejected. `cancel` is set when the job is cancelled while it runs.
        """
        with self._lock:
            place = self._lanes.get(lane)
            if place is None:
                place = self._lanes[lane] = _Lane(lane, Lane(workers=4))
                place.stopped = self._stopped
        job = JobHandle(lane, work, done, cancel, place)
        error: BaseException | None = None
        try:
            if not place.put(job):
                error = JobRejected(f"lane {lane} is full: {place.bounds.queue} jobs are waiting")
        except RuntimeError as cause:  # no more threads
            error = JobRejected(f"lane {lane}: {cause}")
        if error is not None:
            job.finish(Done(None, error))
        return job

    def load(self) -> dict[str, tuple[int, int]]:
        """For each lane: how many jobs run and how many wait."""
        with self._lock:
            lanes = list(self._lanes.values())
        return {lane.name: (len(lane.running), len(lane.queue)) for lane in lanes}

    def stop(self) -> None:
        """Cancel everything. Does not wait: the threads are daemons and end as they come free."""
        with self._lock:
            self._stopped = True
            lanes = list(self._lanes.values())
        for lane in lanes:
            lane.stop()
