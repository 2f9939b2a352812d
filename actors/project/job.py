"""Job: temporary; walks one deployment through its pipeline, or back, reports to the deployer and ends."""

from __future__ import annotations

from dataclasses import replace
from typing import assert_never

from actors.messages import (
    DeploymentEnded,
    DeploymentStarted,
    EndJob,
    JobEnded,
    ReleaseBuilt,
    ReleaseChecked,
    ReleaseKept,
    ReleaseRolledBack,
    ReleaseSwitched,
    StageMoved,
    StandDown,
    StoodDown,
)
from actors.model.deployment import Deployment, StageName, StageRecord, StageState, State
from actors.model.project import Environment, Project
from actors.pipeline.pipeline import next_stage, rewound, touches_target
from actors.pipeline.services import Services
from actors.pipeline.stage import LIMIT_S, Stage, StageResult, Walk, alone
from actors.pipeline.way_back import go_back
from actors.project.steps import BackDone, Message, RunnerSilent, StageDone, StageLate, why_not
from runtime.actor import Actor
from runtime.address import Address
from runtime.jobs import Done, JobHandle
from runtime.shell import Cancel
from runtime.timers import Timer

STAND_DOWN_S = 10.0  # how long the runner is waited for; it answers in milliseconds unless it is being restarted
OUTPUT_LINES = 30


