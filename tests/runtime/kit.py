"""Parts for tests of the kernel: a scripted actor, a journal of what happened, waiting on a condition."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from pykka import ActorRegistry

from runtime.actor import IGNORE, Actor, Ignore
from runtime.child_spec import ChildSpec, Strategy, supervisor
from runtime.system import System
from tests.fakes.clock import FakeClock

LIMIT = 30.0  # seconds no wait ever needs


def until(condition: Callable[[], Any], what: str = "the condition") -> None:
    """Wait until it holds; fails after a generous limit."""
    limit = time.monotonic() + LIMIT
    while not condition():
        assert time.monotonic() < limit, f"{what} did not come true"
        time.sleep(0.0005)


class Journal:
    """What happened, in order; written by actors on any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lines: list[str] = []

    def add(self, line: str) -> None:
        with self._lock:
            self._lines.append(line)

    def clear(self) -> None:
        with self._lock:
            self._lines.clear()

    @property
    def lines(self) -> list[str]:
        with self._lock:
            return list(self._lines)

    def starting(self, word: str) -> list[str]:
        """The lines that begin with the word."""
        return [line for line in self.lines if line.startswith(word)]


@dataclass(frozen=True)
class Say:
    text: str


@dataclass(frozen=True)
class Raise:
    error: BaseException


@dataclass(frozen=True)
class Wait:
    """Blocks the handler until the event is set."""

    entered: threading.Event
    release: threading.Event


@dataclass(frozen=True)
class Quit:
    """End normally."""


@dataclass(frozen=True)
class Add:
    """Change the actor's own state; answers it."""

    number: int


@dataclass(frozen=True)
class Call:
    """Run something with the actor."""

    what: Callable[[Any], Any]


class Boom(Exception):
    pass


@dataclass
class Script:
    """What one actor does beside the ordinary; shared by its incarnations."""

    in_init: Callable[[int], object] | None = None  # gets 1, 2, 3 ... for each attempt
    in_start: Callable[[int], object] | None = None
    in_stop: Callable[[], object] | None = None
    in_crash: Callable[[BaseException], object] | None = None
    attempts: int = 0
    actors: list[Any] = field(default_factory=list)


class Scripted(Actor[Any]):
    """Writes its starts and stops into the journal and does what it is told."""

    def __init__(self, name: str, journal: Journal, script: Script) -> None:
        super().__init__()
        self.name, self.journal, self.script = name, journal, script
        self.total = 0
        script.attempts += 1
        if script.in_init is not None:
            script.in_init(script.attempts)

    def on_start(self) -> Ignore | None:  # type: ignore[override]  # pykka's promises None
        if self.script.in_start is not None and self.script.in_start(self.script.attempts) is IGNORE:
            return IGNORE
        self.script.actors.append(self)
        self.journal.add(f"start {self.name}")
        return None

    def on_stop(self) -> None:
        if self.script.in_stop is not None:
            self.script.in_stop()
        self.journal.add(f"stop {self.name}")

    def on_crash(self, error: BaseException) -> None:
        if self.script.in_crash is not None:
            self.script.in_crash(error)

    def receive(self, message: Any) -> object:
        match message:
            case Say(text):
                self.journal.add(f"{self.name} heard {text}")
                return text
            case Raise(error):
                raise error
            case Wait(entered, release):
                entered.set()
                release.wait(LIMIT * 3)
                self.journal.add(f"{self.name} came out")
                return "came out"
            case Quit():
                self.context.stop()
                return None
            case Add(number):
                self.total += number
                return self.total
            case Call(what):
                return what(self)
            case _:
                return None


class Kernel:
    """One System under test with its clock and journal."""

    def __init__(self, dispatcher: Any, clock: FakeClock | None) -> None:
        self.fake = clock
        self.journal = Journal()
        self.scripts: dict[str, Script] = {}
        self.system = System(clock=clock, dispatcher=dispatcher, workers=2)
        self.releases: list[threading.Event] = []

    def clock(self) -> FakeClock:
        assert self.fake is not None
        return self.fake

    def child(self, which: str, *, name: str = "", script: Script | None = None, **spec: Any) -> ChildSpec:
        """A scripted actor; `name` is what the journal calls it."""
        name = name or which
        script = self.scripts.setdefault(name, script or Script())
        return ChildSpec(which, partial(Scripted, name, self.journal, script), **spec)

    def children(self, ids: str, **spec: Any) -> list[ChildSpec]:
        return [self.child(each, **spec) for each in ids]

    def start(self, children: list[ChildSpec], **family: Any) -> Any:
        """Start the tree with the family under test right below the root, as "fam"; gives the family's address."""
        self.system.start(supervisor("root", [supervisor("fam", children, **family)], restarts=1000))
        return self.fam

    @property
    def fam(self) -> Any:
        return self.system.address("fam")

    def __getitem__(self, which: str) -> Any:
        return self.system.address(f"fam/{which}")

    def node(self, which: str = "") -> Any:
        """The line of the live tree."""
        node = next(child for child in self.system.tree().children if child.name == "fam")
        return next((child for child in node.children if child.name == which), None) if which else node

    def state(self, which: str = "") -> str:
        node = self.node(which)
        return node.state if node is not None else "gone"

    def incarnation(self, which: str) -> int:
        node = self.node(which)
        return node.incarnation if node is not None else 0

    def crash(self, which: str) -> None:
        """Crash it and wait until its supervisor has dealt with that."""
        self[which].tell(Raise(Boom(f"{which} was told to")))
        self.settle()

    def settle(self) -> None:
        assert self.system.settle(LIMIT)

    def gate(self) -> tuple[threading.Event, threading.Event]:
        """(entered, release) for something that blocks; released at the end of the test at the latest."""
        entered, release = threading.Event(), threading.Event()
        self.releases.append(release)
        return entered, release

    def hang(self, which: str) -> threading.Event:
        """Let a handler block; returns when it does. Set what is returned to let it go on."""
        entered, release = self.gate()
        self[which].tell(Wait(entered, release))
        assert entered.wait(LIMIT)
        return release

    def close(self) -> None:
        for release in self.releases:
            release.set()
        self.system.stop(4.0)
        mine = [actor for script in self.scripts.values() for actor in script.actors]
        until(lambda: not any(actor.actor_ref in ActorRegistry._actor_refs for actor in mine), "every actor's end")


DISPATCHERS = ("pooled", "threads")
ALL_GROUPS = (Strategy.ONE_FOR_ONE, Strategy.ONE_FOR_ALL, Strategy.REST_FOR_ONE)


def raising(error: BaseException, *attempts: int) -> Callable[[int], None]:
    """A hook that raises at the given attempts, or at each one when none is given."""

    def hook(attempt: int) -> None:
        if not attempts or attempt in attempts:
            raise error

    return hook


def raising_after_first(error: BaseException) -> Callable[[int], None]:
    """A hook that lets the first start pass and fails each later one."""

    def hook(attempt: int) -> None:
        if attempt > 1:
            raise error

    return hook


def entering(entered: threading.Event, release: threading.Event) -> None:
    """Say that it has come this far, and wait to be let go."""
    entered.set()
    release.wait(LIMIT * 3)
