"""Crashes of actors, grouped: one notice an actor in five minutes, with how often; a handful of actors in all; pure."""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import dataclass, field
from typing import Any

WINDOW_S = 300.0
WAITS_S = 10.0  # for the restart, before it is told without
HOUR_S = 3600.0
MOST_ACTORS = 5  # told by name in one window
MAX_KNOWN = 500


@dataclass
class _Known:
    """One actor that crashed."""

    times: deque[float] = field(default_factory=lambda: deque(maxlen=1000))
    error: str = ""
    since: float | None = None  # the crash that was not told yet, and waits for its restart
    told_at: float = float("-inf")


class Crashes:
    """What is to be told of crashes. For one thread; `now` is the monotonic clock's value."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, _Known] = OrderedDict()
        self._told: deque[float] = deque(maxlen=MOST_ACTORS)
        self._others = 0
        self._others_at = float("-inf")

    def crashed(self, path: str, error: str, now: float) -> None:
        """It is told once it is up again, or when that takes too long."""
        known = self._known.setdefault(path, _Known())
        self._known.move_to_end(path)
        while len(self._known) > MAX_KNOWN:
            self._known.popitem(last=False)
        known.times.append(now)
        known.error = error
        if known.since is None:
            known.since = now

    def restarted(self, path: str, took: float, now: float) -> dict[str, Any] | None:
        """The facts of a notice, None where it was told a short while ago."""
        known = self._known.get(path)
        if known is None or known.since is None or not self._may(known, now):
            return None
        times = self._this_hour(known, now)
        return self._tell(path, known, now, "actor" if times < 2 else "actor_again", took)

    def overdue(self, now: float) -> list[dict[str, Any]]:
        """The facts of what has waited long enough: not up again, or crashed again within a window that is over."""
        found = []
        for path, known in self._known.items():
            if known.since is not None and now - known.since >= WAITS_S and self._may(known, now):
                again = self._this_hour(known, now) > 1 and known.told_at > float("-inf")
                found.append(self._tell(path, known, now, "actor_again" if again else "actor_down", None))
        if self._others and now - self._others_at >= WINDOW_S:
            found.append({"how": "actor_others", "times": self._others})
            self._others, self._others_at = 0, now
        return found

    def _may(self, known: _Known, now: float) -> bool:
        if now - known.told_at < WINDOW_S:
            return False
        if len(self._told) == MOST_ACTORS and now - self._told[0] < WINDOW_S:
            self._others += 1
            known.since = None
            return False
        return True

    def _tell(self, path: str, known: _Known, now: float, how: str, took: float | None) -> dict[str, Any]:
        known.since, known.told_at = None, now
        self._told.append(now)
        times = self._this_hour(known, now)
        return {"how": how, "actor": path, "error": known.error, "took_s": took, "times": times}

    def _this_hour(self, known: _Known, now: float) -> int:
        while known.times and known.times[0] <= now - HOUR_S:
            known.times.popleft()
        return len(known.times)
