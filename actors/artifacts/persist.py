"""Persistent paths: the project's data lives in `persist/` and each release gets links to it.

Three moves keep it whole, and each may be cut short anywhere and simply done again: `gather` takes what the program
made in the release that ran, `attach` links everything into the release that comes, seeding from the commit the first
time. The newest data always wins; what a newer file takes the place of is kept once in `replaced/`.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from actors.artifacts import disk
from actors.artifacts.exchange import link_inside, link_text, remove_link
from actors.artifacts.layout import Layout
from actors.artifacts.manifest import VENV
from actors.artifacts.patterns import SIDE_FILES, Patterns
from actors.artifacts.releases import COMMITTED, leads_into
from actors.errors import SwitchError
from actors.model.project import Project

Step = Callable[[str], None]
"""Told the name of each step before it is taken; tests end the process there."""

MOVED_OUT = ".vanka-moved-"
_COMING = ".coming-"


def no_step(_name: str) -> None:
    """The step hook of every day: does nothing."""


@dataclass(frozen=True)
class Persist:
    """The persistent paths of all projects. Blocking; the program must not run during `gather`."""

    layout: Layout
    step: Step = no_step

    def check(self, project: Project, release_dir: Path) -> None:
        """Raise SwitchError, before anything stops, when a persistent path leads through a link of the release."""
        data = self.layout.persist(project)
        for path in self._kept(project):
            parent = release_dir / path
            while (parent := parent.parent) != release_dir:
                if parent.is_symlink() and not leads_into(parent, data):
                    raise SwitchError(
                        f"the persistent path {path} leads through {parent.name}, which is a link in this commit",
                        "Make that folder a real one in the repository, or change the project's persistent paths.",
                    )

    def gather(self, project: Project, directory: Path) -> tuple[str, ...]:
        """Move what is persistent in a directory that was in use into `persist/`, leaving links; the paths moved.

        Its program must be stopped. The same data is moved within one file system, else copied and made durable first.
        """
        patterns, ours = Patterns(project.persist), self.layout.project(project)
        if not patterns or not directory.is_dir():
            return ()
        moved = []
        for path in list(_find(directory, patterns, ours)):
            self.step(f"gather {path}")
            self._keep(project, directory, path)
            moved.append(path)
        return tuple(moved)

    def attach(self, project: Project, directory: Path) -> tuple[str, ...]:
        """Link every persistent path into a release; the paths linked anew. Done again, it changes nothing.

        What the release itself holds there is the commit's: it seeds `persist/` the first time and is kept beside the
        release (`N.committed/`) from then on, never seen by the program again.
        """
        patterns, data = Patterns(project.persist), self.layout.persist(project)
        if not patterns:
            return ()
        for folder in patterns.folders():
            (data / folder).parent.mkdir(parents=True, exist_ok=True)
            if not os.path.lexists(data / folder) and not os.path.lexists(directory / folder):
                (data / folder).mkdir()
        for path in list(_find(directory, patterns, self.layout.project(project))):
            self._seed(project, directory, path)
        return self.relink(project, directory)

    def relink(self, project: Project, directory: Path) -> tuple[str, ...]:
        """Link what `persist/` holds into a directory wherever nothing is there; the paths linked anew."""
        linked = tuple(path for path in list(self._kept(project)) if self._link(project, directory, path))
        disk.sync_directory(directory)
        return linked

    def _kept(self, project: Project) -> Iterator[str]:
        """What `persist/` holds that today's patterns name; side files follow their database by themselves."""
        patterns, data = Patterns(project.persist), self.layout.persist(project)
        if patterns and data.is_dir():
            yield from (path for path in _find(data, patterns, None) if not path.endswith(SIDE_FILES))

    def _keep(self, project: Project, directory: Path, path: str) -> None:
        source, kept = directory / path, self.layout.persist(project) / path
        _make_room(kept.parent, self.layout.persist(project))
        if os.path.lexists(kept):
            self._set_aside(project, path)
        self.step(f"move {path}")
        try:
            os.rename(source, kept)
        except OSError as error:
            if error.errno not in {errno.EXDEV, errno.EBUSY}:
                raise SwitchError(f"the persistent path {path} cannot be moved: {error.strerror}") from error
            self._copy_over(source, kept, path)
        disk.sync_directory(kept.parent)
        if not path.endswith(SIDE_FILES) and not os.path.lexists(source):
            self.step(f"link back {path}")
            self._link_back(kept, source)
        disk.sync_directory(source.parent)

    def _copy_over(self, source: Path, kept: Path, path: str) -> None:
        """From another file system: the copy is whole before the original changes its name, and it goes last."""
        coming = kept.with_name(f"{_COMING}{kept.name}")
        disk.remove_tree(coming, inside=kept.parent)
        try:
            disk.copy_whole(source, coming)
        except OSError as error:
            raise SwitchError(
                f"the persistent path {path} cannot be copied: {error.strerror}", "Make room and try again."
            ) from error
        os.rename(coming, kept)
        disk.sync_directory(kept.parent)
        self.step(f"copied {path}")
        out = source.with_name(f"{MOVED_OUT}{source.name}")
        os.rename(source, out)
        self.step(f"moved out {path}")
        if not path.endswith(SIDE_FILES):
            self._link_back(kept, source)
        remove_copied(out)

    def _link_back(self, kept: Path, source: Path) -> None:
        if self.layout.home in source.parents:
            link_inside(kept, source)
        else:
            os.symlink(kept, source, target_is_directory=kept.is_dir())  # an adopted directory, which is going to move

    def _set_aside(self, project: Project, path: str) -> None:
        """The release holds a newer one: the older copy is kept once, in `replaced/`."""
        kept, old = self.layout.persist(project) / path, self.layout.replaced(project) / path
        _make_room(old.parent, self.layout.replaced(project))
        disk.remove_tree(old, inside=old.parent)
        self.step(f"replace {path}")
        os.rename(kept, old)

    def _seed(self, project: Project, directory: Path, path: str) -> None:
        kept = self.layout.persist(project) / path
        _make_room(kept.parent, self.layout.persist(project))
        if not os.path.lexists(kept):
            coming = kept.with_name(f"{_COMING}{kept.name}")
            disk.remove_tree(coming, inside=kept.parent)
            disk.copy_whole(directory / path, coming)
            self.step(f"seed {path}")
            os.rename(coming, kept)
            disk.sync_directory(kept.parent)
        committed = directory.with_name(f"{directory.name}{COMMITTED}") / path
        committed.parent.mkdir(parents=True, exist_ok=True)
        disk.remove_tree(committed, inside=committed.parent)
        self.step(f"take out {path}")
        os.rename(directory / path, committed)

    def _link(self, project: Project, directory: Path, path: str) -> bool:
        kept, at = self.layout.persist(project) / path, directory / path
        if link_text(at) is not None and leads_into(at, self.layout.persist(project)):
            if Path(os.path.normpath(at.parent / str(link_text(at)))) == kept:
                return False
            remove_link(at)
        self.step(f"link {path}")
        at.parent.mkdir(parents=True, exist_ok=True)
        if os.path.lexists(at):
            return False
        self._link_back(kept, at)
        return True


