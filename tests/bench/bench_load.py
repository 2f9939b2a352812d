"""The load over a day: what three hundred projects of it take, and how long a chart is drawn."""

from __future__ import annotations

import gc
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from actors.bot.chart import chart
from actors.metrics.history import MINUTES, History, Measured
from actors.metrics.kept import bring_back, keep
from actors.model.load import DAY_S, LoadHistory
from runtime.picture import png
from tests.bench.row import Row

PROJECTS = 300
START = 1_767_225_600.0
MEMORY_BYTES = 5e6
ROUNDS = 5


def measure() -> list[Row]:
    """A few seconds."""
    gc.collect()
    before = _resident()
    history = History()
    for minute in range(MINUTES):
        _look(history, minute)
    grown = _resident() - before
    look = _best(lambda: _look(history, MINUTES - 1))
    step, points = history.points(START, START + DAY_S)
    day = LoadHistory(
        start=START, end=START + DAY_S, step_s=step, points=tuple(points), memory_limit=2**32, project=None
    )
    service = _resident()
    drawn = _best(lambda: png(chart(day)))
    own = _resident() - service
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "load.history"
        kept = _best(lambda: keep(history, file))
        back = _best(lambda: bring_back(History(), file))
        size = file.stat().st_size
    return [
        Row(
            f"load: a day of {PROJECTS} projects by the minute",
            f"{MEMORY_BYTES / 1e6:.0f} MB",
            f"{grown / 1e6:.1f} MB",
            "-",
            None,
            grown <= MEMORY_BYTES,
        ),
        Row(f"load: one look of {PROJECTS} projects noted", "10 ms", f"{look * 1000:.1f} ms", "-", None, look <= 0.01),
        Row("load: chart of a day, from figures to picture", "2 s", f"{drawn:.2f} s", "-", None, drawn <= 2),
        Row("load: memory of the service for five charts", "+2 MB", f"{own / 1e6:+.1f} MB", "-", None, own <= 2e6),
        Row(
            f"load: that day put into its file ({size / 1e6:.1f} MB), and read at a start",
            "1 s, 0.5 s",
            f"{kept:.2f} s, {back:.2f} s",
            "-",
            None,
            kept <= 1 and back <= 0.5,
        ),
    ]


def _look(history: History, minute: int) -> None:
    """Figures that differ, as those of programs do."""
    others = {f"project:{n}": Measured((n + minute) % 17 / 3, (20 + n % 50) * 1e6 + minute) for n in range(PROJECTS)}
    history.add(START + 60 * minute, Measured(20 + minute % 13, 1e9 + minute), others)


def _best(work: Callable[[], object]) -> float:
    """Seconds: what else the machine does only adds."""
    took = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        work()
        took.append(time.perf_counter() - began)
    return min(took)


def _resident() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


if __name__ == "__main__":
    for row in measure():
        print(row)
