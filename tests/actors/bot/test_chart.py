"""Charts: real pictures of the right size, curves and marks where they belong, readable on any ground."""

from __future__ import annotations

import itertools
import re
import xml.etree.ElementTree as ET
from datetime import timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from actors.bot import chart as it
from actors.bot.chart import LEFT, PANELS, RIGHT, chart, gathered, split, ticks
from actors.bot.glyphs import GLYPHS, width, write
from actors.bot.screens.load_chart import spark
from actors.model.load import DAY_S, HOUR_S, LoadHistory, LoadMark, LoadPoint, Mark
from runtime.picture import png as draw
from tests.fakes import png

END = 1_767_276_034.0  # 1 January 2026, 14:00:34 UTC
GB = 2**30
UTC3 = timezone(timedelta(hours=3))


def history(
    *points: tuple[float, float, float, float], seconds: int = DAY_S, marks: tuple[LoadMark, ...] = (), **more: object
) -> LoadHistory:
    """Points as seconds before the end, CPU, its peak, memory."""
    made = tuple(LoadPoint(END - before, cpu, peak, memory) for before, cpu, peak, memory in points)
    step = 60 if seconds > HOUR_S else 10
    known = {"start": END - seconds, "end": END, "step_s": step, "points": made, "memory_limit": 4 * GB, "marks": marks}
    return LoadHistory(**{**known, **more})  # type: ignore[arg-type]  # a test's own fields


def steady(cpu: float = 40.0, memory: float = GB, seconds: int = DAY_S, **more: object) -> LoadHistory:
    """The same all the time."""
    step = 60 if seconds > HOUR_S else 10
    points = [(float(before), cpu, cpu, memory) for before in range(seconds, 0, -step)]
    return history(*points, seconds=seconds, **more)


def x_of(before: float, seconds: int = DAY_S) -> float:
    return LEFT + (RIGHT - LEFT) * (1 - before / seconds)


def mark(before: float, kind: Mark = Mark.SUCCEEDED) -> LoadMark:
    return LoadMark(END - before, kind, "shop")


