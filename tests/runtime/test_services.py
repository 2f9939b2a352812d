"""Timers, jobs, the bus, back-off: what the kernel's services promise on their own."""

from __future__ import annotations

import itertools
import threading
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.backoff import Backoff
from runtime.clock import SystemClock
from runtime.errors import Cancelled, JobRejected
from runtime.intensity import Intensity
from runtime.jobs import Done, Jobs, Lane
from runtime.letters import DeadLetters
from runtime.timers import Timers
from tests.fakes.clock import FakeClock
from tests.runtime.kit import LIMIT, entering, until


class Standing(SystemClock):
    """The real clock, which stands until it is let go: what is set meanwhile is set at one moment."""

    def __init__(self) -> None:
        self.stands: float | None = super().monotonic()

    def monotonic(self) -> float:
        return super().monotonic() if self.stands is None else self.stands


def test_timers_fire_in_the_order_of_their_times_on_the_real_clock() -> None:
    clock = Standing()
    timers = Timers(clock)
    fired: list[str] = []
    done = threading.Event()
    timers.after(0.03, done.set)
    timers.after(0.02, lambda: fired.append("second"))
    timers.after(0.01, lambda: fired.append("first"))
    timers.after(0.005, lambda: 1 / 0)
    clock.stands = None
    assert done.wait(LIMIT)
    assert fired == ["first", "second"]
    timers.stop()
    assert not timers.after(0, lambda: fired.append("after the stop")).pending


