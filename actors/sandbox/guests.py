"""The guests of one home: who is here, how each fares; what is for longer than a command is on record first."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

from actors.errors import Busy, NothingToDo
from actors.model.guest import MOST_STEPS, Guest, Step
from actors.records.guests import GuestRecords
from runtime.errors import StoreError
from runtime.log import get
from runtime.output import OutputFile

MOST_ALIVE = 4  # at a time: each may take its memory
MOST_KNOWN = 20  # with those that have ended: each keeps the output of its last commands

say = get("vanka.sandbox")


class Guests:
    """Any thread. Passing guests, for whom a command line waits, are known here and not on record."""

    def __init__(self, records: GuestRecords, outputs: Path) -> None:
        self._records, self._outputs = records, outputs
        self._lock = threading.RLock()
        self._known = {guest.id: guest for guest in records.all(outputs)}
        self._passing: set[str] = set()

    def admit(self, guest: Guest, *, passing: bool = False) -> None:
        """One more. Raises Busy when there are as many as may be, StoreError when it cannot be put on record."""
        with self._lock:
            self.need_room()
            self._forget_the_oldest()
            if not passing:
                self._records.put(guest)
            self._known[guest.id] = guest
            if passing:
                self._passing.add(guest.id)

    def need_room(self) -> None:
        """Raises Busy when as many run as may."""
        with self._lock:
            busy = sum(known.alive for known in self._known.values())
            if busy >= MOST_ALIVE:
                raise Busy(f"{busy} third-party repositories run already", "Stop one of them first.")

    def all(self) -> list[Guest]:
        """Everybody, the newest first."""
        with self._lock:
            return sorted(self._known.values(), key=lambda guest: -guest.started_at)

    def staying(self) -> list[Guest]:
        """Those on record."""
        return [guest for guest in self.all() if guest.id not in self._passing]

    def get(self, guest: str) -> Guest:
        """One of them; raises NothingToDo when it is gone."""
        with self._lock:
            known = self._known.get(guest)
        if known is None:
            raise NothingToDo("that third-party repository is not here any more", "Run it again.")
        return known

    def knows(self, guest: str) -> bool:
        """Whether it is here."""
        with self._lock:
            return guest in self._known

    def change(self, guest: str, **changes: Any) -> Guest:
        """Another state; raises NothingToDo when nobody knows the guest.

        What cannot be put on record is true all the same: the next service looks for itself.
        """
        with self._lock:
            known = replace(self.get(guest), **changes)
            self._known[guest] = known
            if guest not in self._passing and set(changes) != {"commands"}:
                self._put(known, None)
        return known

    def note(self, guest: str, step: Step) -> tuple[Guest, Step]:
        """A command has ended: the guest with it, and the command with its number."""
        with self._lock:
            known = self.get(guest)
            numbered = replace(step, number=known.count + 1)
            steps = (*known.steps, numbered)
            known = replace(known, steps=steps[-MOST_STEPS:], count=numbered.number)
            self._known[guest] = known
            if guest not in self._passing:
                self._put(known, numbered)
        for old in steps[:-MOST_STEPS]:
            OutputFile(old.file).remove()
        return known, numbered

    def forget(self, guest: str) -> None:
        """It is gone, and its secrets with it."""
        with self._lock:
            if guest not in self._passing:
                self._records.forget(guest)
            self._known.pop(guest, None)
            self._passing.discard(guest)
        forget_files(self._outputs / guest)

    def _put(self, known: Guest, step: Step | None) -> None:
        try:
            if step is None:
                self._records.put(known)
            else:
                self._records.add_step(known, step)
        except StoreError as error:
            say.error("how a third-party repository stands could not be stored", url=known.wish.url, error=str(error))

    def _forget_the_oldest(self) -> None:
        """Of many that have ended, those that nobody watches go, the oldest first."""
        over = sorted(
            (known for known in self._known.values() if not known.alive and not known.wish.interval_s),
            key=lambda known: known.ended_at,
        )
        for known in over[: max(0, len(self._known) - MOST_KNOWN + 1)]:
            self.forget(known.id)
        if len(self._known) >= MOST_KNOWN:
            raise Busy(f"{len(self._known)} third-party repositories are kept", "Remove one of them first.")


def forget_files(folder: Path) -> None:
    """Take a folder of outputs away; gone is fine."""
    if folder.is_dir():
        for file in folder.iterdir():
            file.unlink(missing_ok=True)
        folder.rmdir()
