"""A threshold is passed when it is for minutes; it is told once, and once that it is over."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from actors.metrics.judge import Judge
from actors.model.load import Raised, Resource, Thresholds

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
USUAL = Thresholds()


class Day:
    """Looks ten seconds apart."""

    def __init__(self, judge: Judge | None = None) -> None:
        self.judge = judge or Judge({})
        self.at = 0.0
        self.told: list[Raised] = []

    def goes_on(
        self, seconds: float, cpu: float | Iterable[float], *, disk: float = 10.0, of: Thresholds = USUAL
    ) -> list[Raised]:
        """What is told meanwhile."""
        before = len(self.told)
        figures = [cpu] if isinstance(cpu, int | float) else list(cpu)
        for number in range(int(seconds / 10)):
            self.at += 10
            percents = {Resource.CPU: figures[number % len(figures)], Resource.MEMORY: 10.0, Resource.DISK: disk}
            self.told += self.judge.look(self.at, NOON + timedelta(seconds=self.at), percents, of)
        return self.told[before:]


def test_a_load_that_stays_high_is_told_once_and_its_end_too() -> None:
    day = Day()
    assert day.goes_on(600, 20.0) == []
    (raised,) = day.goes_on(3600, 97.0)
    assert (raised.resource, raised.limit, raised.over) == (Resource.CPU, 90, None)
    assert raised.percent >= 90
    (over,) = day.goes_on(3600, 20.0)
    assert (over.since, over.resource) == (raised.since, Resource.CPU)
    assert over.over is not None
    assert over.over > over.since


def test_a_spike_is_not_told() -> None:
    day = Day()
    day.goes_on(600, 5.0)
    assert day.goes_on(120, 100.0) == []
    assert day.goes_on(600, 5.0) == []


def test_a_busy_load_with_breaks_counts_by_its_mean() -> None:
    assert Day().goes_on(900, (100.0, 100.0, 95.0, 80.0))


def test_a_load_about_the_threshold_does_not_flap() -> None:
    day = Day()
    assert len(day.goes_on(900, 92.0)) == 1
    for _ in range(10):
        assert day.goes_on(600, 87.0) == []
        assert day.goes_on(600, 93.0) == []
    assert len(day.goes_on(600, 79.0)) == 1


def test_right_after_the_start_nobody_can_tell() -> None:
    assert Day().goes_on(260, 100.0) == []
    assert len(Day().goes_on(300, 100.0)) == 1


def test_after_a_pause_it_begins_anew() -> None:
    day = Day()
    day.goes_on(250, 100.0)
    day.at += 600
    assert day.goes_on(250, 100.0) == []


def test_what_was_raised_before_a_crash_is_not_told_again_but_its_end_is() -> None:
    before = Day()
    (raised,) = before.goes_on(400, 100.0)
    after = Day(Judge({Resource.CPU: raised}))
    assert after.goes_on(3600, 100.0) == []
    (over,) = after.goes_on(900, 10.0)
    assert over.since == raised.since


def test_what_is_over_already_may_come_again() -> None:
    day = Day()
    day.goes_on(400, 100.0)
    (over,) = day.goes_on(600, 10.0)
    assert len(Day(Judge({Resource.CPU: over})).goes_on(400, 100.0)) == 1


def test_off_is_off_and_ends_without_a_word() -> None:
    off = USUAL.with_limit(Resource.CPU, None)
    day = Day()
    assert day.goes_on(900, 100.0, of=off) == []
    assert len(day.goes_on(900, 100.0)) == 1
    assert day.goes_on(900, 10.0, of=off) == []
    assert not day.judge.is_raised(Resource.CPU)


def test_a_threshold_that_is_set_higher_ends_the_alert_below_it() -> None:
    day = Day()
    assert len(day.goes_on(900, 85.0, of=USUAL.with_limit(Resource.CPU, 80))) == 1
    (over,) = day.goes_on(900, 85.0, of=USUAL.with_limit(Resource.CPU, 90))
    assert over.over is not None


def test_a_low_threshold_can_be_left_again() -> None:
    low = USUAL.with_limit(Resource.CPU, 5)
    day = Day()
    assert len(day.goes_on(600, 6.0, of=low)) == 1
    assert len(day.goes_on(600, 3.0, of=low)) == 1


def test_each_resource_is_judged_for_itself() -> None:
    day = Day()
    told = day.goes_on(600, 100.0, disk=95.0)
    assert {raised.resource for raised in told} == {Resource.CPU, Resource.DISK}
    assert [raised.resource for raised in day.goes_on(600, 5.0, disk=95.0)] == [Resource.CPU]
