"""Third-party repositories on record: what was asked for, how it stands, and their secrets, sealed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from actors.errors import Unknown
from actors.model.guest import MOST_STEPS, Ending, Guest, GuestState, Step, Wish
from actors.records.codec import time_in, time_out
from actors.records.variables import check_variable
from actors.source import Access
from runtime.clock import Clock
from runtime.store import Store
from runtime.table import Table
from runtime.vault import Secret, Vault

ACCESS = ("token", "username", "ssh_key")
MOST_VARIABLES = 50


@dataclass(frozen=True)
class GuestVariable:
    """What may be shown of a guest's variable."""

    name: str
    set_at: datetime


class GuestRecords:
    """Guests by id. Any thread. Secrets may be there before the guest is: they wait under the id that it will have.

    What they are sealed for is one guest's: a value that was copied to another does not open.
    """

    def __init__(self, store: Store, vault: Vault, clock: Clock) -> None:
        self._store, self._vault, self._clock = store, vault, clock
        self._guests: Table[dict[str, Any]] = Table(store, "guest", schema=1, encode=dict, decode=dict)
        self._steps: Table[dict[str, Any]] = Table(store, "guest-step", schema=1, encode=dict, decode=dict)
        self._variables: Table[dict[str, Any]] = Table(store, "guest-variable", schema=1, encode=dict, decode=dict)
        self._access: Table[dict[str, Any]] = Table(store, "guest-access", schema=1, encode=dict, decode=dict)

    # --- guests

    def all(self, outputs: Path) -> list[Guest]:
        """Everybody with their commands; the output of a guest's commands is below `outputs`, in a folder of its id."""
        steps: dict[str, list[Step]] = {}
        for key, plain in self._steps.scan():
            guest = key.partition("/")[0]
            steps.setdefault(guest, []).append(_step_in(plain, outputs / guest))
        return [
            replace(_guest_in(plain), steps=tuple(steps.get(key, ()))[-MOST_STEPS:])
            for key, plain in self._guests.scan()
        ]

    def put(self, guest: Guest) -> None:
        """Store how it stands; its commands are stored one by one."""
        self._guests.put(guest.id, _guest_out(guest))

    def add_step(self, guest: Guest, step: Step) -> None:
        """One more command that has ended; of more than a dozen the oldest goes."""
        with self._store.transaction():
            self._guests.put(guest.id, _guest_out(guest))
            self._steps.put(f"{guest.id}/{step.number:08d}", _step_out(step))
            kept = [key for key, _plain in self._steps.scan(f"{guest.id}/")]
            for key in kept[:-MOST_STEPS]:
                self._steps.delete(key)

    def forget(self, guest: str) -> None:
        """Nothing of it is left, its secrets first of all."""
        with self._store.transaction():
            self._forget_secrets(guest)
            for key, _plain in list(self._steps.scan(f"{guest}/")):
                self._steps.delete(key)
            self._guests.delete(guest)

    # --- their secrets

    def set_variable(self, guest: str, name: str, value: Secret) -> None:
        """Seal and store a value; raises BadVariable."""
        check_variable(name, value)
        sealed = self._vault.seal(_owner(guest), name, value)
        self._variables.put(f"{guest}/{name}", {"sealed": sealed, "set_at": time_out(self._clock.now())})

    def unset_variable(self, guest: str, name: str) -> None:
        """Forget a variable; raises Unknown."""
        if not self._variables.delete(f"{guest}/{name}"):
            raise Unknown(f"there is no variable {name}", "Look at the list again.", name=name)

    def variables(self, guest: str) -> list[GuestVariable]:
        """The names, in order; no value is opened for it."""
        found = self._variables.scan(f"{guest}/")
        return [GuestVariable(key.partition("/")[2], time_in(plain["set_at"])) for key, plain in found]

    def values(self, guest: str) -> dict[str, Secret]:
        """What its commands get; raises WrongKey."""
        return {
            (name := key.partition("/")[2]): self._vault.open(_owner(guest), name, plain["sealed"])
            for key, plain in self._variables.scan(f"{guest}/")
        }

    def set_access(self, guest: str, access: Access) -> None:
        """What opens its repository, in place of what was there."""
        given = {
            "token": access.token,
            "username": None if access.username is None else Secret(access.username),
            "ssh_key": access.ssh_key,
        }
        at = time_out(self._clock.now())
        with self._store.transaction():
            for kind, value in given.items():
                key = f"{guest}/{kind}"
                if value is None:
                    self._access.delete(key)
                else:
                    sealed = self._vault.seal(_owner(guest, "access"), kind, value)
                    self._access.put(key, {"sealed": sealed, "set_at": at})

    def access(self, guest: str) -> Access:
        """What opens its repository; empty for a public one. Raises WrongKey."""
        held = {
            kind: self._vault.open(_owner(guest, "access"), kind, plain["sealed"])
            for kind in ACCESS
            if (plain := self._access.get(f"{guest}/{kind}")) is not None
        }
        username = held.get("username")
        return Access(
            token=held.get("token"),
            username=None if username is None else username.reveal(),
            ssh_key=held.get("ssh_key"),
        )

    def drop_drafts(self, older_than: timedelta) -> int:
        """Forget secrets that nobody came to use: for whom they are was never begun. How many there were."""
        known = {key for key, _plain in self._guests.scan()}
        before = self._clock.now() - older_than
        gone = 0
        for table in (self._variables, self._access):
            for key, plain in list(table.scan()):
                if key.partition("/")[0] not in known and time_in(plain["set_at"]) < before:
                    gone += table.delete(key)
        return gone

    def reseal(self) -> int:
        """Seal every secret anew with the first key; how many there were."""
        count = 0
        with self._store.transaction():
            for table, part in ((self._variables, "variables"), (self._access, "access")):
                for key, plain in list(table.scan()):
                    guest, _, name = key.partition("/")
                    sealed = self._vault.reseal(_owner(guest, part), name, plain["sealed"])
                    table.put(key, {**plain, "sealed": sealed})
                    count += 1
        return count

    def _forget_secrets(self, guest: str) -> None:
        for table in (self._variables, self._access):
            for key, _plain in list(table.scan(f"{guest}/")):
                table.delete(key)


def _owner(guest: str, part: str = "variables") -> str:
    return f"guest/{guest}/{part}"


def _guest_out(guest: Guest) -> dict[str, Any]:
    plain = dict(vars(guest))
    plain["wish"] = {**vars(guest.wish), "command": list(guest.wish.command)}
    plain["state"], plain["ending"] = guest.state.value, guest.ending.value
    for name in ("steps", "commands"):  # kept one by one; gone with the service that waited for them
        del plain[name]
    return plain


def _guest_in(plain: dict[str, Any]) -> Guest:
    wish = Wish(**{**plain["wish"], "command": tuple(plain["wish"]["command"])})
    return Guest(**{**plain, "wish": wish, "state": GuestState(plain["state"]), "ending": Ending(plain["ending"])})


def _step_out(step: Step) -> dict[str, Any]:
    return {**vars(step), "lines": list(step.lines), "file": step.file.name}


def _step_in(plain: dict[str, Any], folder: Path) -> Step:
    return Step(**{**plain, "lines": tuple(plain["lines"]), "file": folder / plain["file"]})
