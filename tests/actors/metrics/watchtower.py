"""The metrics actor over a machine whose load the test says."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from actors.artifacts.cleaner import Cleaner
from actors.artifacts.environments import Environments
from actors.artifacts.layout import Layout
from actors.artifacts.releases import Releases
from actors.artifacts.target import Target
from actors.control.core import House
from actors.control.load import LoadDesk
from actors.engines.engine import Handle
from actors.errors import NoEngine
from actors.messages import LoadExceeded, LoadRecovered
from actors.metrics import Metrics, Observatory
from actors.model.project import Environment, Project
from actors.model.run import Run
from actors.pipeline.services import Services
from actors.records import Records
from actors.rollout.in_place import InPlace
from actors.source import Sources
from runtime.actor import Actor
from runtime.child_spec import ChildSpec, supervisor
from runtime.host import Load, ProcessLoad
from runtime.meters import Meters
from runtime.redact import Redactor
from runtime.system import System
from tests.fakes.clock import FakeClock

LIMIT_S = 10.0
CALM = Load(10.0, 2, 2**29, 2**30, "cgroup v1", 50, 100, 0.0, 0.0, 5, 9, None, 60.0)


class Machine:
    """An engine and a sampler that say what the test wants."""

    def __init__(self) -> None:
        self.load = CALM
        self.loads_of: dict[str, ProcessLoad] = {}
        self.guests: list[tuple[str, str, str]] = []
        self.away = False
        self.asked_for_guests = 0

    def sample(self) -> Load:
        return self.load

    def loads(self, handles: list[Handle]) -> list[ProcessLoad | None]:
        return [self.loads_of.get(str(handle.get("container") or handle.get("pid"))) for handle in handles]

    def running(self) -> list[tuple[str, str, str]]:
        self.asked_for_guests += 1
        if self.away:
            raise NoEngine("no engine", "")
        return self.guests


class Watchtower:
    """The metrics actor over real records, with time that moves when the test says so."""

    def __init__(self, records: Records, home: Path, clock: FakeClock) -> None:
        self.records, self.home, self.clock, self.machine = records, home, clock, Machine()
        layout = Layout(home)
        releases, target = Releases(layout), Target(layout)
        engines: dict[str, Any] = {"process": self.machine, "container": self.machine}
        self.services = Services(
            clock=clock,
            layout=layout,
            records=records,
            sources=Sources(home, clock=clock),
            releases=releases,
            cleaner=Cleaner(layout, releases, Environments(layout), target),
            targets=target,
            strategy=InPlace(target),
            engines=engines,
            redactor=Redactor(),
        )
        self.told: list[LoadExceeded | LoadRecovered] = []
        self.up()

    def up(self) -> None:
        self.observatory = Observatory(self.services, self.home, self.machine.running)
        self.observatory.looker._sampler = self.machine  # type: ignore[assignment]  # a machine that obeys
        self.system = System(clock=self.clock, workers=2)
        self.meters = Meters()
        metrics = ChildSpec("metrics", partial(Metrics, self.services, self.meters, self.observatory))
        ear = ChildSpec("ear", partial(Ear, self.told.append))
        self.system.start(supervisor("root", [ear, metrics], restarts=100))
        house = House(self.services, self.system, self.records.store, None, self.home, None, None, self.clock.now())  # type: ignore[arg-type]  # not needed here
        self.desk = LoadDesk(house)
        self.settle()

    def down(self) -> None:
        self.system.stop(5.0)

    def settle(self) -> None:
        """No actor and no job has anything to do."""
        end, calm = time.monotonic() + LIMIT_S, 0
        while calm < 3:
            assert time.monotonic() < end
            idle = self.system.idle() and not any(sum(load) for load in self.system.jobs.load().values())
            calm = calm + 1 if idle else 0
            time.sleep(0.0005)

    def goes_on(self, seconds: float, cpu: float | None = None) -> None:
        """Time goes by, a look at a time."""
        if cpu is not None:
            self.machine.load = replace(self.machine.load, cpu_percent=cpu)
        for _ in range(int(seconds / 10)):
            self.clock.advance(10)
            self.settle()

    def runs(self, project: Project, pid: str, environment: Environment = Environment.PRODUCTION) -> None:
        """The project's program is there."""
        handle = {"container": pid} if pid.startswith("c") else {"pid": pid}
        engine = "container" if pid.startswith("c") else "process"
        run = Run(
            project=project.name,
            environment=environment,
            version=1,
            commit="a" * 40,
            engine=engine,
            handle=handle,
            started_at=self.clock.now(),
        )
        self.records.runs.put(project, run)


class Ear(Actor[Any]):
    """Hears what is published of the load."""

    def __init__(self, hear: Callable[[Any], object]) -> None:
        super().__init__()
        self._hear = hear

    def on_start(self) -> None:
        for event in (LoadExceeded, LoadRecovered):
            self.context.subscribe(event)

    def receive(self, message: Any) -> None:
        self._hear(message)


@pytest.fixture
def house(records: Records, tmp_path: Path) -> Iterator[Watchtower]:
    made = Watchtower(records, tmp_path, FakeClock())
    yield made
    made.down()
    made.services.sources.close()
