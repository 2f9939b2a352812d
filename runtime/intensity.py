"""So many restarts in so many seconds; pure."""

from __future__ import annotations

from collections import deque


class Intensity:
    """A sliding window: `allow` says yes exactly `restarts` times within any `within` seconds.

    The caller hands in monotonic seconds, so a jump of the wall clock changes nothing, and nothing is rounded.
    """

    __slots__ = ("_times", "restarts", "within")

    def __init__(self, restarts: int, within: float) -> None:
        self.restarts = restarts
        self.within = within
        self._times: deque[float] = deque()

    def allow(self, now: float) -> bool:
        """Count one restart at `now`; False when it is one too many. A refused one is not counted."""
        times = self._times
        while times and now - times[0] > self.within:
            times.popleft()
        if len(times) >= self.restarts:
            return False
        times.append(now)
        return True

    def clear(self) -> None:
        """Forget what was counted: an operator starts afresh."""
        self._times.clear()
