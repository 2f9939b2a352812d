"""Strategy: how production changes from one release to another; one file a strategy."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from actors.artifacts.target import SwitchReport
from actors.model.project import Project


class Strategy(Protocol):
    """Puts releases into production. Blocking; one call at a time per project is the caller's promise.

    `stop` ends the old program; the strategy calls it when all is prepared, so that as little as possible follows
    before the caller starts the new one. Every call may be repeated after a crash: the end is the same.
    """

    @property
    def name(self) -> str:
        """What it is called in settings and logs."""
        ...

    def switch(self, project: Project, version: int, release_dir: Path, *, stop: Callable[[], None]) -> SwitchReport:
        """Production holds that release when this returns. Raises TargetOccupied (nothing stopped) or SwitchError."""
        ...

    def switch_back(
        self, project: Project, version: int, release_dir: Path, *, stop: Callable[[], None]
    ) -> SwitchReport:
        """As `switch`, to a release that was in production before."""
        ...

    def current(self, project: Project) -> int | None:
        """The version that production really holds now."""
        ...

    def recover(self, project: Project) -> str | None:
        """Finish or undo a switch that a crash cut short, and say which; None when there was none."""
        ...

    def remove(self, project: Project, keep_files: bool) -> None:
        """Take what is ours out of production; with `keep_files` plain files stay. The program is stopped already."""
        ...
