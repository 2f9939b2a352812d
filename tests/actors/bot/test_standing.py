"""One look for many who ask at the same time."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

from actors.bot.sorting import natural
from actors.bot.standing import LONGEST_S, SHARE, Looked
from runtime.clock import SystemClock
from tests.fakes.clock import FakeClock

LIMIT = 20.0


class Costly:
    """A look that takes as long as the test says, and is counted."""

    def __init__(self, clock: FakeClock, seconds: float) -> None:
        self.clock, self.seconds, self.looks = clock, seconds, 0

    def __call__(self) -> int:
        self.looks += 1
        self.clock.advance(self.seconds)
        return self.looks


def test_a_look_counts_for_as_many_times_as_long_as_it_took() -> None:
    clock = FakeClock()
    look = Costly(clock, 0.1)
    looked = Looked(look, clock, 0.0)
    assert looked.get() == 1
    clock.advance(0.1 * SHARE - 0.01)
    assert looked.get() == 1
    clock.advance(0.02)
    assert looked.get() == 2


def test_however_long_a_look_takes_what_it_saw_is_old_after_five_seconds() -> None:
    clock = FakeClock()
    looked = Looked(Costly(clock, 60.0), clock, 0.0)
    looked.get()
    clock.advance(LONGEST_S + 0.1)
    assert looked.get() == 2


def test_who_asks_for_a_new_look_never_sees_one_that_had_begun_before() -> None:
    clock = FakeClock()
    looked = Looked(Costly(clock, 0.1), clock, 0.0)
    assert looked.get(new=True) == 1
    assert looked.get(new=True) == 2


def test_many_who_ask_for_a_new_look_while_one_is_made_share_the_next() -> None:
    asked, begun, go_on = threading.Semaphore(0), threading.Event(), threading.Event()
    looks: list[int] = []

    class Asked(SystemClock):
        """Tells that somebody has asked."""

        def monotonic(self) -> float:
            asked.release()
            return super().monotonic()

    def look() -> int:
        looks.append(len(looks))
        begun.set()
        assert go_on.wait(LIMIT)
        return len(looks)

    looked = Looked(look, Asked(), 0.0)
    with ThreadPoolExecutor(11) as pool:
        first = pool.submit(looked.get, new=True)
        assert begun.wait(LIMIT)
        while asked.acquire(blocking=False):
            pass
        others = [pool.submit(looked.get, new=True) for _ in range(10)]
        for _ in others:
            assert asked.acquire(timeout=LIMIT)
        go_on.set()
        assert first.result(LIMIT) == 1
        assert {it.result(LIMIT) for it in others} == {2}


def test_names_are_sorted_as_people_count() -> None:
    names = ["more-10", "more-2", "More-1", "2", "10", "shop"]
    assert sorted(names, key=natural) == ["2", "10", "More-1", "more-2", "more-10", "shop"]
