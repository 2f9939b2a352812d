"""The handle on one running kernel: its clock, timers, jobs, bus, dispatchers and the tree of its actors."""

from __future__ import annotations

import itertools
import logging
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, Final, Literal

from runtime.address import Address
from runtime.bus import Bus
from runtime.cell import Cell, Node
from runtime.child_spec import ChildSpec, check
from runtime.clock import Clock, DrivenClock, SystemClock
from runtime.dispatcher import Dispatcher, Pool, Worker
from runtime.errors import ActorDead, AskTimeout, BadSpec, Drill, KernelError, Overdue, StartFailed
from runtime.jobs import Jobs, Lane
from runtime.letters import DeadLetters, Gate
from runtime.life import Life
from runtime.log import set_actor
from runtime.monitor import Monitor
from runtime.own_threads import OwnThreads
from runtime.registry import make_linear
from runtime.root_keeper import RootKeeper
from runtime.supervisor import CountChildren, SupervisorCommand
from runtime.timers import Timers

log = logging.getLogger("runtime.system")

ROOT: Final = "/"


class System:
    """One kernel: no part of it is global, so a test may run several. All methods are safe from any thread."""

    def __init__(
        self,
        *,
        clock: Clock | None = None,
        workers: int = 4,
        lanes: Mapping[str, Lane] | None = None,
        dispatcher: Literal["pooled", "threads"] = "pooled",
        on_turn: Callable[[str], object] = set_actor,
    ) -> None:
        """`dispatcher="threads"` gives every actor a thread of its own, whatever its class says.

        `on_turn` gets the path of the actor whose turn, or job, begins in the calling thread: by default the log's
        lines carry it.
        """
        self.on_turn = on_turn
        make_linear()
        self.clock: Clock = clock if clock is not None else SystemClock()
        self.here = threading.local()  # which life's turn the current thread is in
        self.bus = Bus()
        self.letters = DeadLetters(self.clock)
        self.crash_gate = Gate(self.clock)
        self.timers = Timers(self.clock)
        self.jobs = Jobs(lanes)
        self.pool = Pool(workers, self.here, on_turn)
        self.threads = OwnThreads(self.here, on_turn)
        self.dispatcher: Dispatcher = self.pool if dispatcher == "pooled" else self.threads
        self._cells: dict[str, Cell] = {}
        self.orphans: dict[str, list[Life]] = {}  # by path: what killed supervisors left, until it has stopped
        self._late = itertools.count(1)
        self._late_seen = 0
        self._lock = threading.Lock()
        self._keeper: RootKeeper | None = None
        self._stopped = False
        driven = isinstance(self.clock, DrivenClock)
        self.monitor = Monitor(self, driven=driven)
        if isinstance(self.clock, DrivenClock):
            self.clock.attach(_Driven(self))

    def start(self, root: ChildSpec, timeout: float = 30.0) -> Address[SupervisorCommand]:
        """Start the tree; returns when all of it is up. Raises BadSpec, or StartFailed naming the child and its cause.

        `timeout` is in real seconds. A root is started once in the life of a System.
        """
        check(root)
        if root.family is None:
            raise BadSpec("the root must be a supervisor")
        with self._lock:
            if self._keeper is not None or self._stopped:
                raise KernelError("this system has had its root already")
            cell = self._cells[ROOT] = Cell(self, ROOT, root)
            keeper = self._keeper = RootKeeper(self, cell, root.family)
        keeper.begin()
        if not keeper.settled.wait(timeout):
            keeper.stop(0.0)
            raise StartFailed(root.id, Overdue(f"the tree was not up after {timeout:g} s"))
        if keeper.error is not None:
            error = keeper.error
            raise error if isinstance(error, StartFailed) else StartFailed(root.id, error)
        return self.address(ROOT)

    def address(self, path: str) -> Address[Any]:
        """The address at a name path such as "projects/shop/deployer"; "/" is the root. It need not exist yet."""
        return Address(self, path)

    def find(self, path: str) -> Cell | None:
        """Kernel use: the place at a path."""
        return self._cells.get(path)

    def settle_in(self, path: str, spec: ChildSpec) -> Cell:
        """Kernel use: the place for a child, the same one as before when there was one."""
        with self._lock:
            cell = self._cells.get(path)
            if cell is None or cell.gone:
                cell = self._cells[path] = Cell(self, path, spec)
            cell.spec = spec
            return cell

    def forget(self, cell: Cell) -> None:
        """Kernel use: nobody will live there any more."""
        with self._lock:
            if self._cells.get(cell.path) is cell:
                del self._cells[cell.path]

    def lives(self) -> list[Life]:
        """Kernel use: all incarnations that are not over, supervisors before their children."""
        with self._lock:
            placed = [cell.life for cell in self._cells.values()]
            orphans = list(itertools.chain.from_iterable(self.orphans.values()))
        return [life for life in [*placed, *orphans] if life is not None and not life.over]

    def orphaned(self, life: Life) -> None:
        """Kernel use: its supervisor was killed, it is told to stop."""
        with self._lock:
            self.orphans.setdefault(life.cell.path, []).append(life)

    def orphans_at(self, path: str) -> list[Life]:
        """Kernel use: those that have not stopped yet, or are winding up."""
        with self._lock:
            return list(self.orphans.get(path, ()))

    def orphan_ended(self, life: Life) -> None:
        """Kernel use: nobody needs to wait for it any more; it need not be an orphan."""
        with self._lock:
            left = [each for each in self.orphans.pop(life.cell.path, ()) if each is not life]
            if left:
                self.orphans[life.cell.path] = left

    def tree(self) -> Node:
        """The whole tree as it is now; does not wait for any actor. KernelError before `start`."""
        cell = self._cells.get(ROOT)
        if cell is None:
            raise KernelError("the tree was not started")
        return cell.node()

    def heartbeat(self, timeout: float = 1.0) -> bool:
        """Whether the root supervisor answers within `timeout` real seconds."""
        try:
            self.address(ROOT).ask(CountChildren(), timeout)
        except (ActorDead, AskTimeout):
            return False
        return True

    def crash(self, path: str, error: BaseException | None = None) -> bool:
        """For drills: make the actor raise (`error`, else a Drill) in its next turn, before its next message.

        False when nobody lives there.
        """
        cell = self._cells.get(path)
        life = cell.life if cell is not None else None
        return life is not None and life.post(error or Drill(f"{path}: crashed on purpose"))

    def count_late(self) -> None:
        """Kernel use: something for an incarnation that is over was dropped."""
        self._late_seen = next(self._late)

    @property
    def late(self) -> int:
        """How many timer ticks, job results and replies came for an incarnation that was over."""
        return self._late_seen

    def busy(self) -> list[Worker]:
        """Kernel use: the threads inside an actor's code."""
        return [*self.pool.busy(), *self.threads.busy()]

    def idle(self) -> bool:
        """Whether no actor has anything to do at this moment; jobs and timers aside."""
        turns = self._turns()
        if any(worker.life is not None for worker in turns):
            return False
        if any(life.scheduled for life in self.lives()):
            return False
        # nothing was found busy; had a turn begun and ended behind the search's back, these would differ
        return turns == self._turns() and all(worker.life is None for worker in turns)

    def _turns(self) -> dict[Worker, int]:
        return {worker: worker.turns for worker in [*list(self.pool.workers), *self.threads.workers()]}

    def settle(self, timeout: float = 5.0) -> bool:
        """Wait, for `timeout` real seconds at most, until no actor has anything to do. For tests and drills."""
        limit = time.monotonic() + timeout
        pause = 0.0
        while not self.idle():
            if time.monotonic() > limit:
                return False
            time.sleep(pause)
            pause = min(pause + 0.0002, 0.005)
        return True

    def stop(self, timeout: float = 10.0) -> None:
        """Stop the tree in reverse order, abandon what hangs, end all threads; returns within `timeout` real seconds.

        Idempotent. Jobs are cancelled, timers do not fire any more.
        """
        with self._lock:
            keeper = self._keeper
            first, self._stopped = not self._stopped, True
        if keeper is not None:
            keeper.stop(timeout)
        if not first:
            return
        self.jobs.stop()
        self.timers.stop()
        self.monitor.stop()
        self.pool.stop()
        self.threads.stop()


class _Driven:
    """What a clock moved by hand takes along."""

    def __init__(self, system: System) -> None:
        self._system = system

    def next_due(self) -> float | None:
        return self._system.timers.next_due()

    def moved(self) -> None:
        self._system.timers.fire_due()
        self._system.monitor.look()

    def settle(self) -> None:
        self._system.settle(0.25)
        self._system.monitor.look()
