"""Trial: what the deployer keeps in mind of a test run: on, undecided, taken down. Part of the deployer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from actors.errors import NoRoom, NothingToDo, StillBuilding
from actors.messages import EndTest, MoreTime, TestDiscarded
from actors.model.deployment import Deployment, StageName, StageState, State
from actors.model.project import Environment, Project
from actors.pipeline.pipeline import touches_target
from actors.pipeline.runs import stop_run
from actors.pipeline.services import Services
from actors.project.tester import Tester
from runtime.actor import Context
from runtime.address import Address
from runtime.child_spec import ChildSpec, Restart
from runtime.commands import StartChild
from runtime.host import free_bytes
from runtime.jobs import Done

DECIDE_S = 24 * 3600.0  # a test that nobody decides about is discarded
ROOM_BYTES = 64 * 1024 * 1024  # less free than that, and production is not touched


@dataclass(frozen=True)
class DecideNow:
    """Nobody decided about the test in time."""

    deployment: str


@dataclass(frozen=True)
class TestGone:
    """The test's program and directory are gone. `told`: people are to hear of it."""

    deployment: Deployment
    unasked: bool
    told: bool
    done: Done[None]


@dataclass(frozen=True)
class Swept:
    """What an earlier service left of a test that was over already is gone."""

    done: Done[None]


TrialMessage = DecideNow | TestGone | Swept


