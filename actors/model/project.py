"""A project: a repository with a branch, a path, an interval and a policy for new commits."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Policy(StrEnum):
    """What a new commit leads to."""

    DEPLOY = "deploy"
    TEST = "test"
    NOTIFY = "notify"

    @property
    def environment(self) -> Environment | None:
        """Where a new commit goes by itself; None: nowhere."""
        return {Policy.DEPLOY: Environment.PRODUCTION, Policy.TEST: Environment.TEST}.get(self)


class Environment(StrEnum):
    """Where a release runs."""

    PRODUCTION = "production"
    TEST = "test"


class Remedy(StrEnum):
    """What follows when a running program is found unwell again and again."""

    NOTIFY = "notify"
    RESTART = "restart"
    ROLLBACK = "rollback"


@dataclass(frozen=True, kw_only=True)
class Health:
    """How a running program is looked at by its probe: every so many seconds (0: never), each look with a limit.

    After `fails` bad looks in a row people are told, and the remedy follows.
    """

    every_s: int = 60
    timeout_s: int = 5
    fails: int = 3
    remedy: Remedy = Remedy.NOTIFY


@dataclass(frozen=True, kw_only=True)
class Project:
    """What the user told of a project. `no` is its number for good: short, used in buttons and links.

    `path` is the target: an absolute directory. `branch` None means the remote's default branch.
    `persist` are paths relative to the target (globs allowed) that no deployment, rollback or clean-up touches.
    `wanted_up` says whether the administrator wants its program running (False after `vanka stop`).
    """

    no: int
    name: str
    url: str
    path: str
    created_at: datetime
    branch: str | None = None
    subdir: str | None = None
    interval_s: int = 300
    policy: Policy = Policy.DEPLOY
    engine: str = "process"
    main: str = "main.py"
    probe: str | None = None
    persist: tuple[str, ...] = ()
    adopt: bool = False
    paused: bool = False
    wanted_up: bool = True
    keep: int = 10
    health: Health = field(default_factory=Health)


MIN_INTERVAL_S = 15
MAX_INTERVAL_S = 7 * 24 * 3600
MIN_HEALTH_S, MAX_HEALTH_S = 5, 24 * 3600
MAX_LOOK_S = 60
MAX_FAILS = 100
