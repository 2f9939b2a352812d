"""A day of the load: means and peaks by the minute, gaps where nothing was measured, bounded memory, kept in a file."""

from __future__ import annotations

import itertools
import sys
from pathlib import Path

from actors.metrics.history import MINUTES, MOST_FINE, WHOLE, History, Measured, Track
from actors.metrics.kept import MOST_BYTES, bring_back, keep
from actors.model.load import DAY_S, HOUR_S

NOON = 1_767_268_800.0  # 1 January 2026, 12:00 UTC


def filled(history: History, start: float, count: int, step: float = 10.0, cpu: float = 20.0) -> float:
    """So many looks, one after the other; the time after the last."""
    for number in range(count):
        history.add(start + number * step, Measured(cpu, 1e9), {"project:1": Measured(cpu / 2, 5e8)})
    return start + count * step


def test_an_hour_of_the_whole_is_ten_seconds_apart() -> None:
    history = History()
    end = filled(history, NOON, 400)
    step, points = history.points(end - HOUR_S, end)
    assert step == 10
    assert len(points) == 360
    assert points[1].at - points[0].at == 10
    assert {(point.cpu, point.memory) for point in points} == {(20.0, 1e9)}


def test_a_day_is_a_minute_apart_with_mean_and_peak() -> None:
    history = History()
    for number in range(12):
        history.add(NOON + number * 10, Measured(100.0 if number == 3 else 4.0, 1e9), {})
    step, points = history.points(NOON - DAY_S, NOON + 120)
    assert step == 60
    assert [(point.cpu, point.cpu_peak) for point in points] == [(20.0, 100.0), (4.0, 4.0)]


def test_a_project_has_minutes_also_for_an_hour() -> None:
    history = History()
    end = filled(history, NOON, 400)
    step, points = history.points(end - HOUR_S, end, "project:1")
    assert step == 60
    assert 60 <= len(points) <= 61
    assert {(point.cpu, point.memory) for point in points} == {(10.0, 5e8)}


def test_what_was_not_measured_is_a_gap_and_no_zero() -> None:
    history = History()
    filled(history, NOON, 60)
    end = filled(history, NOON + 3600, 60)
    _, points = history.points(end - DAY_S, end)
    assert len(points) == 20
    assert max(later.at - sooner.at for sooner, later in itertools.pairwise(points)) == 51 * 60


def test_what_is_older_than_a_day_is_gone_and_not_shown_as_today() -> None:
    history = History()
    filled(history, NOON, 60, cpu=90.0)
    end = filled(history, NOON + DAY_S + 7200, 60, cpu=1.0)
    _, points = history.points(end - DAY_S, end)
    assert {point.cpu for point in points} == {1.0}


def test_a_clock_that_is_set_back_leaves_nothing_of_the_time_to_come() -> None:
    history = History()
    filled(history, NOON, 600, cpu=90.0)
    end = filled(history, NOON, 60, cpu=1.0)
    _, day = history.points(end - DAY_S, end)
    _, hour = history.points(end - HOUR_S, end)
    assert {point.cpu for point in (*day, *hour)} == {1.0}
    assert all(point.at < end for point in (*day, *hour))


def test_looks_in_quick_succession_take_no_more_memory() -> None:
    history = History()
    end = filled(history, NOON, 20_000, step=1.0)
    _step, points = history.points(end - HOUR_S, end)
    assert len(points) <= MOST_FINE + 60
    assert points[0].at < end - HOUR_S + 120  # what the fine ones do not reach, minutes tell


def test_three_hundred_projects_over_a_day_take_four_megabytes() -> None:
    track = Track()
    kept = sum(sys.getsizeof(getattr(track, name)) for name in Track.__slots__) + sys.getsizeof(track)
    assert 300 * kept < 4e6
    history = History()
    loads = {f"project:{number}": Measured(1.0, 1e6) for number in range(300)}
    for minute in range(3 * MINUTES):
        history.add(NOON + 60 * minute, Measured(1.0, 1e9), loads)
    assert len(history.tracks()[1]) == 301


def test_what_has_not_run_for_a_day_is_forgotten_and_so_is_what_was_removed() -> None:
    history = History()
    history.add(NOON, Measured(1.0, 1e9), {"guest:a": Measured(1.0, 1.0), "project:1": Measured(1.0, 1.0)})
    history.forget("project:1")
    assert set(history.tracks()[1]) == {WHOLE, "guest:a"}
    filled(history, NOON + DAY_S + 120, 1)
    assert "guest:a" not in history.tracks()[1]


def test_figures_beyond_what_is_kept_are_the_most_and_never_an_error() -> None:
    history = History()
    history.add(NOON, Measured(1e9, 1e15), {"project:1": Measured(-5.0, 0.0)})
    assert history.points(NOON - 60, NOON + DAY_S)[1][0].cpu == 6553.4
    assert history.points(NOON - 60, NOON + 60, "project:1")[1][0].cpu == 0.0


def test_the_next_service_knows_the_day_and_shows_the_time_between_as_a_gap(tmp_path: Path) -> None:
    first, second = History(), History()
    end = filled(first, NOON, 600)
    keep(first, tmp_path / "load.history")
    assert bring_back(second, tmp_path / "load.history")
    later = filled(second, end + 1800, 30, cpu=50.0)
    step, points = second.points(later - DAY_S, later)
    assert step == 60
    assert len(points) == 100 + 5
    assert [point.cpu for point in points] == [20.0] * 100 + [50.0] * 5
    _, hour = second.points(later - HOUR_S, later)  # minutes from before, ten seconds from now
    assert [point.at for point in hour] == sorted(point.at for point in hour)
    assert hour[0].at < end < hour[-1].at


def test_a_file_that_is_damaged_missing_or_of_another_kind_is_let_be(tmp_path: Path) -> None:
    history, file = History(), tmp_path / "load.history"
    filled(history, NOON, 60)
    keep(history, file)
    good = file.read_text()
    assert not bring_back(History(), tmp_path / "missing")
    for text in (
        *("", "[]", "{}", good[: len(good) // 2], good.replace('"version": 1', '"version": 2')),
        *(good.replace('"order": "', '"order": "x'), good.replace('"minute": ', '"minute": "x", "y": ')),
        *(good.replace('"eA', '"AA'), good.replace('"eA', '"=eA', 1), '{"version": 1, "order": "little", "minute": 1}'),
    ):
        file.write_text(text)
        fresh = History()
        assert not bring_back(fresh, file)
        assert fresh.tracks() == (0, {})
    with file.open("wb") as huge:
        huge.truncate(MOST_BYTES + 1)
    assert not bring_back(History(), file)
    keep(history, tmp_path / "no" / "such" / "directory")  # is said in the log, and that is all
