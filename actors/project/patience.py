"""Patience: how long to wait before a program that ended is started again, and when to give up. Pure."""

from __future__ import annotations

from enum import Enum

from runtime.backoff import Backoff
from runtime.intensity import Intensity

YOUNG_S = 180.0  # a version that keeps ending within its first minutes is rolled back ...
YOUNG_ENDS = 3  # ... at its third end
PARK_ENDS = 10  # so many ends ...
PARK_WITHIN_S = 600.0  # ... in so many seconds, and it is not started any more
PAUSES = Backoff(first=0.5, longest=60.0)


class Next(Enum):
    """What to do about an end."""

    START_AGAIN = "start again"
    GO_BACK = "go back"  # and start again until the way back has begun
    PARK = "park"


class Patience:
    """Counts the ends of one program. Times are the clock's monotonic seconds."""

    def __init__(self) -> None:
        self._young = Intensity(YOUNG_ENDS - 1, YOUNG_S)
        self._park = Intensity(PARK_ENDS - 1, PARK_WITHIN_S)
        self.ends = 0

    def ended(self, now: float, kept_for: float) -> Next:
        """One more end, of a version that was kept so many seconds ago."""
        self.ends += 1
        if not self._park.allow(now):
            return Next.PARK
        if kept_for < YOUNG_S and not self._young.allow(now):
            return Next.GO_BACK
        return Next.START_AGAIN

    def pause(self) -> float:
        """Seconds to wait before the next start."""
        return PAUSES.pause(self.ends)

    def steady(self) -> None:
        """It has been up for a while: the pauses begin anew, the windows go on."""
        self.ends = 0
