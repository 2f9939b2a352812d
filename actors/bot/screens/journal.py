"""J0 and J1: what was deployed, by whom, with what result; of all projects and of one."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

from actors.bot.links import Link
from actors.bot.rights import Right
from actors.bot.screen import HOME, Choice, File, Page, Reply, Rows, Screen, Visit, do, go
from actors.bot.screens.common import PAGE, STATE_MARKS, crumbs, number, page_of, took, who
from actors.bot.texts import Html, join
from actors.model.deployment import Deployment
from actors.model.project import Project
from actors.records.codec import time_out

MOST = 1000


class Journal(Screen):
    """J0."""

    id = "J0"
    act_right = Right.SEE

    def draw(self, visit: Visit) -> Page:
        """Eight a page, newest first; each leads to its stages and its log."""
        page = page_of(visit.place.arg)
        found = visit.control.journal(PAGE + 1, page * PAGE)
        numbers = {project.name: project.no for project in visit.control.projects()}
        rows = _rows(visit, found[:PAGE], numbers) + _turning(visit, "J0", 0, page, len(found) > PAGE)
        title = visit.words.label("journal_title")
        if found:
            rows += ((do("📄 CSV", "J0"),),)
        return Page(crumbs(visit, title), _lines(visit, found[:PAGE]), rows, back=HOME)

    def act(self, visit: Visit) -> Reply:
        """The newest thousand as a table in a file."""
        return Reply(files=(_csv("journal", visit.control.journal(MOST, 0)),))


class History(Screen):
    """J1."""

    id = "J1"
    act_right = Right.SEE

    def draw(self, visit: Visit) -> Page:
        """The same of one project."""
        project, page = visit.project(), page_of(visit.place.arg)
        found = visit.control.history(project.name, (page + 1) * PAGE + 1)[page * PAGE :]
        rows = _rows(visit, found[:PAGE], {project.name: project.no})
        rows += _turning(visit, "J1", project.no, page, len(found) > PAGE)
        if found:
            rows += ((do("📄 CSV", "J1", project.no),),)
        title = visit.words.label("history_title")
        path = crumbs(visit, title, project=project)
        return Page(path, _lines(visit, found[:PAGE]), rows, back=Link("P1", project.no))

    def act(self, visit: Visit) -> Reply:
        """The newest thousand of this project."""
        project: Project = visit.project()
        return Reply(files=(_csv(project.name, visit.control.history(project.name, MOST)),))


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
            took=words.duration(took(it, visit.now) or 0),
            who=who(it.asked_by, visit),
        )
        for it in found
    ]
    return join(lines) if lines else words("journal_none")


def _rows(visit: Visit, found: Iterable[Deployment], numbers: dict[str, int]) -> Rows:
    choices = [
        go(f"{STATE_MARKS[it.state]} {it.project} {number(visit.words, it.version)}", "R6", numbers[it.project], it.id)
        for it in found
        if it.project in numbers
    ]
    return tuple(tuple(choices[start : start + 2]) for start in range(0, len(choices), 2))


def _turning(visit: Visit, own: str, no: int, page: int, more: bool) -> Rows:
    row: tuple[Choice, ...] = ()
    if page:
        row += (go(visit.words.label("b_newer"), own, no, str(page - 1)),)
    if more:
        row += (go(visit.words.label("b_older"), own, no, str(page + 1)),)
    return (row,) if row else ()


def _csv(name: str, found: Iterable[Deployment]) -> File:
    text = io.StringIO()
    table = csv.writer(text)
    table.writerow(("id", "project", "version", "commit", "environment", "kind", "state", "asked_by", "queued_at"))
    for it in found:
        own = (it.id, it.project, it.version, it.commit, it.environment.value, it.kind.value, it.state.value)
        table.writerow((*own, it.asked_by, time_out(it.queued_at)))
    return File(f"{name}.csv", text.getvalue().encode("utf-8-sig"))
