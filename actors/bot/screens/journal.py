"""J0 and J1: what was deployed, by whom, with what result; of all projects and of one."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Final

from actors.bot.links import Link
from actors.bot.rights import Right
from actors.bot.screen import HOME, Choice, File, Page, Reply, Rows, Screen, Visit, do, go
from actors.bot.screens.common import PAGE, STATE_MARKS, crumbs, number, page_of, took, who
from actors.bot.texts import Html, join
from actors.model.deployment import Deployment, State
from actors.model.project import Environment, Project
from actors.records.codec import time_out

MOST = 1000


def _failed(it: Deployment) -> bool:
    return it.state in (State.FAILED, State.ROLLED_BACK)


def _test(it: Deployment) -> bool:
    return it.environment is Environment.TEST


FILTERS: Final[Mapping[str, Callable[[Deployment], bool]]] = MappingProxyType(
    {"a": lambda _: True, "f": _failed, "t": _test, "p": lambda it: not _test(it)}
)


class Journal(Screen):
    """J0. The argument: a filter's letter and the page's number."""

    id = "J0"
    act_right = Right.SEE

    def draw(self, visit: Visit) -> Page:
        """Eight a page, newest first; each leads to its stages and its log."""
        chosen, page = _parts(visit.place.arg)
        if chosen == "a":
            found = visit.control.journal(PAGE + 1, page * PAGE)
        else:
            found = [it for it in visit.control.journal(MOST, 0) if FILTERS[chosen](it)][page * PAGE :]
        return _page(visit, found, visit.standing.numbers(), (visit.words.label("journal_title"),))

    def act(self, visit: Visit) -> Reply:
        """The newest thousand of that filter as a table in a file."""
        found = visit.control.journal(MOST, 0)
        return Reply(files=(_csv("journal", filter(FILTERS[_parts(visit.place.arg)[0]], found)),))


class History(Screen):
    """J1."""

    id = "J1"
    act_right = Right.SEE

    def draw(self, visit: Visit) -> Page:
        """The same of one project."""
        project = visit.project()
        chosen, page = _parts(visit.place.arg)
        most = (page + 1) * PAGE + 1 if chosen == "a" else MOST
        found = [it for it in visit.control.history(project.name, most) if FILTERS[chosen](it)]
        return _page(visit, found[page * PAGE :], {project.name: project.no}, project=project)

    def act(self, visit: Visit) -> Reply:
        """The newest thousand of this project, filtered."""
        project: Project = visit.project()
        found = visit.control.history(project.name, MOST)
        return Reply(files=(_csv(project.name, filter(FILTERS[_parts(visit.place.arg)[0]], found)),))


def _parts(arg: str) -> tuple[str, int]:
    """The filter and the page."""
    chosen = arg[:1] if arg[:1] in FILTERS else "a"
    return chosen, page_of(arg[1:])


def _page(
    visit: Visit,
    found: list[Deployment],
    numbers: dict[str, int],
    title: tuple[str, ...] = (),
    project: Project | None = None,
) -> Page:
    words, (chosen, page) = visit.words, _parts(visit.place.arg)
    own, no = ("J0", 0) if project is None else ("J1", project.no)
    rows = _rows(visit, found[:PAGE], numbers) + _turning(visit, own, no, chosen, page, len(found) > PAGE)
    if found or chosen != "a":
        labels = {"a": words.label("b_all"), "f": "❌", "t": "🧪", "p": "🚀"}
        rows += (tuple(go(("● " if key == chosen else "") + it, own, no, key) for key, it in labels.items()),)
    if found:
        rows += ((do("📄 CSV", own, no, chosen),),)
    path = crumbs(visit, *(title or (words.label("history_title"),)), project=project)
    return Page(path, _lines(visit, found[:PAGE]), rows, back=HOME if project is None else Link("P1", project.no))


def _lines(visit: Visit, found: Iterable[Deployment]) -> Html:
    words = visit.words
    lines = [
        words(
            "journal_line",
            mark=STATE_MARKS[it.state],
            project=it.project,
            no=number(words, it.version),
            kind=words.label(f"kind_{it.kind.value}"),
            ago=words.ago(it.ended_at or it.queued_at, visit.now),
            took=words.took(took(it, visit.now) or 0),
            who=who(it.asked_by, visit),
        )
        for it in found
    ]
    nothing = words("journal_none" if _parts(visit.place.arg)[0] == "a" else "journal_none_such")
    return join(lines) if lines else nothing


def _rows(visit: Visit, found: Iterable[Deployment], numbers: dict[str, int]) -> Rows:
    choices = [
        go(f"{STATE_MARKS[it.state]} {it.project} {number(visit.words, it.version)}", "R6", numbers[it.project], it.id)
        for it in found
        if it.project in numbers
    ]
    return tuple(tuple(choices[start : start + 2]) for start in range(0, len(choices), 2))


def _turning(visit: Visit, own: str, no: int, chosen: str, page: int, more: bool) -> Rows:
    row: tuple[Choice, ...] = ()
    if page:
        row += (go(visit.words.label("b_newer"), own, no, f"{chosen}{page - 1}"),)
    if more:
        row += (go(visit.words.label("b_older"), own, no, f"{chosen}{page + 1}"),)
    return (row,) if row else ()


def _csv(name: str, found: Iterable[Deployment]) -> File:
    text = io.StringIO()
    table = csv.writer(text)
    times = ("queued_at", "started_at", "ended_at", "seconds")
    table.writerow(("id", "project", "version", "commit", "environment", "kind", "state", "asked_by", *times, "error"))
    for it in found:
        own = (it.id, it.project, it.version, it.commit, it.environment.value, it.kind.value, it.state.value)
        took_s = "" if it.ended_at is None else f"{took(it, it.ended_at) or 0:.1f}"
        when = (time_out(it.queued_at), time_out(it.started_at), time_out(it.ended_at), took_s)
        table.writerow((*own, it.asked_by, *when, _harmless(it.error or "")))
    return File(f"{name}.csv", text.getvalue().encode("utf-8-sig"))


def _harmless(text: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@") else text
