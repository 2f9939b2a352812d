"""The parent of the root supervisor: starts it, starts it again, stops it in time."""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING

from runtime.cell import Cell, State
from runtime.child_spec import Family
from runtime.endings import Down, Exit, Up
from runtime.errors import KernelError, Overdue
from runtime.life import Life

if TYPE_CHECKING:
    from runtime.system import System

log = logging.getLogger("runtime.system")


class RootKeeper:
    """The parent of the root supervisor. The root never ends: should its own code fail, it is started again."""

    def __init__(self, system: System, cell: Cell, family: Family) -> None:
        self.settled = threading.Event()
        self.error: BaseException | None = None
        self._down = threading.Event()
        self._system = system
        self._cell = cell
        self._family = family
        self._failures = 0
        self._lock = threading.Lock()  # no incarnation is made after `stop`
        self._stopping = False

    def begin(self) -> None:
        cell = self._cell
        with self._lock:
            if self._stopping:
                self.error = self.error or KernelError("the system was stopped before its root was up")
                self.settled.set()
                return
            cell.incarnation += 1
            life = Life(cell, self, self._system.dispatcher)
            with cell.lock:
                cell.life = life
        try:
            life.begin()
        except RuntimeError as error:
            life.end(Exit.NO_START, error)

    def post(self, event: object) -> bool:
        """The root is up, or down."""
        if isinstance(event, Up):
            self._failures = 0
            self.settled.set()
        elif isinstance(event, Down):
            self._ended(event)
        return True

    def _ended(self, event: Down) -> None:
        if not self.settled.is_set():
            self.error = event.error or KernelError("the root ended while it started")
            self._cell.close("the tree did not start", State.STOPPED)
            self._down.set()
            self.settled.set()
        elif self._stopping or self.error is not None:
            self._cell.close("the system has stopped", State.STOPPED)
            self._down.set()
        else:
            self._failures += 1
            pause = self._family.backoff.pause(self._failures)
            self._cell.restarts += 1
            self._cell.last_error = repr(event.error)
            log.critical("the root supervisor ended (%s, %r); next try in %.3g s", event.exit, event.error, pause)
            self._system.timers.after(pause, self.begin)

    def stop(self, timeout: float) -> None:
        limit = time.monotonic() + timeout
        with self._lock:
            self._stopping = True
            life = self._cell.life
        if life is None or not life.stop():
            if not self._down.is_set():
                self._cell.close("the system has stopped", State.STOPPED)
            self._down.set()
        if self._gone(limit - timeout * 0.1):
            return
        before: list[tuple[Life | None, object]] = []
        while time.monotonic() < limit and not self._gone(time.monotonic() + timeout * 0.02):
            before = self._abandon_stuck(before)
        self._abandon_rest()

    def _gone(self, limit: float) -> bool:
        """Whether the root, and what killed supervisors left, have ended by then."""
        if not self._down.wait(limit - time.monotonic()):
            return False
        pause = 0.0
        while self._system.orphans and time.monotonic() < limit:
            time.sleep(pause)
            pause = min(pause + 0.0002, 0.005)
        return not self._system.orphans

    def _abandon_stuck(self, before: list[tuple[Life | None, object]]) -> list[tuple[Life | None, object]]:
        """What sits in the same callback as at the last look holds up the stop of everybody else."""
        busy = [(worker.life, worker.work) for worker in self._system.busy()]
        for stuck, work in busy:
            if stuck is not None and work is not None and any(stuck is a and work is b for a, b in before):
                stuck.abandon(Overdue(f"{stuck.cell.path} did not stop before the system's limit"), Exit.KILLED)
        return busy

    def _abandon_rest(self) -> None:
        """Nobody is left behind: each one that asks is answered, each one's resources are released."""
        late = Overdue("the tree did not stop in time")
        while lives := self._system.lives():
            log.error("the tree did not stop in time: %d actors are abandoned", len(lives))
            for life in lives:
                life.conclude(Exit.KILLED, late, abandoned=True)
