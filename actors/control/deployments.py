"""Control's part for deployments and the program: everything that changes what runs."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from actors.control.core import ASK_S, PROJECTS
from actors.control.reading import Reading
from actors.control.shapes import ProjectStatus
from actors.errors import Busy, EngineError, NothingToDo
from actors.messages import (
    Cancel,
    Deploy,
    Discard,
    ExtendTest,
    Look,
    LookAtHealth,
    Promote,
    Remind,
    RestartProgram,
    Rollback,
    Seen,
    StartProgram,
    StopProgram,
)
from actors.model.deployment import Deployment, Kind, StageName, StageRecord, StageState, State
from actors.model.project import Environment, Project
from actors.model.run import Look as Health
from runtime.errors import ActorDead, AskTimeout

HERALD = "herald"
PROGRAM_S = 40.0  # a stop may take 10 s and a kill, then the start
CHECKER = "checker"
SLICE_S = 1.0  # a waiter looks at the record at least this often: an event may be lost with a crash, a record is not


class Deployments(Reading):
    """What returns a Deployment returns at once, when it is queued; `wait` waits for its end."""

    def check(self, name: str, timeout: float = 60) -> Seen:
        """Look for a new commit now; what is new is handled by the project's policy. Raises what git says."""
        seen = self._ask(self.project(name), "watcher", Look(forced=True), timeout)
        assert isinstance(seen, Seen)  # noqa: S101 - the watcher's promise
        return seen

    def check_soon(self, name: str) -> None:
        """As `check`, without waiting for it."""
        project = self.project(name)
        self._system.address(f"{PROJECTS}/{project.name}/watcher").tell(Look(forced=True))

    def check_health(self, name: str) -> Health | None:
        """Look at the production program by its probe now; None where nothing runs. Raises Busy."""
        project = self.project(name)
        try:
            found = self._system.address(CHECKER).ask(LookAtHealth(project.no), project.health.timeout_s + ASK_S)
        except (ActorDead, AskTimeout) as error:
            raise Busy("the health cannot be told right now", "Ask again in a moment.", name=name) from error
        assert found is None or isinstance(found, Health)  # noqa: S101 - the checker's promise
        return found

    def deploy(self, name: str, asked_by: str, commit: str | None = None) -> Deployment:
        """Build and put into production; None: the branch's newest commit."""
        return self._deployment(name, Deploy(asked_by, commit=commit))

    def test(
        self, name: str, asked_by: str, commit: str | None = None, for_s: int | None = 600, version: int | None = None
    ) -> Deployment:
        """A test run; `for_s` None: until it is decided."""
        return self._deployment(name, Deploy(asked_by, Kind.TEST, commit, version, for_s))

    def refresh(self, name: str, asked_by: str) -> Deployment:
        """Production's commit again, with an environment made anew from the same requirements."""
        project = self.project(name)
        current = self._records.versions.current(project)
        return self._deployment(name, Deploy(asked_by, version=current, refresh=True))

    def rollback(self, name: str, asked_by: str, version: int | None = None) -> Deployment:
        """To that version, or to the one before."""
        return self._deployment(name, Rollback(asked_by, version))

    def promote(self, name: str, asked_by: str) -> Deployment:
        """What was tested, into production."""
        return self._deployment(name, Promote(asked_by))

    def discard(self, name: str, asked_by: str) -> Deployment:
        """Take the test run down."""
        return self._deployment(name, Discard(asked_by))

    def cancel(self, name: str, asked_by: str, deployment_id: str | None = None) -> Deployment:
        """End what is queued or running - that deployment, where one is named - and its processes."""
        if deployment_id is not None and self.deployment(deployment_id).ended:
            raise NothingToDo("that has ended already", name=name)
        return self._deployment(name, Cancel(asked_by, deployment_id))

    def extend_test(self, name: str, seconds: int) -> Deployment:
        """Give a test run more time."""
        return self._deployment(name, ExtendTest(seconds))

    def remind(self, name: str, person: int, seconds: int) -> None:
        """Tell that person once more that the test waits for a decision; raises NothingToDo when none does."""
        undecided = self._records.deployments.undecided(self.project(name))
        if undecided is None:
            raise NothingToDo(f"no test of {name} waits for a decision", f"See `vanka status {name}`.")
        try:
            self._system.address(HERALD).ask(Remind(person, undecided[0], seconds), ASK_S)
        except (ActorDead, AskTimeout) as error:
            raise Busy(f"the herald does not answer: {error}", "Ask again in a moment.") from error

    def wait(self, deployment_id: str, timeout_s: float) -> Deployment:
        """The deployment once it has ended, or as it stands when the time is over."""
        clock = self._services.clock
        until = clock.monotonic() + timeout_s
        while True:
            deployment = self.deployment(deployment_id)
            left = until - clock.monotonic()
            if deployment.ended or left <= 0:
                return deployment
            self._house.endings.wait(min(left, SLICE_S))

    def start(self, name: str, asked_by: str) -> ProjectStatus:
        """Start the program of the current release."""
        return self._program(name, StartProgram(asked_by))

    def stop(self, name: str, asked_by: str) -> ProjectStatus:
        """Stop it and keep it stopped."""
        return self._program(name, StopProgram(asked_by))

    def restart(self, name: str, asked_by: str) -> ProjectStatus:
        """Stop and start it; a deployment of its own kind, recorded when it has ended."""
        project, began = self.project(name), self._services.clock.now()
        try:
            self._program(name, RestartProgram(asked_by))
        except EngineError as error:
            self._record_restart(project, asked_by, began, error.message)
            raise
        self._record_restart(project, asked_by, began, None)
        return self.status(name)

    def _record_restart(self, project: Project, asked_by: str, began: datetime, error: str | None) -> None:
        records, ended = self._records.deployments, self._services.clock.now()
        current = self._records.versions.current(project)
        commit = None if current is None else self._records.versions.get(project, current).commit.sha
        done = StageState.SUCCEEDED if error is None else StageState.FAILED
        stages = tuple(
            StageRecord(stage, done, began, ended)
            if stage is StageName.START
            else StageRecord(stage, StageState.SKIPPED)
            for stage in StageName
        )
        # all at once: one that is found unfinished after a crash would be taken up as work to do
        with self._house.store.transaction():
            waiting = records.open(
                project,
                Kind.RESTART,
                Environment.PRODUCTION,
                asked_by,
                began,
                version=current,
                commit=commit,
                previous=current,
                stages=stages,
            )
            running = records.move(project, waiting, State.RUNNING, began)
            records.move(project, running, State.SUCCEEDED if error is None else State.FAILED, ended, error)

    def _deployment(self, name: str, message: Any) -> Deployment:
        deployment = self._ask(self.project(name), "deployer", message, ASK_S)
        assert isinstance(deployment, Deployment)  # noqa: S101 - the deployer's promise
        return deployment

    def _program(self, name: str, message: Any) -> ProjectStatus:
        self._ask(self.project(name), "runner", message, PROGRAM_S)
        return self.status(name)
