"""The commands of power users: what is typed after `/`, and the screen or act that it stands for."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from actors.bot.dialogue import Show, Step, Told
from actors.bot.links import Link
from actors.bot.rights import Right
from actors.bot.screen import HOME, Page, Reply, Visit, go
from actors.bot.screens import third_party
from actors.bot.screens.log import Wanted, page_size
from actors.bot.spans import parse_span
from actors.bot.texts import Html, as_language
from actors.errors import NoSuchProject
from actors.records.variables import check_variable
from runtime.vault import Secret

if TYPE_CHECKING:
    from actors.model.project import Project

_COMMAND = re.compile(r"/([A-Za-z0-9_]{1,32})(?:@([A-Za-z0-9_]{1,64}))?(?:\s+(.*))?", re.DOTALL)
MAX_ARGS = 20
_LONGEST = 18  # digits: more do not fit into a button, and no project has so many versions


@dataclass(frozen=True)
class Command:
    """What was typed: the name in small letters and the words after it."""

    name: str
    args: tuple[str, ...]


@dataclass(frozen=True)
class Spec:
    """One command: the right that it needs, and what it does in a job's thread."""

    right: Right
    do: Callable[[Visit, tuple[str, ...]], Reply]


def parse(text: str, bot_name: str) -> Command | None:
    """The command, None for ordinary text and for what is meant for another bot."""
    found = _COMMAND.fullmatch(text)
    if found is None:
        return None
    name, other, rest = found.groups()
    if other is not None and bot_name and other.lower() != bot_name.lower():
        return None
    return Command(name.lower(), tuple((rest or "").split(maxsplit=MAX_ARGS)))


def known(command: Command) -> bool:
    """Whether it is one of ours: where a path is asked for, `/srv` is none."""
    return command.name in COMMANDS


def step(command: Command) -> Step:
    """What the command means; an unknown one shows the help."""
    spec = COMMANDS.get(command.name)
    if spec is None:
        return Show(Link("H0"))

    def how(visit: Visit) -> Reply:
        if not visit.may(spec.right):
            return Reply(to=HOME, note=visit.words("t_not_allowed"))
        return spec.do(visit, command.args)

    return Told(how)


def search(text: str) -> Step:
    """Plain text that nobody waits for: the projects whose name holds it, else the menu."""

    def how(visit: Visit) -> Reply:
        wanted = text.strip().lower()
        found = [project for project in visit.control.projects() if wanted and wanted in project.name.lower()]
        if len(found) == 1:
            return Reply(to=Link("P1", found[0].no))
        return (
            _choose(visit, found[:8], "P1", visit.words("found", text=text.strip()[:64])) if found else Reply(to=HOME)
        )

    return Told(how)


def _choose(visit: Visit, projects: list[Project], screen: str, text: Html, arg: str = "") -> Reply:
    rows = tuple((go(project.name, screen, project.no, arg),) for project in projects)
    rows = rows or ((go(visit.words.label("b_projects"), "P0"),),)
    return Reply(page=Page((visit.words.label("menu"), visit.words.label("projects")), text, rows))


def _named(visit: Visit, name: str, screen: str = "P1") -> Project | Reply:
    """The project of that name, or the nearest ones to choose from on the way to the screen."""
    try:
        return visit.control.project(name)
    except NoSuchProject as error:
        near = [part.strip() for part in error.fields.get("nearest", "").split(",")]
        found = [project for project in visit.control.projects() if project.name in near][:3]
        note = visit.words("no_project" if found else "no_project_at_all", name=name[:64])
        return _choose(visit, found, screen, note)


def _shows(screen: str, chooser: str | None = None, arg: str = "") -> Callable[[Visit, tuple[str, ...]], Reply]:
    """A command that shows a screen: that of the named project, or without a name the one to choose in."""

    def do(visit: Visit, args: tuple[str, ...]) -> Reply:
        if chooser is None:
            return Reply(to=Link(screen))
        if not args:
            return Reply(to=Link(chooser))
        project = _named(visit, args[0], screen)
        return project if isinstance(project, Reply) else Reply(to=Link(screen, project.no, arg))

    return do


def _start(_visit: Visit, args: tuple[str, ...]) -> Reply:
    """A deep link, or the menu."""
    stranger = re.fullmatch(r"([tw])_([0-9a-f]{8})", args[0]) if args else None
    if stranger is not None:
        return Reply(to=Link("T5" if stranger.group(1) == "t" else "T6", arg=stranger.group(2)))
    if args and args[0] in ("c", "x"):
        return Reply(to=Link({"c": "C0", "x": "X0"}[args[0]]))
    found = re.fullmatch(r"([prlcvshk])_([0-9]{1,9})(?:_([0-9]{1,9}))?", args[0]) if args else None
    if found is None:
        return Reply(to=HOME)
    kind, no, more = found.groups()
    screen = {"p": "P1", "r": "R1", "l": "S2", "c": "C1", "v": "B2", "s": "S1", "h": "P2h", "k": "P2k"}[kind]
    return Reply(to=Link(screen, int(no), more or ""))


