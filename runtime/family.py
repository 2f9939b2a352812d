"""The children of one supervisor: their records, and the steps of starting and stopping one of them."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from runtime.cell import Cell, State
from runtime.child_spec import ChildSpec, OnGiveUp, Restart, Shutdown
from runtime.endings import Down, Exit
from runtime.errors import ActorDead, Overdue
from runtime.facts import ActorCrashed, ActorParked, ActorRestarted
from runtime.intensity import Intensity
from runtime.life import Life
from runtime.log import bind
from runtime.reply import Deferred
from runtime.timers import Timer

if TYPE_CHECKING:
    from runtime.system import System

log = logging.getLogger("runtime.supervisor")


@dataclass(frozen=True, eq=False, slots=True)
class ShutdownDue:
    """These children have had their shutdown time."""

    lives: tuple[Life, ...]


@dataclass(frozen=True, eq=False, slots=True)
class RetryDue:
    """The pause before a child's next try is over."""

    child: Child


class Child:
    """What a supervisor knows of one child. Touched in the supervisor's turns only."""

    __slots__ = (
        "budget",
        "by_hand",
        "cell",
        "cooling",
        "down_at",
        "failed",
        "failures",
        "fresh",
        "held",
        "life",
        "parked",
        "spec",
        "starters",
        "stopping",
        "timer",
        "up",
        "up_at",
        "waiters",
    )

    def __init__(self, spec: ChildSpec, cell: Cell) -> None:
        self.spec = spec
        self.cell = cell
        self.life: Life | None = None  # from its start until its end was reported
        self.up = False
        self.stopping = False  # its end was ordered
        self.held = False  # stopped by an operator
        self.parked = False
        self.fresh = False  # added by StartChild, not up yet: leaves no spec when it fails
        self.by_hand = True  # this start is no restart that counts
        self.cooling = False  # a child of the root that used up the budget
        self.failed: BaseException | None = None  # what its latest start raised
        self.failures = 0  # starts that failed in a row
        self.down_at: float | None = None
        self.up_at = 0.0
        self.timer: Timer | None = None
        self.starters: list[Deferred] | None = None
        self.waiters: list[Deferred] | None = None
        parks = spec.on_give_up is OnGiveUp.PARK
        self.budget: Final = Intensity(spec.park_restarts, spec.park_within) if parks else None

    def cancel_timer(self) -> bool:
        """Forget its pending retry or shutdown limit; False when there was none."""
        timer, self.timer = self.timer, None
        if timer is None:
            return False
        timer.cancel()
        return True


