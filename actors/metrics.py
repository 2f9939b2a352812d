"""Metrics actor: samples the load, counts events."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, assert_never

from actors.messages import DeploymentEnded, ProjectRemoved, TakeLoad, TestFinished
from actors.model.project import Environment, Project
from actors.pipeline.services import Services
from runtime.actor import Actor
from runtime.facts import ActorRestarted
from runtime.host import Load, ProcessLoad, Sampler
from runtime.jobs import Done
from runtime.meters import Meters
from runtime.reply import Deferred

SAMPLE_S = 10.0
KEPT = 24 * 360  # a day of samples


@dataclass(frozen=True)
class ProjectLoad:
    """One project's production program. `up`: it is there."""

    name: str
    up: bool
    cpu_percent: float = 0.0
    memory_bytes: int = 0
    processes: int = 0


@dataclass(frozen=True)
class Sample:
    """One look at everything."""

    at: datetime
    load: Load
    projects: tuple[ProjectLoad, ...]

    def record(self) -> dict[str, Any]:
        """As `vanka load --json` shows it."""
        own = {name: getattr(self.load, name) for name in Load.__dataclass_fields__}
        return {**own, "projects": [dict(vars(project)) for project in self.projects]}


@dataclass(frozen=True)
class LookNow:
    """Time for a sample."""


@dataclass(frozen=True)
class Sampled:
    """A sample came back."""

    done: Done[Sample]


Message = TakeLoad | LookNow | Sampled | DeploymentEnded | TestFinished | ProjectRemoved | ActorRestarted


class Metrics(Actor[Message]):
    """Looks every ten seconds, and whenever somebody asks. Counters live in `meters`, which outlives this actor."""

    def __init__(self, services: Services, meters: Meters, disk: Path) -> None:
        super().__init__()
        self._services = services
        self._sampler = Sampler(disk)
        self._asked: list[Deferred] = []
        self._looking = False
        self._history: deque[Sample] = deque(maxlen=KEPT)
        self._meters = meters

    def on_start(self) -> None:
        """Subscribe and begin."""
        meters = self._meters
        self._deployments = meters.counter(
            "vanka_deployments_total", "Deployments that ended", ("project", "environment", "state")
        )
        self._durations = meters.histogram(
            "vanka_deployment_duration_seconds", "From taken up to ended", ("project", "environment")
        )
        self._restarts = meters.counter("vanka_actor_restarts_total", "Restarts of actors", ("actor",))
        self._up = meters.gauge("vanka_project_up", "1 while the production program runs", ("project",))
        self._cpu = meters.gauge("vanka_project_cpu_percent", "Per cent of one core", ("project",))
        self._memory = meters.gauge("vanka_project_memory_bytes", "Resident memory", ("project",))
        self._own_cpu = meters.gauge("vanka_cpu_percent", "Per cent of what this container may use")
        self._own_memory = meters.gauge("vanka_memory_bytes", "Memory in use in this container")
        for event in (DeploymentEnded, TestFinished, ProjectRemoved, ActorRestarted):
            self.context.subscribe(event)
        self.context.every(SAMPLE_S, LookNow())
        self._look()

    def receive(self, message: Message) -> object:
        """Answers TakeLoad when the look has come back."""
        match message:
            case TakeLoad():
                answer = self.context.defer()
                self._asked.append(answer)
                self._look()
                return answer
            case LookNow():
                self._look()
            case Sampled(done):
                self._sampled(done)
            case DeploymentEnded(deployment) | TestFinished(deployment):
                environment, state = deployment.environment.value, deployment.state.value
                self._deployments.add(project=deployment.project, environment=environment, state=state)
                if deployment.started_at is not None and deployment.ended_at is not None:
                    took = (deployment.ended_at - deployment.started_at).total_seconds()
                    self._durations.observe(took, project=deployment.project, environment=environment)
            case ProjectRemoved(project):
                self._meters.forget(project=project.name)
            case ActorRestarted(path):
                self._restarts.add(actor=path)
            case _:
                assert_never(message)
        return None

    def _look(self) -> None:
        if not self._looking:
            self._looking = True
            services, sampler = self._services, self._sampler
            self.context.job("disk", lambda: take(services, sampler), Sampled)

    def _sampled(self, done: Done[Sample]) -> None:
        self._looking = False
        answers, self._asked = self._asked, []
        if done.value is None:
            for answer in answers:
                answer.fail(done.error or RuntimeError("no sample"))
            return
        sample = done.value
        self._history.append(sample)
        self._own_cpu.set(sample.load.cpu_percent)
        self._own_memory.set(sample.load.memory_bytes)
        for project in sample.projects:
            self._up.set(1 if project.up else 0, project=project.name)
            self._cpu.set(project.cpu_percent, project=project.name)
            self._memory.set(project.memory_bytes, project=project.name)
        for answer in answers:
            answer.answer(sample.record())


def take(services: Services, sampler: Sampler) -> Sample:
    """One look, in a job's thread."""
    projects = services.records.projects.all()
    runs = [(project, services.records.runs.get(project, Environment.PRODUCTION)) for project in projects]
    loads: dict[int, ProcessLoad | None] = {}
    for name, engine in services.engines.items():
        mine = [(project, run) for project, run in runs if run is not None and run.engine == name]
        found = engine.loads([run.handle for _project, run in mine])
        loads.update({project.no: load for (project, _run), load in zip(mine, found, strict=True)})
    return Sample(
        services.clock.now(),
        sampler.sample(),
        tuple(_project_load(project, loads.get(project.no)) for project in projects),
    )


def _project_load(project: Project, load: ProcessLoad | None) -> ProjectLoad:
    if load is None:
        return ProjectLoad(project.name, False)
    return ProjectLoad(project.name, True, load.cpu_percent, load.memory_bytes, load.processes)