def rgb(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def brightness(colour: str) -> float:
    """Relative luminance, as the rules for readable pages define it."""
    parts = [part / 255 for part in rgb(colour)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((brightness(one), brightness(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@pytest.fixture(scope="module")
def day() -> png.Picture:
    """A steady day with one deployment of each kind."""
    marks = (mark(DAY_S * 0.75), mark(DAY_S * 0.5, Mark.FAILED), mark(DAY_S * 0.25, Mark.ROLLED_BACK))
    return png.read(draw(chart(steady(marks=marks), UTC3)))


def test_a_chart_is_a_picture_that_a_phone_shows_whole(day: png.Picture) -> None:
    assert (day.width, day.height) == (1280, 960)


def test_curves_stand_where_their_values_are(day: png.Picture) -> None:
    cpu_top, cpu_bottom = PANELS[0]
    here = x_of(DAY_S * 0.6)
    assert day.at(here, cpu_bottom - (cpu_bottom - cpu_top) * 40 / 50) == rgb(it.CPU)  # 40 of 50 %
    memory_top, memory_bottom = PANELS[1]
    assert day.at(here, (memory_top + memory_bottom) / 2) == rgb(it.MEMORY)  # 25 of 50 %
    assert rgb(it.CPU) not in day.column(here, memory_top, memory_bottom)


@pytest.mark.parametrize(("share", "kind"), [(0.75, Mark.SUCCEEDED), (0.5, Mark.FAILED), (0.25, Mark.ROLLED_BACK)])
def test_deployments_are_marked_by_kind_at_their_time(day: png.Picture, share: float, kind: Mark) -> None:
    here, colour = x_of(DAY_S * share), rgb(it.MARK_COLOURS[kind])
    for top, _bottom in PANELS:
        assert day.at(here, top + 12) == colour
        assert day.at(here - 20, top + 12) != colour
    assert colour in day.column(here, 10, 60) | day.column(here - 10, 10, 60)


def test_signs_differ_in_shape_too_for_who_does_not_see_colours() -> None:
    shapes = {re.sub(r"#\w+|\{c\}", "", sign) for sign in it._SIGNS.values()}
    assert len(shapes) == len(Mark)


def test_everything_stands_out_from_its_ground_and_the_ground_from_light_chats() -> None:
    for colour in (it.CPU, it.MEMORY, it.TEXT, *it.MARK_COLOURS.values()):
        assert contrast(colour, it.PLOT) >= 4.5, colour
        assert contrast(colour, it.EMPTY) >= 4.0, colour
    assert contrast(it.GROUND, "#ffffff") > 10
    assert contrast(it.TEXT, it.GROUND) > 10
    assert it.LETTERS / it.WIDTH * 390 >= 10  # points, where the picture is as wide as a phone


def test_a_time_without_measurements_is_no_line_and_no_zero() -> None:
    points = [(float(before), 40.0, 40.0, 2.0 * GB) for before in range(DAY_S, 0, -60) if not 30_000 < before < 50_000]
    shown = history(*points)
    assert len(split(shown)) == 2
    picture = png.read(draw(chart(shown, UTC3)))
    for (top, bottom), colour in zip(PANELS, (it.CPU, it.MEMORY), strict=True):
        assert rgb(colour) in picture.column(x_of(20_000), top, bottom)
        assert rgb(colour) not in picture.column(x_of(40_000), top, bottom)
        assert rgb(it.EMPTY) in picture.column(x_of(40_000), top, bottom)
        assert rgb(it.EMPTY) not in picture.column(x_of(20_000), top + 4, bottom - 4)


def test_one_measurement_alone_is_a_dot() -> None:
    picture = png.read(draw(chart(history((40_000.0, 20.0, 30.0, GB)), UTC3)))
    top, bottom = PANELS[0]
    assert rgb(it.CPU) in picture.column(x_of(40_000), top, bottom)
    assert rgb(it.CPU) not in picture.column(x_of(50_000), top, bottom)


def test_peaks_stand_above_their_means() -> None:
    points = [(float(before), 5.0, 80.0, GB) for before in range(DAY_S, 0, -60)]
    picture = png.read(draw(chart(history(*points), UTC3)))
    top, bottom = PANELS[0]
    assert picture.at(x_of(33_333), bottom - (bottom - top) * 0.6) != rgb(it.PLOT)
    assert picture.at(x_of(33_333), bottom - (bottom - top) * 0.9) == rgb(it.PLOT)


@pytest.mark.parametrize(
    ("cpu", "project", "most"),
    [(0.0, None, 10), (9.9, None, 10), (40, None, 50), (99.9, None, 100), (100, None, 100), (350, "shop", 400)],
)
def test_the_scale_fits_what_was_measured(cpu: float, project: str | None, most: int) -> None:
    panel = it._cpu(steady(cpu, project=project))
    assert panel.most == most
    assert panel.top <= panel.y(cpu) <= panel.bottom


@pytest.mark.parametrize("memory", [0.0, 1.0, 2.0**20, 20e6, 3e9, 5e11, 1e15])
def test_a_projects_memory_is_told_in_bytes_that_fit(memory: float) -> None:
    panel = it._memory(steady(memory=memory, project="shop"))
    assert panel.most >= memory
    for value in (0.0, panel.most / 2, panel.most, memory):
        assert set(panel.label(value)) <= set(GLYPHS)
    assert panel.label(300 * 2**20) == "300M"
    assert panel.label(1.5 * 2**30) == "1.5G"


def test_a_text_is_as_wide_as_it_says() -> None:
    drawn = write("100%", 0, 0, it.LETTERS, "#ffffff", "end")
    assert drawn.startswith(f'<g transform="translate(-{width("100%", it.LETTERS):.1f} 0.0)')
    with pytest.raises(KeyError):
        write("Ж", 0, 0, it.LETTERS, "#ffffff")


def test_without_a_limit_the_whole_is_told_in_bytes_too() -> None:
    assert it._memory(steady(memory_limit=0)).label(2.0**30) == "1G"


def test_times_are_round_on_the_clock_of_whoever_reads() -> None:
    assert [text for _, text in ticks(END - DAY_S, END, UTC3)] == ["20:00", "00:00", "04:00", "08:00", "12:00", "16:00"]
    kathmandu = timezone(timedelta(hours=5, minutes=45))
    hour = ticks(END - HOUR_S, END, kathmandu)
    assert [text for _, text in hour] == ["18:50", "19:00", "19:10", "19:20", "19:30", "19:40"]
    assert all(END - HOUR_S <= at <= END for at, _ in hour)


def test_a_day_that_is_longer_than_others_has_its_times_too() -> None:
    berlin, back = ZoneInfo("Europe/Berlin"), 1_761_440_400.0  # 26 October 2025, 01:00 UTC: 03:00 becomes 02:00
    shown = ticks(back - DAY_S / 2, back + DAY_S / 2, berlin)
    assert [text for _, text in shown] == ["16:00", "20:00", "00:00", "04:00", "08:00", "12:00"]
    assert [later[0] - sooner[0] for sooner, later in itertools.pairwise(shown)].count(5 * 3600) == 1


def test_many_deployments_share_their_signs_and_the_worst_is_shown() -> None:
    marks = tuple(mark(before, Mark.FAILED if before % 7 == 0 else Mark.SUCCEEDED) for before in range(86_000, 0, -500))
    groups = gathered(marks, lambda at: x_of(END - at))
    places = [here for here, _ in groups]
    assert sum(len(group) for _, group in groups) == len(marks)
    assert min(later - sooner for sooner, later in itertools.pairwise(places)) > 34
    picture = png.read(draw(chart(steady(marks=marks), UTC3)))
    top, bottom = PANELS[0]
    low = picture.column(x_of(86_000), top + 60, bottom - 4)
    assert rgb(it.MARK_COLOURS[Mark.SUCCEEDED]) not in low, "lines of so many would hide the curve"


def test_every_chart_is_small_well_formed_and_holds_no_text_that_would_need_a_font() -> None:
    for shown in (steady(), steady(seconds=HOUR_S), history((5.0, 1.0, 1.0, 1.0)), steady(project="<&>")):
        drawing = chart(shown)
        tree = ET.fromstring(drawing)
        assert not [node for node in tree.iter() if node.tag.endswith("text")]
        assert len(drawing) < 400_000
        assert len(draw(drawing)) < 200_000


def test_a_curve_as_text_shows_gaps_and_never_more_than_full() -> None:
    assert spark([(0, 0.0), (50, 50.0), (99, 200.0)], 0, 100, 100.0) == "▁···········▅··········█"
    assert spark([], 0, 100, 1.0) == "·" * 24
    assert spark([(10, 0.0)], 0, 100, 1.0).strip("·") == "▁"
