"""Steps: what a job tells itself of the stages and of the way back."""

from __future__ import annotations

from dataclasses import dataclass

from actors.errors import VankaError
from actors.messages import JobCommand
from actors.model.deployment import StageName
from actors.pipeline.stage import StageResult
from runtime.errors import KernelError
from runtime.jobs import Done


@dataclass(frozen=True)
class StageDone:
    """A stage's work came back."""

    name: StageName
    done: Done[StageResult]


@dataclass(frozen=True)
class StageLate:
    """A stage is over its time limit."""

    name: StageName


@dataclass(frozen=True)
class BackDone:
    """The way back came to its end: None when the version before runs again, else why not."""

    reason: str
    done: Done[str | None]


@dataclass(frozen=True)
class RunnerSilent:
    """The runner did not say that it stood down."""


Message = JobCommand | StageDone | StageLate | BackDone | RunnerSilent


def why_not(done: Done[StageResult]) -> str:
    """Why a stage did not do what it was to do."""
    if done.error is not None:
        if isinstance(done.error, VankaError | KernelError):
            return str(done.error)
        return f"{type(done.error).__name__}: {done.error}"
    result = done.value
    return "" if result is None or result.reason is None else result.reason
