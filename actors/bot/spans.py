"""Spans of time as people type them: 90s, 10m, 2h, 1d; pure."""

from __future__ import annotations

import re

from actors.errors import BadInterval

_SPAN = re.compile(r"\s*([0-9]{1,7})\s*([a-zа-я]{0,4})\.?\s*")
_UNITS = {
    **dict.fromkeys(("s", "sec", "с", "сек"), 1),
    **dict.fromkeys(("m", "min", "м", "мин"), 60),
    **dict.fromkeys(("h", "hr", "ч", "час"), 3600),
    **dict.fromkeys(("d", "day", "д", "дн", "день", "дня"), 86400),
}
MOST_S = 7 * 86400


def parse_span(text: str) -> int:
    """Seconds; a bare number means seconds. Raises BadInterval for anything else, and for more than a week."""
    found = _SPAN.fullmatch(text.lower())
    unit = found.group(2) or "s" if found else ""
    if found is None or unit not in _UNITS:
        raise BadInterval(f"{text[:40]!r} is not a time", "Write it like 90s, 10m, 2h or 1d.", interval=text[:40])
    seconds = int(found.group(1)) * _UNITS[unit]
    if not 0 < seconds <= MOST_S:
        raise BadInterval(f"{text[:40]} is not possible", "It can be from 1 second to 7 days.", interval=text[:40])
    return seconds
