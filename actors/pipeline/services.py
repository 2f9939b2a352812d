"""What a deployment works with: the doors and records, handed in once by the tree."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from actors.artifacts.cleaner import Cleaner, CleanUp, Wanted
from actors.artifacts.layout import Layout
from actors.artifacts.releases import Releases
from actors.artifacts.target import Target
from actors.engines.engine import Engine
from actors.errors import NoEngine
from actors.model.project import Project
from actors.pipeline.board import Board
from actors.pipeline.places import Places
from actors.records import Records
from actors.rollout.strategy import Strategy
from actors.source import Repository, Sources
from runtime import log
from runtime.clock import Clock
from runtime.meters import Meters
from runtime.output import OutputFile
from runtime.redact import Redactor
from runtime.rotation import Rotation

say = log.get("vanka.output")


def _not_rotated(file: Path, error: Exception) -> None:
    say.warning("a program's output cannot be kept small", file=str(file), error=str(error))


@dataclass(frozen=True)
class Services:
    """Everything below the actors. Safe to use from any job's thread."""

    clock: Clock
    layout: Layout
    records: Records
    sources: Sources
    releases: Releases
    cleaner: Cleaner
    targets: Target
    strategy: Strategy
    engines: Mapping[str, Engine]
    redactor: Redactor
    meters: Meters = field(default_factory=Meters)
    board: Board = field(default_factory=Board)
    places: Places = field(default_factory=Places)
    rotation: Rotation = field(default_factory=lambda: Rotation(_not_rotated))
    verify_alive_s: float = 5.0

    def engine(self, name: str) -> Engine:
        """The engine of that name; raises NoEngine."""
        found = self.engines.get(name)
        if found is None:
            raise NoEngine(f"there is no engine {name}", f"Use one of: {', '.join(sorted(self.engines))}.", engine=name)
        return found

    def repository(self, project: Project) -> Repository:
        """The project's repository, with its access from the vault."""
        return self.records.credentials.repository(self.sources, project)

    def tail(self, log: Path, lines: int, *, since: int = 0) -> list[str]:
        """The last lines of an output file, secrets masked. `since`: nothing that was written before that size."""
        return [self.redactor.clean(line) for line in OutputFile(log).tail(lines, since=since)]

    def clean(self, project: Project) -> CleanUp:
        """The ordinary clean-up after a deployment; no deployment of the project may be under way."""
        with self.places.idle(project) as idle:
            done = self.cleaner.tidy(replace(self._wanted(project), idle=idle))
        self._note_what_went(project)
        for trouble in done.problems:
            say.warning("the clean-up goes on without it", project=project.name, trouble=trouble)
        return done

    def first_aid(self, need_bytes: int) -> CleanUp:
        """Remove what no way back needs until so much is free; projects that are being deployed are left alone."""
        projects = [p for p in self.records.projects.all() if not self.records.deployments.unfinished(p)]
        done = self.cleaner.first_aid([self._wanted(project) for project in projects], need_bytes)
        for project in projects:
            self._note_what_went(project)
        return done

    def _note_what_went(self, project: Project) -> None:
        """A version whose release is not on disk any more is not one that is back in a moment."""
        versions, on_disk = self.records.versions, set(self.releases.versions(project))
        if all(version.number in on_disk for version in versions.of(project) if version.built):
            return
        with self.records.store.transaction():  # one may just be built again, or the project removed
            for version in versions.of(project):
                if version.built and not self.releases.is_whole(project, version.number):
                    versions.put(project, replace(version, built=False))

    def _wanted(self, project: Project) -> Wanted:
        records = self.records
        before = records.versions.before(project, records.versions.current(project))
        undecided = records.deployments.undecided(project)
        busy = [*records.deployments.unfinished(project), *([undecided[0]] if undecided is not None else [])]
        testing = frozenset(deployment.version for deployment in busy if deployment.version is not None)
        return Wanted(project, records.versions.of(project), None if before is None else before.number, testing)