def test_timers_go_on_after_a_moment_in_which_the_machine_gave_no_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_thread(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    timers = Timers(SystemClock())
    early, late = threading.Event(), threading.Event()
    with monkeypatch.context() as machine:
        machine.setattr(threading.Thread, "start", no_thread)
        timers.after(0.0, early.set)
    timers.after(0.01, late.set)
    assert early.wait(LIMIT)
    assert late.wait(LIMIT)
    timers.stop()


def test_a_cancelled_timer_does_not_fire_and_does_not_stay_in_the_heap() -> None:
    clock = FakeClock()
    timers = Timers(clock)
    fired: list[int] = []
    for number in range(10_000):
        timers.after(1000.0 + number, lambda: fired.append(1)).cancel()
    assert len(timers._heap) < 200
    assert timers.next_due() is None


def test_a_period_with_jitter_stays_within_it() -> None:
    clock = FakeClock()
    timers = Timers(clock)
    fired: list[float] = []
    timers.every(10.0, lambda: fired.append(clock.monotonic()), jitter=0.1)
    for _ in range(2_000):
        clock.advance(0.1)
        timers.fire_due()
    gaps = [later - earlier for earlier, later in itertools.pairwise(fired)]
    assert len(fired) in range(17, 23)
    assert all(8.9 <= gap <= 11.2 for gap in gaps)
    assert len({round(gap, 1) for gap in gaps}) > 1


class Outcomes:
    def __init__(self) -> None:
        self.all: list[Done[Any]] = []

    def __call__(self, done: Done[Any]) -> None:
        self.all.append(done)


def test_a_lane_runs_no_more_at_once_than_its_bound() -> None:
    jobs = Jobs({"narrow": Lane(workers=3, queue=100)})
    outcomes = Outcomes()
    inside: list[int] = []
    most: list[int] = []
    lock = threading.Lock()

    def work() -> None:
        with lock:
            inside.append(1)
            most.append(len(inside))
        threading.Event().wait(0.002)
        with lock:
            inside.pop()

    for _ in range(50):
        jobs.run("narrow", work, outcomes)
    until(lambda: len(outcomes.all) == 50)
    assert max(most) <= 3
    jobs.stop()


def test_a_job_cancelled_while_it_waits_never_runs_and_one_that_runs_is_told() -> None:
    jobs = Jobs({"one": Lane(workers=1, queue=10)})
    first, second = Outcomes(), Outcomes()
    token, running, ran = threading.Event(), threading.Event(), threading.Event()

    def work() -> str:
        running.set()
        token.wait(30)
        return "ended early"

    handle = jobs.run("one", work, first, cancel=token)
    assert running.wait(LIMIT)
    waiting = jobs.run("one", ran.set, second)
    waiting.cancel()
    waiting.cancel()
    assert isinstance(second.all[0].error, Cancelled)
    handle.cancel()
    until(lambda: len(first.all) == 1)
    assert isinstance(first.all[0].error, Cancelled)
    assert not ran.is_set()
    assert len(second.all) == 1
    jobs.stop()


def test_a_job_that_waits_can_be_withdrawn_and_one_that_runs_goes_on_to_its_end() -> None:
    jobs = Jobs({"one": Lane(workers=1, queue=10)})
    first, second = Outcomes(), Outcomes()
    token, release, running = threading.Event(), threading.Event(), threading.Event()
    works = jobs.run("one", partial(entering, running, release), first, cancel=token)
    assert running.wait(LIMIT)
    waits = jobs.run("one", lambda: None, second)
    assert waits.withdraw()
    assert isinstance(second.all[0].error, Cancelled)
    assert [waits.withdraw(), works.withdraw(), token.is_set()] == [False, False, False]
    release.set()
    until(lambda: len(first.all) == 1)
    assert first.all[0].error is None
    assert (works.withdraw(), len(second.all)) == (False, 1)
    jobs.stop()


def test_a_full_lane_rejects_and_a_stopped_one_too() -> None:
    jobs = Jobs({"one": Lane(workers=1, queue=1)})
    release, running = threading.Event(), threading.Event()
    outcomes = Outcomes()
    jobs.run("one", partial(entering, running, release), outcomes)
    assert running.wait(LIMIT)
    jobs.run("one", lambda: None, outcomes)
    jobs.run("one", lambda: None, outcomes)
    assert [type(done.error) for done in outcomes.all] == [JobRejected]
    assert jobs.load()["one"] == (1, 1)
    release.set()
    until(lambda: len(outcomes.all) == 3)
    jobs.stop()
    jobs.run("one", lambda: None, outcomes)
    jobs.run("another", lambda: None, outcomes)
    assert [type(done.error) for done in outcomes.all[3:]] == [JobRejected, JobRejected]


def test_a_job_that_raises_system_exit_does_not_cost_the_lane_its_thread() -> None:
    jobs = Jobs({"one": Lane(workers=1, queue=10)})
    outcomes = Outcomes()

    def leave() -> None:
        raise SystemExit(1)

    for _ in range(5):
        jobs.run("one", leave, outcomes)
    jobs.run("one", lambda: "still here", outcomes)
    until(lambda: len(outcomes.all) == 6)
    assert outcomes.all[-1].value == "still here"
    jobs.stop()


@given(failures=st.integers(1, 10_000), draw=st.floats(0, 1))
def test_a_pause_is_never_longer_than_the_longest_nor_shorter_than_its_jitter(failures: int, draw: float) -> None:
    backoff = Backoff(first=0.1, longest=30.0, jitter=0.2)
    full = min(0.1 * 2.0 ** min(failures - 1, 64), 30.0)
    assert 0.8 * full - 1e-9 <= backoff.pause(failures, lambda: draw) <= full


@given(
    restarts=st.integers(0, 5),
    gaps=st.lists(st.floats(0, 3), max_size=40),
)
def test_no_window_ever_holds_more_restarts_than_allowed(restarts: int, gaps: list[float]) -> None:
    window = Intensity(restarts, 5.0)
    allowed: list[float] = []
    now = 0.0
    for gap in gaps:
        now += gap
        if window.allow(now):
            allowed.append(now)
        else:
            assert sum(now - at <= 5.0 for at in allowed) == restarts
    for at in allowed:
        assert sum(at - 5.0 <= other <= at for other in allowed) <= restarts


def test_a_flood_of_dead_letters_is_counted_in_full_but_not_logged_in_full(caplog: Any) -> None:
    letters = DeadLetters(FakeClock())
    for number in range(5_000):
        letters.add("somewhere", number, "nobody lives there")
    assert letters.total == 5_000
    assert letters.counts() == {"nobody lives there": 5_000}
    assert len(letters.latest()) == 100
    assert len(caplog.records) <= 20
