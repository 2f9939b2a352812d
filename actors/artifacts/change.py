"""The change of one target, step by step under the journal: prepared, carried out, settled, or undone."""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass, replace
from pathlib import Path

from actors.artifacts import disk
from actors.artifacts.entries import COMING, Entries, move
from actors.artifacts.exchange import FileSystem, UnsupportedError, link_text, remove_link
from actors.artifacts.journal import Journal, Placed, Switching, Way, temporary
from actors.artifacts.layout import Layout
from actors.artifacts.patterns import Patterns
from actors.artifacts.persist import Persist, Step
from actors.artifacts.releases import version_of
from actors.errors import SwitchError
from actors.model.project import Project

_NOT_AS_A_WHOLE = frozenset({errno.EBUSY, errno.EXDEV})
_MAY_NOT = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})


@dataclass(frozen=True)
class Change:
    """What a target is changed with. Each method may be repeated after a crash."""

    layout: Layout
    files: FileSystem
    step: Step

    @property
    def persist(self) -> Persist:
        """The persistent paths, with the same hook."""
        return Persist(self.layout, self.step)

    @property
    def journal(self) -> Journal:
        """The records of switches."""
        return Journal(self.layout)

    def prepare(self, way: Way, project: Project, path: Path, release: Path) -> Way:
        """Make the new link beside the target; where that cannot be, the way is entry by entry."""
        if way is Way.ENTRIES:
            return way
        new = temporary(path, project.no)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if link_text(new) is not None:
                remove_link(new)
            self.files.make_link(release, new)
            if way is Way.LINK:
                remove_link(new)
        except OSError as error:
            known = isinstance(error, UnsupportedError) or error.errno in _MAY_NOT
            if known and (real_folder(path) or (isinstance(error, UnsupportedError) and way is Way.LINK)):
                path.mkdir(exist_ok=True)
                return Way.ENTRIES
            raise SwitchError(
                f"no link can be made beside {path}: {error.strerror}", "See who may write there."
            ) from error
        return way

    def carry_data(self, project: Project, switching: Switching, *, copied: bool) -> tuple[str, ...]:
        """The persistent paths: out of what was in use, into what comes."""
        releases, path = self.layout.releases(project), Path(switching.path)
        gathered: tuple[str, ...] = ()
        if switching.old is not None:
            gathered = self.persist.gather(project, releases / switching.old)
        if switching.way is not Way.FLIP and path.is_dir() and not copied:
            gathered += self.persist.gather(project, path)
        if switching.to and (releases / switching.to).is_dir():
            self.persist.attach(project, releases / switching.to)
        return gathered

    def change(self, project: Project, switching: Switching, release: Path) -> Switching:
        """The one moment in which the target changes; the switching as it was really done."""
        path = Path(switching.path)
        new = temporary(path, project.no)
        self.step("change")
        match switching.way:
            case Way.LINK:
                self.files.make_link(release, path)
            case Way.FLIP:
                self.files.replace_link(new, path)
            case Way.EXCHANGE:
                try:
                    self.files.exchange(new, path)
                except UnsupportedError:
                    return self._instead(project, switching, release, Way.RENAMES)
                except OSError as error:
                    return self._or_entries(project, switching, release, error)
            case Way.RENAMES:
                try:
                    self.files.rename(path, _found(new))
                except OSError as error:
                    return self._or_entries(project, switching, release, error)
                self.step("half renamed")
                self.files.replace_link(new, path)
            case Way.ENTRIES:
                self.fill(project, switching, release, copied=self.copied(project, switching))
        self.step("changed")
        return switching

    def _or_entries(self, project: Project, switching: Switching, release: Path, error: OSError) -> Switching:
        if error.errno not in _NOT_AS_A_WHOLE or link_text(Path(switching.path)) is not None:
            raise error
        return self._instead(project, switching, release, Way.ENTRIES)

    def _instead(self, project: Project, switching: Switching, release: Path, way: Way) -> Switching:
        """Another way, written down before it is gone."""
        other = replace(switching, way=way)
        self.journal.begin(project, other)
        return self.change(project, other, release)

    def fill(self, project: Project, switching: Switching, release: Path, *, copied: bool) -> None:
        """Entry by entry: what was made there goes to the release before, what was found at first goes aside."""
        placed = self.journal.placed(project)
        first = placed is None or placed.path != switching.path or placed.way is not Way.ENTRIES
        releases, aside = self.layout.releases(project), self.layout.aside(project)
        left = aside / str(switching.aside) if first else releases / placed.directory if placed else None
        if left == release:
            left = None
        self.entries(project, left).fill(release, copied=copied)

    def copied(self, project: Project, switching: Switching) -> bool:
        """Whether entry by entry means copies: links are made wherever the file system has them."""
        if switching.way is not Way.ENTRIES:
            return False
        placed = self.journal.placed(project)
        if placed is not None and placed.path == switching.path and placed.way is Way.ENTRIES:
            return placed.copied
        return not self.entries(project, None).can_link()

    def settle(self, project: Project, switching: Switching, before: Placed | None) -> Path | None:
        """After the change: make it durable, put aside what was found, close the journal. Where that is kept now."""
        path = Path(switching.path)
        copied = self.copied(project, switching)
        new = temporary(path, project.no)
        if os.path.lexists(new) and self.ours(project, new) is None:
            os.rename(new, _found(new))  # after an exchange, what was found has the new link's name
        elif os.path.lexists(new):
            remove_link(new)
        disk.sync_directory(path.parent)
        self.step("settled")
        kept = self._put_aside(project, switching, _found(new))
        if before is not None and before.path != str(path):
            self._leave(project, before)
        self.journal.place(project, Placed(str(path), switching.way, switching.to, copied))
        self.step("placed")
        self.journal.end(project)
        return kept

    def _put_aside(self, project: Project, switching: Switching, found: Path) -> Path | None:
        """Keep what was found: in `aside/`, or, where there is no room for a copy, beside the target. Where it is."""
        kept = self.layout.aside(project) / str(switching.aside)
        if not os.path.lexists(found):
            return kept if os.path.lexists(kept) else None
        if real_folder(found) and not os.listdir(found):
            found.rmdir()
            return None
        if os.path.lexists(kept):  # copied whole to another device already, and cut short while the original went
            inside = Path(os.path.realpath(found.parent))
            disk.remove_tree(inside / found.name, inside=inside)
            return kept
        self.step("put aside")
        kept.parent.mkdir(parents=True, exist_ok=True)
        try:
            move(found, kept)
        except OSError:
            disk.remove_tree(kept.with_name(f"{COMING}{kept.name}"), inside=kept.parent)
            beside = Path(f"{switching.path}.found-{switching.aside}")
            os.rename(found, beside)
            disk.sync_directory(beside.parent)
            return beside
        disk.sync_directory(kept.parent)
        return kept

    def undo(self, project: Project, switching: Switching) -> None:
        """The target was not changed. Data that was carried in part is carried whole: no database without its log."""
        new = temporary(Path(switching.path), project.no)
        if self.ours(project, new) is not None:
            remove_link(new)
        if switching.way is not Way.ENTRIES:
            self.carry_data(project, replace(switching, to=switching.old or ""), copied=False)
            if real_folder(Path(switching.path)) and os.listdir(switching.path):
                self.persist.relink(project, Path(switching.path))
        self.journal.end(project)

    def _leave(self, project: Project, before: Placed) -> None:
        """The project's path was changed: nothing of ours stays at the old one."""
        there = replace(project, path=before.path)
        if self.ours(there, Path(before.path)) is not None:
            remove_link(Path(before.path))
        elif before.way is Way.ENTRIES and real_folder(Path(before.path)):
            self.entries(there, None).empty(copied=False)

    def entries(self, project: Project, left: Path | None) -> Entries:
        """The project's target, entry by entry."""
        path, ours = self.layout.target(project), self.layout.project(project)
        return Entries(path, ours, Patterns(project.persist), self.files, self.step, left)

    def ours(self, project: Project, path: Path) -> str | None:
        """The name of the release directory that a link of ours leads to; None when it is no such link."""
        text = link_text(path)
        if text is None or not text.is_absolute() or version_of(text.name) is None:
            return None
        return text.name if Path(os.path.realpath(text.parent)) == self.layout.releases(project) else None


def _found(new: Path) -> Path:
    return new.with_name(f"{new.name}.found")


def real_folder(path: Path) -> bool:
    """Whether it is a directory itself, not a link to one."""
    return path.is_dir() and link_text(path) is None
