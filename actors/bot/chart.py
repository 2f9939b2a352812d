"""A chart of the load as an SVG drawing: CPU and memory over time, deployments marked by kind; pure.

It has a dark ground of its own, so that it reads well in a light and in a dark chat, and letters that can be read on a
phone. What needs a language stands in the caption.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

from actors.bot.glyphs import width, write
from actors.model.load import DAY_S, HOUR_S, LoadHistory, LoadMark, LoadPoint, Mark

WIDTH, HEIGHT = 1280, 960
LEFT, RIGHT = 150, 1240
MARKS_TOP = 34  # the signs of the deployments
PANELS = ((164, 476), (576, 870))  # top and bottom of CPU's and memory's
LETTERS = 34
GROUND, PLOT, EMPTY, GRID, TEXT = "#16202c", "#1d2a38", "#2c3947", "#3d4e60", "#e6edf3"
CPU, MEMORY = "#58b6ff", "#ffb454"
MARK_COLOURS = {Mark.SUCCEEDED: "#56d364", Mark.FAILED: "#ff6b6b", Mark.ROLLED_BACK: "#ffd84d"}
_WORST = (Mark.SUCCEEDED, Mark.ROLLED_BACK, Mark.FAILED)  # of several at one place the last of these is shown
_SIGNS = {
    Mark.SUCCEEDED: '<path d="M0 -15L16 13H-16Z" fill="{c}"/>',
    Mark.FAILED: '<path d="M-12 -12L12 12M12 -12L-12 12" stroke="{c}" stroke-width="8" stroke-linecap="round"/>',
    Mark.ROLLED_BACK: (
        '<path d="M-4 -8H4C10 -8 14 -4 14 2S10 12 4 12H-10" fill="none" stroke="{c}" stroke-width="6"'
        ' stroke-linecap="round"/><path d="M-2 -19V3L-17 -8Z" fill="{c}"/>'
    ),
}
_STRIPES = 34  # how far apart, where nothing is known
_INSET = 2  # so that they do not end beyond it
_MANY = 40  # with more deployments than that their lines are short, or they would hide the curves
_SHORT = 26
_BUCKET = 46.0  # so far apart are the signs, at the least
_GAP_STEPS = 2.5  # of so many steps without a point nothing is known


@dataclass(frozen=True)
class Panel:
    """One of the two curves: where it is drawn, its colour, its greatest value and how that is written."""

    top: int
    bottom: int
    colour: str
    name: str
    most: float
    label: Callable[[float], str]
    values: Callable[[LoadPoint], tuple[float, float]]

    def y(self, value: float) -> float:
        """Where a value stands; what is beyond the greatest stands there."""
        return self.bottom - (self.bottom - self.top) * min(max(value / self.most, 0.0), 1.0)


def chart(history: LoadHistory, zone: tzinfo | None = None) -> str:
    """The drawing. `zone` None: the local time of this machine. There must be a point at least."""
    curves = panels(history)
    seconds = history.end - history.start

    def x(at: float) -> float:
        return LEFT + (RIGHT - LEFT) * min(max((at - history.start) / seconds, 0.0), 1.0)

    runs = split(history)
    parts = [f'<rect width="{WIDTH}" height="{HEIGHT}" fill="{GROUND}"/>']
    for panel in curves:
        parts.append(_ground(panel))
        parts += [_known(panel, x, run, history.step_s) for run in runs]
    parts += _times(history, zone, x)
    for panel in curves:
        parts += _scale(panel)
        parts += _mark_lines(panel, history.marks, x)
        parts += [_curve(panel, x, run) for run in runs]
        parts.append(_title(panel, history.points))
    parts += _marks(history.marks, x)
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}">'
    return f"{head}{''.join(parts)}</svg>"


def panels(history: LoadHistory) -> tuple[Panel, Panel]:
    """CPU's and memory's, with the scales that fit what was measured."""
    return _cpu(history), _memory(history)


def split(history: LoadHistory) -> list[list[LoadPoint]]:
    """The points in runs without a gap."""
    runs: list[list[LoadPoint]] = []
    for point in history.points:
        if not runs or point.at - runs[-1][-1].at > _GAP_STEPS * history.step_s:
            runs.append([])
        runs[-1].append(point)
    return runs


# --- what is compared with what


def _cpu(history: LoadHistory) -> Panel:
    top, bottom = PANELS[0]
    peak = max((point.cpu_peak for point in history.points), default=0.0)
    steps = (10, 20, 50, 100) if history.project is None else (10, 20, 50, 100, 200, 400, 800, 1600, 3200, 6400)
    most = next((step for step in steps if peak <= step), steps[-1])
    return Panel(top, bottom, CPU, "CPU", float(most), _percent, lambda point: (point.cpu, point.cpu_peak))


def _memory(history: LoadHistory) -> Panel:
    """Of the whole in per cent of what may be used; of a project in bytes."""
    top, bottom = PANELS[1]
    if history.project is None and history.memory_limit:
        share = 100 / history.memory_limit
        peak = max((point.memory * share for point in history.points), default=0.0)
        most = float(next((step for step in (10, 20, 50, 100) if peak <= step), 100))
        return Panel(top, bottom, MEMORY, "RAM", most, _percent, lambda point: (point.memory * share,) * 2)
    peak = max((point.memory for point in history.points), default=0.0)
    power = 2.0 ** max(math.ceil(math.log2(max(peak, 1.0) / 0.95)), 24)
    return Panel(top, bottom, MEMORY, "RAM", power, _size, lambda point: (point.memory, point.memory))


def _percent(value: float) -> str:
    return f"{value:.0f}%" if value >= 10 or value == int(value) else f"{value:.1f}%"


def _size(value: float) -> str:
    """Bytes with the letters that all languages know."""
    for unit, size in (("G", 2**30), ("M", 2**20), ("K", 2**10)):
        if value >= size:
            count = value / size
            return f"{count:.0f}{unit}" if count >= 10 or count == int(count) else f"{count:.1f}{unit}"
    return f"{value:.0f}"


# --- the parts of the drawing


def _ground(panel: Panel) -> str:
    """All of it is a time of which nothing is known, and striped, until something is."""
    stripes = []
    for corner in range(LEFT + panel.top, RIGHT + panel.bottom, _STRIPES):  # x + y of a stripe's points
        left = max(LEFT + _INSET, corner - panel.bottom + _INSET)
        right = min(RIGHT - _INSET, corner - panel.top - _INSET)
        if left >= right:
            continue
        stripes.append(f"M{left} {corner - left}L{right} {corner - right}")
    ground = _box(LEFT, panel.top, RIGHT - LEFT, panel.bottom - panel.top, EMPTY)
    return f'{ground}<path d="{"".join(stripes)}" stroke="{GRID}" stroke-width="3"/>'


def _known(panel: Panel, x: Callable[[float], float], run: Sequence[LoadPoint], step: float) -> str:
    left, right = x(run[0].at), x(run[-1].at + step)
    return _box(left, panel.top, max(right - left, 6.0), panel.bottom - panel.top, PLOT)


def _box(x: float, y: float, across: float, down: float, colour: str) -> str:
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{across:.1f}" height="{down:.1f}" fill="{colour}"/>'


def _scale(panel: Panel) -> list[str]:
    """Lines at nothing, a half and the greatest, with their values beside them."""
    parts = []
    for share in (0.0, 0.5, 1.0):
        y = panel.y(panel.most * share)
        parts.append(_line(LEFT, y, RIGHT, y, GRID, 2))
        label = panel.label(panel.most * share)
        height = min(LETTERS, LETTERS * (LEFT - 24) / width(label, LETTERS))
        parts.append(write(label, LEFT - 16, y - height / 2, height, TEXT, "end"))
    return parts


def _times(history: LoadHistory, zone: tzinfo | None, x: Callable[[float], float]) -> list[str]:
    """A line every ten minutes, or every four hours, of the clock where the chart is read."""
    parts = []
    for at, text in ticks(history.start, history.end, zone):
        here = x(at)
        parts += [_line(here, top, here, bottom, GRID, 2) for top, bottom in PANELS]
        if LEFT + 20 <= here <= RIGHT - 20:
            parts.append(write(text, here, PANELS[1][1] + 26, LETTERS, TEXT, "middle"))
    return parts


def ticks(start: float, end: float, zone: tzinfo | None) -> list[tuple[float, str]]:
    """Round times of that zone between start and end, and how they are written."""
    minutes = 10 if end - start <= HOUR_S else 240 if end - start <= DAY_S else 1440
    found = []
    for at in range(math.ceil(start / 300) * 300, math.floor(end) + 1, 300):  # every zone is whole five minutes off
        local = datetime.fromtimestamp(at, UTC).astimezone(zone)
        if (local.hour * 60 + local.minute) % minutes == 0:
            found.append((float(at), f"{local:%H:%M}"))
    return found


def _curve(panel: Panel, x: Callable[[float], float], run: Sequence[LoadPoint]) -> str:
    """The mean as a line over its area, the peaks as a pale band above it. One point alone is a dot."""
    means = [(x(point.at), panel.y(panel.values(point)[0])) for point in run]
    if len(run) == 1:
        here = min(max(means[0][0], LEFT + 8), RIGHT - 8)
        return f'<circle cx="{here:.1f}" cy="{means[0][1]:.1f}" r="8" fill="{panel.colour}"/>'
    peaks = [(x(point.at), panel.y(panel.values(point)[1])) for point in run]
    line, band = _path(means), f"{_path(peaks)}L{_path(means[::-1])[1:]}Z"
    area = f"{line}L{means[-1][0]:.1f} {panel.bottom}L{means[0][0]:.1f} {panel.bottom}Z"
    return (
        f'<path d="{area}" fill="{panel.colour}" fill-opacity="0.22"/>'
        f'<path d="{band}" fill="{panel.colour}" fill-opacity="0.5"/>'
        f'<path d="{line}" fill="none" stroke="{panel.colour}" stroke-width="4" stroke-linejoin="round"'
        ' stroke-linecap="round"/>'
    )


def _path(points: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)


def _line(x: float, y: float, to_x: float, to_y: float, colour: str, thick: int) -> str:
    return f'<path d="M{x:.1f} {y:.1f}L{to_x:.1f} {to_y:.1f}" stroke="{colour}" stroke-width="{thick}"/>'


def _title(panel: Panel, points: Sequence[LoadPoint]) -> str:
    """The name, and the newest value."""
    newest = panel.label(panel.values(points[-1])[0])
    y = panel.top - LETTERS - 20
    name = write(panel.name, LEFT, y, LETTERS, panel.colour)
    return name + write(newest, LEFT + width(panel.name, LETTERS) + 24, y, LETTERS, TEXT)


def _marks(marks: Sequence[LoadMark], x: Callable[[float], float]) -> list[str]:
    """A sign above. Those that are close together share one, that of the worst, with their number below it."""
    parts = []
    for here, group in gathered(marks, x):
        mark = max((it.mark for it in group), key=_WORST.index)
        colour = MARK_COLOURS[mark]
        parts.append(f'<g transform="translate({here:.1f} {MARKS_TOP})">{_SIGNS[mark].format(c=colour)}</g>')
        if len(group) > 1:
            parts.append(write(str(min(len(group), 99)), here, MARKS_TOP + 26, 22, TEXT, "middle"))
    return parts


def _mark_lines(panel: Panel, marks: Sequence[LoadMark], x: Callable[[float], float]) -> list[str]:
    bottom = panel.bottom if len(marks) <= _MANY else panel.top + _SHORT
    return [_line(x(it.at), panel.top, x(it.at), bottom, MARK_COLOURS[it.mark], 3) for it in marks]


def gathered(marks: Sequence[LoadMark], x: Callable[[float], float]) -> list[tuple[float, list[LoadMark]]]:
    """Marks that stand too close for two signs, together; and where their sign stands."""
    groups: list[list[LoadMark]] = []
    for mark in marks:
        if groups and x(mark.at) - x(groups[-1][0].at) < _BUCKET:
            groups[-1].append(mark)
        else:
            groups.append([mark])
    return [((x(group[0].at) + x(group[-1].at)) / 2, group) for group in groups]
