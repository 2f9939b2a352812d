"""The load over time, and the thresholds that alert: frozen nouns, no I/O."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

HOUR_S = 3600
DAY_S = 24 * HOUR_S


PROJECT, TEST, GUEST = "project", "test", "guest"  # what a program, or a container, belongs to


def load_key(kind: str, number: int | str) -> str:
    """Under which name the history of one program is kept, whatever its project is called."""
    return f"{kind}:{number}"


class Resource(StrEnum):
    """What a threshold is about, each in per cent of what may be used."""

    CPU = "cpu"
    MEMORY = "memory"
    DISK = "disk"


DEFAULT_LIMIT = 90  # per cent
LOWEST_LIMIT, HIGHEST_LIMIT = 5, 99


@dataclass(frozen=True, slots=True)
class LoadPoint:
    """What was measured in the seconds from `at` (Unix time) on: CPU in per cent, its mean and its peak, and bytes."""

    at: float
    cpu: float
    cpu_peak: float
    memory: float


class Mark(StrEnum):
    """How a deployment ended, as a chart shows it."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    ROLLED_BACK = "rolled back"


@dataclass(frozen=True, slots=True)
class LoadMark:
    """A deployment to production that ended then (Unix time)."""

    at: float
    mark: Mark
    project: str


@dataclass(frozen=True, kw_only=True)
class LoadHistory:
    """The load from `start` to `end` (Unix times), oldest first, a point every `step_s` where something was measured.

    Of the whole: CPU is of all that may be used (0 to 100). Of one project: CPU is of one core (200 is two full
    cores). `memory_limit` 0: there is none that it could be compared with.
    """

    start: float
    end: float
    step_s: float
    points: tuple[LoadPoint, ...]
    memory_limit: int = 0
    marks: tuple[LoadMark, ...] = ()
    project: str | None = None


@dataclass(frozen=True)
class Raised:
    """A threshold was passed at `since`, when it stood at `limit`; `over` is when the load was normal again."""

    resource: Resource
    limit: int
    percent: float
    since: datetime
    over: datetime | None = None


@dataclass(frozen=True)
class Thresholds:
    """Per cent above which somebody is told; a resource that is not in it alerts nobody."""

    limits: dict[Resource, int] = field(default_factory=lambda: dict.fromkeys(Resource, DEFAULT_LIMIT))

    def of(self, resource: Resource) -> int | None:
        """The threshold; None: it is off."""
        return self.limits.get(resource)

    def with_limit(self, resource: Resource, limit: int | None) -> Thresholds:
        """A copy with another one; None turns it off."""
        others = {known: value for known, value in self.limits.items() if known is not resource}
        return Thresholds(others if limit is None else {**others, resource: limit})
