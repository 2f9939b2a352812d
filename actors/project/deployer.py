"""Deployer: the state machine of a project's deployments. It decides in milliseconds and never waits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import assert_never

from actors.errors import Busy, NothingToDo, VankaError
from actors.messages import (
    Cancel,
    CommitWanted,
    Crashing,
    Deploy,
    DeployerCommand,
    Discard,
    ExtendTest,
    JobEnded,
    Promote,
    Rollback,
    RunnerUp,
    TakeOver,
    TestEnded,
)
from actors.model.deployment import Deployment, Kind, State
from actors.model.project import Environment, Project
from actors.pipeline.services import Services
from actors.project.queue import Queue
from actors.project.seen import Seen
from actors.project.trial import DecideNow, Swept, TestGone, Trial, TrialMessage, is_testing
from actors.project.walking import Walking
from runtime import log
from runtime.actor import Actor
from runtime.address import Address
from runtime.errors import StoreFull
from runtime.jobs import Done
from runtime.timers import Timer

say = log.get("vanka.deployer")
LOOK_S = 2.0  # how often the deployer looks whether its job is still there, while there should be one


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
        self._cleaning = False
        self._looks: Timer | None = None

    def on_start(self) -> None:
        """Take up what an earlier incarnation, or an earlier service, left unfinished."""
        project = self._project()
        self._queue = Queue(self._services, self._project, self.context)
        self._trial = Trial(self._services, self._project, self.context)
        self._walking = Walking(self._services, self._project, self.context)
        self._seen = Seen(self._services, self._project)
        self._services.strategy.recover(project)
        begun = None
        for deployment in self._records.deployments.unfinished(project):
            if deployment.state is State.QUEUED:
                self._queue.put(deployment)
            elif is_testing(deployment):
                self._trial.look_after(deployment)
            else:
                begun = deployment
        self._trial.recover()
        if begun is not None:
            self._walk(begun)
        else:
            self._brief_runner()
            self._next()
        self._by_policy()
        self._wind()

    def receive(self, message: Message) -> object:
        """Answers asks with a Deployment; what is refused reaches the asker and nobody else."""
        answer = self._handle(message)
        self._wind()
        return answer

    def _handle(self, message: Message) -> object:
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
                self._seen.sha = sha
                self._by_policy()
            case Crashing(version, reason):
                self._crashing(version, reason)
            case Cleaned(done):
                self._cleaning = False
                if done.error is not None:
                    say.warning("the clean-up after a deployment failed", error=str(done.error))
                if not self._walking.walks:
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
            case Discard(asked_by):
                return self._discard(asked_by)
            case Cancel(asked_by, wanted):
                return self._cancel(asked_by, wanted)
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
        """All that could refuse it comes before the test is touched."""
        test = self._trial.waiting(self._building())
        self._trial.need_room()
        order = Deploy(asked_by, Kind.PROMOTE, version=test.version)
        with self._records.store.transaction():
            deployment = self._queue.open(order, Environment.PRODUCTION, test.commit, None)
            self._trial.decide(test, keep_result=True)
        self._trial.remove(test, told=False, cancelled=False)
        return self._join(deployment)

    def _discard(self, asked_by: str) -> Deployment:
        building = self._building()
        if self._trial.test() is None and building is not None:
            return self._give_up(building, asked_by)
        test = self._trial.waiting()
        self._trial.take_down(test)
        return self._records.deployments.get(test.id)

    def _building(self) -> Deployment | None:
        """A test run that does not run yet: it waits for its turn, or a job walks it."""
        begun = (self._queue.waiting, self._walking.deployment)
        return next((it for it in begun if it is not None and it.environment is Environment.TEST), None)

    def _cancel(self, asked_by: str, wanted: str | None) -> Deployment:
        begun = next((d for d in (self._queue.waiting, self._walking.deployment) if d and wanted in (None, d.id)), None)
        found = self._trial.cancel(asked_by, wanted) if begun is None else self._give_up(begun, asked_by)
        if found is None:
            raise NothingToDo(f"nothing is queued or running for {self._project().name}", "See `vanka history`.")
        return found

    def _give_up(self, begun: Deployment, asked_by: str) -> Deployment:
        if begun is self._queue.waiting:
            self._queue.take()
            return self._queue.end(begun, State.CANCELLED, f"cancelled by {asked_by}")
        return self._walking.cancel(asked_by) or begun

    # --- what the watcher and the runner say

    def _by_policy(self) -> None:
        """Decide about the commit that the watcher saw; when that is not possible yet, again at the job's end."""
        walked, testing = self._walking.deployment, self._trial.running
        if not self._seen.is_open(walked):
            return
        order = self._seen.order(self._queue.waiting, walked, testing)
        if order is not None:
            if order.kind is Kind.TEST and testing is not None:
                self._trial.take_down(testing, unasked=True, told=False)
            self._deploy(order)
        self._seen.handled()

    def _crashing(self, number: int, reason: str) -> None:
        project = self._project()
        if self._walking.walks or self._records.versions.current(project) != number:
            return
        before = self._records.versions.before(project, number)
        if before is not None:
            self._records.versions.change(project, number, failed=True, proven=False)
            self._rollback("vanka", before.number, reason)

    # --- the queue and the job

    def _enqueue(
        self, order: Deploy, environment: Environment, commit: str | None, note: str | None = None
    ) -> Deployment:
        return self._join(self._queue.open(order, environment, commit, note))

    def _join(self, deployment: Deployment) -> Deployment:
        self._queue.join(deployment)
        if not self._walking.walks and not self._cleaning:
            self._next()
        return deployment

    def _next(self) -> None:
        following = self._queue.take()
        if following is not None:
            self._walk(following)

    def _walk(self, deployment: Deployment) -> None:
        if not self._walking.begin(deployment):
            why = f"given up: taken up {deployment.attempts} times without an end"
            self._queue.end(deployment, State.FAILED, why)
            self._brief_runner()
            self._next()

    def _look_around(self) -> None:
        lost = self._walking.lost()
        if lost is not None and lost.ended:
            self._job_ended(lost)
        elif lost is not None:
            self._walk(lost)
        self._trial.look_around()

    def _job_ended(self, deployment: Deployment) -> None:
        if not self._walking.ended(deployment):
            return
        if not deployment.ended:
            self._trial.look_after(deployment)
        self._brief_runner()
        services, project = self._services, self._project()
        self._cleaning = True
        self.context.job("disk", lambda: services.clean(project), Cleaned)
        self._by_policy()

    def _wind(self) -> None:
        """Nobody tells when a job or a tester has crashed; a project that has neither costs no look."""
        wanted = self._walking.walks or self._trial.running is not None
        if wanted and self._looks is None:
            self._looks = self.context.every(LOOK_S, LookAround())
        elif not wanted and self._looks is not None:
            self._looks.cancel()
            self._looks = None

    def _brief_runner(self) -> None:
        """Tell the runner what it is to look after, unless a job is changing that right now."""
        runner: Address[object] = self.context.sibling("runner")
        if not self._walking.stands_down(runner):
            run = self._records.runs.get(self._project(), Environment.PRODUCTION)
            runner.tell(TakeOver(Environment.PRODUCTION, run))

    def _project(self) -> Project:
        return self._records.projects.by_no(self._no)
