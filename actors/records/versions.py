"""Which commit got which number, and what became of it. Numbers are never reused."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from actors.errors import NoSuchVersion
from actors.model.project import Project
from actors.model.version import Commit, Version
from actors.records.codec import time_in, time_out, version_in, version_out
from runtime.store import Store
from runtime.table import Table


class VersionRecords:
    """Versions by project and number. Any thread."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._versions = Table(store, "version", schema=1, encode=version_out, decode=version_in)
        self._numbers: Table[dict[str, Any]] = Table(store, "version-of", schema=1, encode=dict, decode=dict)
        self._current: Table[dict[str, Any]] = Table(store, "version-current", schema=1, encode=dict, decode=dict)

    def number(self, project: Project, commit: Commit) -> Version:
        """The commit's version; the first time, the next number."""
        key = f"{project.no:08d}/{commit.sha}"
        with self._store.transaction():
            known = self._numbers.get(key)
            if known is not None:
                return self.get(project, known["number"])
            number = self._store.next_number(_series(project))
            version = Version(project=project.name, number=number, commit=commit, main=project.main)
            self._numbers.put(key, {"number": number})
            self.put(project, version)
        return version

    def skip(self, project: Project, number: int) -> bool:
        """No new version gets a number up to this one; whether one might have."""
        return self._store.skip_numbers(_series(project), number)

    def take_in(self, version: Version, project: Project) -> None:
        """Put a version on record that these records have lost; its number and its commit are free."""
        with self._store.transaction():
            self._numbers.put(f"{project.no:08d}/{version.commit.sha}", {"number": version.number})
            self.put(project, version)
            self.skip(project, version.number)

    def number_of(self, project: Project, sha: str) -> int | None:
        """The number that the commit has; None before it was first built."""
        found = self._numbers.get(f"{project.no:08d}/{sha}")
        return None if found is None else int(found["number"])

    def get(self, project: Project, number: int) -> Version:
        """That version; raises NoSuchVersion."""
        version = self._versions.get(_key(project, number))
        if version is None:
            raise NoSuchVersion(
                f"{project.name} has no version {number}",
                f"See `vanka versions {project.name}`.",
                name=project.name,
                version=str(number),
            )
        return version

    def put(self, project: Project, version: Version) -> None:
        """Store what changed of a version."""
        self._versions.put(_key(project, version.number), version)

    def change(self, project: Project, number: int, **changes: Any) -> Version:
        """The version with those fields changed, stored."""
        with self._store.transaction():
            version = replace(self.get(project, number), **changes)
            self.put(project, version)
        return version

    def of(self, project: Project, limit: int | None = None) -> list[Version]:
        """The project's versions, newest first."""
        found = self._versions.scan(f"{project.no:08d}/", newest_first=True, limit=limit)
        return [version for _key, version in found]

    def current(self, project: Project) -> int | None:
        """The version that production holds; None before the first deployment that was kept."""
        found = self._current.get(f"{project.no:08d}")
        return None if found is None else int(found["number"])

    def current_since(self, project: Project) -> datetime | None:
        """When the current version was kept; None where there is none."""
        found = self._current.get(f"{project.no:08d}")
        return None if found is None else time_in(found["since"])

    def set_current(self, project: Project, number: int, since: datetime) -> None:
        """Production holds that version from now on."""
        self._current.put(f"{project.no:08d}", {"number": number, "since": time_out(since)})

    def before(self, project: Project, number: int | None) -> Version | None:
        """The newest version older than that one that was once kept in production: where a rollback leads."""
        older = (v for v in self.of(project) if v.proven and (number is None or v.number < number))
        return next(older, None)

    def remove_all(self, project: Project) -> None:
        """Forget the versions of a removed project."""
        with self._store.transaction():
            for version in self.of(project):
                self._versions.delete(_key(project, version.number))
                self._numbers.delete(f"{project.no:08d}/{version.commit.sha}")
            self._current.delete(f"{project.no:08d}")


def _series(project: Project) -> str:
    return f"version/{project.no:08d}"


def _key(project: Project, number: int) -> str:
    return f"{project.no:08d}/{number:08d}"
