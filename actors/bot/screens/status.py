"""S0, all states in a table; S1, one project's."""

from __future__ import annotations

from actors.bot.links import Link
from actors.bot.rights import Right
from actors.bot.screen import LIVE_S, Choice, Page, Rows, Screen, Visit, do, go
from actors.bot.screens.common import (
    FIND,
    PAGE,
    crumbs,
    mark,
    next_check,
    number,
    pages,
    searched,
    sha,
    stages,
    uses,
)
from actors.bot.screens.health import health_line
from actors.bot.screens.projects import watching
from actors.bot.texts import Html, escape, join
from actors.control import ProjectStatus
from actors.model.run import ProjectState

TABLE = 20
NAME = 16
MARK = 1  # a project's state is one emoji; what else it shows comes on top


class States(Screen):
    """S0. The argument: `p` for problems only, and the page."""

    id = "S0"

    def draw(self, visit: Visit) -> Page:
        """A table; each project is a button under it."""
        words, arg = visit.words, visit.place.arg
        problems = arg.startswith("p")
        statuses = visit.standing.statuses()
        if problems:
            statuses = [it for it in statuses if it.state is ProjectState.FAILED or it.watch_error]
        digits = arg.lstrip("p")
        flag = "p" if problems else ""
        page, turning = pages(
            len(statuses), int(digits) if digits.isdecimal() else 0, lambda n: go("·", "S0", arg=f"{flag}{n}"), TABLE
        )
        # whom to show may be some seconds old where there are many; how they stand is not
        shown = visit.control.statuses_of([it.project.no for it in statuses[page * TABLE : (page + 1) * TABLE]])
        other = go(words.label("b_all") if problems else words.label("b_problems"), "S0", arg="" if problems else "p")
        rows: Rows = (
            *_names(shown),
            *turning,
            (go(words.label("b_refresh"), "S0", arg=arg), other),
            (go(words.label("b_find"), FIND, arg="S0"), go(words.label("b_projects"), "P0")),
        )
        nothing = words("no_problems" if problems else "no_projects")
        text = _table(visit, shown) if shown else nothing
        return Page(
            crumbs(visit, words.label("status_title")), text, rows, expects=searched(visit, "S0", len(statuses))
        )


def _names(shown: list[ProjectStatus]) -> Rows:
    choices = [go(f"{mark(it)} {it.project.name}", "S1", it.project.no) for it in shown[: 2 * PAGE]]
    return tuple(tuple(choices[start : start + 2]) for start in range(0, len(choices), 2))


def _table(visit: Visit, shown: list[ProjectStatus]) -> Html:
    words = visit.words
    load = visit.standing.load() or {}
    loads = {it["name"]: it for it in load.get("projects", []) if it.get("up", True)}
    rows = []
    for it in shown:
        mine = loads.get(it.project.name)
        name = it.project.name if len(it.project.name) <= NAME else it.project.name[: NAME - 1] + "…"
        up = "—" if it.uptime_s is None else words.short(it.uptime_s)
        use = ("", "") if mine is None else (f"{mine['cpu_percent']:.0f}%", words.size(mine["memory_bytes"]))
        rows.append((name, number(words, it.version), up, *use))
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    doubled = any(len(mark(it)) > MARK for it in shown)
    lines = []
    for it, (name, *figures) in zip(shown, rows, strict=True):
        marks = mark(it) + ("  " if doubled and len(mark(it)) <= MARK else "")
        cells = [f"{cell:>{width}}" for cell, width in zip(figures, widths[1:], strict=True) if width]
        lines.append(" ".join([marks, f"{name:<{widths[0]}}", *cells]).rstrip())
    return Html(f"<pre>{escape(chr(10).join(lines))}</pre>")


class State(Screen):
    """S1."""

    id = "S1"

    def draw(self, visit: Visit) -> Page:
        """Process, restarts, load, the watcher, what is under way."""
        words, status = visit.words, visit.status()
        project = status.project
        no = project.no
        busy = status.deploying is not None
        rows: list[tuple[Choice, ...]] = [
            (go(words.label("b_refresh"), "S1", no), go(words.label("b_log"), "S2", no)),
            (go(words.label("b_health"), "Q0", no),),
        ]
        if visit.may(Right.RUN) and status.version is not None:
            if status.pid is None or status.parked is not None:
                rows.append((do(words.label("b_start"), "P1", no, "start"),))
            else:
                rows.append((go(words.label("b_restart"), "P1r", no), go(words.label("b_stop"), "P1s", no)))
        return Page(
            crumbs(visit, words.label("state_title"), project=project),
            _state(visit, status),
            tuple(rows),
            back=Link("P1", no),
            live_s=LIVE_S if busy else None,
        )


def _state(visit: Visit, status: ProjectStatus) -> Html:
    words, project, now = visit.words, status.project, visit.now
    state = words.label(f"state_{status.state.value.replace(' ', '_')}")
    lines: list[Html | None] = [words("s_state", mark=mark(status), name=project.name, state=state)]
    if status.parked is not None:
        lines.append(words("card_parked", error=status.parked[:300], start=words.label("b_start")))
    if status.state is ProjectState.FAILED and status.exit_code is not None:
        lines.append(words("s_exit", code=status.exit_code))
    if status.pid is not None:
        lines.append(words("s_process", pid=status.pid, uptime=words.duration(status.uptime_s or 0), n=status.restarts))
    load = visit.standing.load() or {}
    mine = next((it for it in load.get("projects", []) if it["name"] == project.name and it.get("up", True)), None)
    if mine is not None and status.pid is not None:
        lines.append(uses(words, mine))
    if status.version is not None:
        no = number(words, status.version)
        lines.append(words("s_version", no=no, sha=sha(status.commit), subject=(status.subject or "")[:80]))
    lines += [watching(visit, status), next_check(visit, status), health_line(visit, status)]
    if status.watch_error:
        lines.append(words("card_watch_error", error=words.said(status.watch_error)[:300]))
    if status.deploying is not None:
        kind = words.label(f"kind_{status.deploying.kind.value}")
        lines += [words("s_deploying", kind=kind), stages(status.deploying, words, now)]
    return join(lines)
