"""The guests of this service's life: who is here, how each fares, and who is told of it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from actors.errors import Busy
from actors.sandbox.shapes import MOST_LINES, Guest, GuestState, Step
from runtime.shell import Cancel

MOST_GUESTS = 4  # at a time: each may take its memory
ALIVE = (GuestState.PREPARING, GuestState.RUNNING)

OnStep = Callable[[Guest, Step], None]
OnChange = Callable[[Guest], None]


class Guests:
    """Any thread. Who listens is told in the thread that changed something, never under the lock."""

    def __init__(self, on_step: OnStep, on_change: OnChange) -> None:
        self._on_step, self._on_change = on_step, on_change
        self._lock = threading.Lock()
        self._known: dict[str, Guest] = {}
        self._cancels: dict[str, Cancel] = {}

    def admit(self, guest: Guest) -> Cancel:
        """One more; what ends it. Raises Busy when there are as many as may be."""
        with self._lock:
            busy = sum(known.state in ALIVE for known in self._known.values())
            if busy >= MOST_GUESTS:
                raise Busy(f"{busy} third-party repositories run already", "Stop one of them first.")
            self._known[guest.id] = guest
            cancel = self._cancels[guest.id] = Cancel()
        return cancel

    def adopt(self, guest: Guest) -> None:
        """One of an earlier service's life is known from now on."""
        with self._lock:
            self._known.setdefault(guest.id, guest)

    def all(self) -> dict[str, Guest]:
        """Everybody by id."""
        with self._lock:
            return dict(self._known)

    def note(self, guest: str, step: Step) -> None:
        """A command has ended."""
        with self._lock:
            known = self._known.get(guest)
            if known is not None:
                known = self._known[guest] = replace(known, steps=(*known.steps, step)[-MOST_LINES:])
        if known is not None:
            self._on_step(known, step)

    def change(self, guest: str, **changes: Any) -> Guest | None:
        """Another state; None when nobody knows the guest."""
        with self._lock:
            known = self._known.get(guest)
            if known is not None:
                known = self._known[guest] = replace(known, **changes)
        if known is not None:
            self._on_change(known)
        return known

    def end(self, guest: str) -> None:
        """Give up what is being done for it."""
        with self._lock:
            cancel = self._cancels.get(guest)
        if cancel is not None:
            cancel.set()

    def forget(self, guest: str) -> None:
        """It is gone."""
        with self._lock:
            self._known.pop(guest, None)
            self._cancels.pop(guest, None)

    def waiting(self) -> tuple[Cancel, ...]:
        """What ends each of them."""
        with self._lock:
            return tuple(self._cancels.values())
