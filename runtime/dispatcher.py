"""Many actors on few threads; what all dispatchers have in common. (A thread of its own: own_threads.)"""

from __future__ import annotations

import itertools
import logging
import queue
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from runtime import turns
from runtime.reply import TurnThread

if TYPE_CHECKING:
    from runtime.life import Life

log = logging.getLogger("runtime.dispatcher")

SPARES = 256  # so many threads may wait inside handlers before the pool stops giving spare ones


KEPT_IN_A_ROW = 32  # so often a thread goes on with what it handed to itself, then it looks at the common queue


class Dispatcher(Protocol):
    """Runs the turns of the lives that are handed to it; one life's turns never overlap."""

    def attach(self, life: Life) -> None:
        """Called before a life's first turn; RuntimeError when the machine gives no thread."""
        ...

    def submit(self, life: Life) -> None:
        """The life has something to do. Called once for each time it becomes so; any thread."""
        ...

    def submit_soon(self, life: Life) -> None:
        """As `submit`, for what a turn that is about to end hands on: the same thread may go on with it."""
        ...

    def abandon(self, life: Life) -> None:
        """The life is over while a thread may still be inside its code: write that thread off."""
        ...

    def busy(self) -> list[Worker]:
        """The threads that are inside an actor's code right now, perhaps."""
        ...


class Worker(TurnThread):
    """A thread that runs turns. `life` and `work` say what it is at; `work` is a new object for each callback."""

    def __init__(self, name: str, here: threading.local, on_turn: Callable[[str], object]) -> None:
        super().__init__(name=name, daemon=True)
        self.here = here
        self.on_turn = on_turn
        self.life: Life | None = None
        self.work: Any = None
        self.turns = 0

    def turn(self, life: Life) -> bool:
        """Let the life work a little; True when it has more to do."""
        self.life = self.here.life = life
        try:
            self.on_turn(life.cell.path)
            return turns.run(life, self)
        except BaseException as error:  # noqa: BLE001 - the thread's edge: out of memory inside a guard ends up here
            log.critical("the guard of %s failed: %r", life.cell.path, error)
            life.abandon(error)
            return False
        finally:
            self.life = self.here.life = None
            self.turns += 1


class Pool:
    """`size` threads for all pooled actors, and a spare one for each that waits inside a handler."""

    def __init__(self, size: int, here: threading.local, on_turn: Callable[[str], object]) -> None:
        self.size = size
        self.here = here
        self.on_turn = on_turn
        self.workers: set[PoolWorker] = set()
        self._ready: queue.SimpleQueue[Life | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._waiting = 0
        self._stopped = False
        self.submit = self._ready.put
        for _ in range(size):
            self.grow()

    def attach(self, life: Life) -> None:
        """Nothing to prepare."""

    def submit_soon(self, life: Life) -> None:
        """Keep it for the calling worker's next turn: waking another thread costs more than most turns take.

        A worker that waits, hangs or is written off gives it back.
        """
        worker: PoolWorker | None = getattr(self.here, "worker", None)
        if worker is None or worker.kept is not None or worker.lost:
            self.submit(life)
        else:
            worker.kept = life

    def give_back(self, worker: PoolWorker) -> None:
        """What the worker kept for itself is for all now."""
        with self._lock:
            kept, worker.kept = worker.kept, None
        if kept is not None:
            self.submit(kept)

    def take_kept(self, worker: PoolWorker) -> Life | None:
        """What the worker kept for itself."""
        with self._lock:
            kept, worker.kept = worker.kept, None
            return kept

    def grow(self) -> bool:
        """One more thread; False when there are enough, or the machine gives none."""
        with self._lock:
            if self._stopped or len(self.workers) >= self.size + SPARES:
                return False
            worker = PoolWorker(self, f"pool-{next(self._numbers)}")
            try:
                worker.start()
            except RuntimeError as error:
                log.error("no spare thread for the pool: %s", error)
                return False
            self.workers.add(worker)
            return True

    def abandon(self, life: Life) -> None:
        """Write off the thread that is inside this life, if there is one, and put a fresh one in its place."""
        for worker in list(self.workers):
            if worker.life is life and worker is not threading.current_thread():
                with self._lock:
                    if worker.lost:
                        continue
                    worker.lost = True
                    self.workers.discard(worker)
                self.give_back(worker)
                self.grow()

    def busy(self) -> list[Worker]:
        """The threads inside an actor's code."""
        return [worker for worker in list(self.workers) if worker.work is not None]

    def feed(self, before: dict[PoolWorker, int]) -> dict[PoolWorker, int]:
        """The monitor's part: what stuck workers keep is given back, and when all are stuck there is one more.

        `before` is what the last call returned: the turns of each worker at that time.
        """
        now = {worker: worker.turns for worker in list(self.workers)}
        stuck = [worker for worker, turns in now.items() if worker.life is not None and before.get(worker) == turns]
        for worker in stuck:
            if worker.kept is not None:
                self.give_back(worker)
        if not self._ready.empty() and len(stuck) == len(now):
            self.grow()
        return now

    def wait_begins(self) -> None:
        """A worker waits inside a handler: keep `size` others."""
        with self._lock:
            self._waiting += 1
            short = len(self.workers) - self._waiting < self.size
        if short:
            self.grow()

    def wait_ends(self) -> None:
        """It goes on; the surplus thread ends after its turn."""
        with self._lock:
            self._waiting -= 1

    def surplus(self, worker: PoolWorker) -> bool:
        """Whether this worker should end; it is forgotten then."""
        if len(self.workers) - self._waiting <= self.size:
            return False
        with self._lock:
            if len(self.workers) - self._waiting <= self.size:
                return False
            self.workers.discard(worker)
            return True

    def next(self) -> Life | None:
        """The next life with work; None tells the worker to end."""
        return self._ready.get()

    def stop(self) -> None:
        """End the threads as they come free. Does not wait."""
        with self._lock:
            self._stopped = True
            count = len(self.workers)
        for _ in range(count):
            self.end_one()

    def end_one(self) -> None:
        """Tell one thread, whichever comes first, to end."""
        self._ready.put(None)


class PoolWorker(Worker):
    """One of the pool's threads."""

    def __init__(self, pool: Pool, name: str) -> None:
        super().__init__(name, pool.here, pool.on_turn)
        self.pool = pool
        self.kept: Life | None = None
        self.lost = False  # written off: its life was abandoned

    def run(self) -> None:
        """Turn after turn, until written off, not needed any more, or told to end."""
        self.here.worker = self
        pool = self.pool
        in_a_row = 0
        while True:
            life = pool.take_kept(self) if self.kept is not None else None
            in_a_row = 0 if life is None else in_a_row + 1
            if life is not None and in_a_row > KEPT_IN_A_ROW:
                pool.submit(life)  # let the others have their turns
                life, in_a_row = None, 0
            if life is None:
                life = pool.next()
            if life is None:
                if self.lost:  # written off in the instant in which its turn ended: this end was meant for another
                    pool.end_one()
                return
            if self.turn(life):
                pool.submit(life)
            del life
            if self.lost or (len(pool.workers) > pool.size and pool.surplus(self)):
                pool.give_back(self)
                return

    def wait_begins(self) -> None:
        """As the pool's."""
        self.pool.give_back(self)
        self.pool.wait_begins()

    def wait_ends(self) -> None:
        """As the pool's."""
        self.pool.wait_ends()
