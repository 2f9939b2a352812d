"""Durable facts, one owner each: every record that outlives the service is reached from here."""

from __future__ import annotations

from actors.model.project import Environment, Project
from actors.records.credentials import CredentialRecords
from actors.records.deployments import DeploymentRecords
from actors.records.guests import GuestRecords
from actors.records.projects import ProjectRecords
from actors.records.runs import RunRecords
from actors.records.thresholds import ThresholdRecords
from actors.records.variables import VariableRecords
from actors.records.versions import VersionRecords
from actors.records.watch import WatchRecords
from runtime.clock import Clock
from runtime.store import Store
from runtime.vault import Vault


class Records:
    """All records of one home. Any thread."""

    def __init__(self, store: Store, vault: Vault, clock: Clock) -> None:
        self.store = store
        self.vault = vault
        self.projects = ProjectRecords(store)
        self.variables = VariableRecords(store, vault, clock)
        self.versions = VersionRecords(store)
        self.deployments = DeploymentRecords(store)
        self.runs = RunRecords(store)
        self.watch = WatchRecords(store)
        self.credentials = CredentialRecords(store, vault)
        self.thresholds = ThresholdRecords(store)
        self.guests = GuestRecords(store, vault, clock)

    def forget(self, project: Project) -> None:
        """Remove a project and all that belongs to it but its deployments, which are permanent."""
        with self.store.transaction():
            self.projects.remove(project)
            self.versions.remove_all(project)
            self.variables.remove_all(project)
            self.credentials.remove_all(project)
            self.watch.forget(project)
            for environment in Environment:
                self.runs.clear(project, environment)

    def reseal(self) -> int:
        """Seal every secret anew with the first key; how many there were. One transaction a project."""
        own = (self.variables.reseal(project) + self.credentials.reseal(project) for project in self.projects.all())
        return sum(own) + self.guests.reseal()
