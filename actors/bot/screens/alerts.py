"""N0, what each person is told and how; N1, the quiet hours."""

from __future__ import annotations

import re

from actors.bot.alerts import ADMINS_ONLY, Kind, Level, default_level
from actors.bot.links import Link
from actors.bot.rights import Right, Role
from actors.bot.screen import HOME, Expect, Page, Reply, Screen, Visit, do, go, grid
from actors.bot.screens.common import crumbs
from actors.errors import BadInput
from actors.records.people import Quiet

MARKS = {Level.OFF: "🚫", Level.SILENT: "🔕", Level.LOUD: "🔔"}
NEXT = {Level.OFF: Level.SILENT, Level.SILENT: Level.LOUD, Level.LOUD: Level.OFF}
_HOURS = re.compile(
    r"\s*([0-9]{1,2})\s*[-–—]\s*([0-9]{1,2})\s*(?:(?:UTC)?\s*([+-][0-9]{1,2})(?::?([0-9]{2}))?)?\s*", re.I
)


class Alerts(Screen):
    """N0: a press on a kind goes on to the next level."""

    id = "N0"
    personal = True
    act_right = Right.SEE

    def draw(self, visit: Visit) -> Page:
        """Every kind with its level."""
        words, wishes = visit.words, visit.access.wishes(visit.person.id)
        kinds = [kind for kind in Kind if visit.role is Role.ADMIN or kind not in ADMINS_ONLY]
        choices = [
            do(f"{MARKS[level(visit, kind)]} {words.label(f'alert_{kind.value}')}", "N0", arg=kind.value)
            for kind in kinds
        ]
        quiet = words.label("off_hours") if wishes.quiet is None else _hours(wishes.quiet)
        rows = (
            *grid(choices, 2),
            (go(words.label("b_quiet", hours=quiet), "N1"), go(words.label("b_thresholds"), "N2")),
        )
        return Page(crumbs(visit, words.label("alerts_title")), words("alerts_text"), rows, back=HOME)

    def act(self, visit: Visit) -> Reply:
        """The next level."""
        kind = Kind(visit.place.arg)
        visit.access.set_level(visit.person.id, kind.value, NEXT[level(visit, kind)].value)
        return Reply(to=Link("N0"))


def level(visit: Visit, kind: Kind) -> Level:
    """How this person is told of that kind."""
    chosen = visit.access.wishes(visit.person.id).level(kind.value)
    return Level(chosen) if chosen in tuple(Level) else default_level(kind)


class QuietHours(Screen):
    """N1."""

    id = "N1"
    personal = True
    act_right = Right.SEE

    def draw(self, visit: Visit) -> Page:
        """Asks for the hours."""
        words, wishes = visit.words, visit.access.wishes(visit.person.id)
        rows = ((do(words.label("b_quiet_none"), "N1"),),) if wishes.quiet is not None else ()
        path = crumbs(visit, words.label("alerts_title"), words.label("quiet_title"))
        return Page(path, words("quiet_ask"), rows, cancel=Link("N0"), expects=Expect(Link("N1")))

    def typed(self, visit: Visit, text: str) -> Reply:
        """`23-8 +3`: from 23 to 8 o'clock, three hours east of UTC."""
        found = _HOURS.fullmatch(text)
        if found is None:
            raise BadInput(f"{text[:40]!r} are not hours", "Write them like 23-8 +3.")
        start, end, hours, minutes = found.groups()
        east = int(hours or 0) * 60 + int(minutes or 0) * (-1 if (hours or "").startswith("-") else 1)
        if not (int(start) < 24 and int(end) < 24 and abs(east) <= 14 * 60):
            raise BadInput(f"{text[:40]!r} are not hours", "Write them like 23-8 +3.")
        visit.access.set_quiet(visit.person.id, Quiet(int(start), int(end), east))
        return Reply(to=Link("N0"))

    def act(self, visit: Visit) -> Reply:
        """No quiet hours."""
        visit.access.set_quiet(visit.person.id, None)
        return Reply(to=Link("N0"))


def _hours(quiet: Quiet) -> str:
    return f"{quiet.start}–{quiet.end} (UTC{quiet.offset_min / 60:+g})"
