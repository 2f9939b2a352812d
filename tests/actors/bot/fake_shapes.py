"""What the fake service is made of: a project with its past, a leaf of the tree, a stage."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from actors.model.deployment import Deployment, StageName, StageRecord, StageState
from actors.model.load import LoadHistory, LoadMark, LoadPoint, Mark
from actors.model.project import Project
from actors.model.version import Commit, Version
from runtime.vault import Secret

AT = datetime(2026, 1, 1, 11, 58, tzinfo=UTC)
SHAS = [f"{n:x}" * 40 for n in (0xA, 0xB, 0xC, 0xD, 0xE)]


@dataclass(frozen=True)
class Leaf:
    name: str
    path: str
    kind: str = "actor"
    state: str = "running"
    restarts: int = 0
    incarnation: int = 1
    inbox: int = 0
    last_error: str = ""
    children: tuple[Leaf, ...] = ()


@dataclass
class One:
    """A project and what became of it."""

    project: Project
    versions: list[Version] = field(default_factory=list)
    current: int | None = None
    up: bool = False
    history: list[Deployment] = field(default_factory=list)
    undecided: Deployment | None = None
    testing: Deployment | None = None
    variables: dict[tuple[str, bool], Secret] = field(default_factory=dict)
    new: Commit | None = None
    restarts: int = 0


def stage(name: StageName, state: StageState) -> StageRecord:
    done = state is StageState.SUCCEEDED
    return StageRecord(name, state, AT if done else None, AT + timedelta(seconds=2) if done else None)


def history_of(seconds: int, project: str | None, *, empty: bool = False) -> LoadHistory:
    """A load that goes up and down, measured every minute until noon, with one deployment of each kind."""
    end = datetime(2026, 1, 1, 12, tzinfo=UTC).timestamp()
    points = tuple(
        LoadPoint(end - seconds + at, 20 + at // 60 % 7, 40 + at // 60 % 11, (300 + at // 60 % 5) * 1024**2)
        for at in range(0, seconds, 60)
    )
    kinds = (Mark.SUCCEEDED, Mark.FAILED, Mark.ROLLED_BACK)
    marks = tuple(LoadMark(end - seconds * (n + 1) / 4, kind, "shop") for n, kind in enumerate(kinds))[::-1]
    return LoadHistory(
        start=end - seconds,
        end=end,
        step_s=60,
        points=() if empty else points,
        memory_limit=1024**3,
        marks=() if empty else marks,
        project=project,
    )
