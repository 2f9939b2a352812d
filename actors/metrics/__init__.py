"""Metrics actor: samples load, counts events, remembers a day, tells when a threshold is passed."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import assert_never

from actors.messages import (
    DeploymentEnded,
    LoadExceeded,
    LoadRecovered,
    ProjectRemoved,
    TakeHistory,
    TakeLoad,
    TestFinished,
)
from actors.metrics.history import WHOLE, History
from actors.metrics.judge import Judge
from actors.metrics.kept import FILE, bring_back, keep
from actors.metrics.look import Guests, Looker, Sample
from actors.model.deployment import Deployment
from actors.model.load import PROJECT, TEST, LoadHistory, Raised, load_key
from actors.pipeline.services import Services
from runtime.actor import Actor
from runtime.errors import StoreError
from runtime.facts import ActorRestarted
from runtime.jobs import Done
from runtime.log import get
from runtime.meters import Meters
from runtime.reply import Deferred

__all__ = ["Metrics", "Observatory"]

log = get("actors.metrics")
SAMPLE_S = 10.0
KEEP_S = 900.0
TELL_AGAIN_S = 30.0  # after a start: who is told of alerts has started by then
TOLD_WITHIN = timedelta(hours=1)  # what is older was told, or is not worth telling any more


class Observatory:
    """What outlives the metrics actor: the counters of the looks, and the day behind us."""

    def __init__(self, services: Services, home: Path, guests: Guests = tuple) -> None:
        self.looker = Looker(services, home, guests)
        self.history = History()
        self._file = home / FILE
        self._keeping = threading.Lock()
        bring_back(self.history, self._file)

    def keep(self) -> None:
        """The next service is to know the day. Blocks; one at a time."""
        with self._keeping:
            keep(self.history, self._file)


@dataclass(frozen=True)
class LookNow:
    """Time for a sample."""


@dataclass(frozen=True)
class KeepNow:
    """Time to put the history into its file."""


@dataclass(frozen=True)
class TellAgain:
    """Time to tell of what was raised before a crash of ours; who knows it already hears nothing."""


@dataclass(frozen=True)
class Sampled:
    """A sample came back."""

    done: Done[Sample]


@dataclass(frozen=True)
class Kept:
    """The history is in its file, or why it is not."""

    done: Done[None]


Message = (
    TakeLoad
    | TakeHistory
    | LookNow
    | KeepNow
    | TellAgain
    | Sampled
    | Kept
    | DeploymentEnded
    | TestFinished
    | ProjectRemoved
    | ActorRestarted
)


class Metrics(Actor[Message]):
    """Looks every ten seconds, and whenever somebody asks. Counters live in `meters`, which outlives this actor."""

    def __init__(self, services: Services, meters: Meters, observatory: Observatory) -> None:
        super().__init__()
        self._services = services
        self._observatory = observatory
        self._asked: list[Deferred] = []
        self._looking = False
        self._last: Sample | None = None
        self._meters = meters

    def on_start(self) -> None:
        """Subscribe and begin."""
        self._make_meters()
        self._judge = Judge(self._services.records.thresholds.raised())
        for event in (DeploymentEnded, TestFinished, ProjectRemoved, ActorRestarted):
            self.context.subscribe(event)
        self.context.every(SAMPLE_S, LookNow())
        self.context.every(KEEP_S, KeepNow())
        self.context.after(TELL_AGAIN_S, TellAgain())
        self._look()

    def on_stop(self) -> None:
        """The next service knows the day."""
        self._observatory.keep()

    def receive(self, message: Message) -> object:
        """Answers TakeLoad when the look has come back."""
        match message:
            case TakeLoad():
                answer = self.context.defer()
                self._asked.append(answer)
                self._look()
                return answer
            case TakeHistory(seconds, key):
                return self._history(seconds, key)
            case LookNow():
                self._look()
            case KeepNow():
                self.context.job("disk", self._observatory.keep, Kept)
            case Kept(done):
                done.result()
            case TellAgain():
                self._tell_again()
            case Sampled(done):
                self._sampled(done)
            case DeploymentEnded(deployment) | TestFinished(deployment):
                self._count(deployment)
            case ProjectRemoved(project):
                self._meters.forget(project=project.name)
                for kind in (PROJECT, TEST):
                    self._observatory.history.forget(load_key(kind, project.no))
            case ActorRestarted(path):
                self._restarts.add(actor=path)
            case _:
                assert_never(message)
        return None

    def _make_meters(self) -> None:
        meters = self._meters
        self._deployments = meters.counter(
            "vanka_deployments_total", "Deployments that ended", ("project", "environment", "state")
        )
        self._durations = meters.histogram(
            "vanka_deployment_duration_seconds", "From taken up to ended", ("project", "environment")
        )
        self._restarts = meters.counter("vanka_actor_restarts_total", "Restarts of actors", ("actor",))
        self._up = meters.gauge("vanka_project_up", "1 while the production program runs", ("project",))
        self._wanted = meters.gauge("vanka_project_wanted", "1 while it should: deployed, not stopped", ("project",))
        self._cpu = meters.gauge("vanka_project_cpu_percent", "Per cent of one core", ("project",))
        self._memory = meters.gauge("vanka_project_memory_bytes", "Resident memory", ("project",))
        self._own_cpu = meters.gauge("vanka_cpu_percent", "Per cent of what this container may use")
        self._own_memory = meters.gauge("vanka_memory_bytes", "Memory in use in this container")

    def _count(self, deployment: Deployment) -> None:
        environment, state = deployment.environment.value, deployment.state.value
        self._deployments.add(project=deployment.project, environment=environment, state=state)
        if deployment.started_at is not None and deployment.ended_at is not None:
            took = (deployment.ended_at - deployment.started_at).total_seconds()
            self._durations.observe(took, project=deployment.project, environment=environment)

    # --- looks

    def _look(self) -> None:
        if not self._looking:
            self._looking = True
            self.context.job("disk", self._observatory.looker.look, Sampled)

    def _sampled(self, done: Done[Sample]) -> None:
        self._looking = False
        answers, self._asked = self._asked, []
        if done.value is None:
            for answer in answers:
                answer.fail(done.error or RuntimeError("no sample"))
            return
        sample = self._last = done.value
        self._own_cpu.set(sample.load.cpu_percent)
        self._own_memory.set(sample.load.memory_bytes)
        for project in sample.projects:
            self._up.set(1 if project.up else 0, project=project.name)
            self._wanted.set(1 if project.wanted else 0, project=project.name)
            self._cpu.set(project.cpu_percent, project=project.name)
            self._memory.set(project.memory_bytes, project=project.name)
        self._observatory.history.add(sample.at.timestamp(), sample.whole, sample.measured())
        self._weigh(sample)
        for answer in answers:
            answer.answer(sample.record())

    def _history(self, seconds: int, key: str | None) -> LoadHistory:
        end = self._services.clock.now().timestamp()
        step, points = self._observatory.history.points(end - seconds, end, key or WHOLE)
        limit = self._last.load.memory_limit_bytes if self._last is not None else 0
        return LoadHistory(start=end - seconds, end=end, step_s=step, points=tuple(points), memory_limit=limit)

    # --- thresholds

    def _weigh(self, sample: Sample) -> None:
        now = self._services.clock.monotonic()
        for raised in self._judge.look(now, sample.at, sample.percents, sample.thresholds):
            # on record first: who hears of an alert hears of its end as well, whatever happens to us in between
            try:
                self._services.records.thresholds.put_raised(raised)
            except StoreError as error:  # a full disk must not keep people from being told that the disk is full
                log.error("an alert could not be stored", resource=raised.resource.value, error=str(error))
            self._tell(raised)

    def _tell(self, raised: Raised) -> None:
        self.context.publish(LoadExceeded(raised) if raised.over is None else LoadRecovered(raised))

    def _tell_again(self) -> None:
        """What was raised, and perhaps not told any more, before a crash of ours."""
        now = self._services.clock.now()
        for raised in self._services.records.thresholds.raised().values():
            if now - (raised.over or raised.since) <= TOLD_WITHIN:
                self._tell(raised)
