"""What a runner can be about, and what it tells itself: of the program, of its own starts and stops."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from actors.messages import RunnerCommand
from actors.model.run import Run, RunStatus
from runtime.jobs import Done
from runtime.reply import Deferred


class Mode(Enum):
    """What the runner is about."""

    WAITING = "waiting"  # for the deployer to say what is to run
    STANDING_DOWN = "standing down"  # a deployment is at work
    WORKING = "working"  # a start or stop of ours is under way
    UP = "up"
    DOWN = "down"  # the next start is timed
    OFF = "off"  # nothing is to run
    PARKED = "parked"


@dataclass(frozen=True)
class Ended:
    """The program of that run ended by itself."""

    run: Run
    status: RunStatus


@dataclass(frozen=True)
class StartNow:
    """The pause is over."""


@dataclass(frozen=True)
class Steady:
    """The program has been up for a while."""

    run: Run


@dataclass(frozen=True)
class Started:
    """A start of ours came back."""

    done: Done[Run]
    asked: Deferred | None
    asked_by: str | None


@dataclass(frozen=True)
class Stopped:
    """A stop of ours came back."""

    done: Done[None]
    asked: Deferred | None
    asked_by: str
    start_again: bool


Message = RunnerCommand | Ended | StartNow | Steady | Started | Stopped
