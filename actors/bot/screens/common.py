"""What many screens share: marks, crumbs, pages of lists, a chooser of projects."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from actors.bot.screen import Choice, Page, Rows, Visit, go
from actors.bot.texts import Html, Words
from actors.control import ProjectStatus
from actors.model.deployment import Deployment, StageState, State
from actors.model.project import Project
from actors.model.run import ProjectState

PAGE = 8

MARKS = {
    ProjectState.RUNNING: "🟢",
    ProjectState.STOPPED: "⚪",
    ProjectState.DEPLOYING: "🟡",
    ProjectState.TESTING: "🟡",
    ProjectState.FAILED: "🔴",
    ProjectState.NEVER_DEPLOYED: "⚪",
}
STATE_MARKS = {
    State.QUEUED: "⏳",
    State.RUNNING: "🟡",
    State.SUCCEEDED: "✅",
    State.FAILED: "❌",
    State.ROLLED_BACK: "↩️",
    State.CANCELLED: "⏹",
}
STAGE_MARKS = {
    StageState.WAITING: "⚪",
    StageState.RUNNING: "🟡",
    StageState.SUCCEEDED: "✅",
    StageState.FAILED: "❌",
    StageState.SKIPPED: "⏭",
    StageState.CANCELLED: "⏹",
}
_ORDER = {ProjectState.FAILED: 0, ProjectState.DEPLOYING: 1, ProjectState.TESTING: 1}


def crumbs(visit: Visit, *more: str, project: Project | None = None) -> tuple[str, ...]:
    """Menu, Projects, the project where there is one, and what follows."""
    words = visit.words
    middle = () if project is None else (words.label("projects"), project.name)
    return (words.label("menu"), *middle, *more)


def mark(status: ProjectStatus) -> str:
    """The state as a coloured mark; a pause of watching shows too."""
    return MARKS[status.state] + ("⏸" if status.project.paused else "") + ("🔒" if status.test_undecided else "")


def ordered(statuses: Sequence[ProjectStatus]) -> list[ProjectStatus]:
    """Bad ones first, then busy ones, the rest by name."""
    return sorted(statuses, key=lambda it: (_ORDER.get(it.state, 2), it.project.name.lower()))


def sha(commit: str | None) -> Html:
    """Seven digits of a commit, as code."""
    return Html(f"<code>{commit[:7]}</code>") if commit and commit.isalnum() else Html("—")


def number(words: Words, version: int | None) -> str:
    """№17, or a dash."""
    return "—" if version is None else words.label("no", n=version)


def page_of(arg: str) -> int:
    """The page that a link names, 0 for the first."""
    return int(arg) if arg.isdecimal() else 0


def pages(count: int, page: int, link: Callable[[int], Choice], size: int = PAGE) -> tuple[int, Rows]:
    """The page that there really is, and the row to turn pages with (none for a single page)."""
    last = max((count - 1) // size, 0)
    page = min(page, last)
    if last == 0:
        return page, ()
    before, after = link(max(page - 1, 0)), link(min(page + 1, last))
    here = link(0 if page == last else last)
    return page, ((Choice("◀", before.to), Choice(f"{page + 1}/{last + 1}", here.to), Choice("▶", after.to)),)


def chooser(visit: Visit, own: str, target: str, title: str, text: Html, *, arg: str = "") -> Page:
    """A list of all projects; each leads to the target screen. `own` is the id of the screen that shows it."""
    statuses = ordered(visit.standing.statuses())
    page, turning = pages(len(statuses), page_of(visit.place.arg), lambda n: go("·", own, arg=str(n)))
    rows = tuple(
        (go(f"{mark(it)} {it.project.name} · {number(visit.words, it.version)}", target, it.project.no, arg),)
        for it in statuses[page * PAGE : (page + 1) * PAGE]
    )
    if not rows:
        return Page(
            crumbs(visit, title), visit.words("no_projects"), ((go(visit.words.label("b_add_project"), "A1"),),)
        )
    return Page(crumbs(visit, title), text, rows + turning)


def took(deployment: Deployment, now: datetime) -> float | None:
    """Seconds from its start to its end, or to now."""
    if deployment.started_at is None:
        return None
    return ((deployment.ended_at or now) - deployment.started_at).total_seconds()


def who(asked_by: str, visit: Visit) -> str:
    """Who asked for a deployment, for people: by name where there is one."""
    front, _, name = asked_by.partition(":")
    if front == "telegram":
        name = next((it.name for it in visit.access.users() if str(it.id) == name and it.name), name)
    key = f"by_{front}"
    return visit.words.label(key, name=name) if visit.words.has(key) else asked_by


def stages(deployment: Deployment, words: Words, now: datetime) -> Html:
    """One line for each stage, with its seconds."""
    lines = []
    for stage in deployment.stages:
        line = f"{STAGE_MARKS[stage.state]} {words.label(f'stage_{stage.name.value}')}"
        if stage.started_at is not None:
            seconds = ((stage.ended_at or now) - stage.started_at).total_seconds()
            line += f" {max(seconds, 0):.0f} {words.label('u_s')}"
        lines.append(line)
    return Html("\n".join(lines))


def bar(share: float, width: int = 8) -> str:
    """▓▓▓░░░░░ for 0.0 to 1.0."""
    full = round(min(max(share, 0.0), 1.0) * width)
    return "▓" * full + "░" * (width - full)
