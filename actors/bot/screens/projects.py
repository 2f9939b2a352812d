"""P0, the list of projects, P1, a project's card, and the questions before a stop and a restart."""

from __future__ import annotations

from actors.bot.links import Link
from actors.bot.rights import Right
from actors.bot.screen import CONFIRM_S, LIVE_S, Choice, Page, Reply, Rows, Screen, Visit, do, go
from actors.bot.screens.common import PAGE, crumbs, mark, number, ordered, page_of, pages, sha
from actors.bot.texts import Html, join
from actors.control import ProjectStatus
from actors.model.project import Project
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
        everything = ordered(visit.standing.statuses())
        found = [it for it in everything if it.state in _FILTERS[chosen]]
        page, turning = pages(len(found), page_of(arg[1:]), lambda n: go("·", "P0", arg=f"{chosen}{n}"))
        rows: Rows = tuple(
            (go(f"{mark(it)} {it.project.name} · {number(words, it.version)}", "P1", it.project.no),)
            for it in found[page * PAGE : (page + 1) * PAGE]
        )
        rows += turning
        if everything:
            labels = {"a": words.label("b_all"), "r": "🔴", "g": "🟢", "w": "⚪"}
            rows += (tuple(go(("● " if key == chosen else "") + it, "P0", arg=key) for key, it in labels.items()),)
        if visit.may(Right.CHANGE):
            rows += ((go(words.label("b_add"), "A1"),),)
        text = words("projects_hint") if len(everything) > 16 else words("choose_project")
        if not found:
            text = words("none_found") if everything else words("no_projects")
        return Page(crumbs(visit, words.label("projects")), text, rows)


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
    lines.append(words("card_branch", branch=project.branch or words.label("default_branch"), engine=project.engine))
    watched = (
        words("card_paused")
        if project.paused
        else words("card_watch", interval=words.duration(project.interval_s), ago=words.ago(status.last_check_at, now))
    )
    lines += [watched, words("card_health", probe=project.probe or words.label("alive_5s"))]
    if status.watch_error:
        lines.append(words("card_watch_error", error=status.watch_error[:300]))
    if status.new_commit is not None:
        lines.append(words("card_new", sha=sha(status.new_commit.sha), subject=status.new_commit.subject[:80]))
    if status.test_undecided:
        lines.append(words("card_undecided"))
    return join(lines)


def _card_rows(visit: Visit, status: ProjectStatus) -> Rows:
    words, project = visit.words, status.project
    no, run, change = project.no, visit.may(Right.RUN), visit.may(Right.CHANGE)
    rows: list[tuple[Choice, ...]] = []
    if run:
        going = status.deploying
        if going is not None:
            rows.append((go(words.label("b_progress"), "R6", no, going.id, "primary"),))
        if status.test is not None:
            screen = "R4" if status.test_undecided else "R3"
            rows.append((go(words.label("b_decide_test" if status.test_undecided else "b_test_on"), screen, no),))
        program: tuple[Choice, ...] = ()
        if status.version is not None:
            stopped = status.state in (ProjectState.STOPPED, ProjectState.FAILED)
            program = (
                (do(words.label("b_start"), "P1", no, "start"),)
                if stopped
                else (go(words.label("b_stop"), "P1s", no), go(words.label("b_restart"), "P1r", no))
            )
        rows.append((go(words.label("b_run"), "R1", no, style="primary"), *program))
        rows.append((go(words.label("b_deploy_new"), "R5", no), go(words.label("b_rollback"), "B1", no)))
    else:
        rows.append((go(words.label("b_versions"), "B1", no),))
    rows.append((go(words.label("b_state"), "S1", no), go(words.label("b_log"), "S2", no)))
    if change:
        rows.append((variables_choice(visit, project), go(words.label("b_interval_one"), "I1", no)))
    last = go(words.label("b_history"), "J1", no)
    rows.append((go(words.label("b_settings"), "P2", no), last) if change else (last,))
    if run:
        rows.append((do(words.label("b_check_now"), "P1", no, "check"),))
    return tuple(rows)


def variables_choice(visit: Visit, project: Project) -> Choice:
    """Variables are shown in a private chat only; from a group the button leads there."""
    label = visit.words.label("b_variables")
    link = None if visit.private else visit.deep_link(f"c_{project.no}")
    return Choice(label, url=link) if link else go(label, "C1", project.no)


class Ask(Screen):
    """P1s and P1r: the question before the program is stopped or restarted."""

    right = Right.RUN

    def __init__(self, own: str, what: str) -> None:
        self.id = own
        self._what = what

    def draw(self, visit: Visit) -> Page:
        """Cancel first."""
        words, project = visit.words, visit.project()
        sure = do(words.label(f"b_{self._what}"), self.id, project.no, style="danger")
        return Page(
            crumbs(visit, project=project),
            words(f"ask_{self._what}", name=project.name),
            ((go(words.label("b_cancel"), "P1", project.no), sure),),
            back=Link("P1", project.no),
            life_s=CONFIRM_S,
        )

    def act(self, visit: Visit) -> Reply:
        """Do it; blocks until it is done."""
        project = visit.project()
        if self._what == "stop":
            visit.control.stop(project.name, visit.asked_by)
        else:
            visit.control.restart(project.name, visit.asked_by)
        return Reply(to=Link("P1", project.no), note=visit.words(f"note_{self._what}", name=project.name))
