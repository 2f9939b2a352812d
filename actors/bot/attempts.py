"""How often a code may be tried: a few times an hour by one person, and so often by all; pure over a clock's value."""

from __future__ import annotations

from collections import deque

BY_ONE = 10
BY_ALL = 500
WINDOW_S = 3600.0


class Attempts:
    """Counts what went wrong in the last hour. Not thread-safe: its owner holds a lock."""

    def __init__(self) -> None:
        self._failed: deque[tuple[float, int]] = deque(maxlen=BY_ALL)

    def allowed(self, user: int, now: float) -> bool:
        """Whether this person may try now."""
        while self._failed and self._failed[0][0] <= now - WINDOW_S:
            self._failed.popleft()
        return len(self._failed) < BY_ALL and sum(who == user for _at, who in self._failed) < BY_ONE

    def failed(self, user: int, now: float) -> None:
        """One try was wrong."""
        self._failed.append((now, user))