class Nursery:
    """Begins, stops and records the children of one supervisor incarnation."""

    def __init__(self, system: System, life: Life) -> None:
        self.system = system
        self.life = life
        self.children: dict[str, Child] = {}

    def add(self, spec: ChildSpec) -> Child:
        """A record for a new child, in its place; it is not started."""
        above = self.life.cell
        path = spec.id if above.path == "/" else f"{above.path}/{spec.id}"
        cell = self.system.settle_in(path, spec)
        above.children.pop(spec.id, None)
        above.children[spec.id] = cell
        child = self.children[spec.id] = Child(spec, cell)
        return child

    def remove(self, child: Child) -> None:
        """Forget it, spec and all."""
        child.cancel_timer()
        if self.children.get(child.spec.id) is child:
            del self.children[child.spec.id]
        self._drop(child.spec.id, child.cell)
        for deferred in (*(child.waiters or ()), *(child.starters or ())):
            deferred.answer(None)

    def find(self, life: Life) -> Child | None:
        """The child whose present incarnation this is."""
        child = self.children.get(life.cell.spec.id)
        return child if child is not None and child.life is life else None

    def begin(self, child: Child, *, by_hand: bool = False) -> None:
        """Start its next incarnation; its Up or Down comes later, as an event."""
        child.cancel_timer()
        child.up = child.stopping = child.held = child.parked = False
        child.failed = None
        child.by_hand = by_hand or child.down_at is None
        cell = child.cell
        with cell.lock:
            mine = self.life.in_place  # else the place is closed, or its successor's
            cell.incarnation += mine
            life = child.life = Life(cell, self.life, self.system.dispatcher)
            leaving = cell.leaving
            if mine:
                cell.life = life
                cell.closed = None
                cell.state = State.STARTING if cell.incarnation == 1 else State.RESTARTING
        if not mine:
            if not cell.incarnation:  # it was added after the kill: nobody else will close it
                cell.close("its supervisor was killed", State.STOPPED)
            life.end(Exit.NO_START, ActorDead(f"{self.life.cell.path}: this incarnation is detached from its place"))
            return
        before = self.system.orphans_at(cell.path) if self.system.orphans else []
        self._launch(life, before if leaving is None else [leaving, *before])

    def _launch(self, life: Life, orphans: list[Life]) -> None:
        """Let it begin, after the orphans of the same place have stopped: incarnations of one actor never overlap."""
        if orphans:
            orphan = orphans.pop()
            if not orphan.over and orphan.cell.spec.shutdown is not Shutdown.INFINITY:
                self._limit(orphan)
            orphan.at_end(partial(self._launch, life, orphans))
            return
        try:
            life.begin()
        except RuntimeError as error:  # no thread for it: a start failure like any other
            life.end(Exit.NO_START, error)

    def _limit(self, orphan: Life) -> None:
        shutdown = orphan.cell.spec.shutdown
        seconds = 0.0 if isinstance(shutdown, Shutdown) else shutdown
        late = Overdue(f"{orphan.cell.path}: its supervisor was killed, it did not stop within {seconds:g} s")
        if seconds:
            self.system.timers.after(seconds, partial(orphan.abandon, late, Exit.KILLED))
        else:
            orphan.abandon(late, Exit.KILLED)

    def came_up(self, child: Child) -> None:
        """Record that its start hook returned."""
        child.up = True
        child.failures = 0
        child.up_at = self.system.clock.monotonic()
        cell = child.cell
        if not child.by_hand and child.down_at is not None:
            cell.restarts += 1
            took = child.up_at - child.down_at
            self.system.bus.publish(ActorRestarted(cell.path, cell.incarnation, took))
        child.down_at = None

    def order_stop(self, children: Iterable[Child]) -> None:
        """Tell each to stop, with one timer for those that have the same shutdown time."""
        limits: dict[float, list[Child]] = {}
        for child in children:
            life, shutdown = child.life, child.spec.shutdown
            if life is None:
                continue
            child.stopping = True
            if shutdown is Shutdown.KILL:
                life.abandon(Overdue(f"{child.cell.path}: killed at once, as its child spec says"), Exit.KILLED)
            elif life.stop() and not isinstance(shutdown, Shutdown):
                limits.setdefault(shutdown, []).append(child)
        for seconds, group in limits.items():
            due = ShutdownDue(tuple(child.life for child in group if child.life is not None))
            timer = self.system.timers.after(seconds, partial(self.life.post, due))
            if len(group) == 1:  # a shared timer is left to fire: what has stopped by then is not harmed
                group[0].timer = timer

    def kill(self, due: ShutdownDue) -> None:
        """Abandon those that have not stopped in their time."""
        for life in due.lives:
            child = self.find(life)
            if child is not None and child.stopping:
                seconds = child.spec.shutdown
                life.abandon(Overdue(f"{life.cell.path} did not stop within {seconds} s"), Exit.KILLED)

    def record_crash(self, child: Child, event: Down) -> None:
        """Log and publish that it crashed or did not start."""
        system, cell, error = self.system, child.cell, event.error
        text = f"{type(error).__name__}: {error}" if error is not None else event.exit.value
        cell.last_error = text
        passes, held = system.crash_gate.passes()
        if passes:
            more = f" ({held} more crashes were not shown)" if held else ""
            trace = (type(error), error, error.__traceback__) if error is not None else None
            # the same crash has the same words, whichever incarnation it befell: it is one entry with a count then
            with bind(actor=cell.path):
                log.error("%s crashed: %s%s", cell.path, text, more, exc_info=trace)
        if system.bus.wanted(ActorCrashed):
            trace_text = "".join(traceback.format_exception(error)) if error is not None else ""
            system.bus.publish(ActorCrashed(cell.path, text, trace_text, system.clock.now(), event.message))

    def park(self, child: Child, text: str) -> None:
        """Keep it as "failed" until an operator restarts it."""
        child.parked = True
        child.down_at = None
        child.cell.close("parked: it used up its restarts", State.FAILED, by=self.life)
        log.error("%s is parked: %s", child.cell.path, text)
        self.system.bus.publish(ActorParked(child.cell.path, text))

    def rest(self, child: Child, reason: str) -> None:
        """It runs no more and is not restarted, its spec stays; a temporary one is forgotten."""
        child.down_at = None
        if child.spec.restart is Restart.TEMPORARY:
            self.remove(child)
        else:
            child.cell.close(reason, State.STOPPED, by=self.life)

    def drop_strangers(self) -> None:
        """Close the places of children that an earlier incarnation had and this one does not."""
        cell = self.life.cell
        for name, place in list(cell.children.items()):
            if name not in self.children:
                self._drop(name, place)

    def _drop(self, name: str, place: Cell) -> None:
        place.close("its child spec is gone", State.STOPPED, gone=True, by=self.life)
        if place.gone:
            self.life.cell.children.pop(name, None)
            self.system.forget(place)
