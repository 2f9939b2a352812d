"""How everything stands, for screens that show all projects: looked up once for many who press at the same time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from actors.bot.sorting import ordered
from actors.control import Control, ProjectStatus
from actors.errors import VankaError
from runtime.clock import Clock

T = TypeVar("T")
LONGEST_S = 5.0
SHARE = 10.0  # a look that took 50 ms counts for half a second: with few projects nobody sees an old state
LOAD_S = 10.0


class Looked(Generic[T]):
    """One thing that is costly to look at. Any thread; one looks, the others wait for it and see the same."""

    def __init__(self, look: Callable[[], T], clock: Clock, least: float) -> None:
        self._look, self._clock, self._least = look, clock, least
        self._lock = threading.Lock()
        self._seen: list[T] = []
        self._began = self._until = float("-inf")

    def get(self, *, new: bool = False) -> T:
        """What was seen a short while ago, or now; `new`: by a look that began after this was asked."""
        asked = self._clock.monotonic()
        with self._lock:
            now = self._clock.monotonic()
            if not self._seen or (self._began <= asked if new else now >= self._until):
                self._seen, self._began = [self._look()], now
                ended = self._clock.monotonic()
                self._until = ended + max(min((ended - now) * SHARE, LONGEST_S), self._least)
            return self._seen[0]


class Standing:
    """The projects' states and the load."""

    def __init__(self, control: Control, clock: Clock) -> None:
        self._statuses = Looked(lambda: ordered(control.statuses()), clock, 0.0)
        self._control = control
        self._load: Looked[dict[str, Any] | None] = Looked(self._measured, clock, LOAD_S)

    def statuses(self) -> list[ProjectStatus]:
        """All projects' states, in the order of `ordered`."""
        return self._statuses.get()

    def numbers(self) -> dict[str, int]:
        """The projects' numbers by name."""
        return {it.project.name: it.project.no for it in self.statuses()}

    def load(self, *, new: bool = False) -> dict[str, Any] | None:
        """The load, None when it cannot be told right now."""
        return self._load.get(new=new)

    def _measured(self) -> dict[str, Any] | None:
        """That it cannot be told is remembered as well: nobody else shall wait for that in vain."""
        try:
            return self._control.load()
        except VankaError:
            return None
