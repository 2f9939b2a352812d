"""The time on the clock of whoever reads: by the zone that a person chose, else by that of this machine."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone, tzinfo

from actors.bot.screen import Visit


def zone_of(visit: Visit) -> tzinfo | None:
    """The zone that the person named with the quiet hours; None: that of this machine."""
    quiet = visit.access.wishes(visit.person.id).quiet
    return None if quiet is None else timezone(timedelta(minutes=quiet.offset_min))


def clock(at: float | datetime, zone: tzinfo | None, *, seconds: bool = False) -> str:
    """`17:20`, or `17:20:05`."""
    local = _local(at, zone)
    return f"{local:%H:%M:%S}" if seconds else f"{local:%H:%M}"


def zone_name(at: float | datetime, zone: tzinfo | None) -> str:
    """`UTC+3`, `UTC-9:30`, as it is at that time."""
    offset = _local(at, zone).utcoffset() or timedelta()
    minutes = round(offset.total_seconds() / 60)
    if not minutes:
        return "UTC"
    hours, rest = divmod(abs(minutes), 60)
    return f"UTC{'-' if minutes < 0 else '+'}{hours}" + (f":{rest:02d}" if rest else "")


def _local(at: float | datetime, zone: tzinfo | None) -> datetime:
    moment = at if isinstance(at, datetime) else datetime.fromtimestamp(at, UTC)
    return moment.astimezone(zone)
