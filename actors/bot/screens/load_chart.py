"""Charts of the load: as pictures with what needs a language in the caption, and as a line of text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from actors.bot.chart import chart, panels, split
from actors.bot.local_time import clock, zone_name, zone_of
from actors.bot.screen import File, Reply, Visit
from actors.bot.texts import Html, join
from actors.errors import BadInput
from actors.model.load import DAY_S, HOUR_S, LoadHistory, Mark
from runtime.errors import PictureError
from runtime.log import get
from runtime.picture import png

log = get("actors.bot")
HOUR, DAY = "h", "d"
MARKS = {Mark.SUCCEEDED: "🟢▲", Mark.FAILED: "❌", Mark.ROLLED_BACK: "↩️"}
_BLOCKS = "▁▂▃▄▅▆▇█"
_WIDE = 24


def picture(visit: Visit, period: str, no: int | None) -> Reply:
    """The chart as a file to send; in words, where nothing was measured or no picture can be drawn."""
    if period not in (HOUR, DAY):
        raise BadInput(f"{period!r} is no period of a chart")
    words = visit.words
    history = visit.control.load_history(HOUR_S if period == HOUR else DAY_S, no)
    if not history.points:
        return Reply(note=words("chart_none"))
    caption = told(visit, history, period)
    try:
        drawn = png(chart(history, zone_of(visit)))
    except PictureError as error:
        log.warning("a chart could not be drawn", error=str(error), hint=error.hint)
        return Reply(note=join([words("chart_failed", error=str(error)), caption, sparks(visit, history)]))
    name = f"{history.project or 'load'}-{'1h' if period == HOUR else '24h'}.png"
    # a terminal shows no pictures: there the curve stands as text as well
    note = None if visit.chat else sparks(visit, history)
    return Reply(files=(File(name, drawn, caption, "photo"),), note=note)


def told(visit: Visit, history: LoadHistory, period: str) -> Html:
    """The caption: what it is, means and peaks with their times, what the signs mean."""
    words, zone = visit.words, zone_of(visit)
    points = history.points
    by_cpu, by_memory = max(points, key=lambda it: it.cpu_peak), max(points, key=lambda it: it.memory)
    lines: list[Html | None] = [
        words(
            "chart_caption",
            what=history.project or words.label("chart_whole"),
            period=words.label("chart_hour" if period == HOUR else "chart_day"),
            zone=zone_name(history.end, zone),
            cpu=words.decimal(sum(it.cpu for it in points) / len(points)),
            peak=f"{by_cpu.cpu_peak:.0f}",
            peak_at=clock(by_cpu.at, zone),
            memory=words.size(sum(it.memory for it in points) / len(points)),
            memory_peak=words.size(by_memory.memory),
            memory_at=clock(by_memory.at, zone),
        ),
        words("chart_legend") if history.step_s >= 60 else None,
    ]
    if len(split(history)) > 1 or points[0].at - history.start > 2 * history.step_s:
        lines.append(words("chart_gaps"))
    counts = Counter(it.mark for it in history.marks)
    if counts:
        marks = " · ".join(f"{sign} {counts[mark]}" for mark, sign in MARKS.items() if counts[mark])
        lines.append(words("chart_marks", marks=marks))
    return join(lines)


def summary(visit: Visit, period: str, history: LoadHistory) -> Html | None:
    """Mean and peaks in a line; None where nothing was measured."""
    points, words = history.points, visit.words
    if not points:
        return None
    return words(
        "load_period",
        period=words.label(period),
        cpu=words.decimal(sum(it.cpu for it in points) / len(points)),
        peak=f"{max(it.cpu_peak for it in points):.0f}",
        memory=words.size(max(it.memory for it in points)),
    )


def sparks(visit: Visit, history: LoadHistory) -> Html | None:
    """Both curves as text; None where nothing was measured."""
    if not history.points:
        return None
    cpu, memory = (
        spark([(it.at, panel.values(it)[0]) for it in history.points], history.start, history.end, panel.most)
        for panel in panels(history)
    )
    return visit.words("load_spark", cpu=cpu, memory=memory)


def spark(values: Sequence[tuple[float, float]], start: float, end: float, most: float) -> str:
    """The greatest values of equal parts of the time as blocks; a dot where nothing was measured."""
    cells: list[list[float]] = [[] for _ in range(_WIDE)]
    for at, value in values:
        place = int((at - start) / (end - start) * _WIDE)
        cells[min(max(place, 0), _WIDE - 1)].append(value)
    drawn = (_BLOCKS[min(int(max(cell) / most * len(_BLOCKS)), len(_BLOCKS) - 1)] if cell else "·" for cell in cells)
    return "".join(drawn)