class Trial:
    """At most one test run a project. Used in the deployer's own callbacks only."""

    def __init__(self, services: Services, project: Callable[[], Project], context: Context) -> None:
        self._services = services
        self._records = services.records
        self._project = project
        self._context = context
        self.running: Deployment | None = None

    def recover(self) -> None:
        """After a start: a test that has ended still waits for its decision, for as long as is left.

        What is left of one that was decided about while we died is removed.
        """
        services, project = self._services, self._project()
        if services.layout.test_directory(project).exists() or self._records.runs.get(project, Environment.TEST):
            self._context.job("disk", lambda: clear(services, project), Swept)
        undecided = self._records.deployments.undecided(project)
        if undecided is not None:
            deployment, since = undecided
            left = DECIDE_S - (self._services.clock.now() - since).total_seconds()
            self._context.after(max(left, 0.1), DecideNow(deployment.id))

    def look_after(self, deployment: Deployment) -> None:
        """The test's program runs: a tester watches it from now on."""
        self.running = deployment
        if not self._tester(deployment).alive():
            start = partial(Tester, self._services, self._project().no, deployment.id)
            family = self._context.address.path.rpartition("/")[0]
            spec = ChildSpec(f"tester-{deployment.id}", start, restart=Restart.TEMPORARY)
            self._context.system.address(family).tell(StartChild(spec))

    def look_around(self) -> None:
        """The tester may have crashed; nobody else starts it again."""
        if self.running is not None and not self._tester(self.running).alive():
            deployment = self._records.deployments.get(self.running.id)
            if deployment.ended:
                self.ended(deployment)
            else:
                self.look_after(deployment)

    def ended(self, deployment: Deployment) -> None:
        """The test run is over: somebody must decide, unless it was cancelled."""
        if self.running is None or self.running.id != deployment.id:
            return
        self.running = None
        if deployment.state is State.CANCELLED:
            self.take_down(deployment, told=False)
        else:
            self._records.deployments.set_undecided(self._project(), deployment, self._services.clock.now())
            self._context.after(DECIDE_S, DecideNow(deployment.id))

    def test(self) -> Deployment | None:
        """The test that is on, or that waits for a decision."""
        undecided = self._records.deployments.undecided(self._project())
        return self.running or (undecided[0] if undecided is not None else None)

    def waiting(self, building: Deployment | None = None) -> Deployment:
        """The test that can be promoted or discarded; raises NothingToDo, or StillBuilding for one on its way."""
        test = self.test()
        name = self._project().name
        if test is not None:
            return test
        if building is not None:
            hint = f"Promote it when it runs: see `vanka status {name}`. To give it up: `vanka discard {name}`."
            raise StillBuilding(f"the test run of {name} is still being built", hint, name=name)
        raise NothingToDo(f"{name} has no test run", f"Start one with `vanka test {name}`.")

    def need_room(self) -> None:
        """Raises NoRoom when the disk is too full to put a release into production."""
        free = free_bytes(self._services.layout.home)
        if free < ROOM_BYTES:
            raise NoRoom(
                f"the disk is full: {free / 1e6:.0f} MB are free under {self._services.layout.home}",
                f"The test goes on. Make room ({ROOM_BYTES / 1e6:.0f} MB at least), then promote it again.",
                free=f"{free / 1e6:.0f}",
            )

    def decide_now(self, deployment_id: str) -> None:
        """The time to decide is over: the test is discarded, and people hear of it."""
        undecided = self._records.deployments.undecided(self._project())
        if undecided is not None and undecided[0].id == deployment_id:
            self.take_down(undecided[0], unasked=True)

    def take_down(self, test: Deployment, *, unasked: bool = False, told: bool = True) -> None:
        """It was decided against: end its program and remove its directory. A running one counts as cancelled."""
        self.decide(test)
        self.remove(test, unasked=unasked, told=told)

    def decide(self, test: Deployment, *, keep_result: bool = False) -> None:
        """Put on record that nobody has to decide any more; a running one has passed, or was cancelled."""
        project, now = self._project(), self._services.clock.now()
        with self._records.store.transaction():
            if self.running is not None:
                state, why = (State.SUCCEEDED, None) if keep_result else (State.CANCELLED, "cancelled")
                self._records.deployments.move(project, self._records.deployments.get(test.id), state, now, why)
            self._records.deployments.set_undecided(project, None, now)

    def remove(self, test: Deployment, *, unasked: bool = False, told: bool = True, cancelled: bool = True) -> None:
        """End its program and remove its directory; TestGone tells when that is done."""
        services, project = self._services, self._project()
        if self.running is not None:
            self._tester(test).tell(EndTest(cancelled=cancelled))
            self.running = None
        self._context.job("disk", lambda: clear(services, project), lambda done: TestGone(test, unasked, told, done))

    def gone(self, message: TestGone | Swept) -> None:
        """It is down; raises what went wrong, if anything did."""
        message.done.result()
        if isinstance(message, TestGone) and message.told:
            ended = self._records.deployments.get(message.deployment.id)
            self._context.publish(TestDiscarded(ended, message.unasked))

    def extend(self, seconds: int) -> Deployment:
        """More time for the running test; raises NothingToDo."""
        if self.running is None:
            raise NothingToDo("no test run is on", "Start one first.")
        test = self._records.deployments.get(self.running.id)
        longer = replace(test, test_for_s=(test.test_for_s or 0) + seconds)
        self.running = self._records.deployments.put(self._project(), longer)
        self._tester(longer).tell(MoreTime(seconds))
        return longer

    def cancel(self, asked_by: str, wanted: str | None = None) -> Deployment | None:
        """End the running test as cancelled; None when none is running, or another than the wanted one."""
        if self.running is None or wanted not in (None, self.running.id):
            return None
        test = replace(self._records.deployments.get(self.running.id), cancelled_by=asked_by)
        if not test.ended:  # the tester has not told yet
            self.running = self._records.deployments.put(self._project(), test)
            self._tester(test).tell(EndTest(cancelled=True))
        return self.running

    def _tester(self, test: Deployment) -> Address[object]:
        return self._context.sibling(f"tester-{test.id}")


def clear(services: Services, project: Project) -> None:
    """End what is left of a test run and remove its directory, unless a newer one is there. In a job's thread."""
    deployments = services.records.deployments
    with services.places.walk(project, Environment.TEST):
        tests = [it for it in deployments.unfinished(project) if it.environment is Environment.TEST]
        if deployments.undecided(project) is None and not any(touches_target(it) for it in tests):
            stop_run(services, project, Environment.TEST)
            services.releases.remove_test(project)


def is_testing(deployment: Deployment) -> bool:
    """Whether an unfinished deployment is a test whose program was found well: a tester looks after it."""
    verified = deployment.stage(StageName.VERIFY).state is StageState.SUCCEEDED
    return deployment.environment is Environment.TEST and verified
