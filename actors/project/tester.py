"""Tester: temporary; looks after one test run until its time is over or its program ends."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import assert_never

from actors.messages import EndTest, MoreTime, TestEnded, TesterCommand, TestFinished
from actors.model.deployment import Deployment, StageName, State
from actors.model.project import Environment, Project
from actors.model.run import Life, RunStatus
from actors.model.trouble import SEARCHED_LINES, troubled
from actors.pipeline.runs import stop_run
from actors.pipeline.services import Services
from runtime.actor import Actor
from runtime.address import Address
from runtime.jobs import Done
from runtime.timers import Timer

OUTPUT_LINES = 30


@dataclass(frozen=True)
class Heard:
    """What the tested program said: its last lines, and how many of all tell of trouble."""

    lines: tuple[str, ...] = ()
    errors: int | None = None


@dataclass(frozen=True)
class TimeOver:
    """The test has lasted as long as it was to last."""


@dataclass(frozen=True)
class ProgramEnded:
    """The tested program ended by itself."""

    status: RunStatus


@dataclass(frozen=True)
class Stopped:
    """What is left of the program was stopped: `status` tells how it stood before."""

    status: RunStatus
    cancelled: bool
    done: Done[Heard]


Message = TesterCommand | TimeOver | ProgramEnded | Stopped


class Tester(Actor[Message]):
    """One test run. Its end is stored before anybody is told."""

    def __init__(self, services: Services, project_no: int, deployment_id: str) -> None:
        super().__init__()
        self._services = services
        self._project_no = project_no
        self._deployment_id = deployment_id
        self._timer: Timer | None = None
        self._ending = False

    def on_start(self) -> None:
        """Begin, or go on after a crash: the end of the test is reckoned from when its program was found well."""
        records = self._services.records
        self._project = records.projects.by_no(self._project_no)
        deployment, run = self._deployment(), records.runs.get(self._project, Environment.TEST)
        cancelled, over = deployment.cancelled_by is not None, self._left() == 0.0
        if run is None:
            said = heard(self._services, self._project, deployment)
            self._finish(RunStatus(Life.ALIVE if over else Life.UNKNOWN), said, cancelled=cancelled)
            return
        if cancelled or over:  # an earlier tester was about to end it
            self._end(RunStatus(Life.ALIVE), cancelled=cancelled)
            return
        engine = self._services.engine(run.engine)
        address = self.context.address
        self._unwatch = engine.on_end(run.handle, lambda status: address.tell(ProgramEnded(status)))
        self._wind()

    def receive(self, message: Message) -> None:
        """See the messages."""
        match message:
            case TimeOver():
                self._end(RunStatus(Life.ALIVE), cancelled=False)
            case ProgramEnded(status):
                self._end(status, cancelled=False)
            case EndTest(cancelled):
                self._end(RunStatus(Life.ALIVE), cancelled=cancelled)
            case MoreTime():
                self._wind()
            case Stopped(status, cancelled, done):
                self._finish(status, done.value or Heard(), cancelled=cancelled)
            case _:
                assert_never(message)

    def on_stop(self) -> None:
        """The program goes on; only the watching ends."""
        if hasattr(self, "_unwatch"):
            self._unwatch()

    def _wind(self) -> None:
        """Set the timer by the deployment's record."""
        if self._timer is not None:
            self._timer.cancel()
        left = self._left()
        if left is not None:
            self._timer = self.context.after(left, TimeOver())

    def _left(self) -> float | None:
        """Seconds until the test has lasted as long as it was to last; None: until somebody decides."""
        deployment = self._deployment()
        if deployment.test_for_s is None:
            return None
        began = deployment.stage(StageName.VERIFY).ended_at or self._services.clock.now()
        over = began + timedelta(seconds=deployment.test_for_s)
        return max((over - self._services.clock.now()).total_seconds(), 0.0)

    def _end(self, status: RunStatus, *, cancelled: bool) -> None:
        if self._ending:
            return
        self._ending = True
        services, project, deployment = self._services, self._project, self._deployment()

        def stop() -> Heard:
            stop_run(services, project, Environment.TEST)
            return heard(services, project, deployment)

        self.context.job("disk", stop, lambda done: Stopped(status, cancelled, done))

    def _finish(self, status: RunStatus, said: Heard, *, cancelled: bool) -> None:
        records, now = self._services.records, self._services.clock.now()
        passed = not cancelled and (status.life is Life.ALIVE or status.exit_code == 0)
        state = State.CANCELLED if cancelled else State.SUCCEEDED if passed else State.FAILED
        error = None if passed else "cancelled" if cancelled else f"the program ended with {status.exit_code}"
        deployment = self._deployment()
        if deployment.ended:  # it was decided about while it ran
            self.context.stop()
            return
        ended = records.deployments.move(self._project, deployment, state, now, error)
        if not cancelled:
            self.context.publish(TestFinished(ended, passed, status.exit_code, said.lines, said.errors))
        deployer: Address[object] = self.context.sibling("deployer")
        deployer.tell(TestEnded(ended))
        self.context.stop()

    def _deployment(self) -> Deployment:
        return self._services.records.deployments.get(self._deployment_id)


def heard(services: Services, project: Project, deployment: Deployment) -> Heard:
    """What the program of that test run said; reads its log."""
    log = services.layout.program_log(project, Environment.TEST)
    lines = services.tail(log, SEARCHED_LINES, since=deployment.output_from or 0)
    return Heard(tuple(lines[-OUTPUT_LINES:]), troubled(lines))
