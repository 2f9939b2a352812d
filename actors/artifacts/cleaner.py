"""Clean-up: what no way back needs any more goes; never data, never what is not ours, and before the disk is full.

Only entries of `projects/<no>/releases`, `environments` and `deployments` are ever removed, each known by its
own kind of name. `persist`, `aside` and `replaced` are not entered.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from actors.artifacts import disk
from actors.artifacts.environments import Environments
from actors.artifacts.exchange import link_text
from actors.artifacts.layout import Layout
from actors.artifacts.manifest import VENV
from actors.artifacts.releases import STAGED, Releases, version_of
from actors.artifacts.target import Target
from actors.errors import SwitchError
from actors.model.project import Project
from actors.model.version import Version

KEEP_LOGS = 50
MAX_LOG_BYTES = 200 * 1024 * 1024
GRACE_S = 3600.0
GRACE_LOW_DISK_S = 900.0  # an environment that was just made or chosen is not linked into its release yet


@dataclass(frozen=True)
class Removed:
    """One thing that was removed, the bytes that it took, and why it could go."""

    path: Path
    bytes: int
    why: str


@dataclass(frozen=True)
class CleanUp:
    """What a clean-up removed. `problems`: what it could not remove, one sentence each; it went on with the rest."""

    removed: tuple[Removed, ...] = ()
    problems: tuple[str, ...] = ()

    @property
    def bytes(self) -> int:
        """How much was freed."""
        return sum(one.bytes for one in self.removed)


@dataclass(frozen=True)
class Wanted:
    """A project with what must stay: `versions` as recorded, `previous` the one that ran before.

    `testing`: the versions under test or being deployed at the moment. `idle`: nothing is being built, so what a build
    left is a leftover, however young it is.
    """

    project: Project
    versions: Sequence[Version] = ()
    previous: int | None = None
    testing: frozenset[int] = frozenset()
    idle: bool = False


@dataclass
class _Work:
    """A clean-up under way: one thing that cannot be removed does not keep the others."""

    removed: list[Removed] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def remove(self, path: Path, why: str, how: Callable[[], int]) -> None:
        try:
            self.removed.append(Removed(path, how(), why))
        except (OSError, SwitchError) as error:
            self.problems.append(f"{path} could not be removed: {error}")

    def add(self, other: _Work) -> None:
        self.removed.extend(other.removed)
        self.problems.extend(other.problems)

    def report(self) -> CleanUp:
        return CleanUp(tuple(self.removed), tuple(self.problems))


def way_back(wanted: Wanted, current: int | None) -> frozenset[int]:
    """The versions that are never removed: what runs, what ran before, the proven way back, pinned ones, under test."""
    pinned = {version.number for version in wanted.versions if version.pinned}
    proven = [v.number for v in wanted.versions if v.proven and not v.failed and v.number != current]
    before = [number for number in proven if current is None or number < current]
    last_proven = {max(before or proven)} if proven else set()
    return frozenset(n for n in (*pinned, *last_proven, *wanted.testing, current, wanted.previous) if n is not None)


def to_keep(wanted: Wanted, current: int | None, on_disk: Iterable[int]) -> frozenset[int]:
    """The versions that an ordinary clean-up keeps: the way back, and the newest of those on disk."""
    newest = sorted(on_disk, reverse=True)[: max(wanted.project.keep, 1)]
    return way_back(wanted, current) | frozenset(newest)


def _seconds() -> float:
    return time.time()  # compared with the times of files


def _free(path: Path) -> int:
    return shutil.disk_usage(path).free


@dataclass(frozen=True)
class Cleaner:
    """Cleans one home. Blocking, safe from any thread; a project must not be deploying while it is cleaned."""

    layout: Layout
    releases: Releases
    environments: Environments
    target: Target
    seconds: Callable[[], float] = _seconds
    free: Callable[[Path], int] = field(default=_free)

    def tidy(self, wanted: Wanted) -> CleanUp:
        """The ordinary clean-up of one project, after a deployment."""
        current = self.target.current(wanted.project)
        keep = to_keep(wanted, current, self.releases.versions(wanted.project))
        done = self._leftovers(wanted.project, idle=wanted.idle)
        done.add(self._old_releases(wanted.project, keep))
        done.add(self._unused_environments(wanted.project, GRACE_S))
        done.add(self._old_logs(wanted.project))
        return done.report()

    def first_aid(self, everybody: Sequence[Wanted], need_bytes: int) -> CleanUp:
        """Free the disk until `need_bytes` are free: leftovers first, then what is only convenient to have.

        Never a way back: see `way_back`. Ends early when there is room, or when nothing is left that may go.
        """
        done = _Work()
        for step in self._aids(everybody):
            if self.free(self._existing_home()) >= need_bytes:
                break
            done.add(step())
        return done.report()

    def forget(self, project: Project) -> tuple[Path, ...]:
        """Remove everything of a project that was removed, but its data: where that is kept now (nothing: empty).

        The target must have been given back before.
        """
        folder = self.layout.project(project)
        if not folder.is_dir():
            return ()
        kept = []
        for source in (self.layout.persist(project), self.layout.aside(project), self.layout.replaced(project)):
            if source.is_dir() and any(it.is_symlink() or not it.is_dir() for it in source.rglob("*")):
                to = self.layout.kept / f"{project.name}-{project.no}" / source.name
                to.parent.mkdir(parents=True, exist_ok=True)
                os.rename(source, to)
                disk.sync_directory(to.parent)
                kept.append(to)
        disk.remove_tree(folder, inside=self.layout.projects)
        return tuple(kept)

    def _aids(self, everybody: Sequence[Wanted]) -> Iterator[Callable[[], _Work]]:
        for wanted in everybody:
            yield partial(self._leftovers, wanted.project)
            yield partial(self._unused_environments, wanted.project, GRACE_LOW_DISK_S)
            yield partial(self._old_logs, wanted.project)
        aged = [
            (age, wanted, number)
            for wanted in everybody
            for age, number in enumerate(reversed(self.releases.versions(wanted.project)))
        ]
        for _, wanted, number in sorted(aged, key=lambda entry: -entry[0]):  # the furthest back of any project first
            yield partial(self._one_release, wanted, number)
        for wanted in everybody:
            yield partial(self._unused_environments, wanted.project, GRACE_LOW_DISK_S)

    def _one_release(self, wanted: Wanted, number: int) -> _Work:
        current = self.target.current(wanted.project)
        on_disk = frozenset(self.releases.versions(wanted.project))
        if number not in on_disk or number in way_back(wanted, current):
            return _Work()
        if not self._older(self.releases.path(wanted.project, number), GRACE_LOW_DISK_S):
            return _Work()  # just built: it may be on its way into the target
        return self._old_releases(wanted.project, on_disk - {number})

    def _leftovers(self, project: Project, *, idle: bool = False) -> _Work:
        """What crashed builds and removals left: names that only we give, and nobody works under at the moment."""
        done = _Work()
        places = (self.layout.releases(project), self.layout.environments(project), self.layout.project(project))
        for folder in places:
            for path in _entries(folder):
                nobodys = idle and path.name.startswith(STAGED)
                old = path.name.startswith((STAGED, ".scratch-")) and self._older(path, GRACE_S)
                if path.name.startswith(disk.TRASH) or nobodys or old:
                    done.remove(path, "left by a crash", partial(disk.remove_tree, path, inside=folder))
        for path in self.environments.directories(project):
            unfinished = self.environments.last_used(path) is None and self._older(path, GRACE_S)
            if unfinished and not self.environments.being_built(project):
                why = "an environment that was never finished"
                done.remove(path, why, partial(self.environments.remove, project, path))
        return done

    def _old_releases(self, project: Project, keep: frozenset[int]) -> _Work:
        """Directories of versions that are not kept, and older directories of versions that were built again."""
        done = _Work()
        in_use = self._in_use(project)
        for path in self.releases.directories(project):
            number = version_of(path.name)
            if number is None or path.name in in_use:
                continue
            newest = self.releases.path(project, number) == path
            if newest and number not in keep and not self._same_version_in_use(number, in_use):
                why = f"version {number} is not kept any more"
                done.remove(path, why, partial(self.releases.remove, project, number))
            elif not newest:
                why = f"version {number} was built again"
                done.remove(path, why, partial(self.releases.remove_directory, project, path))
        return done

    def _in_use(self, project: Project) -> frozenset[str]:
        """The names of release directories that the target leads to, or that a switch speaks of."""
        held = self.target.holds(project)
        return self.target.journal.in_use(project) | ({held.name} if held is not None else set())

    def _same_version_in_use(self, number: int, in_use: frozenset[str]) -> bool:
        return any(version_of(name) == number for name in in_use)

    def _unused_environments(self, project: Project, grace: float) -> _Work:
        done = _Work()
        if self.environments.being_built(project):
            return done
        used = self._linked_environments(project)
        for path in self.environments.directories(project):
            last = self.environments.last_used(path)
            if path.name not in used and last is not None and last + grace < self.seconds():
                why = "no release uses this environment"
                done.remove(path, why, partial(self.environments.remove, project, path))
        return done

    def _linked_environments(self, project: Project) -> frozenset[str]:
        """The environments that any directory of a release or a test, finished or not, has a link to."""
        places = (*_entries(self.layout.releases(project)), *_entries(self.layout.project(project)))
        texts = (link_text(place / VENV) for place in places)
        return frozenset(text.name for text in texts if text is not None)

    def _old_logs(self, project: Project) -> _Work:
        """The logs of the last deployments stay, within a bound of bytes; their ids sort by time."""
        done = _Work()
        folder = self.layout.deployments(project)
        logs = sorted((path for path in _entries(folder) if path.name.endswith(".log")), reverse=True)
        total = 0
        for index, path in enumerate(logs):
            total += disk.tree_bytes(path)
            if index >= KEEP_LOGS or (index > 0 and total > MAX_LOG_BYTES):
                done.remove(path, "an old deployment's log", partial(disk.remove_tree, path, inside=folder))
        return done

    def _older(self, path: Path, seconds: float) -> bool:
        try:
            return path.lstat().st_mtime + seconds < self.seconds()
        except OSError:
            return False

    def _existing_home(self) -> Path:
        return self.layout.home if self.layout.home.is_dir() else self.layout.home.parent


def _entries(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() and not folder.is_symlink() else []
