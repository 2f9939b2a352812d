"""The place where an actor lives: its inbox and its record outlive the incarnations."""

from __future__ import annotations

import logging
import threading
from collections import deque
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

from runtime.child_spec import ChildSpec, Overflow, Queued
from runtime.errors import ActorDead, InboxFull
from runtime.reply import Letter, settle_error

if TYPE_CHECKING:
    from runtime.life import Life
    from runtime.system import System

log = logging.getLogger("runtime.cell")


class State(Enum):
    """What `vanka tree` shows."""

    STARTING = "starting"
    RUNNING = "running"
    STOPPING = "stopping"
    RESTARTING = "restarting"  # between two incarnations
    STOPPED = "stopped"  # its spec is kept, nobody runs
    FAILED = "failed"  # parked: it used up its budget


@dataclass(frozen=True)
class Node:
    """One line of the live tree."""

    name: str
    path: str
    kind: str
    state: str
    restarts: int
    incarnation: int
    inbox: int
    last_error: str
    children: tuple[Node, ...]


class Cell:
    """Stable over restarts. `lock` guards the inbox and who lives here; nothing foreign runs while it is held."""

    __slots__ = (
        "children",
        "closed",
        "gone",
        "incarnation",
        "last_error",
        "leaving",
        "life",
        "lock",
        "path",
        "queue",
        "restarts",
        "spec",
        "state",
        "system",
    )

    def __init__(self, system: System, path: str, spec: ChildSpec) -> None:
        self.system = system
        self.path = path
        self.spec = spec
        self.lock = threading.Lock()
        self.queue: deque[Letter] = deque()
        self.life: Life | None = None
        self.leaving: Life | None = None  # it is over and winds up
        self.incarnation = 0
        self.closed: str | None = None  # why messages are not taken; None while they are
        self.gone = False  # forgotten by its supervisor: addresses look the path up again
        self.state = State.STARTING
        self.restarts = 0
        self.last_error = ""
        self.children: dict[str, Cell] = {}

    @property
    def alive(self) -> bool:
        """Whether an incarnation is up."""
        return self.life is not None and self.state in (State.RUNNING, State.STARTING)

    def put(self, letter: Letter) -> None:
        """Queue a message and wake the actor; a message that cannot be kept becomes a dead letter. Any thread."""
        lost: Letter | None = None
        wake: Life | None = None
        with self.lock:
            reason = self.closed
            if reason is not None:
                lost = letter
            else:
                queue = self.queue
                if len(queue) >= self.spec.mailbox:
                    reason = "the inbox is full"
                    lost = letter
                    if self.spec.overflow is Overflow.DROP_OLDEST:
                        lost = queue.popleft()
                        queue.append(letter)
                else:
                    queue.append(letter)
                life = self.life
                if life is not None and not life.scheduled and life.receiving:
                    life.scheduled = True
                    wake = life
        if wake is not None:
            wake.dispatcher.submit(wake)
        if lost is not None:
            self.lose(lost, reason or "")

    def put_fenced(self, life: Life, message: Any) -> None:
        """Queue a message meant for one incarnation only: a timer tick, a job's result. Dropped when it is over."""
        if life.over:
            log.debug("%s: %s for incarnation %d is dropped", self.path, type(message).__name__, life.number)
            self.system.count_late()
            return
        self.put(Letter(message, None, life.number))

    def lose(self, letter: Letter, reason: str) -> None:
        """Make it a dead letter, and answer whoever asks. A late message for an old incarnation is only counted."""
        if letter.incarnation and letter.incarnation != self.incarnation:
            self.system.count_late()
            return
        self.system.letters.add(self.path, letter.message, reason)
        if letter.reply_to is not None:
            if reason == "the inbox is full":
                settle_error(letter.reply_to, InboxFull(f"{self.path}: {reason}"))
            else:
                settle_error(letter.reply_to, ActorDead(f"{self.path}: {reason}"))

    def open(self) -> None:
        """Take messages (again)."""
        with self.lock:
            self.closed = None

    def close(self, reason: str, state: State, *, gone: bool = False, by: Life | None = None) -> None:
        """Nobody will live here for now: what waits, here and below, becomes dead letters, and so does what comes.

        `by` is the supervisor that wants it: when that was killed, it has no say any more.
        """
        with self.lock:
            if by is not None and not by.in_place:
                return
            self.closed = reason
            self.state = state
            letters = list(self.queue)
            self.queue.clear()
            if gone:
                self.gone = True
        for letter in letters:
            self.lose(letter, reason)
        self.system.bus.unsubscribe(self.system.address(self.path))
        for child in list(self.children.values()):
            child.close(reason, State.STOPPED, gone=gone)
            if gone:
                self.system.forget(child)

    def take_over(self, crashed: Letter | None) -> bool:
        """After a crash, before the next incarnation: replay or drop as the spec says. True: `crashed` is replayed."""
        dropped: list[Letter] = []
        replayed = False
        with self.lock:
            if self.spec.queued is Queued.DROP:
                dropped = list(self.queue)
                self.queue.clear()
            if crashed is not None and crashed.tries < self.spec.replay and not crashed.incarnation:
                crashed.tries += 1
                self.queue.appendleft(crashed)
                replayed = True
        for letter in dropped:
            self.lose(letter, "dropped at a crash, as the child spec says")
        return replayed

    def node(self) -> Node:
        """This cell and all below, as they are now. Any thread."""
        children = tuple(child.node() for child in list(self.children.values()))
        life = self.life
        kind = self.spec.kind if life is None or not life.own_thread else f"{self.spec.kind} on its own thread"
        return Node(
            name=self.spec.id,
            path=self.path,
            kind=kind,
            state=self.state.value,
            restarts=self.restarts,
            incarnation=self.incarnation,
            inbox=len(self.queue),
            last_error=self.last_error,
            children=children,
        )
