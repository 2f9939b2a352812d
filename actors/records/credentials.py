"""How a private repository is reached, and the secret that signs a project's hooks: sealed, by project."""

from __future__ import annotations

import secrets
from typing import Any

from actors.model.project import Project
from actors.source import Access, Repository, Sources, parse
from runtime.store import Store
from runtime.table import Table
from runtime.vault import Secret, Vault

KINDS = ("token", "username", "ssh_key", "hook")


class CredentialRecords:
    """Credentials by project and kind. Any thread."""

    def __init__(self, store: Store, vault: Vault) -> None:
        self._store, self._vault = store, vault
        self._sealed: Table[dict[str, Any]] = Table(store, "credential", schema=1, encode=dict, decode=dict)

    def access(self, project: Project) -> Access:
        """What opens the project's repository; empty for a public one. Raises WrongKey."""
        username = self._get(project, "username")
        return Access(
            token=self._get(project, "token"),
            username=None if username is None else username.reveal(),
            ssh_key=self._get(project, "ssh_key"),
        )

    def set_access(self, project: Project, access: Access) -> None:
        """Store what was given; what is None stays as it was."""
        with self._store.transaction():
            self._put(project, "token", access.token)
            self._put(project, "username", None if access.username is None else Secret(access.username))
            self._put(project, "ssh_key", access.ssh_key)

    def forget_access(self, project: Project) -> None:
        """What opened the project's repository opens nothing any more."""
        with self._store.transaction():
            for kind in ("token", "username", "ssh_key"):
                self._sealed.delete(_key(project, kind))

    def repository(self, sources: Sources, project: Project) -> Repository:
        """The project's repository, reached with its credentials."""
        return sources.repository(parse(project.url), self.access(project))

    def hook_secret(self, project: Project) -> Secret:
        """The secret that signs the project's webhook; made when it is first asked for."""
        known = self._get(project, "hook")
        if known is None:
            known = Secret(secrets.token_hex(20))
            self._put(project, "hook", known)
        return known

    def remove_all(self, project: Project) -> None:
        """Forget the credentials of a removed project."""
        with self._store.transaction():
            for kind in KINDS:
                self._sealed.delete(_key(project, kind))

    def reseal(self, project: Project) -> int:
        """Seal every credential anew with the first key; how many there were."""
        count = 0
        with self._store.transaction():
            for kind in KINDS:
                plain = self._sealed.get(_key(project, kind))
                if plain is not None:
                    sealed = self._vault.reseal(_owner(project), kind, plain["sealed"])
                    self._sealed.put(_key(project, kind), {"sealed": sealed})
                    count += 1
        return count

    def _get(self, project: Project, kind: str) -> Secret | None:
        plain = self._sealed.get(_key(project, kind))
        return None if plain is None else self._vault.open(_owner(project), kind, plain["sealed"])

    def _put(self, project: Project, kind: str, value: Secret | None) -> None:
        if value is not None:
            sealed = self._vault.seal(_owner(project), kind, value)
            self._sealed.put(_key(project, kind), {"sealed": sealed})


def _owner(project: Project) -> str:
    return f"project/{project.no}/access"


def _key(project: Project, kind: str) -> str:
    return f"{project.no:08d}/{kind}"
