"""What the kernel itself publishes on the bus: crashes, restarts, parked children, slow handlers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class ActorCrashed:
    """An actor raised in a handler or in its start hook, or hung past its hard limit.

    `message` is the type name of what it was handling; empty when it was not handling a message.
    """

    path: str
    error: str
    traceback: str
    at: datetime
    message: str = ""


@dataclass(frozen=True)
class ActorRestarted:
    """A new incarnation is up; `took` is the seconds from the end of the old one to the return of the start hook."""

    path: str
    incarnation: int
    took: float


@dataclass(frozen=True)
class ActorParked:
    """A child used up its own budget and is kept as "failed" until an operator restarts it."""

    path: str
    error: str


@dataclass(frozen=True)
class RootCoolingDown:
    """The root supervisor used up its budget: `path` is tried again in `seconds`, the others go on."""

    path: str
    error: str
    seconds: float


@dataclass(frozen=True)
class HandlerSlow:
    """A handler or hook is over its soft limit and still runs; `stack` shows where it is right now."""

    path: str
    message: str
    seconds: float
    stack: str


@dataclass(frozen=True)
class ActorAbandoned:
    """An actor did not stop in time, or hung past its hard limit: its incarnation is over, its thread written off."""

    path: str
    reason: str
