"""One piece of work for all who wait for it."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from actors.errors import Unreachable
from actors.source.shared import Shared
from runtime.clock import SystemClock
from runtime.errors import Cancelled
from runtime.shell import Cancel
from tests.fakes.clock import FakeClock

LIMIT = 20.0
CLOCK = SystemClock()


class Work:
    """Counts its runs and lasts until it is let go."""

    def __init__(self) -> None:
        self.runs = 0
        self.begun = threading.Event()
        self.go = threading.Event()

    def __call__(self) -> int:
        self.runs += 1
        self.begun.set()
        assert self.go.wait(LIMIT)
        return self.runs


def test_those_who_wait_before_it_begins_share_one_run_and_the_later_ones_the_next() -> None:
    shared: Shared[int] = Shared(CLOCK)
    work = Work()
    with ThreadPoolExecutor(8) as pool:
        first = pool.submit(lambda: shared.run(work, limit_s=LIMIT))
        assert work.begun.wait(LIMIT)
        later = [pool.submit(lambda: shared.run(work, limit_s=LIMIT)) for _ in range(6)]
        work.go.set()
        assert first.result(LIMIT) == 1
        assert {waiter.result(LIMIT) for waiter in later} == {2}
    assert work.runs == 2


def test_a_young_result_is_taken_without_work() -> None:
    shared: Shared[int] = Shared(CLOCK)
    shared.run(lambda: 7, limit_s=LIMIT)
    assert shared.run(lambda: 8, since=CLOCK.monotonic() - 60, limit_s=LIMIT) == 7
    assert shared.run(lambda: 8, since=CLOCK.monotonic() - 60, limit_s=LIMIT, fits=lambda value: value > 7) == 8


def test_an_error_goes_to_all_who_share_it_each_with_its_own_copy() -> None:
    shared: Shared[int] = Shared(CLOCK)
    work = Work()

    def fail() -> int:
        work()
        raise Unreachable("gone", "hint", retry_after="30")

    since = CLOCK.monotonic()
    with ThreadPoolExecutor(4) as pool:
        waiters = [pool.submit(lambda: shared.run(fail, since=since, limit_s=LIMIT)) for _ in range(4)]
        work.go.set()
        errors = [waiter.exception(LIMIT) for waiter in waiters]
    assert work.runs == 1
    assert len({id(error) for error in errors}) == 4
    assert all(isinstance(error, Unreachable) and error.fields == {"retry_after": "30"} for error in errors)


def test_work_that_was_cancelled_is_done_by_the_next_who_waits() -> None:
    shared: Shared[int] = Shared(CLOCK)

    def cancelled() -> int:
        raise Cancelled("told to end")

    since = CLOCK.monotonic()
    with pytest.raises(Cancelled):
        shared.run(cancelled, since=since, limit_s=LIMIT)
    assert shared.run(lambda: 5, since=since, limit_s=LIMIT) == 5


def test_a_clock_that_stands_still_does_not_make_old_results_young() -> None:
    shared: Shared[int] = Shared(FakeClock())
    assert shared.run(lambda: 1, limit_s=LIMIT) == 1
    assert shared.run(lambda: 2, limit_s=LIMIT) == 2


def test_who_waits_can_be_cancelled_and_does_not_wait_beyond_the_limit() -> None:
    shared: Shared[int] = Shared(CLOCK)
    work, cancel = Work(), Cancel()
    cancel.set()
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(lambda: shared.run(work, limit_s=LIMIT))
        assert work.begun.wait(LIMIT)
        with pytest.raises(Cancelled):
            shared.run(work, limit_s=LIMIT, cancel=cancel)
        with pytest.raises(Unreachable):
            shared.run(work, limit_s=0.01)
        work.go.set()
        assert first.result(LIMIT) == 1
