"""For the random walk: a tree drawn at random, whose actors misbehave as they are told and keep a record of it."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from pykka import ActorRegistry

from runtime.actor import IGNORE, Actor, Ignore
from runtime.child_spec import AutoShutdown, ChildSpec, OnGiveUp, Queued, Restart, Shutdown, Strategy, supervisor
from runtime.system import System
from tests.fakes.clock import FakeClock
from tests.runtime.kit import LIMIT, Boom

KINDS = (Strategy.ONE_FOR_ONE, Strategy.ONE_FOR_ALL, Strategy.REST_FOR_ONE)
ON_START = ("up", "up", "up", "boom", "ignore", "wait", "wait and boom", "wait and ignore", "quit")
ON_STOP = ("stop", "stop", "stop", "boom", "wait")
ORDERS = ("ping", "ping", "boom", "quit", "wait", "job", "later", "owe")


class HurriedClock(FakeClock):
    """Does not wait until the actors have dealt with what became due: the walk wants the muddle."""

    def _settle(self) -> None:
        pass


@dataclass(frozen=True)
class Fact:
    """Published at the end: whoever is up hears it once."""


@dataclass(frozen=True)
class Order:
    what: str


@dataclass
class Place:
    """What is known of one actor over its incarnations, and what its next hooks are to do."""

    name: str
    spec: ChildSpec | None = None
    on_start: str = "up"
    on_stop: str = "stop"
    ignored: bool = False  # its latest start had nothing to run
    alive: set[int] = field(default_factory=set)
    heard: list[int] = field(default_factory=list)


class Ground:
    """What all actors of one walk share: the gates they wait at, what was seen, what went wrong."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.gates: list[threading.Event] = []
        self.open = False
        self.no_threads = False  # what the machine gives at this moment
        self.wrong: list[str] = []
        self.refs: set[Any] = set()

    def wait(self) -> None:
        """Wait until somebody opens this gate; at the end of the walk all are open."""
        gate = threading.Event()
        with self.lock:
            if self.open:
                return
            self.gates.append(gate)
        gate.wait(LIMIT * 6)

    def release(self, draw: random.Random | None = None) -> None:
        """Open one gate; without `draw` all of them for good."""
        with self.lock:
            gates = self.gates if draw is None else self.gates[:1] and [draw.choice(self.gates)]
            self.open = self.open or draw is None
            self.gates = [gate for gate in self.gates if gate not in gates]
        for gate in gates:
            gate.set()

    def starting(self, start: Callable[[Any], None]) -> Callable[[Any], None]:
        """`start` of a thread class, which fails while there are no threads."""

        def maybe(thread: Any) -> None:
            if self.no_threads:
                raise RuntimeError("can't start new thread")
            start(thread)

        return maybe


class Walker(Actor[Order]):
    """Does what its place and its orders say, and reports what must not be."""

    def __init__(self, place: Place, ground: Ground) -> None:
        super().__init__()
        self.place, self.ground = place, ground
        self.hooks: list[str] = []

    def on_start(self) -> Ignore | None:  # type: ignore[override]  # pykka's promises None
        place, number = self.place, self.context.incarnation
        if place.alive:
            self.ground.wrong.append(f"{place.name}: {number} starts while {place.alive} live")
        place.alive.add(number)
        self.context.at_end(partial(place.alive.discard, number))
        self.ground.refs.add(self.actor_ref)
        self.context.subscribe(Fact, lambda fact: fact)
        mood, place.on_start = place.on_start, "up"
        if "wait" in mood:
            self.ground.wait()
        if "boom" in mood:
            raise Boom(place.name)
        if mood == "quit":
            self.context.stop()
        ignored = "ignore" in mood
        if number in place.alive:  # else it was abandoned while it waited
            place.ignored = ignored
        return IGNORE if ignored else None

    def receive(self, message: Order | Fact) -> object:
        if isinstance(message, Fact):
            self.place.heard.append(self.context.incarnation)
            return None
        match message.what:
            case "boom":
                raise Boom(self.place.name)
            case "quit":
                self.context.stop()
            case "wait":
                self.ground.wait()
            case "job":
                self.context.job("walk", self.ground.wait, lambda done: Order("ping"))
            case "later":
                self.context.after(1.0, Order("ping"))
            case "owe":
                owed = self.context.defer()
                self.context.job("walk", partial(self._pay, owed), lambda done: Order("ping"))
                return owed
            case _:
                pass
        return self.context.incarnation

    def _pay(self, owed: Any) -> None:
        self.ground.wait()
        owed.answer("paid")

    def _once(self, hook: str) -> None:
        self.hooks.append(hook)
        if len(self.hooks) > 1:
            self.ground.wrong.append(f"{self.place.name}: {self.hooks} in one incarnation")

    def on_stop(self) -> None:
        self._once("on_stop")
        mood, self.place.on_stop = self.place.on_stop, "stop"
        if mood == "wait":
            self.ground.wait()
        if mood == "boom":
            raise Boom(self.place.name)

    def on_crash(self, error: BaseException) -> None:
        self._once("on_crash")


