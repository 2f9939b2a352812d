"""What the stays of all guests share: the workshop, the records, patience with what keeps ending."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from actors.records.guests import GuestRecords
from actors.sandbox.guests import Guests
from actors.sandbox.preparing import Workshop
from runtime.backoff import Backoff
from runtime.intensity import Intensity
from runtime.shell import Cancel

ENDS = 5  # so many ends by itself ...
ENDS_WITHIN_S = 600.0  # ... in so many seconds, and production is not started any more
STEADY_S = 180.0  # up for so long: the pauses begin anew
PAUSES = Backoff(first=1.0, longest=60.0)


@dataclass(frozen=True)
class Hall:
    """`tell` publishes an event; `pauses` are those before a program is started again."""

    workshop: Workshop
    guests: Guests
    records: GuestRecords
    tell: Callable[[Any], object]
    pauses: Backoff = PAUSES

    def variables(self, guest: str) -> dict[str, str]:
        """What its commands get; raises WrongKey."""
        return {name: value.reveal() for name, value in self.records.values(guest).items()}


class Patience:
    """Counts the ends of one guest's program. Pure; one thread."""

    def __init__(self, pauses: Backoff) -> None:
        self._pauses = pauses
        self._ends = Intensity(ENDS, ENDS_WITHIN_S)
        self._in_a_row = 0

    @property
    def first(self) -> bool:
        """Whether the last end was the first of a series."""
        return self._in_a_row == 1

    def ended(self, now: float, lasted_s: float) -> float | None:
        """One more end: how long to wait before the next start; None when it is not to be started any more."""
        self._in_a_row = 1 if lasted_s >= STEADY_S else self._in_a_row + 1
        return self._pauses.pause(self._in_a_row) if self._ends.allow(now) else None

    def forget(self) -> None:
        """Another commit: nothing is held against it."""
        self._ends.clear()
        self._in_a_row = 0


class Orders:
    """What a stay was told from outside, and its pauses, which end early then. Any thread."""

    def __init__(self) -> None:
        self.end = Cancel()
        self.leaving = threading.Event()
        self._renewing = threading.Event()
        self._stir = threading.Condition()

    def stop(self, *, leave: bool = False) -> None:
        """End what is done; `leave`: because the service ends, and nothing is to be ended but our part in it."""
        if leave:
            self.leaving.set()
        self.end.set()
        self._stirred()

    def renew(self) -> None:
        """Something newer is to take the place of what runs."""
        self._renewing.set()
        self._stirred()

    def renewing(self) -> None:
        """That is being done."""
        self._renewing.clear()

    def interrupted(self) -> bool:
        """Whether there is something else to do."""
        return self.end.is_set() or self._renewing.is_set()

    def pause(self, seconds: float) -> None:
        """Wait so long, or until there is something else to do."""
        with self._stir:
            if not self.interrupted():
                self._stir.wait(seconds)

    def _stirred(self) -> None:
        with self._stir:
            self._stir.notify_all()