class Job(Actor[Message]):
    """One deployment's walk. All it knows is in the deployment's record, so another one can take it up at any point."""

    def __init__(self, services: Services, project_no: int, deployment_id: str) -> None:
        super().__init__()
        self._services = services
        self._project_no = project_no
        self._deployment_id = deployment_id
        self._cancel, self._hurry = Cancel(), Cancel()
        self._late = False
        self._waits_for_runner = self._stood_down = False
        self._limit: Timer | None = None
        self._work: JobHandle | None = None

    def on_start(self) -> None:
        """Take the deployment up where its record says."""
        records = self._services.records
        self._project: Project = records.projects.by_no(self._project_no)
        with records.store.transaction():  # the deployer may be writing down that it is cancelled
            deployment = records.deployments.get(self._deployment_id)
            resumed = deployment.state is State.RUNNING
            if not resumed:
                now = self._services.clock.now()
                deployment = records.deployments.move(self._project, deployment, State.RUNNING, now)
            deployment = replace(rewound(deployment), attempts=deployment.attempts + 1)
            records.deployments.put(self._project, deployment)
        version = None if deployment.version is None else records.versions.get(self._project, deployment.version)
        output = self._services.layout.deployment_log(self._project, deployment.id)
        output.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._walk = Walk(self._project, deployment, self._services, self._cancel, output, version, hurry=self._hurry)
        self.context.publish(DeploymentStarted(deployment, resumed))
        if deployment.cancelled_by is not None:
            self._hurry.set()
            self._cancel.set()
        if deployment.going_back:
            self._go_back(deployment.error or "the service was restarted on the way back")
        else:
            self._next()

    def receive(self, message: Message) -> None:
        """Decide the next step; see the pipeline for the order."""
        match message:
            case StageDone(name, done):
                self._stage_done(name, done)
            case StageLate(name):
                self._late = True
                self._walk.say(f"{name} takes longer than {LIMIT_S / 60:.0f} minutes: it is ended")
                self._cancel.set()
            case BackDone(reason, done):
                self._back_done(reason, done)
            case StoodDown() | RunnerSilent():
                if self._waits_for_runner:  # the deployer may have told it to stand down for us too
                    self._waits_for_runner, self._stood_down = False, True
                    self._next()
            case EndJob(asked_by):
                self._end_soon(asked_by)
            case _:
                assert_never(message)

    def on_stop(self) -> None:
        """The service stops: what runs is ended; the next service takes the deployment up again."""
        self._cancel.set()

    def _end_soon(self, asked_by: str) -> None:
        self._store(replace(self._walk.deployment, cancelled_by=asked_by))
        self._walk.say(f"cancelled by {asked_by}")
        self._hurry.set()
        self._cancel.set()
        if self._waits_for_runner:
            self._waits_for_runner = False
            self._failed("cancelled")
        elif self._work is not None:
            self._work.withdraw()  # others may keep its lane busy for long

    # --- forward

    def _next(self) -> None:
        stage = next_stage(self._walk.deployment)
        if stage is None:
            self._kept()
        elif self._cancel.is_set():
            self._failed("cancelled")
        elif stage.name is StageName.SWITCH and self._production() and not self._stood_down:
            self._waits_for_runner = True
            runner: Address[object] = self.context.sibling("runner")
            runner.tell(StandDown(self._deployment_id, self.context.address))
            self.context.after(STAND_DOWN_S, RunnerSilent())
        else:
            self._run(stage)

    def _run(self, stage: Stage) -> None:
        if stage.name is StageName.SWITCH:
            self._remember_previous()
        self._move_stage(stage.name, StageState.RUNNING)
        walk = self._walk
        self._work = self.context.job(
            stage.lane, lambda: alone(stage, walk), lambda done: StageDone(stage.name, done), cancel=self._cancel
        )
        self._limit = self.context.after(LIMIT_S, StageLate(stage.name))

    def _stage_done(self, name: StageName, done: Done[StageResult]) -> None:
        self._work = None
        if self._limit is not None:
            self._limit.cancel()
        result = done.value
        if result is not None:
            asked_by = self._walk.deployment.cancelled_by  # it may have been asked for while the stage ran
            self._walk = result.walk.with_deployment(replace(result.walk.deployment, cancelled_by=asked_by))
        if result is not None and result.verdict is not None:
            self.context.publish(ReleaseChecked(self._walk.deployment, result.verdict))
        if result is not None and result.ok:
            self._move_stage(name, StageState.SUCCEEDED)
            self._tell_of(name)
            self._next()
            return
        reason = why_not(done)
        self._move_stage(
            name, StageState.CANCELLED if self._walk.deployment.cancelled_by is not None else StageState.FAILED
        )
        self._failed(f"{name}: took longer than {LIMIT_S / 60:.0f} minutes" if self._late else f"{name}: {reason}")

    def _tell_of(self, name: StageName) -> None:
        if name is StageName.CHECK:
            self.context.publish(ReleaseBuilt(self._walk.deployment))
        elif name is StageName.SWITCH:
            self.context.publish(ReleaseSwitched(self._walk.deployment))

    def _remember_previous(self) -> None:
        if self._production() and self._walk.deployment.previous is None:
            previous = self._services.records.versions.current(self._project)
            self._store(replace(self._walk.deployment, previous=previous))

    def _kept(self) -> None:
        records, project = self._services.records, self._project
        version = self._walk.known_version()
        if not self._production():
            self._report(self._walk.deployment)
            return
        with records.store.transaction():
            records.versions.change(project, version.number, proven=True, failed=False)
            now = self._services.clock.now()
            records.versions.set_current(project, version.number, now)
            records.projects.change(project.no, wanted_up=True)
            ended = records.deployments.move(project, self._walk.deployment, State.SUCCEEDED, now)
        self.context.publish(ReleaseKept(ended))
        self._report(ended)

    # --- back

    def _failed(self, reason: str) -> None:
        self._walk.say(f"failed: {reason}")
        if self._walk.version is not None and self._walk.deployment.cancelled_by is None:
            self._services.records.versions.change(self._project, self._walk.version.number, failed=True)
        if touches_target(self._walk.deployment):
            self._keep_program_output()
            self._store(replace(self._walk.deployment, going_back=True, error=reason))
            self._go_back(reason)
        else:
            self._end(State.FAILED, reason)

    def _go_back(self, reason: str) -> None:
        walk = self._walk

        def back() -> str | None:
            with walk.services.places.walk(walk.project, walk.deployment.environment):
                return go_back(walk)

        self.context.job("verify", back, lambda done: BackDone(reason, done))

    def _back_done(self, reason: str, done: Done[str | None]) -> None:
        trouble = str(done.error) if done.error is not None else done.value
        if trouble is None and self._production():
            assert self._walk.deployment.previous is not None  # noqa: S101 - go_back found it
            now = self._services.clock.now()
            self._services.records.versions.set_current(self._project, self._walk.deployment.previous, now)
            self._end(State.ROLLED_BACK, reason)
        elif trouble is None:
            self._end(State.FAILED, reason)
        else:
            self._end(State.FAILED, reason, trouble)

    def _end(self, state: State, reason: str, trouble: str | None = None) -> None:
        asked_by = self._walk.deployment.cancelled_by
        if asked_by is not None:
            state, reason = State.CANCELLED, f"cancelled by {asked_by}"
        if trouble is not None:
            reason = f"{reason}; the way back: {trouble}"
        now = self._services.clock.now()
        ended = self._services.records.deployments.move(self._project, self._walk.deployment, state, now, reason)
        if state is State.ROLLED_BACK:
            self.context.publish(ReleaseRolledBack(ended, reason))
        self._report(ended)

    # --- both

    def _report(self, deployment: Deployment) -> None:
        deployer: Address[object] = self.context.sibling("deployer")
        output = tuple(self._services.tail(self._walk.output, OUTPUT_LINES)) if deployment.error is not None else ()
        if deployment.ended:
            self.context.publish(DeploymentEnded(deployment, output))
        deployer.tell(JobEnded(deployment))
        self.context.stop()

    def _production(self) -> bool:
        return self._walk.deployment.environment is Environment.PRODUCTION

    def _move_stage(self, name: StageName, state: StageState) -> None:
        now = self._services.clock.now()
        old = self._walk.deployment.stage(name)
        began = now if state is StageState.RUNNING else old.started_at
        stage = StageRecord(name, state, began, None if state is StageState.RUNNING else now)
        self._store(self._walk.deployment.with_stage(stage))
        self.context.publish(StageMoved(self._walk.deployment, stage))

    def _store(self, deployment: Deployment) -> None:
        """What changed; that it was cancelled is kept, whoever wrote it down."""
        records = self._services.records
        with records.store.transaction():
            asked_by = deployment.cancelled_by or records.deployments.get(deployment.id).cancelled_by
            stored = records.deployments.put(self._project, replace(deployment, cancelled_by=asked_by))
        self._walk = self._walk.with_deployment(stored)

    def _keep_program_output(self) -> None:
        """The failed version's own words go into the deployment's log: its program's log goes on with the next."""
        log = self._services.layout.program_log(self._project, self._walk.deployment.environment)
        lines = self._services.tail(log, OUTPUT_LINES * 4, since=self._walk.deployment.output_from or 0)
        if lines:
            self._walk.say("--- the program's output ---")
            for line in lines:
                self._walk.say(line)