class Blocking(Walker):
    blocking = True


class RandomTree:
    """One system with its tree; `places` and `supervisors` by path."""

    def __init__(self, dispatcher: Any, draw: random.Random) -> None:
        self.draw = draw
        self.before = set(ActorRegistry.get_all())
        self.clock = HurriedClock()
        self.ground = Ground()
        self.places: dict[str, Place] = {}
        self.supervisors: list[str] = ["/"]
        self.system = System(clock=self.clock, dispatcher=dispatcher, workers=2)
        root = supervisor("root", self.children(""), strategy=draw.choice(KINDS), restarts=draw.choice((0, 3, 1000)))
        self.system.start(root)

    def children(self, above: str, depth: int = 0, *, significant: bool = False) -> list[ChildSpec]:
        """One to four children, the upper ones often supervisors."""
        count = self.draw.randint(1, 4)
        return [
            self.family(f"{above}s{number}", depth + 1)
            if depth < 3 and self.draw.random() < 0.45 - 0.1 * depth
            else self.worker(f"{above}w{number}", significant=significant)
            for number in range(count)
        ]

    def worker(self, path: str, *, significant: bool = False) -> ChildSpec:
        draw, name = self.draw, path.rpartition("/")[2]
        place = self.places.setdefault(path, Place(path))
        made = partial(draw.choice((Walker, Walker, Blocking)), place, self.ground)
        place.spec = ChildSpec(
            name,
            made,
            restart=draw.choice((Restart.PERMANENT, Restart.PERMANENT, Restart.TRANSIENT, Restart.TEMPORARY)),
            shutdown=draw.choice((0.5, 2.0, 5.0, Shutdown.KILL)),
            start_timeout=5.0,
            hard_limit=draw.choice((2.0, 10.0)),
            queued=draw.choice(tuple(Queued)),
            replay=draw.choice((0, 0, 1)),
            on_give_up=draw.choice((OnGiveUp.ESCALATE, OnGiveUp.ESCALATE, OnGiveUp.PARK)),
        )
        if significant and place.spec.restart is not Restart.PERMANENT:
            place.spec = replace(place.spec, significant=draw.random() < 0.5)
        return place.spec

    def family(self, path: str, depth: int) -> ChildSpec:
        draw = self.draw
        strategy = draw.choice((*KINDS, Strategy.DYNAMIC))
        auto = draw.choice((AutoShutdown.NEVER, AutoShutdown.NEVER, *AutoShutdown))
        self.supervisors.append(path)
        return supervisor(
            path.rpartition("/")[2],
            self.children(f"{path}/", depth, significant=auto is not AutoShutdown.NEVER),
            strategy=strategy,
            auto_shutdown=auto,
            restarts=draw.choice((0, 1, 3, 1000)),
            restart=draw.choice((Restart.PERMANENT, Restart.PERMANENT, Restart.TRANSIENT)),
            shutdown=draw.choice((Shutdown.INFINITY, Shutdown.INFINITY, 3.0, Shutdown.KILL)),
            on_give_up=draw.choice((OnGiveUp.ESCALATE, OnGiveUp.ESCALATE, OnGiveUp.PARK)),
        )

    def another(self, above: str) -> ChildSpec:
        """A worker for StartChild, new or known, whose first start may go wrong."""
        prefix = "" if above == "/" else f"{above}/"
        path = f"{prefix}n{self.draw.randrange(3)}"
        spec = self.worker(path)
        self.places[path].on_start = self.draw.choice(ON_START)
        return replace(spec)
