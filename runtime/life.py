"""One incarnation of an actor: what it is told, and its end."""

from __future__ import annotations

import logging
from collections import deque
from enum import Enum
from typing import TYPE_CHECKING, Any

from runtime import registry
from runtime.cell import Cell, State
from runtime.endings import Down, Estate, Exit, Parent, Up
from runtime.errors import ActorDead
from runtime.facts import ActorAbandoned
from runtime.reply import Letter, settle, settle_error

if TYPE_CHECKING:
    from runtime.actor import Actor
    from runtime.dispatcher import Dispatcher

log = logging.getLogger("runtime.life")


class Stop(Enum):
    """Whether, and how, an incarnation is to stop before its next message."""

    NO = 0
    SHUTDOWN = 1
    NORMAL = 2
    UNDER_WAY = 3


class Life(Estate):
    """Scheduled by its dispatcher when it has something to do. `cell.lock` guards the fields."""

    __slots__ = (
        "actor",
        "begun",
        "control",
        "current",
        "dispatcher",
        "number",
        "parent",
        "receiving",
        "scheduled",
        "wanted",
    )

    def __init__(self, cell: Cell, parent: Parent, dispatcher: Dispatcher) -> None:
        super().__init__(cell)
        self.parent = parent
        self.dispatcher = dispatcher
        self.actor: Actor[Any] | None = None
        self.number = cell.incarnation
        self.current: Letter | None = None
        self.receiving = False
        self.scheduled = True  # from the first: `begin` submits it, nobody else does
        self.begun = False
        self.wanted = Stop.NO
        self.control: deque[Any] | None = None

    @property
    def own_thread(self) -> bool:
        """Whether it has a thread to itself."""
        return self.dispatcher is self.cell.system.threads

    @property
    def in_place(self) -> bool:
        """Whether it and all supervisors above it live in their places; else one was killed, and this is to end."""
        above: Parent = self
        while isinstance(above, Life):
            if above.cell.life is not above:
                return False
            above = above.parent
        return True

    # told by others, any thread

    def begin(self) -> None:
        """Have it started on its dispatcher; RuntimeError when there is no thread for it."""
        self.dispatcher.attach(self)
        self.dispatcher.submit_soon(self)

    def post(self, event: object) -> bool:
        """Hand it a kernel event, which overtakes its inbox; False when it is over."""
        with self.cell.lock:
            if self.over:
                return False
            if self.control is None:
                self.control = deque()
            self.control.append(event)
            wake, self.scheduled = not self.scheduled, True
        if wake:
            self.dispatcher.submit_soon(self)
        return True

    def stop(self) -> bool:
        """Have it stop in order before its next message; False when it is over."""
        return self._want(Stop.SHUTDOWN)

    def stop_normally(self) -> bool:
        """The same by its own wish."""
        return self._want(Stop.NORMAL)

    def stop_for_pykka(self, reply: Any) -> None:
        """As pykka's ActorRef.stop asks: the reply is given when it has stopped, or says that it was dead."""
        if reply is not None:
            self.at_end(lambda: settle(reply, None))
        if not self.stop_normally() and reply is not None:
            settle_error(reply, ActorDead(f"{self.cell.path}: this incarnation is over"))

    def _want(self, stop: Stop) -> bool:
        with self.cell.lock:
            if self.over:
                return False
            if self.wanted is Stop.NO:
                self.wanted = stop
            wake, self.scheduled = not self.scheduled, True
        if wake:
            self.dispatcher.submit(self)
        return True

    def abandon(self, error: BaseException, exit: Exit = Exit.CRASH) -> bool:  # noqa: A002 - the field's name
        """End it from outside: fenced, its thread written off, what it owned cancelled. False when it is over."""
        if not self.conclude(exit, error, abandoned=True):
            return False
        log.error("%s, incarnation %d, is abandoned: %s", self.cell.path, self.number, error)
        self.cell.system.bus.publish(ActorAbandoned(self.cell.path, str(error)))
        return True

    def started(self) -> None:
        """It is up: tell the supervisor. A supervisor calls this when its children are up."""
        cell = self.cell
        with cell.lock:
            if self.over:
                return
            self.receiving = cell.life is self  # an orphan leaves the inbox to its successor
            if self.receiving:
                cell.state = State.RUNNING
        if self.number > 1:
            cell.system.bus.unsubscribe(cell.system.address(cell.path), before=self.number)
        self.parent.post(Up(self))

    def end(self, exit: Exit, error: BaseException | None) -> None:  # noqa: A002 - the field's name
        """It is over, in order. A supervisor calls this when its children are down."""
        self.conclude(exit, error)

    def conclude(
        self,
        exit: Exit,  # noqa: A002 - the field's name
        error: BaseException | None,
        *,
        letter: Letter | None = None,
        abandoned: bool = False,
        ignored: bool = False,
    ) -> bool:
        """The one way out: fence it, answer and cancel what it owed, tell the supervisor. False when it was over."""
        cell = self.cell
        with cell.lock:
            if self.over:
                return False
            self.over = True
            self.receiving = False
            if cell.life is self:
                cell.life = None
                cell.leaving = self
                cell.state = State.RESTARTING
            current, self.current = letter if letter is not None else self.current, None
        name = type(current.message).__name__ if current is not None else ""
        try:
            self._leave(exit, error, current, abandoned=abandoned)
        finally:  # whatever goes wrong: a supervisor that is not told waits for ever
            if cell.leaving is self:
                cell.leaving = None
            self.parent.post(Up(self, ignored=True) if ignored else Down(self, exit, error, name))
        if abandoned:  # only now: were its thread forgotten before the news is out, all might seem at rest
            self.dispatcher.abandon(self)
        return True

    def _leave(
        self,
        exit: Exit,  # noqa: A002 - the field's name
        error: BaseException | None,
        current: Letter | None,
        *,
        abandoned: bool,
    ) -> None:
        cell, actor = self.cell, self.actor
        if actor is not None:
            registry.unregister(actor.actor_ref)
            actor.actor_stopped.set()
        replayed = exit is Exit.CRASH and cell.take_over(current)
        if current is not None and current.reply_to is not None and not replayed:
            if error is not None and not abandoned:
                settle_error(current.reply_to, error)
            else:
                settle_error(current.reply_to, ActorDead(f"{cell.path}: it ended before it answered"))
        if cell.children:
            self._orphan()
        self.wind_up()
        if cell.system.orphans:
            cell.system.orphan_ended(self)

    def _orphan(self) -> None:
        # a supervisor whose stop code did not run: what it leaves is detached from its place and stops by itself
        for child in list(self.cell.children.values()):
            with child.lock:
                life = child.life
                if life is None or life.parent is not self:
                    continue
                child.life = None
                life.receiving = False
                self.cell.system.orphaned(life)
            life.stop()
