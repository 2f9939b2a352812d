"""Hang detection: reports what runs too long with its stack, abandons what runs past its hard limit, feeds the pool."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from runtime.endings import Exit
from runtime.errors import Overdue
from runtime.facts import HandlerSlow
from runtime.reply import Letter, type_name
from runtime.stacks import stack_of
from runtime.turns import STARTING

if TYPE_CHECKING:
    from runtime.dispatcher import PoolWorker, Worker
    from runtime.life import Life
    from runtime.system import System

log = logging.getLogger("runtime.monitor")

TICK: Final = 0.05  # real seconds between two looks


@dataclass
class _Seen:
    life: Life
    work: Any
    since: float
    reported: bool = False


class Monitor:
    """Looks at the busy threads every 50 ms. What it sees twice at the same callback has been there since the first."""

    def __init__(self, system: System, *, driven: bool) -> None:
        self._system = system
        self._driven = driven
        self._lock = threading.Lock()
        self._seen: dict[Worker, _Seen] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="monitor", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread. Does not wait."""
        self._stop.set()

    def look(self) -> None:
        """Report and abandon what is due now. The monitor's thread and driven clocks call it."""
        now = self._system.clock.monotonic()
        overdue: list[tuple[_Seen, float]] = []
        with self._lock:
            seen: dict[Worker, _Seen] = {}
            for worker in self._system.busy():
                life, work = worker.life, worker.work
                if life is None or work is None or life.over:
                    continue
                entry = self._seen.get(worker)
                if entry is None or entry.work is not work or entry.life is not life:
                    entry = _Seen(life, work, now)
                seen[worker] = entry
                ran = now - entry.since
                if ran >= life.cell.spec.soft_limit and not entry.reported:
                    entry.reported = True
                    self._report(worker, entry, ran)
                limit = self._limit(entry)
                if limit is not None and ran >= limit:
                    overdue.append((entry, ran))
            self._seen = seen
        for entry, ran in overdue:
            self._abandon(entry, ran)

    def _limit(self, entry: _Seen) -> float | None:
        spec = entry.life.cell.spec
        return spec.start_timeout if entry.work is STARTING else spec.hard_limit

    def _abandon(self, entry: _Seen, ran: float) -> None:
        life = entry.life
        what = self._what(entry.work)
        ended = Exit.NO_START if entry.work is STARTING else Exit.CRASH
        life.abandon(Overdue(f"{life.cell.path}: {what} ran for {ran:.3g} s"), ended)

    def _report(self, worker: Worker, entry: _Seen, ran: float) -> None:
        stack = stack_of(worker.ident or 0)
        path, what = entry.life.cell.path, self._what(entry.work)
        log.warning("%s: %s has been running for %.3g s, now at\n%s", path, what, ran, stack)
        self._system.bus.publish(HandlerSlow(path, what, ran, stack))

    @staticmethod
    def _what(work: Any) -> str:
        if isinstance(work, Letter):
            return type_name(work.message)
        return work if isinstance(work, str) else type_name(work)

    def _run(self) -> None:
        turns: dict[PoolWorker, int] = {}
        while not self._stop.wait(TICK):
            try:
                if not self._driven:
                    self.look()
                turns = self._system.pool.feed(turns)
            except BaseException:
                # this thread's edge: hang detection must not end
                log.exception("the monitor failed")
