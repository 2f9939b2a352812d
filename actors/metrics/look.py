"""One look at everything that uses the machine: the whole, each project's program, test runs, each container."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from actors.engines.engine import Handle
from actors.errors import VankaError
from actors.metrics.history import Measured
from actors.model.load import GUEST, PROJECT, TEST, Resource, Thresholds, load_key
from actors.model.project import Environment, Project
from actors.pipeline.services import Services
from runtime.host import Load, ProcessLoad, Sampler

CONTAINERS = "container"  # the engine that knows containers by a handle {"container": id}
AWAY_S = 60.0  # an engine that did not answer is not asked for guests for so long


Guests = Callable[[], Sequence[tuple[str, str, str]]]
"""The third-party repositories whose container runs: id, name, container. May raise a VankaError."""


@dataclass(frozen=True)
class ProgramLoad:
    """One program, or one container: `kind` says whose. CPU in per cent of one core.

    `up`: it is there. `wanted`, of a project: it should be, for it was deployed and nobody stopped it.
    """

    kind: str
    key: str
    name: str
    engine: str
    up: bool
    cpu_percent: float = 0.0
    memory_bytes: int = 0
    processes: int = 0
    container: str | None = None
    wanted: bool = False

    @property
    def figures(self) -> dict[str, Any]:
        """What `vanka load --json` tells of it."""
        return {
            "cpu_percent": self.cpu_percent,
            "memory_bytes": self.memory_bytes,
            "processes": self.processes,
        }


@dataclass(frozen=True)
class Sample:
    """One look at everything."""

    at: datetime
    load: Load
    programs: tuple[ProgramLoad, ...]
    thresholds: Thresholds

    @property
    def projects(self) -> Iterator[ProgramLoad]:
        """The projects' production programs."""
        return (program for program in self.programs if program.kind == PROJECT)

    @property
    def percents(self) -> dict[Resource, float]:
        """What thresholds are compared with: within the limits of this container, where it has any."""
        load = self.load
        known = {Resource.CPU: load.cpu_percent, Resource.MEMORY: load.memory_percent}
        return {**known, Resource.DISK: load.disk_percent} if load.disk_total_bytes else known

    @property
    def whole(self) -> Measured:
        """All of it, for the history."""
        return Measured(self.load.cpu_percent, self.load.memory_bytes)

    def measured(self) -> dict[str, Measured]:
        """All that runs, by key, for the history."""
        return {it.key: Measured(it.cpu_percent, it.memory_bytes) for it in self.programs if it.up}

    def record(self) -> dict[str, Any]:
        """As `vanka load --json` shows it."""
        own = {name: getattr(self.load, name) for name in Load.__dataclass_fields__}
        running = [it for it in self.programs if it.up]
        return {
            **own,
            "projects": [{"name": it.name, "engine": it.engine, "up": it.up, **it.figures} for it in self.projects],
            "tests": [{"name": it.name, "engine": it.engine, **it.figures} for it in running if it.kind == TEST],
            "containers": [
                {"name": it.name, "kind": it.kind, "container": it.container[:12], **it.figures}
                for it in running
                if it.container is not None
            ],
        }


class Looker:
    """Made once in the life of the service, for it remembers the counters of the look before. Any thread; blocks."""

    def __init__(self, services: Services, disk: Path, guests: Guests) -> None:
        self._services = services
        self._sampler = Sampler(disk)
        self._guests = guests
        self._lock = threading.Lock()
        self._again_at = float("-inf")

    def look(self) -> Sample:
        """A few milliseconds, and a few more for each container."""
        with self._lock:
            services = self._services
            wanted = [*self._runs(), *self._visitors()]
            found: dict[str, ProcessLoad | None] = {}
            for name, engine in services.engines.items():
                mine = [(it.key, handle) for it, handle in wanted if it.engine == name and handle is not None]
                loads = engine.loads([handle for _key, handle in mine])
                found.update({key: load for (key, _handle), load in zip(mine, loads, strict=True)})
            programs = tuple(_with(it, found.get(it.key)) for it, _handle in wanted)
            load = self._sampler.sample()
            return Sample(services.clock.now(), load, programs, services.records.thresholds.get())

    def _runs(self) -> Iterator[tuple[ProgramLoad, Handle | None]]:
        """Every project, running or not, and every test run."""
        records = self._services.records
        runs = records.runs.all()
        for project in records.projects.all():
            run = runs.get((project.no, Environment.PRODUCTION))
            engine, handle = (project.engine, None) if run is None else (run.engine, run.handle)
            wanted = project.wanted_up and (run is not None or records.versions.current(project) is not None)
            yield replace(_program(PROJECT, project, engine, handle), wanted=wanted), handle
            test = runs.get((project.no, Environment.TEST))
            if test is not None:
                yield _program(TEST, project, test.engine, test.handle), test.handle

    def _visitors(self) -> list[tuple[ProgramLoad, Handle | None]]:
        """Third-party repositories; none while the engine that holds them is away."""
        now = self._services.clock.monotonic()
        if CONTAINERS not in self._services.engines or now < self._again_at:
            return []
        try:
            guests = self._guests()
        except VankaError:
            self._again_at = now + AWAY_S
            return []
        return [
            (
                ProgramLoad(GUEST, load_key(GUEST, number), name, CONTAINERS, False, container=container),
                {"container": container},
            )
            for number, name, container in guests
        ]


def _program(kind: str, project: Project, engine: str, handle: Handle | None) -> ProgramLoad:
    container = (handle or {}).get("container")
    held = container if isinstance(container, str) else None
    return ProgramLoad(kind, load_key(kind, project.no), project.name, engine, False, container=held)


def _with(it: ProgramLoad, load: ProcessLoad | None) -> ProgramLoad:
    if load is None:
        return it
    return replace(it, up=True, cpu_percent=load.cpu_percent, memory_bytes=load.memory_bytes, processes=load.processes)
