"""The switch: readers who find nothing, how long the target takes to change, and what a complete release costs."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from multiprocessing.synchronize import Event
from pathlib import Path

from actors.artifacts.exchange import FileSystem
from actors.artifacts.layout import Layout
from actors.artifacts.releases import Releases
from actors.artifacts.target import Target
from actors.model.project import Project
from tests.bench.row import Row

SWITCHES = 1_000
LITERAL_SWITCHES = 100
FILES = 200
BIG = 2_000
READERS = 2
LIMIT_S = 60.0
FLIP_S = 0.15


@dataclass(frozen=True)
class Yard:
    """Two releases of one project, and its target."""

    root: Path

    @property
    def project(self) -> Project:
        """The one project here."""
        when = datetime(2026, 1, 1, tzinfo=UTC)
        return Project(no=1, name="bench", url="", path=str(self.root / "target"), created_at=when, persist=("*.db",))

    @property
    def releases(self) -> Releases:
        """Its releases."""
        return Releases(Layout(self.root / "home"))

    def release(self, version: int, files: int) -> tuple[Path, float]:
        """A release of that many small files, and how long it took from the last file to whole and durable."""
        staged = self.releases.begin(self.project, version)
        (staged / "main.py").write_text(str(version))
        for number in range(files - 1):
            folder = staged / f"folder{number % 20}"
            folder.mkdir(exist_ok=True)
            (folder / f"{number}.py").write_text(f"# {version} {number}\n" * 60)
        began = time.perf_counter()
        return self.releases.complete(self.project, version, staged), time.perf_counter() - began


def measure() -> list[Row]:
    """Under a minute. Reads by processes of their own, as fast as they can, while the target changes."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        yard = Yard(Path(folder))
        both = [yard.release(version, FILES)[0] for version in (1, 2)]
        literal = _misses(Path(folder) / "literal", lambda path: _literally(path, both))
        flips = _misses(Path(yard.project.path), lambda _path: _flip(yard, both))
        rows.append(
            Row(
                name="readers who find nothing, 1,000 switches",
                target="0",
                measured=f"{flips[0]} of {flips[1]:,} reads",
                baseline=f"literal steps: {100 * literal[0] / max(literal[1], 1):.0f} % of {literal[1]:,} reads",
                ratio=None,
                ok=flips[0] == 0 and flips[1] > SWITCHES,
            )
        )
        rows.append(_exchange(Path(folder)))
    with tempfile.TemporaryDirectory() as folder:
        rows.extend(_big(Yard(Path(folder))))
    return rows


def _flip(yard: Yard, both: list[Path]) -> None:
    target = Target(Layout(yard.root / "home"))
    for number in range(SWITCHES):
        target.switch(yard.project, both[number % 2])


def _literally(path: Path, both: list[Path]) -> None:
    """The customer's steps: empty the directory, put the files in."""
    path.mkdir(exist_ok=True)
    for number in range(LITERAL_SWITCHES):
        for entry in path.iterdir():
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
        shutil.copytree(both[number % 2], path, dirs_exist_ok=True, symlinks=True)


def _exchange(folder: Path) -> Row:
    """A real directory in the target's place, exchanged for our link in one step."""
    files, path, new = FileSystem(), folder / "exchanged", folder / "new"
    path.mkdir()
    (path / "main.py").write_text("")
    other = folder / "other"
    shutil.copytree(path, other)
    new.symlink_to(other)

    def exchange(at: Path) -> None:
        for _ in range(SWITCHES):
            files.exchange(new, at)

    misses, reads = _misses(path, exchange)
    return Row(
        name="readers who find nothing, 1,000 exchanges of a directory and a link",
        target="0",
        measured=f"{misses} of {reads:,} reads",
        baseline="",
        ratio=None,
        ok=misses == 0,
    )


def _misses(path: Path, change: Callable[[Path], None]) -> tuple[int, int]:
    """How many reads of the main file found nothing while `change` ran, and how many there were."""
    context = multiprocessing.get_context("spawn")
    stop, results = context.Event(), context.Queue()
    readers = [context.Process(target=_read, args=(path / "main.py", stop, results)) for _ in range(READERS)]
    for reader in readers:
        reader.start()
    for _ in readers:  # each says when it has seen the file for the first time, or that it waits for it
        results.get(timeout=LIMIT_S)
    try:
        change(path)
    finally:
        stop.set()
    counts = [results.get(timeout=LIMIT_S) for _ in readers]
    for reader in readers:
        reader.join(LIMIT_S)
    return sum(count[0] for count in counts), sum(count[1] for count in counts)


def _read(file: Path, stop: Event, results: multiprocessing.Queue[tuple[int, int]]) -> None:
    """Open and read until told to stop; what is not there before the first success is no miss."""
    results.put((0, 0))
    name, misses, reads, seen = os.fspath(file), 0, 0, False
    while not stop.is_set():
        try:
            with open(name, "rb") as opened:
                found = opened.read() is not None
        except OSError:
            found = False
        seen = seen or found
        reads += seen
        misses += seen and not found
    results.put((misses, reads))


def _big(yard: Yard) -> list[Row]:
    """What a deployment of 2,000 files costs here: making it whole beside, and the pause of the program."""
    made = [yard.release(version, BIG) for version in (1, 2)]
    target, pauses = Target(Layout(yard.root / "home")), []
    target.switch(yard.project, made[0][0])
    for number in range(1, 21):
        (Path(yard.project.path) / f"{number}.db").write_text("rows")
        stopped: list[float] = []
        target.switch(yard.project, made[number % 2][0], stop=partial(_note, stopped))
        pauses.append(time.perf_counter() - stopped[0])
    began = time.perf_counter()
    _literally_once(yard.root / "literal", made[1][0])
    literal = time.perf_counter() - began
    pause, whole = statistics.median(pauses), statistics.median(seconds for _, seconds in made)
    began = time.perf_counter()
    pristine = yard.releases.is_pristine(yard.project, 2)
    look = time.perf_counter() - began
    return [
        Row(
            name="from stopped to switched, 2,000 files, one new persistent file each time",
            target=f"{FLIP_S} s",
            measured=f"{1000 * pause:.1f} ms, at most {1000 * max(pauses):.1f} ms",
            baseline=f"delete and copy: {1000 * literal:.0f} ms",
            ratio=pause / literal,
            ok=pause <= FLIP_S,
        ),
        Row(
            name="2,000 checked out files to a whole and durable release; a look whether it is pristine",
            target="0.3 s",
            measured=f"{1000 * whole:.0f} ms; {1000 * look:.0f} ms",
            baseline="",
            ratio=None,
            ok=whole <= 0.3 and pristine,
        ),
    ]


def _note(times: list[float]) -> None:
    times.append(time.perf_counter())


def _literally_once(path: Path, release: Path) -> None:
    shutil.copytree(release, path, symlinks=True)
    shutil.rmtree(path)
    shutil.copytree(release, path, symlinks=True)
