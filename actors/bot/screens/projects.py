"""P0, the list of projects, P1, a project's card, and the questions before a stop and a restart."""

from __future__ import annotations

from actors.bot.links import Link
from actors.bot.rights import Right
from actors.bot.screen import LIVE_S, Choice, Page, Reply, Rows, Screen, Visit, do, go
from actors.bot.screens.common import (
    FIND,
    PAGE,
    SEARCHED,
    crumbs,
    kind_of,
    line,
    mark,
    number,
    page_of,
    pages,
    private,
    searched,
    sha,
)
from actors.bot.screens.health import health_line
from actors.bot.screens.question import Question
from actors.bot.texts import Html, join
from actors.control import ProjectStatus
from actors.model.run import ProjectState

_FILTERS = {
    "a": tuple(ProjectState),
    "r": (ProjectState.FAILED,),
    "g": (ProjectState.RUNNING,),
    "w": (ProjectState.STOPPED, ProjectState.NEVER_DEPLOYED),
}
_BUSY = (ProjectState.DEPLOYING, ProjectState.TESTING)


class Projects(Screen):
    """P0. The argument is a filter's letter and the page's number."""

    id = "P0"

    def draw(self, visit: Visit) -> Page:
        """Bad ones first, eight on a page."""
        words, arg = visit.words, visit.place.arg
        chosen = arg[:1] if arg[:1] in _FILTERS else "a"
        everything = visit.standing.statuses()
        found = [it for it in everything if it.state in _FILTERS[chosen]]
        page, turning = pages(len(found), page_of(arg[1:]), lambda n: go("·", "P0", arg=f"{chosen}{n}"))
        rows: Rows = tuple((go(line(words, it), "P1", it.project.no),) for it in found[page * PAGE : (page + 1) * PAGE])
        rows += turning
        if everything:
            labels = {"a": words.label("b_all"), "r": "🔴", "g": "🟢", "w": "⚪"}
            rows += (tuple(go(("● " if key == chosen else "") + it, "P0", arg=key) for key, it in labels.items()),)
        find = (go(words.label("b_find"), FIND, arg="P0"),) if everything else ()
        add = (go(words.label("b_add"), "A1"),) if visit.may(Right.CHANGE) else ()
        rows += (find + add,) if find or add else ()
        text = words("choose_project")
        if not found:
            text = words("none_found") if everything else words("no_projects")
        elif len(everything) > SEARCHED and visit.private:
            text = join([text, words("find_hint")])
        expects = searched(visit, "P0", len(everything))
        return Page(crumbs(visit, words.label("projects")), text, rows, expects=expects)


class Card(Screen):
    """P1."""

    id = "P1"

    def draw(self, visit: Visit) -> Page:
        """What one wants to know of a project, and everything that can be done with it."""
        status = visit.status()
        busy = status.state in _BUSY
        return Page(
            crumbs(visit, project=status.project),
            card(visit, status),
            _card_rows(visit, status),
            back=Link("P0"),
            live_s=LIVE_S if busy else None,
        )

    def act(self, visit: Visit) -> Reply:
        """Start the program, or the check for a new commit."""
        project, words = visit.project(), visit.words
        if visit.place.arg == "start":
            visit.control.start(project.name, visit.asked_by)
            return Reply(note=words("note_started", name=project.name))
        seen = visit.control.check(project.name)
        return Reply(note=words("checked_new" if seen.new else "checked_same", sha=seen.commit[:7]))


def card(visit: Visit, status: ProjectStatus) -> Html:
    """The lines of a project's card."""
    words, project, now = visit.words, status.project, visit.now
    uptime = "" if status.uptime_s is None else f", {words.duration(status.uptime_s)}"
    state = words.label(f"state_{status.state.value.replace(' ', '_')}")
    lines: list[Html | None] = [words("card_state", mark=mark(status), state=state, uptime=uptime)]
    if status.parked is not None:
        lines.append(words("card_parked", error=status.parked[:300], start=words.label("b_start")))
    if status.version is not None:
        lines.append(
            words(
                "card_version",
                no=number(words, status.version),
                sha=sha(status.commit),
                subject=(status.subject or "")[:80],
                author=status.author or "",
                ago=words.ago(status.kept_at, now) if status.kept_at else "",
            )
        )
    branch = project.branch or words.label("default_branch")
    lines.append(words("card_branch", branch=branch, engine=kind_of(words, project.engine)))
    lines += [watching(visit, status), health_line(visit, status)]
    if status.watch_error:
        lines.append(words("card_watch_error", error=words.said(status.watch_error)[:300]))
    if status.new_commit is not None:
        behind = words("card_behind", k=status.behind) if status.behind else ""
        subject = status.new_commit.subject[:80]
        lines.append(words("card_new", sha=sha(status.new_commit.sha), subject=subject, behind=behind))
    if status.test_undecided:
        lines.append(words("card_undecided"))
    return join(lines)


