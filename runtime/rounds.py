"""What takes a supervisor several steps: start in order, restart a group, stop in reverse."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from typing import TypeAlias

from runtime.budget import Budget
from runtime.child_spec import Family, Restart, Strategy
from runtime.endings import Exit
from runtime.errors import StartFailed
from runtime.family import Child, Nursery

Procedure: TypeAlias = Generator[None, None, None]  # yields while it waits for children, or for a pause to end


@dataclass(frozen=True, eq=False, slots=True)
class PauseOver:
    """The pause of a procedure is over."""


class Rounds:
    """One procedure at a time, resumed by events, so that the supervisor answers in between."""

    def __init__(self, family: Family, nursery: Nursery, budget: Budget, free: Callable[[], None]) -> None:
        """`free` is called when a procedure has ended."""
        self._family = family
        self._nursery = nursery
        self._budget = budget
        self._free = free
        self._system = nursery.system
        self._life = nursery.life
        self._procedure: Procedure | None = None
        self._pending: set[Child] = set()
        self._pause: PauseOver | None = None
        self.starting = False  # during the first start; a child that may be parked does not make it fail
        self.ending = False

    @property
    def busy(self) -> bool:
        """Whether a procedure is under way."""
        return self._procedure is not None

    @property
    def pausing(self) -> bool:
        """Whether it waits for time to pass."""
        return self._pause is not None

    def awaits(self, child: Child) -> bool:
        """Whether it waits for this child."""
        return child in self._pending

    def start_up(self) -> None:
        """Start all children; the supervisor is up, or has failed, at the end of it."""
        self.starting = True
        self._run(self._start_up())

    def finish(self, exit: Exit, error: BaseException | None) -> None:  # noqa: A002 - the word of life.py
        """Stop all children, then end the supervisor. Replaces whatever is under way."""
        self._run(self._finish(exit, error))

    def restart_with(self, child: Child) -> None:
        """Restart the child and those that its strategy takes along."""
        self._run(self._round(child))

    def arrived(self, child: Child) -> None:
        """The child is up or down."""
        if child in self._pending:
            self._pending.discard(child)
            if not self._pending:
                self.resume()

    def pause_over(self, pause: PauseOver) -> None:
        """A timer fired; it may be that of an earlier pause."""
        if pause is self._pause:
            self.resume()

    def resume(self) -> None:
        """Go on with the procedure."""
        procedure = self._procedure
        self._pause = None
        if procedure is None:
            return
        try:
            next(procedure)
        except StopIteration:
            if self._procedure is procedure:
                self._procedure = None
                self._free()

    def _run(self, procedure: Procedure) -> None:
        if self._procedure is not None:
            self._procedure.close()
        self._pending.clear()
        self._procedure = procedure
        self.resume()

    def _start_up(self) -> Procedure:
        started: list[Child] = []
        for child in list(self._nursery.children.values()):
            if not self._to_start(child):
                continue
            yield from self._start_one(child)
            if child.failed is not None:
                yield from self._stop_these(reversed(started))
                self.ending = True
                self._life.end(Exit.NO_START, StartFailed(child.spec.id, child.failed))
                return
            started.append(child)
        self.starting = False
        self._life.started()

    def _finish(self, exit: Exit, error: BaseException | None) -> Procedure:  # noqa: A002 - the word of life.py
        self.ending = True
        children = list(self._nursery.children.values())
        for child in children:
            if not child.stopping:
                child.cancel_timer()
        yield from self._stop_these(reversed(children))
        self._life.end(exit, error)

    def _to_start(self, child: Child) -> bool:
        """Not one that an operator has stopped or deleted while it waited for its turn."""
        known = self._nursery.children.get(child.spec.id) is child
        return known and not child.held and not child.parked and child.life is None

    def _start_one(self, child: Child) -> Procedure:
        self._pending = {child}
        self._nursery.begin(child)
        yield

    def _stop_these(self, children: Iterable[Child]) -> Procedure:
        """In the given order, one after the other; all at once in a dynamic family."""
        alive = [child for child in children if child.life is not None]
        if self._family.strategy is Strategy.DYNAMIC:
            if alive:
                self._pending = set(alive)
                self._nursery.order_stop(alive)
                yield
            return
        for child in alive:
            if child.life is not None:
                self._pending = {child}
                self._nursery.order_stop([child])
                yield

    def _round(self, first: Child) -> Procedure:
        """Restart the group that `first` takes with it, again and again, until it is up or the budget is used up."""
        failures = 0
        while True:
            group = self._with(first)
            yield from self._stop_these(reversed(group))
            for child in group:
                if child.life is None and child.spec.restart is Restart.TEMPORARY:
                    self._nursery.remove(child)
            failed = yield from self._start_group(group)
            if failed is None:
                return
            failures += 1
            if self._budget.charge(failed):
                seconds = self._family.backoff.pause(failures)
            elif self._budget.is_root:
                seconds = self._budget.cool_down(failed, failed.failed)
            else:
                yield from self._finish(Exit.CRASH, self._budget.gave_up(failed, failed.failed))
                return
            self._begin_pause(seconds)
            yield
            first = failed

    def _begin_pause(self, seconds: float) -> None:
        pause = self._pause = PauseOver()
        self._system.timers.after(seconds, lambda: self._life.post(pause))

    def _with(self, first: Child) -> list[Child]:
        everybody = list(self._nursery.children.values())
        if self._family.strategy is Strategy.REST_FOR_ONE:
            if first not in everybody:  # forgotten meanwhile: go on with those that are not up
                return [child for child in everybody if child.life is None]
            return everybody[everybody.index(first) :]
        return everybody

    def _start_group(self, group: list[Child]) -> Generator[None, None, Child | None]:
        """Start them in order; the one that failed, or None."""
        for child in group:
            if not self._to_start(child):
                continue
            child.down_at = child.down_at or self._system.clock.monotonic()
            yield from self._start_one(child)
            if child.failed is not None and self._budget.may_restart(child, child.failed):
                return child
        return None
