"""Every deployment there ever was: permanent records, found by id, by project and over all."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from actors.errors import NoSuchDeployment
from actors.model.deployment import Deployment, Kind, State, move
from actors.model.project import Environment, Project
from actors.records.codec import deployment_in, deployment_out, time_in, time_out
from runtime.store import Store
from runtime.table import Table


class DeploymentRecords:
    """Deployments; the unfinished ones are kept in an index of their own, so that a start finds them at once."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._all = Table(store, "deployment", schema=1, encode=deployment_out, decode=deployment_in)
        self._of: Table[dict[str, Any]] = Table(store, "deployment-of", schema=1, encode=dict, decode=dict)
        self._undecided: Table[dict[str, Any]] = Table(store, "test-undecided", schema=1, encode=dict, decode=dict)
        self._open: Table[dict[str, Any]] = Table(store, "deployment-open", schema=1, encode=dict, decode=dict)

    def open(
        self, project: Project, kind: Kind, environment: Environment, asked_by: str, at: datetime, **fields: Any
    ) -> Deployment:
        """A new queued deployment, stored."""
        with self._store.transaction():
            deployment = Deployment(
                id=f"d{self._store.next_number('deployment'):08d}",
                project=project.name,
                kind=kind,
                environment=environment,
                asked_by=asked_by,
                queued_at=at,
                **fields,
            )
            self._of.put(f"{project.no:08d}/{deployment.id}", {})
            self._open.put(f"{project.no:08d}/{deployment.id}", {})
            self._all.put(deployment.id, deployment)
        return deployment

    def skip(self, number: int) -> bool:
        """No new deployment gets an id up to this number; whether one might have."""
        return self._store.skip_numbers("deployment", number)

    def put(self, project: Project, deployment: Deployment) -> Deployment:
        """Store what changed; an ended one leaves the index of the open ones. Returns it."""
        with self._store.transaction():
            self._all.put(deployment.id, deployment)
            if deployment.ended:
                self._open.delete(f"{project.no:08d}/{deployment.id}")
        return deployment

    def move(
        self, project: Project, deployment: Deployment, state: State, at: datetime, error: str | None = None
    ) -> Deployment:
        """The deployment in its new state, stored; raises IllegalMove."""
        return self.put(project, move(deployment, state, at, error))

    def get(self, deployment_id: str) -> Deployment:
        """That deployment; raises NoSuchDeployment."""
        found = self._all.get(deployment_id)
        if found is None:
            raise NoSuchDeployment(
                f"there is no deployment {deployment_id}", "See `vanka history NAME`.", id=deployment_id
            )
        return found

    def of(self, project: Project, limit: int | None = None) -> list[Deployment]:
        """The project's deployments, newest first."""
        keys = self._of.scan(f"{project.no:08d}/", newest_first=True, limit=limit)
        return [self.get(key.rpartition("/")[2]) for key, _nothing in keys]

    def unfinished(self, project: Project) -> list[Deployment]:
        """Those that have not ended, oldest first."""
        return [self.get(key.rpartition("/")[2]) for key, _nothing in self._open.scan(f"{project.no:08d}/")]

    def journal(self, limit: int = 50, skip: int = 0) -> list[Deployment]:
        """Over all projects, newest first."""
        found = self._all.scan(newest_first=True, limit=limit + skip)
        return [deployment for _key, deployment in found][skip:]

    def undecided(self, project: Project) -> tuple[Deployment, datetime] | None:
        """The test that has ended and waits for promote or discard, and since when; None: nothing waits."""
        found = self._undecided.get(f"{project.no:08d}")
        return None if found is None else (self.get(found["id"]), time_in(found["since"]))

    def set_undecided(self, project: Project, deployment: Deployment | None, since: datetime) -> None:
        """A test waits for a decision from now on; None: it was decided."""
        if deployment is None:
            self._undecided.delete(f"{project.no:08d}")
        else:
            self._undecided.put(f"{project.no:08d}", {"id": deployment.id, "since": time_out(since)})

    def rename(self, project: Project, name: str) -> None:
        """Follow a project's new name in all its records."""
        with self._store.transaction():
            for deployment in self.of(project):
                self._all.put(deployment.id, replace(deployment, project=name))
