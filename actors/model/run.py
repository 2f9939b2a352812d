"""A run: a release that was started in an environment, and how its program fares."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from actors.model.project import Environment


@dataclass(frozen=True, kw_only=True)
class Run:
    """A started program. `handle` is the engine's own plain record (pid and start time, or a container's id)."""

    project: str
    environment: Environment
    version: int
    commit: str
    engine: str
    handle: dict[str, Any]
    started_at: datetime
    restarts: int = 0


class Life(StrEnum):
    """What a look at a run tells."""

    ALIVE = "alive"
    ENDED = "ended"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class RunStatus:
    """One look. `exit_code` is None while it lives, and where nobody could know; negative: ended by that signal."""

    life: Life
    exit_code: int | None = None
    pid: int | None = None


class ProjectState(StrEnum):
    """The word that people see."""

    RUNNING = "running"
    STOPPED = "stopped"
    DEPLOYING = "deploying"
    TESTING = "testing"
    FAILED = "failed"
    NEVER_DEPLOYED = "never deployed"


@dataclass(frozen=True)
class Verdict:
    """What the probe found: healthy or not, why, and after how many seconds.

    `answered_ms`: how long the look took that found it well; None where there was nothing to ask.
    """

    healthy: bool
    reason: str
    took_s: float
    answered_ms: int | None = None


@dataclass(frozen=True)
class Look:
    """One look at a running program: `reason` says why it is not well, None when it is."""

    at: datetime
    took_ms: float
    reason: str | None = None
