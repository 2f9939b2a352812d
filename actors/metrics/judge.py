"""When a load is high, and when it is normal again: means over minutes, with some way between the two; pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from actors.model.load import Raised, Resource, Thresholds

WINDOW_S = 300.0  # a threshold counts as passed when the mean of so long is above it
COVERED = 0.9  # of the window: with fewer looks nobody can tell
LOST_S = 60.0  # after so long without a look what was seen before does not count
EASE = 10  # so many points below the threshold it is normal again
EASE_SHARE = 0.2  # and not more than that share of a low threshold


class Judge:
    """Knows what was raised; `look` says what changed. One thread."""

    def __init__(self, raised: Mapping[Resource, Raised]) -> None:
        self._raised = {resource: it for resource, it in raised.items() if it.over is None}
        self._seen: deque[tuple[float, dict[Resource, float]]] = deque()

    def look(
        self, at: float, now: datetime, percents: Mapping[Resource, float], thresholds: Thresholds
    ) -> list[Raised]:
        """One look at `at` (a monotonic clock's seconds): alerts that begin, and those that are over."""
        if self._seen and not 0 <= at - self._seen[-1][0] <= LOST_S:
            self._seen.clear()
        self._seen.append((at, dict(percents)))
        while self._seen[0][0] < at - WINDOW_S:
            self._seen.popleft()
        for resource in [it for it in self._raised if thresholds.of(it) is None]:
            del self._raised[resource]  # nobody wants to hear of it any more
        if at - self._seen[0][0] < WINDOW_S * COVERED:
            return []
        return [found for resource in Resource if (found := self._judge(resource, now, thresholds)) is not None]

    def is_raised(self, resource: Resource) -> bool:
        """Whether an alert stands."""
        return resource in self._raised

    def _judge(self, resource: Resource, now: datetime, thresholds: Thresholds) -> Raised | None:
        limit, known = thresholds.of(resource), self._raised.get(resource)
        seen = [percents[resource] for _at, percents in self._seen if resource in percents]
        if limit is None or not seen:
            return None
        mean = sum(seen) / len(seen)
        if known is None:
            if mean < limit:
                return None
            self._raised[resource] = raised = Raised(resource, limit, mean, now)
            return raised
        # under a threshold that was raised meanwhile it is normal, without any way in between
        normal = limit if limit != known.limit else limit - min(EASE, EASE_SHARE * limit)
        if mean >= normal:
            return None
        del self._raised[resource]
        return replace(known, percent=mean, over=now)
