"""What Control takes and gives: new projects, and the state of one project."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from actors.model.deployment import Deployment
from actors.model.project import Environment, Health, Policy, Project
from actors.model.run import Look, ProjectState
from actors.model.version import Commit


@dataclass(frozen=True, kw_only=True)
class NewProject:
    """What is told of a project that does not exist yet. `path` None: a directory is suggested."""

    name: str
    url: str
    branch: str | None = None
    path: str | None = None
    subdir: str | None = None
    interval_s: int = 300
    policy: Policy = Policy.DEPLOY
    engine: str = "process"
    main: str = "main.py"
    probe: str | None = None
    persist: tuple[str, ...] = ()
    adopt: bool = False
    health: Health = field(default_factory=Health)


@dataclass(frozen=True, kw_only=True)
class ProjectStatus:
    """How a project stands at this moment.

    `version`, `commit`, `pid`, `uptime_s` are production's; `deploying` is what a job works on or waits with, `test` a
    test run that is on or waits for a decision. `new_commit` was seen and is not what production holds. `parked` says
    why nobody looks after the project any more (its program may run on): any command for it brings its actors back.
    """

    project: Project
    state: ProjectState
    parked: str | None = None
    version: int | None = None
    commit: str | None = None
    subject: str | None = None
    author: str | None = None
    environment: Environment | None = None
    pid: int | None = None
    uptime_s: float | None = None
    restarts: int = 0
    exit_code: int | None = None
    last_deployment: Deployment | None = None
    deploying: Deployment | None = None
    test: Deployment | None = None
    test_undecided: bool = False
    last_check_at: datetime | None = None
    next_check_s: float | None = None
    watch_error: str | None = None
    new_commit: Commit | None = None
    behind: int | None = None
    kept_at: datetime | None = None
    looks: tuple[Look, ...] = ()
    unwell_since: datetime | None = None
