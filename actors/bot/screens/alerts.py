"""N0, what each person is told and how; N1, of which projects; N3, the quiet hours; N4, in which groups."""

from __future__ import annotations

import re
from dataclasses import replace

from actors.bot.alerts import ADMINS_ONLY, Kind, Level, default_level
from actors.bot.links import Link
from actors.bot.rights import Right, Role
from actors.bot.screen import HOME, Expect, Page, Reply, Rows, Screen, Tell, Visit, do, go, grid
from actors.bot.screens.common import chooser, crumbs
from actors.bot.texts import Words, join
from actors.control import ProjectStatus
from actors.errors import BadInput
from actors.records.people import Quiet

MARKS = {Level.OFF: "🚫", Level.SILENT: "🔕", Level.LOUD: "🔔"}
NEXT = {Level.OFF: Level.SILENT, Level.SILENT: Level.LOUD, Level.LOUD: Level.OFF}
TEST = "test"
USUAL = "usual"
MOST_GROUPS = 20
_HOURS = re.compile(
    r"\s*([0-9]{1,2})\s*[-–—]\s*([0-9]{1,2})\s*(?:(?:UTC)?\s*([+-][0-9]{1,2})(?::?([0-9]{2}))?)?\s*", re.I
)


class Alerts(Screen):
    """N0: a press on a kind goes on to the next level; `test` sends a notice."""

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
            (go(words.label("b_quiet", hours=quiet), "N3"), go(words.label("b_thresholds"), "N2")),
            (go(words.label("b_by_projects"), "N1"), go(words.label("b_where"), "N4")),
            (do(words.label("b_send_test"), "N0", arg=TEST),),
        )
        return Page(crumbs(visit, words.label("alerts_title")), words("alerts_text"), rows, back=HOME)

    def act(self, visit: Visit) -> Reply:
        """The next level, or a notice as a trial."""
        words = visit.words
        if visit.place.arg == TEST:
            tell = Tell(visit.person.id, words("alerts_trial"))
            return Reply(to=Link("N0"), note=words("note_trial"), tells=(tell,))
        kind = Kind(visit.place.arg)
        visit.access.set_level(visit.person.id, kind.value, NEXT[level(visit, kind)].value)
        return Reply(to=Link("N0"))


def level(visit: Visit, kind: Kind) -> Level:
    """How this person is told of that kind."""
    chosen = visit.access.wishes(visit.person.id).level(kind.value)
    return Level(chosen) if chosen in tuple(Level) else default_level(kind)


class ByProject(Screen):
    """N1: every project with how this person is told of it."""

    id = "N1"
    personal = True

    def draw(self, visit: Visit) -> Page:
        """One button for each."""
        words, wishes = visit.words, visit.access.wishes(visit.person.id)

        def label(_words: Words, status: ProjectStatus) -> str:
            return f"{_mark(wishes.of_project(status.project.no))} {status.project.name}"

        title = words.label("by_projects_title")
        page = chooser(visit, "N1", "N1p", title, words("by_projects_text"), label=label)
        path = crumbs(visit, words.label("alerts_title"), title)
        return replace(page, crumbs=path, back=Link("N0"))


class OneProject(Screen):
    """N1p: how this person is told of one project."""

    id = "N1p"
    personal = True
    act_right = Right.SEE

    def draw(self, visit: Visit) -> Page:
        """By kind, silently, or not at all."""
        words, project = visit.words, visit.project()
        chosen = visit.access.wishes(visit.person.id).of_project(project.no) or USUAL
        rows = tuple(
            (do(("● " if it == chosen else "") + words.label(f"b_told_{it}"), "N1p", project.no, it),)
            for it in (USUAL, Level.SILENT.value, Level.OFF.value)
        )
        path = crumbs(visit, words.label("alerts_title"), words.label("by_projects_title"), project.name)
        return Page(path, words("one_project_text", name=project.name), rows, back=Link("N1"))

    def act(self, visit: Visit) -> Reply:
        """Remember the choice."""
        arg = visit.place.arg
        visit.access.set_project_level(visit.person.id, visit.project().no, None if arg == USUAL else arg)
        return Reply()


def _mark(chosen: str | None) -> str:
    return MARKS[Level(chosen)] if chosen in tuple(Level) else MARKS[Level.LOUD]


class Where(Screen):
    """N4: where notices go beside everybody's private chat: groups that an administrator said so in."""

    id = "N4"
    personal = True
    act_right = Right.CHANGE

    def draw(self, visit: Visit) -> Page:
        """The groups; in a group, whether it is one of them."""
        words = visit.words
        groups = [it for it in visit.access.users() if it.id < 0 and not visit.access.is_fixed(it.id)]
        path = crumbs(visit, words.label("alerts_title"), words.label("where_title"))
        lines = [words("where_group", name=it.name or it.id) for it in groups]
        text = join([words("where_text"), *(lines or [words("where_none")])])
        rows: Rows = ()
        if not visit.private:
            here = any(it.id == visit.chat for it in groups)
            rows = ((do(words.label("b_not_here" if here else "b_here"), "N4", arg="off" if here else "on"),),)
        elif visit.may(Right.CHANGE):
            rows = tuple((do(f"✖ {it.name or it.id}", "N4", -it.id),) for it in groups[:MOST_GROUPS])
            text = join([text, words("where_how")])
        return Page(path, text, rows, back=Link("N0"))

    def act(self, visit: Visit) -> Reply:
        """Here, not here, or no more there."""
        access, words, arg = visit.access, visit.words, visit.place.arg
        group = -visit.place.no if visit.place.no else visit.chat
        if group >= 0:
            return Reply(to=Link("N4"))
        if arg == "on":
            access.let_in(group, Role.VIEWER, visit.title or str(group))
            access.set_language(group, words.language)
            return Reply(to=Link("N4"), note=words("note_here"))
        access.remove(group)
        return Reply(to=Link("N4"), note=words("note_not_here"))


class QuietHours(Screen):
    """N3."""

    id = "N3"
    personal = True
    act_right = Right.SEE

    def draw(self, visit: Visit) -> Page:
        """Asks for the hours."""
        words, wishes = visit.words, visit.access.wishes(visit.person.id)
        rows = ((do(words.label("b_quiet_none"), "N3"),),) if wishes.quiet is not None else ()
        path = crumbs(visit, words.label("alerts_title"), words.label("quiet_title"))
        return Page(path, words("quiet_ask"), rows, cancel=Link("N0"), expects=Expect(Link("N3")))

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
