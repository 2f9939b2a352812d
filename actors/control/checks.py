"""What is checked of a project's settings before it is stored, beside what projects.py checks itself."""

from __future__ import annotations

from actors.errors import BadInput, BadInterval
from actors.model.project import MAX_FAILS, MAX_HEALTH_S, MAX_LOOK_S, MIN_HEALTH_S, Health


def check_health(health: Health) -> None:
    """Raises BadInterval, BadInput."""
    every, most = health.every_s, f"{MIN_HEALTH_S} s to {MAX_HEALTH_S // 3600} h, or 0 for never."
    if every and not MIN_HEALTH_S <= every <= MAX_HEALTH_S:
        raise BadInterval(f"health cannot be looked at every {every} s", most, interval=str(every))
    if not 1 <= health.timeout_s <= MAX_LOOK_S:
        raise BadInterval(f"a look at the health cannot take {health.timeout_s} s", f"1 to {MAX_LOOK_S} s.")
    if not 1 <= health.fails <= MAX_FAILS:
        raise BadInput(f"{health.fails} is not a number of bad looks", f"1 to {MAX_FAILS}.")
