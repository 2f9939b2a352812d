"""What is known of the projects: one record each, numbered for good."""

from __future__ import annotations

import difflib
from dataclasses import replace
from typing import Any

from actors.errors import NameTaken, NoSuchProject
from actors.model.project import Project
from actors.records.codec import project_in, project_out
from runtime.store import Store
from runtime.table import Table


class ProjectRecords:
    """Projects by name and by number. Any thread."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._by_no = Table(store, "project", schema=1, encode=project_out, decode=project_in)
        self._names: Table[dict[str, Any]] = Table(store, "project-name", schema=1, encode=dict, decode=dict)

    def add(self, project: Project) -> Project:
        """Store a new project under the next number (its `no` is ignored); raises NameTaken."""
        with self._store.transaction():
            if self._names.get(project.name) is not None:
                raise NameTaken(f"there is a project {project.name}", "Choose another name.", name=project.name)
            numbered = replace(project, no=self._store.next_number("project"))
            self._write(numbered)
        return numbered

    def skip(self, no: int) -> bool:
        """No new project gets a number up to this one; whether one might have."""
        return self._store.skip_numbers("project", no)

    def get(self, name: str) -> Project:
        """The project of that name; raises NoSuchProject, which names the nearest ones."""
        found = self._names.get(name)
        project = None if found is None else self._by_no.get(_key(found["no"]))
        if project is None:
            near = ", ".join(self.nearest(name))
            hint = f"Did you mean {near}?" if near else "See `vanka status` for all of them."
            raise NoSuchProject(f"there is no project {name}", hint, name=name, nearest=near)
        return project

    def by_no(self, no: int) -> Project:
        """The project of that number; raises NoSuchProject."""
        project = self._by_no.get(_key(no))
        if project is None:
            raise NoSuchProject(f"there is no project number {no}", "It was removed.", name=f"#{no}", nearest="")
        return project

    def all(self) -> list[Project]:
        """Every project, by name."""
        return sorted((project for _key, project in self._by_no.scan()), key=lambda project: project.name.casefold())

    def nearest(self, name: str, most: int = 3) -> list[str]:
        """The names that look most like this one."""
        names = {known.casefold(): known for known, _no in self._names.scan()}
        return [names[close] for close in difflib.get_close_matches(name.casefold(), names, most, 0.5)]

    def change(self, no: int, **changes: Any) -> Project:
        """The project with those fields changed, stored; raises NoSuchProject, NameTaken."""
        with self._store.transaction():
            old = self.by_no(no)
            new = replace(old, **changes)
            if new.name != old.name:
                if self._names.get(new.name) is not None:
                    raise NameTaken(f"there is a project {new.name}", "Choose another name.", name=new.name)
                self._names.delete(old.name)
            self._write(new)
        return new

    def remove(self, project: Project) -> None:
        """Forget it; its number is not used again."""
        with self._store.transaction():
            self._names.delete(project.name)
            self._by_no.delete(_key(project.no))

    def _write(self, project: Project) -> None:
        self._by_no.put(_key(project.no), project)
        self._names.put(project.name, {"no": project.no})


def _key(no: int) -> str:
    return f"{no:08d}"
