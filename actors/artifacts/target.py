"""The target: the directory that the user named, in which one link of ours leads to the release in production.

A switch is written into a journal before it begins. Killed at any instant, `recover` ends with the old or the new
release complete and says which. The program must be stopped meanwhile: that is what the `stop` hook is for.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from actors.artifacts import disk, give_back, target_path
from actors.artifacts.change import Change, real_folder
from actors.artifacts.exchange import FileSystem, link_text
from actors.artifacts.journal import Journal, Switching, Way
from actors.artifacts.layout import Layout
from actors.artifacts.persist import Step, no_step
from actors.artifacts.releases import version_of
from actors.errors import SwitchError, TargetOccupied
from actors.model.project import Project

_HOW = {
    Way.LINK: "a link was put where nothing was",
    Way.FLIP: "the link was flipped",
    Way.EXCHANGE: "the directory was exchanged for a link",
    Way.RENAMES: "two renames under a journal: for a moment nothing was there",
    Way.ENTRIES: "entry by entry: not atomic",
}


@dataclass(frozen=True)
class SwitchReport:
    """What a switch did. `aside` is where the things that were found in the target are kept now."""

    atomic: bool
    how: str
    aside: Path | None = None
    gathered: tuple[str, ...] = ()


def _stopped() -> None:
    """The hook of a caller whose program is stopped already."""


def _utc() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Target:
    """The targets of all projects. Blocking; one switch at a time per project is the caller's promise."""

    layout: Layout
    files: FileSystem = field(default_factory=FileSystem)
    step: Step = no_step
    now: Callable[[], datetime] = _utc

    @property
    def journal(self) -> Journal:
        """The records of switches."""
        return Journal(self.layout)

    @property
    def _change(self) -> Change:
        return Change(self.layout, self.files, self.step)

    def check(
        self,
        path: Path,
        project: Project | None = None,
        others: Iterable[Project] = (),
        home: Path | None = None,
        adopt: bool = False,
    ) -> None:
        """Raise BadPath or TargetOccupied when a project cannot be put there; nothing is changed.

        `project` is the one that is being edited (None: a new one), `home` is Vanka's (None: this layout's).
        """
        target_path.check(path, project, others, home or self.layout.home)
        if project is not None and self.holds(replace(project, path=str(path))) is not None:
            return
        self._way(path, None, adopt)

    def holds(self, project: Project) -> Path | None:
        """The release directory that the target leads to or was filled from; None when it holds nothing of ours."""
        path = self.layout.target(project)
        name = self._change.ours(project, path)
        if name is not None:
            return self.layout.releases(project) / name
        placed = self.journal.placed(project)
        if placed is not None and placed.way is Way.ENTRIES and placed.path == str(path) and real_folder(path):
            return self.layout.releases(project) / placed.directory
        return None

    def current(self, project: Project) -> int | None:
        """The version that the target really holds now."""
        held = self.holds(project)
        return None if held is None else version_of(held.name)

    def switch(self, project: Project, release_dir: Path, *, stop: Callable[[], None] = _stopped) -> SwitchReport:
        """Make the target hold a complete release. `stop` is called when all is prepared: what follows is brief.

        Raises TargetOccupied before anything is stopped, SwitchError when the target cannot be changed. Done again,
        the end is the same.
        """
        with disk.as_error(SwitchError, f"{project.path} cannot be changed"):
            self.recover(project)
            return self._switch(project, release_dir, stop)

    def recover(self, project: Project) -> str | None:
        """Finish or undo a switch that was cut short, and say which version the target holds; None: there was none."""
        switching = self.journal.open(project)
        if switching is None:
            return None
        there, path = replace(project, path=switching.path), Path(switching.path)
        release, change = self.layout.releases(project) / switching.to, self._change
        placed, version = self.journal.placed(project), version_of(switching.to)
        with disk.as_error(SwitchError, f"a switch of {path} that was cut short cannot be ended"):
            if self._finish(there, switching, release):
                change.settle(there, switching, placed)
                return f"the switch to version {version} was finished: the target holds version {version}"
            change.undo(there, switching)
        held = self.current(there)
        now = "what it held before" if held is None else f"version {held}"
        return f"the switch to version {version} was undone: the target holds {now}"

    def remove(self, project: Project, keep_files: bool) -> None:
        """Take what is ours out of the target; with `keep_files` it becomes a plain directory with the same files.

        What is not ours is never touched: then there is nothing to remove. Raises SwitchError when it cannot be done.
        """
        self.recover(project)
        path, held = self.layout.target(project), self.holds(project)
        if held is None:
            return
        with disk.as_error(SwitchError, f"{path} cannot be given back"):
            give_back.give_back(self._change, project, held, keep_files=keep_files)
            if path.parent.is_dir():
                disk.sync_directory(path.parent)
        self.journal.forget(project)

    def _switch(self, project: Project, release_dir: Path, stop: Callable[[], None]) -> SwitchReport:
        path, change = self.layout.target(project), self._change
        way = self._way(path, project, project.adopt)
        change.persist.check(project, release_dir)
        way = change.prepare(way, project, path, release_dir)
        held, placed = self.holds(project), self.journal.placed(project)
        old = held.name if held is not None else placed.directory if placed is not None else None
        switching = Switching(str(path), way, release_dir.name, old, self._free_aside(project))
        copied = change.copied(project, switching)
        self.journal.begin(project, switching)
        self.step("written down")
        stop()
        self.step("stopped")
        gathered = change.carry_data(project, switching, copied=copied)
        switching = change.change(project, switching, release_dir)
        aside = change.settle(project, switching, placed)
        return SwitchReport(switching.way in {Way.LINK, Way.FLIP, Way.EXCHANGE}, _HOW[switching.way], aside, gathered)

    def _finish(self, project: Project, switching: Switching, release: Path) -> bool:
        """Go on where the switch was cut short, if it had come to the change; whether the target is the new one."""
        path, change = Path(switching.path), self._change
        if switching.way is Way.ENTRIES:
            if not release.is_dir():
                return False
            copied = change.copied(project, switching)
            change.carry_data(project, switching, copied=copied)
            change.fill(project, switching, release, copied=copied)
            return True
        if switching.way is Way.RENAMES and not os.path.lexists(path) and release.is_dir():
            self.files.make_link(release, path)
        return change.ours(project, path) == switching.to

    def _free_aside(self, project: Project) -> str:
        name, number = f"{self.now():%Y-%m-%dT%H-%M-%SZ}", 1
        free = name
        while os.path.lexists(self.layout.aside(project) / free):
            number += 1
            free = f"{name}-{number}"
        return free

    def _way(self, path: Path, project: Project | None, adopt: bool) -> Way:
        """How the target can be changed, by what is there now; raises TargetOccupied."""
        text = link_text(path)
        if text is not None and ((project is not None and self._change.ours(project, path)) or not path.exists()):
            return Way.FLIP
        if not os.path.lexists(path):
            return Way.LINK
        placed = self.journal.placed(project) if project is not None else None
        if placed is not None and placed.way is Way.ENTRIES and placed.path == str(path) and real_folder(path):
            return Way.ENTRIES
        if (text is not None or _holds_something(path)) and not adopt:
            raise TargetOccupied(
                f"{path} holds something that Vanka did not put there",
                "Choose another path, or say --adopt: then everything found there is kept aside.",
                path=str(path),
            )
        if text is None and not path.is_dir():
            raise TargetOccupied(f"{path} is a file", "Choose another path.", path=str(path))
        return Way.ENTRIES if text is None and os.path.ismount(path) else Way.EXCHANGE


def _holds_something(path: Path) -> bool:
    if not path.is_dir():
        return True
    return any(name != "lost+found" for name in os.listdir(path))
