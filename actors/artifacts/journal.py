"""The journal of a switch: what was to be done, written before anything is touched; and what was put in place last."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from actors.artifacts import disk
from actors.artifacts.layout import Layout
from actors.artifacts.releases import version_of
from actors.model.project import Project

_SCHEMA = 1


class Way(StrEnum):
    """How a target changes."""

    LINK = "link"
    FLIP = "flip"
    EXCHANGE = "exchange"
    RENAMES = "renames"
    ENTRIES = "entries"


@dataclass(frozen=True)
class Switching:
    """A switch under way. `to` and `old` name release directories, `aside` where what was found goes."""

    path: str
    way: Way
    to: str
    old: str | None
    aside: str | None


@dataclass(frozen=True)
class Placed:
    """What the target at `path` was given last. `copied`: entry by entry where there are no links."""

    path: str
    way: Way
    directory: str
    copied: bool = False

    @property
    def version(self) -> int | None:
        """The version of that release directory."""
        return version_of(self.directory)


@dataclass(frozen=True)
class Journal:
    """The two records of one home's switches. Each write is durable when it returns."""

    layout: Layout

    def open(self, project: Project) -> Switching | None:
        """The switch that did not end, if there is one."""
        record = _plain(disk.read_record(self.layout.switch_journal(project)))
        return None if record is None else Switching(**{**record, "way": Way(record["way"])})

    def begin(self, project: Project, switching: Switching) -> None:
        """Write down what is about to be done."""
        self.layout.project(project).mkdir(parents=True, exist_ok=True)
        disk.write_record(self.layout.switch_journal(project), {"schema": _SCHEMA, **asdict(switching)})

    def end(self, project: Project) -> None:
        """It was done, or undone."""
        disk.forget_record(self.layout.switch_journal(project))

    def placed(self, project: Project) -> Placed | None:
        """What was put in place last."""
        record = _plain(disk.read_record(self.layout.placed(project)))
        return None if record is None else Placed(**{**record, "way": Way(record["way"])})

    def place(self, project: Project, placed: Placed) -> None:
        """Write down what is in place now."""
        if self.placed(project) != placed:
            disk.write_record(self.layout.placed(project), {"schema": _SCHEMA, **asdict(placed)})

    def forget(self, project: Project) -> None:
        """Nothing is in place any more."""
        disk.forget_record(self.layout.placed(project))
        self.end(project)

    def in_use(self, project: Project) -> frozenset[str]:
        """The names of the release directories that the two records speak of: no clean-up touches them."""
        switching, placed = self.open(project), self.placed(project)
        names = {switching.to, switching.old} if switching else set()
        return frozenset(name for name in (*names, placed.directory if placed else None) if name)


def _plain(record: dict[str, Any] | None) -> dict[str, Any] | None:
    if record is None or record.pop("schema", None) != _SCHEMA:
        return None
    return record


def temporary(target: Path, number: int) -> Path:
    """The name beside a target under which its new link is made, and what was found lies until it is moved."""
    return target.with_name(f".{target.name}.vanka-{number}")