def _run(visit: Visit, args: tuple[str, ...]) -> Reply:
    """`/run shop`, `/run shop prod` asks, `/run shop test 10m` begins."""
    if not args:
        return Reply(to=Link("R0"))
    project = _named(visit, args[0], "R1")
    if isinstance(project, Reply):
        return project
    kind = args[1].lower() if len(args) > 1 else ""
    if kind.startswith("prod"):
        return Reply(to=Link("R5", project.no))
    if kind != "test":
        return Reply(to=Link("R1", project.no))
    if len(args) == 2:
        return Reply(to=Link("R2", project.no))
    seconds = parse_span(args[2])
    visit.control.test(project.name, visit.asked_by, for_s=seconds)
    return Reply(to=Link("R3", project.no))


def _rollback(visit: Visit, args: tuple[str, ...]) -> Reply:
    """`/rollback shop 16` asks first; without a number the versions are shown."""
    if not args:
        return Reply(to=Link("B0"))
    project = _named(visit, args[0], "B1")
    if isinstance(project, Reply):
        return project
    number = args[1].lstrip("#№") if len(args) > 1 else ""
    if not number.isascii() or not number.isdecimal():
        return Reply(to=Link("B1", project.no))
    return Reply(to=Link("B3", project.no, number[:_LONGEST]))


def _logs(visit: Visit, args: tuple[str, ...]) -> Reply:
    """`/logs shop 10`: the last ten lines; thirty without a number."""
    if not args:
        return Reply(to=Link("S0"))
    project = _named(visit, args[0], "S2")
    if isinstance(project, Reply):
        return project
    return Reply(to=Link("S2", project.no, Wanted(lines=page_size(args[1])).arg if len(args) > 1 else ""))


def _set(visit: Visit, args: tuple[str, ...]) -> Reply:
    """`/set shop KEY`: the value is asked for, never taken from the command, nor said again."""
    if not args:
        return Reply(to=Link("C0"))
    project = _named(visit, args[0], "C1")
    if isinstance(project, Reply):
        return project
    if len(args) == 1:
        return Reply(to=Link("C3", project.no))
    key, given, _ = args[1].partition("=")
    check_variable(key, Secret(""))
    note = visit.words("set_apart") if given or len(args) > 2 else None
    return Reply(to=Link("C4", project.no), form={"key": key, "test": ""}, note=note)


def _interval(visit: Visit, args: tuple[str, ...]) -> Reply:
    if not args:
        return Reply(to=Link("I0"))
    project = _named(visit, args[0], "I1")
    if isinstance(project, Reply):
        return project
    if len(args) > 1:
        visit.control.edit(project.name, visit.asked_by, interval_s=parse_span(args[1]), paused=False)
    return Reply(to=Link("I1", project.no))


def _check(visit: Visit, args: tuple[str, ...]) -> Reply:
    if not args:
        return Reply(to=Link("P0"))
    project = _named(visit, args[0])
    if isinstance(project, Reply):
        return project
    seen = visit.control.check(project.name)
    key = "checked_new" if seen.new else "checked_same"
    return Reply(to=Link("P1", project.no), note=visit.words(key, sha=seen.commit[:7]))


def _repo(visit: Visit, args: tuple[str, ...]) -> Reply:
    """`/repo https://… v1.2` asks how to run it; alone it shows those that run."""
    if not args or visit.sandbox is None:
        return Reply(to=Link("T0"))
    return third_party.asked(visit, " ".join(args))


def _lang(visit: Visit, args: tuple[str, ...]) -> Reply:
    language = as_language(args[0].lower()) if args else None
    if language is None:
        return Reply(to=Link("X2"))
    visit.access.set_language(visit.person.id, language)
    return Reply(to=HOME)


def _id(visit: Visit, _args: tuple[str, ...]) -> Reply:
    words = visit.words
    text = words("your_id", user=visit.person.id, chat=visit.chat)
    return Reply(page=Page((words.label("menu"),), text))


def _home(_visit: Visit, _args: tuple[str, ...]) -> Reply:
    return Reply(to=HOME)


COMMANDS: Final = MappingProxyType(
    {
        "start": Spec(Right.SEE, _start),
        "menu": Spec(Right.SEE, _home),
        "projects": Spec(Right.SEE, _shows("P0")),
        "add": Spec(Right.CHANGE, _shows("A1")),
        "run": Spec(Right.RUN, _run),
        "stop": Spec(Right.RUN, _shows("P1s", "P0")),
        "restart": Spec(Right.RUN, _shows("P1r", "P0")),
        "rollback": Spec(Right.RUN, _rollback),
        "versions": Spec(Right.SEE, _shows("B1", "B0")),
        "status": Spec(Right.SEE, _shows("S1", "S0")),
        "logs": Spec(Right.SEE, _logs),
        "set": Spec(Right.CHANGE, _set),
        "interval": Spec(Right.CHANGE, _interval),
        "check": Spec(Right.RUN, _check),
        "repo": Spec(Right.RUN, _repo),
        "load": Spec(Right.SEE, _shows("L0")),
        "approve": Spec(Right.RUN, _shows("V2")),
        "journal": Spec(Right.SEE, _shows("J0")),
        "errors": Spec(Right.CHANGE, _shows("X3")),
        "users": Spec(Right.CHANGE, _shows("X4")),
        "lang": Spec(Right.SEE, _lang),
        "id": Spec(Right.SEE, _id),
        "help": Spec(Right.SEE, _shows("H0")),
        "cancel": Spec(Right.SEE, _home),  # before that: whoever waits for a text does so no longer, see the router
    }
)
