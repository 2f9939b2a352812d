"""What many screens share: marks, crumbs, pages of lists, a chooser of projects."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from actors.bot.links import Link
from actors.bot.screen import Choice, Expect, Page, Rows, Visit, go
from actors.bot.texts import Html, Words, escape, join
from actors.control import ProjectStatus
from actors.model.deployment import Deployment, StageState, State
from actors.model.project import Project
from actors.model.run import ProjectState

PAGE = 8
JUMP = "Z0"  # the screen with the numbers of a list's pages
FIND = "P0s"  # the screen that asks for a part of a name
SEARCHED = 16  # a list of more is searched by what is typed

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
Label = Callable[[Words, ProjectStatus], str]


def crumbs(visit: Visit, *more: str, project: Project | None = None) -> tuple[str, ...]:
    """Menu, Projects, the project where there is one, and what follows."""
    words = visit.words
    middle = () if project is None else (words.label("projects"), project.name)
    return (words.label("menu"), *middle, *more)


def mark(status: ProjectStatus) -> str:
    """The state as a coloured mark; a pause of watching shows too."""
    return MARKS[status.state] + ("⏸" if status.project.paused else "") + ("🔒" if status.test_undecided else "")


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
    """The page that there really is, and the row to turn pages with (none for a single page).

    The link's argument must end with the page's number. The middle button leads to all the numbers.
    """
    last = max((count - 1) // size, 0)
    page = min(page, last)
    if last == 0:
        return page, ()
    before, after, first = link(max(page - 1, 0)).to, link(min(page + 1, last)).to, link(0).to
    assert first is not None  # noqa: S101 - pages are turned by links
    jump = Link(JUMP, first.no, f"{first.screen}.{first.arg[:-1]}.{last + 1}.{page}")
    return page, ((Choice("◀", before), Choice(f"{page + 1}/{last + 1}", jump), Choice("▶", after)),)


def chooser(visit: Visit, own: str, target: str, title: str, text: Html, *, label: Label | None = None) -> Page:
    """A list of all projects; each leads to the target screen. `own` is the id of the screen that shows it."""
    words, statuses = visit.words, visit.standing.statuses()
    page, turning = pages(len(statuses), page_of(visit.place.arg), lambda n: go("·", own, arg=str(n)))
    rows: Rows = tuple(
        (go((label or line)(words, it), target, it.project.no),) for it in statuses[page * PAGE : (page + 1) * PAGE]
    )
    if not rows:
        return Page(crumbs(visit, title), words("no_projects"), ((go(words.label("b_add_project"), "A1"),),))
    many = len(statuses) > SEARCHED
    if many:
        turning += ((go(words.label("b_find"), FIND, arg=own),),)
    text = join([text, words("find_hint") if many and visit.private else None])
    return Page(crumbs(visit, title), text, rows + turning, expects=searched(visit, own, len(statuses)))


def line(words: Words, status: ProjectStatus) -> str:
    """A project on a button of a list."""
    return f"{mark(status)} {status.project.name} · {number(words, status.version)}"


def searched(visit: Visit, own: str, count: int) -> Expect | None:
    """A long list takes a part of a name (in a private chat: in a group people talk)."""
    return Expect(Link(FIND, arg=own)) if visit.private and count > SEARCHED else None


def uses(words: Words, program: Mapping[str, Any]) -> Html:
    """What a program takes of the machine, as `load` has it."""
    return words("s_load", cpu=f"{program['cpu_percent']:.0f}", memory=words.size(program["memory_bytes"]))


def next_check(visit: Visit, status: ProjectStatus) -> Html | None:
    """When the repository is looked at again; None where nobody looks."""
    if status.next_check_s is None or status.project.paused:
        return None
    if status.next_check_s < 1:
        return visit.words("s_watch_now")
    return visit.words("s_watch_next", next=visit.words.duration(status.next_check_s))


def kind_of(words: Words, engine: str) -> str:
    """How a project runs, in words; an engine that has none by its name."""
    return words.label(f"engine_{engine}") if words.has(f"engine_{engine}") else engine


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
        said = f"{STAGE_MARKS[stage.state]} {words.label(f'stage_{stage.name.value}')}"
        if stage.started_at is not None:
            seconds = ((stage.ended_at or now) - stage.started_at).total_seconds()
            said += f" {words.took(seconds)}"
        lines.append(escape(said))
    return Html("\n".join(lines))


def bar(share: float, width: int = 8) -> str:
    """▓▓▓░░░░░ for 0.0 to 1.0."""
    full = round(min(max(share, 0.0), 1.0) * width)
    return "▓" * full + "░" * (width - full)


def private(visit: Visit, label: str, screen: str, payload: str, no: int = 0) -> Choice:
    """A button to what is shown in a private chat only; from a group it leads there by a deep link."""
    text = visit.words.label(label)
    link = None if visit.private else visit.deep_link(payload)
    return Choice(text, url=link) if link else go(text, screen, no)
