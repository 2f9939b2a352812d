"""Deployer: the state machine of a project's deployments. It decides in milliseconds and never waits."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import assert_never

from actors.errors import Busy, NothingToDo, VankaError
from actors.messages import (
    Cancel,
    CommitWanted,
    Crashing,
    Deploy,
    DeployerCommand,
    Discard,
    EndJob,
    ExtendTest,
    JobCommand,
    JobEnded,
    Promote,
    Rollback,
    RunnerUp,
    StandDown,
    TakeOver,
    TestEnded,
)
from actors.model.deployment import Deployment, Kind, StageName, StageState, State
from actors.model.project import Environment, Policy, Project
from actors.pipeline.services import Services
from actors.project.job import Job
from actors.project.queue import Queue
from actors.project.trial import DecideNow, Swept, TestGone, Trial, TrialMessage, is_testing
from runtime.actor import Actor
from runtime.address import Address
from runtime.child_spec import ChildSpec, Restart
from runtime.commands import StartChild
from runtime.errors import StoreFull
from runtime.jobs import Done

LOOK_S = 2.0  # how often the deployer looks whether its job is still there
MOST_ATTEMPTS = 10  # a deployment that the service died with so often is given up
TEST_S = 600  # how long a test run by policy lasts


@dataclass(frozen=True)
class LookAround:
    """Are the job and the tester still there? They may have crashed, and are not restarted by anybody else."""


@dataclass(frozen=True)
class Cleaned:
    """What the clean-up after a deployment said; nothing depends on it."""

    done: Done[object]


Asked = Deploy | Rollback | Promote | Discard | Cancel | ExtendTest
Message = DeployerCommand | TrialMessage | LookAround | Cleaned


class Deployer(Actor[Message]):
    """One deployment at a time; a newer request replaces a queued one; a test run goes on beside production."""

    def __init__(self, services: Services, project_no: int) -> None:
        super().__init__()
        self._services = services
        self._records = services.records
        self._no = project_no
        self._current: Deployment | None = None
        self._cleaning = False

    def on_start(self) -> None:
        """Take up what an earlier incarnation, or an earlier service, left unfinished."""
        project = self._project()
        self._queue = Queue(self._services, self._project, self.context)
        self._trial = Trial(self._services, self._project, self.context)
        self._services.strategy.recover(project)
        for deployment in self._records.deployments.unfinished(project):
            if deployment.state is State.QUEUED:
                self._queue.put(deployment)
            elif is_testing(deployment):
                self._trial.look_after(deployment)
            else:
                self._current = deployment
        self._trial.recover()
        if self._current is not None:
            self._start_job(self._current)
        else:
            self._brief_runner()
            self._next()
        self.context.every(LOOK_S, LookAround())

    def receive(self, message: Message) -> object:
        """Answers asks with a Deployment; what is refused reaches the asker and nobody else."""
        match message:
            case JobEnded(deployment):
                self._job_ended(deployment)
            case TestEnded(deployment):
                self._trial.ended(deployment)
            case RunnerUp():
                self._brief_runner()
            case LookAround():
                self._look_around()
            case DecideNow(deployment_id):
                self._trial.decide_now(deployment_id)
            case TestGone() | Swept():
                self._trial.gone(message)
            case CommitWanted(sha):
                self._by_policy(sha)
                self._records.watch.handled(self._project(), sha)
            case Crashing(version, reason):
                self._crashing(version, reason)
            case Cleaned():
                self._cleaning = False
                if self._current is None:
                    self._next()
            case Deploy() | Rollback() | Promote() | Discard() | Cancel() | ExtendTest():
                return self._asked(message)
            case _:
                assert_never(message)
        return None

    # --- what people ask for

    def _asked(self, message: Asked) -> object:
        try:
            return self._obey(message)
        except (VankaError, StoreFull) as error:
            refusal = self.context.defer()
            refusal.fail(error)
            return refusal

    def _obey(self, message: Asked) -> Deployment:
        match message:
            case Deploy():
                return self._deploy(message)
            case Rollback(asked_by, version):
                return self._rollback(asked_by, version)
            case Promote(asked_by):
                return self._promote(asked_by)
            case Discard():
                test = self._trial.waiting()
                self._trial.take_down(test)
                return self._records.deployments.get(test.id)
            case Cancel(asked_by):
                return self._cancel(asked_by)
            case ExtendTest(seconds):
                return self._trial.extend(seconds)
            case _:
                assert_never(message)

    def _deploy(self, message: Deploy) -> Deployment:
        environment = Environment.TEST if message.kind is Kind.TEST else Environment.PRODUCTION
        if environment is Environment.TEST and self._trial.running is not None:
            raise Busy("a test run is on", "Promote, discard or cancel it first.")
        commit = message.commit
        if message.version is not None:
            commit = self._records.versions.get(self._project(), message.version).commit.sha
        return self._enqueue(message, environment, commit)

    def _rollback(self, asked_by: str, number: int | None, note: str | None = None) -> Deployment:
        project = self._project()
        if number is None:
            before = self._records.versions.before(project, self._records.versions.current(project))
            if before is None:
                hint = f"See `vanka versions {project.name}`."
                raise NothingToDo(f"{project.name} has no version before this one", hint, name=project.name)
            number = before.number
        version = self._records.versions.get(project, number)
        order = Deploy(asked_by, Kind.ROLLBACK, version=number)
        return self._enqueue(order, Environment.PRODUCTION, version.commit.sha, note)

    def _promote(self, asked_by: str) -> Deployment:
        test = self._trial.waiting()
        if test.version is None:
            raise Busy("the test run has not been built yet", "Wait until it runs.")
        self._trial.take_down(test, told=False, keep_result=True)
        order = Deploy(asked_by, Kind.PROMOTE, version=test.version)
        return self._enqueue(order, Environment.PRODUCTION, test.commit)

    def _cancel(self, asked_by: str) -> Deployment:
        queued = self._queue.take()
        if queued is not None:
            return self._queue.end(queued, State.CANCELLED, f"cancelled by {asked_by}")
        if self._current is not None:
            self._job(self._current).tell(EndJob(asked_by))
            return self._records.deployments.get(self._current.id)
        test = self._trial.cancel(asked_by)
        if test is None:
            raise NothingToDo(f"nothing is queued or running for {self._project().name}", "See `vanka history`.")
        return test

    # --- what the watcher and the runner say

    def _by_policy(self, sha: str) -> None:
        project = self._project()
        if project.policy is Policy.NOTIFY or self._is_known(project, sha):
            return
        if project.policy is Policy.DEPLOY:
            self._deploy(Deploy("watcher", commit=sha))
            return
        if self._trial.running is not None:
            self._trial.take_down(self._trial.running, unasked=True, told=False)
        self._deploy(Deploy("watcher", Kind.TEST, commit=sha, test_for_s=TEST_S))

    def _is_known(self, project: Project, sha: str) -> bool:
        """Whether that commit is in hand already, or was the last one that was tried."""
        busy = (self._current, self._queue.waiting, self._trial.running)
        if any(deployment is not None and deployment.commit == sha for deployment in busy):
            return True
        wanted = Environment.TEST if project.policy is Policy.TEST else Environment.PRODUCTION
        last = self._records.deployments.of(project, limit=1)
        return bool(last) and (last[0].commit, last[0].environment) == (sha, wanted)

    def _crashing(self, number: int, reason: str) -> None:
        project = self._project()
        if self._current is not None or self._records.versions.current(project) != number:
            return
        before = self._records.versions.before(project, number)
        if before is not None:
            self._records.versions.change(project, number, failed=True, proven=False)
            self._rollback("vanka", before.number, reason)

    # --- the queue

    def _enqueue(
        self, order: Deploy, environment: Environment, commit: str | None, note: str | None = None
    ) -> Deployment:
        deployment = self._queue.open(order, environment, commit, note)
        if self._current is None and not self._cleaning:
            self._next()
        return deployment

    def _next(self) -> None:
        self._current = self._queue.take()
        if self._current is not None:
            self._start_job(self._current)

    # --- the job

    def _start_job(self, deployment: Deployment) -> None:
        if self._job(deployment).alive():
            return  # it outlived the deployer's crash
        if deployment.attempts >= MOST_ATTEMPTS:
            why = f"given up: taken up {deployment.attempts} times without an end"
            self._queue.end(deployment, State.FAILED, why)
            self._current = None
            self._brief_runner()
            self._next()
            return
        start = partial(Job, self._services, self._no, deployment.id)
        family = self.context.address.path.rpartition("/")[0]
        spec = ChildSpec(_job_id(deployment), start, restart=Restart.TEMPORARY)
        self.context.system.address(family).tell(StartChild(spec))

    def _look_around(self) -> None:
        if self._current is not None and not self._job(self._current).alive():
            deployment = self._records.deployments.get(self._current.id)
            if deployment.ended:
                self._job_ended(deployment)
            else:
                self._current = deployment
                self._start_job(deployment)
        self._trial.look_around()

    def _job_ended(self, deployment: Deployment) -> None:
        if self._current is None or deployment.id != self._current.id:
            return
        self._current = None
        if not deployment.ended:
            self._trial.look_after(deployment)
        self._brief_runner()
        services, project = self._services, self._project()
        self._cleaning = True
        self.context.job("disk", lambda: services.clean(project), Cleaned)

    def _brief_runner(self) -> None:
        """Tell the runner what it is to look after, unless a job is changing that right now."""
        runner: Address[object] = self.context.sibling("runner")
        if self._current is not None and _changes_production(self._records.deployments.get(self._current.id)):
            runner.tell(StandDown(self._current.id, self._job(self._current)))
            return
        run = self._records.runs.get(self._project(), Environment.PRODUCTION)
        runner.tell(TakeOver(Environment.PRODUCTION, run))

    def _job(self, deployment: Deployment) -> Address[JobCommand]:
        return self.context.sibling(_job_id(deployment))

    def _project(self) -> Project:
        return self._records.projects.by_no(self._no)


def _job_id(deployment: Deployment) -> str:
    return f"job-{deployment.id}"


def _changes_production(deployment: Deployment) -> bool:
    switching = deployment.stage(StageName.SWITCH).state is not StageState.WAITING
    return deployment.environment is Environment.PRODUCTION and (switching or deployment.going_back)
