"""The order in which people look for projects; pure."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable

from actors.control import ProjectStatus
from actors.model.run import ProjectState

_ORDER = {ProjectState.FAILED: 0, ProjectState.DEPLOYING: 1, ProjectState.TESTING: 1}


def ordered(statuses: Iterable[ProjectStatus]) -> list[ProjectStatus]:
    """Bad ones first, then busy ones and those that wait for a decision, the rest by name."""
    return sorted(statuses, key=lambda it: (_urgency(it), natural(it.project.name)))


def _urgency(status: ProjectStatus) -> int:
    return min(_ORDER.get(status.state, 2), 1 if status.test_undecided else 2)


@functools.lru_cache(maxsize=4096)
def natural(name: str) -> tuple[tuple[int, str], ...]:
    """For sorting as people do: more-2 before more-10. Remembered, for a list of a thousand is sorted at each press."""
    return tuple((int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", name.casefold()))
