"""How an incarnation ends: what its supervisor is told, and what is cancelled, answered and released with it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Protocol

from runtime.cell import Cell
from runtime.errors import ActorDead
from runtime.reply import Deferred

if TYPE_CHECKING:
    from runtime.life import Life

log = logging.getLogger("runtime.life")
MOST = 64  # timers and jobs before those that are over are looked for


class Exit(Enum):
    """How an incarnation ended."""

    NORMAL = "normal"  # by itself
    SHUTDOWN = "shutdown"  # its supervisor told it to
    CRASH = "crash"  # a handler raised, or hung past its hard limit
    NO_START = "no start"  # `__init__` or the start hook raised, or hung
    KILLED = "killed"  # it did not stop in its shutdown time


@dataclass(frozen=True, slots=True)
class Up:
    """Told to the supervisor: this incarnation is up, or has nothing to run."""

    life: Life
    ignored: bool = False


@dataclass(frozen=True, slots=True)
class Down:
    """Told to the supervisor: this incarnation is over."""

    life: Life
    exit: Exit
    error: BaseException | None = None
    message: str = ""


class Parent(Protocol):
    """Who is told of a life's ups and downs."""

    def post(self, event: object) -> object: ...


class Ending(Protocol):
    """A timer or a job: cancelled when the incarnation that made it ends."""

    def cancel(self) -> None: ...


class Estate:
    """What an incarnation leaves behind. `cell.lock` guards it; methods may be called from any thread."""

    __slots__ = ("_deferreds", "_endings", "_most", "_owned", "cell", "over", "wound_up")

    def __init__(self, cell: Cell) -> None:
        self.cell = cell
        self.over = False
        self.wound_up = False
        self._deferreds: set[Deferred] | None = None
        self._owned: set[Ending] | None = None
        self._most = MOST
        self._endings: list[Callable[[], object]] | None = None

    def own(self, ending: Ending) -> None:
        """Cancel it when this incarnation ends."""
        with self.cell.lock:
            if not self.over:
                if self._owned is None:
                    self._owned = set()
                elif len(self._owned) > self._most:
                    self._owned = {each for each in self._owned if getattr(each, "pending", True)}
                    self._most = max(MOST, 2 * len(self._owned))  # so that it costs little however many there are
                self._owned.add(ending)
                return
        ending.cancel()

    def disown(self, ending: Ending) -> None:
        """It has ended by itself."""
        with self.cell.lock:
            if self._owned is not None:
                self._owned.discard(ending)

    def owe(self, deferred: Deferred) -> None:
        """Fail it with ActorDead when this incarnation ends."""
        with self.cell.lock:
            if not self.over:
                if self._deferreds is None:
                    self._deferreds = set()
                self._deferreds.add(deferred)
                return
        deferred.fail(ActorDead(f"{self.cell.path}: this incarnation is over"))

    def forget(self, deferred: Deferred) -> None:
        """It was answered."""
        with self.cell.lock:
            if self._deferreds is not None:
                self._deferreds.discard(deferred)

    def at_end(self, release: Callable[[], object]) -> None:
        """Call it when this incarnation ends, after what was to be called before it; at once when all that is done."""
        with self.cell.lock:
            if not self.wound_up:
                if self._endings is None:
                    self._endings = []
                self._endings.append(release)
                return
        self._guarded(release)

    def wind_up(self) -> None:
        """It is over: cancel, answer and release, each guarded."""
        with self.cell.lock:
            owned, self._owned = self._owned, None
            deferreds, self._deferreds = self._deferreds, None
        for ending in owned or ():
            self._guarded(ending.cancel)
        for deferred in deferreds or ():
            deferred.fail(ActorDead(f"{self.cell.path}: it ended before it answered"))
        while endings := self._last_endings():
            for release in endings:
                self._guarded(release)

    def _last_endings(self) -> list[Callable[[], object]] | None:
        with self.cell.lock:
            endings, self._endings = self._endings, None
            self.wound_up = endings is None
            return endings

    def _guarded(self, release: Callable[[], object]) -> None:
        try:
            release()
        except BaseException:
            # the guard: foreign code at the end of an incarnation
            log.exception("%s: a release failed", self.cell.path)