def watching(visit: Visit, status: ProjectStatus) -> Html:
    """How often new commits are looked for, and when that was done last."""
    words, project = visit.words, status.project
    if project.paused:
        return words("card_paused")
    interval, last = words.duration(project.interval_s), status.last_check_at
    if last is None:
        return words("card_watch_first", interval=interval)
    return words("card_watch", interval=interval, ago=words.ago(last, visit.now))


def _card_rows(visit: Visit, status: ProjectStatus) -> Rows:
    words, no = visit.words, status.project.no
    run, change = visit.may(Right.RUN), visit.may(Right.CHANGE)
    rows: list[tuple[Choice, ...]] = []
    if run:
        rows += _run_rows(visit, status)
    state, log = go(words.label("b_state"), "S1", no), go(words.label("b_log"), "S2", no)
    back = go(words.label("b_rollback" if run else "b_versions"), "B1", no)
    rows += [(back, state), (log, go(words.label("b_history"), "J1", no))]
    if change:
        variables = private(visit, "b_variables", "C1", f"c_{no}", no)
        rows.append((variables, go(words.label("b_interval_one"), "I1", no)))
        rows.append((go(words.label("b_health"), "Q0", no), go(words.label("b_settings"), "P2", no)))
    else:
        rows.append((go(words.label("b_health"), "Q0", no),))
    if run:
        rows.append((do(words.label("b_check_now"), "P1", no, "check"),))
    return tuple(rows)


def _run_rows(visit: Visit, status: ProjectStatus) -> list[tuple[Choice, ...]]:
    """What is under way, and what may be done to the program."""
    words, no = visit.words, status.project.no
    rows: list[tuple[Choice, ...]] = []
    if status.deploying is not None:
        rows.append((go(words.label("b_progress"), "R6", no, status.deploying.id, "primary"),))
    if status.test is not None:
        screen = "R4" if status.test_undecided else "R3"
        rows.append((go(words.label("b_decide_test" if status.test_undecided else "b_test_on"), screen, no),))
    rows.append((go(words.label("b_run"), "R1", no), go(words.label("b_deploy_new"), "R5", no, style="primary")))
    if status.version is None:
        return rows
    if status.state in (ProjectState.STOPPED, ProjectState.FAILED):
        rows.append((do(words.label("b_start"), "P1", no, "start"),))
    else:
        rows.append((go(words.label("b_stop"), "P1s", no), go(words.label("b_restart"), "P1r", no)))
    return rows


class Ask(Question):
    """P1s and P1r: the question before the program is stopped or restarted."""

    right = Right.RUN

    def __init__(self, own: str, what: str) -> None:
        self.id = own
        self.label = f"b_{what}"
        self._what = what

    def asks(self, visit: Visit) -> tuple[tuple[str, ...], Html]:
        """Whether it is to be done to production."""
        project = visit.project()
        path = crumbs(visit, visit.words.label(f"title_{self._what}"), project=project)
        return path, visit.words(f"ask_{self._what}", name=project.name)

    def back(self, visit: Visit) -> Link:
        """The project's card."""
        return Link("P1", visit.place.no)

    def act(self, visit: Visit) -> Reply:
        """Do it; blocks until it is done."""
        project = visit.project()
        if self._what == "stop":
            visit.control.stop(project.name, visit.asked_by)
        else:
            visit.control.restart(project.name, visit.asked_by)
        return Reply(to=Link("P1", project.no), note=visit.words(f"note_{self._what}", name=project.name))
