"""M0, the main menu with the customer's eight entries, and V2, what waits for a decision."""

from __future__ import annotations

from actors.bot.rights import Right
from actors.bot.screen import Choice, Page, Rows, Screen, Visit, go
from actors.bot.screens.common import STATE_MARKS, chooser, crumbs, number, private
from actors.bot.texts import Html, join
from actors.model.run import ProjectState

_UP = (ProjectState.RUNNING,)
_BUSY = (ProjectState.DEPLOYING, ProjectState.TESTING)
_BAD = (ProjectState.FAILED,)


class Home(Screen):
    """Everything in one press."""

    id = "M0"

    def draw(self, visit: Visit) -> Page:
        """Counts, the last deployment, the load, and the entries."""
        words, statuses = visit.words, visit.standing.statuses()
        counts = {
            name: sum(it.state in states for it in statuses)
            for name, states in (("up", _UP), ("busy", _BUSY), ("bad", _BAD))
        }
        head = words("home_counts", n=len(statuses), **counts) if statuses else words("home_empty")
        waiting = sum(it.test_undecided for it in statuses)
        alarm = words("home_waiting", k=waiting) if waiting else None
        text = join([alarm, head, _last(visit), _load(visit)])
        return Page((words.label("menu"),), text, _rows(visit, waiting), back=None)


def _last(visit: Visit) -> Html | None:
    last = next(iter(visit.control.journal(1)), None)
    if last is None:
        return None
    words = visit.words
    return words(
        "home_last",
        project=last.project,
        no=number(words, last.version),
        mark=STATE_MARKS[last.state],
        result=words.label(f"result_{last.state.value.replace(' ', '_')}"),
        ago=words.ago(last.ended_at or last.queued_at, visit.now),
    )


def _load(visit: Visit) -> Html | None:
    load = visit.standing.load()
    if load is None:
        return None
    limit = load.get("memory_limit_bytes") or load.get("memory_total_bytes")
    memory = f"{100 * load['memory_bytes'] / limit:.0f}%" if limit else visit.words.size(load["memory_bytes"])
    free, total = load.get("disk_free_bytes"), load.get("disk_total_bytes")
    disk = None
    if free is not None:
        disk = (
            visit.words("home_disk", percent=f"{100 * (1 - free / total):.0f}")
            if total
            else visit.words("home_free", free=visit.words.size(free))
        )
    return join([visit.words("home_load", cpu=f"{load['cpu_percent']:.0f}", memory=memory), disk], " · ")


def _rows(visit: Visit, waiting: int) -> Rows:
    words = visit.words
    run, change = visit.may(Right.RUN), visit.may(Right.CHANGE)
    first: tuple[Choice, ...] = (
        (go(words.label("b_waiting", k=waiting), "V2", style="danger"),) if waiting and run else ()
    )
    last = private(visit, "b_system", "X0", "x") if change else go(words.label("b_language"), "X2")
    lines = [
        first,
        (
            go(words.label("b_projects"), "P0"),
            *((go(words.label("b_add_project"), "A1"),) if change else ()),
        ),
        ((go(words.label("b_run_project"), "R0"), go(words.label("b_rollback_project"), "B0")) if run else ()),
        (private(visit, "b_config", "C0", "c"),) if change else (),
        (go(words.label("b_interval"), "I0"),) if change else (),
        (go(words.label("b_status"), "S0"), go(words.label("b_load"), "L0")),
        (go(words.label("b_third_party"), "T0"),),
        (go(words.label("b_alerts"), "N0"), go(words.label("b_journal"), "J0")),
        (last, go(words.label("b_help"), "H0")),
    ]
    return tuple(line for line in lines if line)


class Waiting(Screen):
    """V2: the test runs that somebody must decide about."""

    id = "V2"
    right = Right.RUN

    def draw(self, visit: Visit) -> Page:
        """One button for each."""
        words = visit.words
        waiting = [it for it in visit.standing.statuses() if it.test_undecided]
        title = words.label("waiting_title")
        if not waiting:
            return Page(crumbs(visit, title), words("waiting_none"))
        rows = tuple((go(f"🔒 {it.project.name}", "R4", it.project.no),) for it in waiting[:40])
        return Page(crumbs(visit, title), words("waiting_text"), rows)


class Chooser(Screen):
    """A list of projects on the way to another screen: R0, B0, C0."""

    def __init__(self, own: str, target: str, title: str, right: Right, *, private: bool = False) -> None:
        self.id = own
        self.right = right
        self.private = private
        self._target, self._title = target, title

    def draw(self, visit: Visit) -> Page:
        """One button for each project."""
        title = visit.words.label(self._title)
        return chooser(visit, self.id, self._target, title, visit.words("choose_project"))