def _find(directory: Path, patterns: Patterns, ours: Path | None, prefix: str = "") -> Iterator[str]:
    """The outermost persistent entries of a directory, as relative paths; links into `ours` are not entries but links.

    Side files come before their database, so that a move cut short never parts a database from its journal for good.
    """
    with os.scandir(directory) as entries:
        found = sorted(entries, key=lambda entry: (not entry.name.endswith(SIDE_FILES), entry.name))
    for entry in found:
        path = prefix + entry.name
        if (not prefix and entry.name == VENV) or entry.name.startswith((MOVED_OUT, _COMING)):
            continue
        if ours is not None and entry.is_symlink() and leads_into(Path(entry.path), ours):
            continue
        folder = entry.is_dir(follow_symlinks=False)
        if patterns.matches(path) or (not folder and patterns.takes_along(path)):
            yield path
        elif folder:
            yield from _find(Path(entry.path), patterns, ours, path + "/")


def _make_room(folder: Path, root: Path) -> None:
    """Make a folder below `root`; a file that stands where a folder is needed now is moved out of the way, not lost."""
    missing = [folder, *(parent for parent in folder.parents if root in parent.parents)]
    for part in reversed(missing):
        if os.path.lexists(part) and not part.is_dir() and part != root:
            number = 1
            while os.path.lexists(part.with_name(f"{part.name}.was-a-file-{number}")):
                number += 1
            os.rename(part, part.with_name(f"{part.name}.was-a-file-{number}"))
    folder.mkdir(parents=True, exist_ok=True)


def remove_copied(path: Path) -> None:
    """Remove an original whose durable copy is ours; it lies in the user's directory under a name of our making."""
    if not path.name.startswith(MOVED_OUT):
        raise SwitchError(f"{path} is not ours to remove", path=str(path))
    inside = Path(os.path.realpath(path.parent))
    disk.remove_tree(inside / path.name, inside=inside)
