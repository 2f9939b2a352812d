"""A deployment: one attempt to put a release into an environment, its states and their legal moves."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from actors.model.project import Environment


class Kind(StrEnum):
    """What was asked for."""

    DEPLOY = "deploy"
    TEST = "test"
    PROMOTE = "promote"
    ROLLBACK = "rollback"
    RESTART = "restart"


class State(StrEnum):
    """Where a deployment stands."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    ROLLED_BACK = "rolled back"
    CANCELLED = "cancelled"


ENDED = frozenset({State.SUCCEEDED, State.FAILED, State.ROLLED_BACK, State.CANCELLED})

MOVES: dict[State, frozenset[State]] = {
    State.QUEUED: frozenset({State.RUNNING, State.CANCELLED, State.FAILED}),
    State.RUNNING: frozenset({State.SUCCEEDED, State.FAILED, State.ROLLED_BACK, State.CANCELLED}),
    **{state: frozenset() for state in ENDED},
}


class StageName(StrEnum):
    """The stages of a process release, in order."""

    FETCH = "fetch"
    BUILD = "build"
    CHECK = "check"
    SWITCH = "switch"
    START = "start"
    VERIFY = "verify"


class StageState(StrEnum):
    """Where a stage stands."""

    WAITING = "waiting"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"


@dataclass(frozen=True)
class StageRecord:
    """One stage of one deployment, with its times (aware, UTC)."""

    name: StageName
    state: StageState = StageState.WAITING
    started_at: datetime | None = None
    ended_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """A permanent record. `id` is unique in the service and sorts by time.

    `version` is None until the commit has its number. `previous` is the version that ran before, which a failure
    goes back to. `going_back` says that the way back has begun: whoever resumes it goes on with that, and `error` says
    why. `cancelled_by`: somebody asked for its end.
    `answered_ms`: how long the look took that found the program well (None: none did, or there was nothing to ask).
    `output_from` is where, in its program's log, the output of the program that it started begins (None: none yet).
    `refresh`: the environment is made anew. `test_for_s` is the length of a test run (None: until decided).
    `attempts` counts how often it was taken up.
    """

    id: str
    project: str
    kind: Kind
    environment: Environment
    asked_by: str
    queued_at: datetime
    state: State = State.QUEUED
    version: int | None = None
    commit: str | None = None
    previous: int | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    stages: tuple[StageRecord, ...] = tuple(StageRecord(name) for name in StageName)
    error: str | None = None
    going_back: bool = False
    test_for_s: int | None = None
    attempts: int = 0
    note: str | None = None
    refresh: bool = False
    cancelled_by: str | None = None
    output_from: int | None = None
    answered_ms: int | None = None

    @property
    def ended(self) -> bool:
        """Whether nothing will change any more."""
        return self.state in ENDED

    def stage(self, name: StageName) -> StageRecord:
        """The record of the named stage."""
        return next(stage for stage in self.stages if stage.name is name)

    def with_stage(self, changed: StageRecord) -> Deployment:
        """A copy in which that stage's record is replaced."""
        return replace(self, stages=tuple(changed if s.name is changed.name else s for s in self.stages))


class IllegalMove(ValueError):
    """A state was to follow another that it cannot follow."""


def move(deployment: Deployment, state: State, at: datetime, error: str | None = None) -> Deployment:
    """The deployment in its new state, with the times that go with it; raises IllegalMove.

    A stage that was cut off is told as what became of it: the record of an ended deployment says of none that it runs.
    """
    if state not in MOVES[deployment.state]:
        raise IllegalMove(f"deployment {deployment.id}: {deployment.state} -> {state}")
    return replace(
        deployment,
        state=state,
        stages=tuple(_cut_off(stage, state, at) for stage in deployment.stages)
        if state in ENDED
        else deployment.stages,
        error=error if error is not None else deployment.error,
        started_at=at if state is State.RUNNING else deployment.started_at,
        ended_at=at if state in ENDED else None,
    )


def _cut_off(stage: StageRecord, state: State, at: datetime) -> StageRecord:
    if stage.state is not StageState.RUNNING:
        return stage
    return replace(stage, state=StageState.CANCELLED if state is State.CANCELLED else StageState.FAILED, ended_at=at)
