"""The variables of the projects: sealed values; those of a test run are laid over the others."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from actors.errors import BadVariable, Unknown
from actors.model.project import Environment, Project
from actors.records.codec import time_in, time_out
from runtime.clock import Clock
from runtime.store import Store
from runtime.table import Table
from runtime.vault import Secret, Vault

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")
MOST_BYTES = 64 * 1024  # a value; Linux takes 128 KiB for one string of an environment


@dataclass(frozen=True)
class VariableInfo:
    """What may be shown of a variable. `tail`: the last two characters of a long value, else empty."""

    name: str
    set_at: datetime
    tail: str
    overrides: bool


class VariableRecords:
    """Variables by project, environment and name. Any thread. Values leave it only as Secret."""

    def __init__(self, store: Store, vault: Vault, clock: Clock) -> None:
        self._store, self._vault, self._clock = store, vault, clock
        self._sealed: Table[dict[str, Any]] = Table(store, "variable", schema=1, encode=dict, decode=dict)

    def set(self, project: Project, name: str, value: Secret, *, test: bool) -> None:
        """Seal and store a value; raises BadVariable."""
        check_variable(name, value)
        sealed = self._vault.seal(_owner(project, test), name, value)
        self._sealed.put(_key(project, test, name), {"sealed": sealed, "set_at": time_out(self._clock.now())})

    def unset(self, project: Project, name: str, *, test: bool) -> None:
        """Forget a variable; raises Unknown."""
        if not self._sealed.delete(_key(project, test, name)):
            raise Unknown(f"{project.name} has no variable {name}", f"See `vanka vars {project.name}`.", name=name)

    def reveal(self, project: Project, name: str, *, test: bool) -> Secret:
        """The value; raises Unknown, WrongKey."""
        found = self._sealed.get(_key(project, test, name))
        if found is None:
            raise Unknown(f"{project.name} has no variable {name}", f"See `vanka vars {project.name}`.", name=name)
        return self._vault.open(_owner(project, test), name, found["sealed"])

    def shown(self, project: Project, *, test: bool) -> list[VariableInfo]:
        """What may be shown, by name."""
        others = {name for name, _plain in self._of(project, not test)}
        return [
            VariableInfo(
                name,
                time_in(plain["set_at"]),
                _tail(self._vault.open(_owner(project, test), name, plain["sealed"])),
                test and name in others,
            )
            for name, plain in self._of(project, test)
        ]

    def values(self, project: Project, environment: Environment) -> list[tuple[str, Secret]]:
        """What a program of that environment gets, by name; raises WrongKey."""
        merged = {
            name: self._vault.open(_owner(project, test), name, plain["sealed"])
            for test in ((False, True) if environment is Environment.TEST else (False,))
            for name, plain in self._of(project, test)
        }
        return sorted(merged.items())

    def remove_all(self, project: Project) -> None:
        """Forget the variables of a removed project."""
        with self._store.transaction():
            for test in (False, True):
                for name, _plain in list(self._of(project, test)):
                    self._sealed.delete(_key(project, test, name))

    def reseal(self, project: Project) -> int:
        """Seal every value anew with the first key; how many there were."""
        count = 0
        with self._store.transaction():
            for test in (False, True):
                for name, plain in list(self._of(project, test)):
                    sealed = self._vault.reseal(_owner(project, test), name, plain["sealed"])
                    self._sealed.put(_key(project, test, name), {**plain, "sealed": sealed})
                    count += 1
        return count

    def _of(self, project: Project, test: bool) -> Iterator[tuple[str, dict[str, Any]]]:
        for key, plain in self._sealed.scan(_key(project, test, "")):
            yield key.rpartition("/")[2], plain


def check_variable(name: str, value: Secret) -> None:
    """Raises BadVariable for a name or a value that no process can get, and for the names that Vanka sets itself."""
    if not NAME.fullmatch(name):
        raise BadVariable(
            f"{name!r} is no variable name", "Use letters, digits and _, not starting with a digit.", name=name
        )
    if name.startswith("VANKA_"):
        raise BadVariable(f"{name} is set by Vanka itself", "Choose a name that does not start with VANKA_.", name=name)
    text = value.reveal()
    if "\0" in text:
        raise BadVariable(f"the value of {name} holds a zero byte", "No process can get such a value.", name=name)
    if len(text.encode("utf-8", "surrogateescape")) > MOST_BYTES:
        raise BadVariable(f"the value of {name} is longer than 64 KB", "Put it into a file of its own.", name=name)


def _tail(value: Secret) -> str:
    text = value.reveal()
    return text[-2:] if len(text) >= 12 else ""


def _owner(project: Project, test: bool) -> str:
    return f"project/{project.no}/{'test' if test else 'run'}"


def _key(project: Project, test: bool, name: str) -> str:
    return f"{project.no:08d}/{'t' if test else 'r'}/{name}"
