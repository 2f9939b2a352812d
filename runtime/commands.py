"""What a supervisor is asked, and what it answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from runtime.child_spec import ChildSpec


@dataclass(frozen=True)
class StartChild:
    """Add a child and start it. Answers its Address (None when it had nothing to run).

    StartFailed: it did not come up, and no spec is kept. AlreadyStarted, AlreadyPresent, BadSpec: nothing was done.
    """

    spec: ChildSpec


@dataclass(frozen=True)
class TerminateChild:
    """Stop a child and keep it stopped, whatever the strategy; twice is fine. Answers when it has stopped."""

    id: str


@dataclass(frozen=True)
class RestartChild:
    """Start a child that is stopped, parked or waiting for its next try. Answers its Address, as StartChild."""

    id: str


@dataclass(frozen=True)
class DeleteChild:
    """Forget a child that is stopped. ChildRunning: terminate it first."""

    id: str


@dataclass(frozen=True)
class WhichChildren:
    """Answers a list of ChildInfo in start order."""


@dataclass(frozen=True)
class CountChildren:
    """Answers a Count."""


SupervisorCommand: TypeAlias = StartChild | TerminateChild | RestartChild | DeleteChild | WhichChildren | CountChildren


@dataclass(frozen=True)
class ChildInfo:
    """One child as its supervisor sees it; `state` as in the tree."""

    id: str
    path: str
    kind: str
    state: str
    incarnation: int


@dataclass(frozen=True)
class Count:
    """How many specs there are, how many of them run, how many are supervisors and how many are not."""

    specs: int
    active: int
    supervisors: int
    workers: int
