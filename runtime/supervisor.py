"""Start in order, restart by strategy, stop in reverse."""

from __future__ import annotations

import logging
from collections import deque
from typing import TYPE_CHECKING

from runtime.actor import PENDING, Actor
from runtime.administration import Administration
from runtime.budget import Budget
from runtime.child_spec import Family, Restart, Strategy, check_children
from runtime.commands import (
    ChildInfo,
    Count,
    CountChildren,
    DeleteChild,
    RestartChild,
    StartChild,
    SupervisorCommand,
    TerminateChild,
    WhichChildren,
)
from runtime.endings import Down, Exit, Up
from runtime.errors import ActorDead, Drill, KernelError, StartFailed
from runtime.family import Child, Nursery, RetryDue, ShutdownDue
from runtime.rounds import PauseOver, Rounds

if TYPE_CHECKING:
    from runtime.life import Life

__all__ = [
    "ChildInfo",
    "Count",
    "CountChildren",
    "DeleteChild",
    "RestartChild",
    "StartChild",
    "Supervisor",
    "SupervisorCommand",
    "TerminateChild",
    "WhichChildren",
]

log = logging.getLogger("runtime.supervisor")


class Supervisor(Actor[SupervisorCommand]):
    """Keeps a family up. It never waits inside a turn: what takes several steps is a procedure, resumed by events.

    While a procedure runs, ends of children it does not wait for are dealt with after it, as OTP does.
    """

    def __init__(self, family: Family) -> None:
        super().__init__()
        self._family = family
        self._group = family.strategy in (Strategy.ONE_FOR_ALL, Strategy.REST_FOR_ONE)
        self._deferred: deque[tuple[Child, Down]] = deque()  # ends that came during a procedure
        self._nursery: Nursery
        self._budget: Budget
        self._rounds: Rounds
        self._administration: Administration

    # what the kernel calls

    def _kernel_start(self) -> object:
        family, life = self._family, self._life
        nursery = self._nursery = Nursery(self.context.system, life)
        self._budget = Budget(family, nursery)
        self._rounds = Rounds(family, nursery, self._budget, self._catch_up)
        self._administration = Administration(self.context, family, nursery, self._rounds)
        specs = list(family.children)
        if family.children_source is not None:
            specs.extend(family.children_source())
            check_children(life.cell.path, specs, family.auto_shutdown)
            if life.over:  # the source hung, this supervisor was abandoned, its successor has the children
                return PENDING
        for spec in specs:
            nursery.add(spec)
        nursery.drop_strangers()
        self._rounds.start_up()
        return PENDING

    def _kernel_stop(self) -> object:
        if not self._rounds.ending:
            self._rounds.finish(Exit.SHUTDOWN, None)
        return PENDING

    def _kernel_crash(self, error: BaseException) -> object:
        if self._rounds.ending:  # the way out failed too: the kernel detaches the children
            return PENDING if isinstance(error, Drill) else None
        log.error("%s: the supervisor itself failed", self._life.cell.path, exc_info=error)
        self._rounds.finish(Exit.CRASH, error)
        return PENDING

    def _kernel_event(self, event: object) -> None:
        if isinstance(event, Up):
            self._on_up(event)
        elif isinstance(event, Down):
            self._on_down(event)
        elif isinstance(event, RetryDue):
            self._on_retry(event.child)
        elif isinstance(event, ShutdownDue):
            self._nursery.kill(event)
        elif isinstance(event, PauseOver):
            self._rounds.pause_over(event)

    @property
    def _life(self) -> Life:
        return self.context._life

    # events

    def _on_up(self, event: Up) -> None:
        nursery = self._nursery
        child = nursery.find(event.life)
        if child is None:
            return
        starters, child.starters, child.fresh = child.starters, None, False
        if event.ignored:
            child.life = None
            if child.stopping:
                self._stopped(child)
            nursery.rest(child, "it has nothing to run")
        else:
            nursery.came_up(child)
        for deferred in starters or ():
            deferred.answer(None if event.ignored else self.context.system.address(child.cell.path))
        if not child.stopping:  # else its stop was ordered while it started: what waits, waits for its end
            self._rounds.arrived(child)

    def _on_down(self, event: Down) -> None:
        nursery = self._nursery
        child = nursery.find(event.life)
        if child is None:
            return
        awaited = self._rounds.awaits(child)
        child.life = None
        child.up = False
        child.cancel_timer()
        if event.exit in (Exit.CRASH, Exit.NO_START):
            nursery.record_crash(child, event)
        if child.stopping:
            self._stopped(child)
        elif child.starters is not None:
            self._not_started(child, event)
        elif awaited and not (self._rounds.starting and child.budget is not None):
            child.failed = event.error or KernelError("it ended before it was up")
            child.down_at = child.down_at or self.context.system.clock.monotonic()
        elif self._rounds.busy:
            self._deferred.append((child, event))
        else:
            self._ended(child, event)
        if awaited:
            self._rounds.arrived(child)

    def _stopped(self, child: Child) -> None:
        child.stopping = False
        waiters, child.waiters = child.waiters, None
        starters, child.starters = child.starters, None
        for deferred in starters or ():
            deferred.fail(ActorDead(f"{child.cell.path} was stopped before it was up"))
        if child.held:
            self._nursery.rest(child, "stopped by an operator")
        elif child.fresh:  # a round or the end of the supervisor took it along
            self._nursery.remove(child)
        for deferred in waiters or ():
            deferred.answer(True)

    def _not_started(self, child: Child, event: Down) -> None:
        starters, child.starters = child.starters, None
        if child.fresh:
            self._nursery.remove(child)
        else:
            child.held = True
            self._nursery.rest(child, "its restart by an operator failed")
        for deferred in starters or ():
            deferred.fail(StartFailed(child.spec.id, event.error or KernelError("it ended before it was up")))

    def _on_retry(self, child: Child) -> None:
        if child.timer is None or child.life is not None or self._rounds.ending:
            return
        child.timer = None
        if self._group and self._rounds.busy:
            self._budget.retry_in(child, 1.0)  # after the round that is under way, unless that starts it
        elif self._group:
            self._rounds.restart_with(child)
        else:
            self._nursery.begin(child)

    def _ended(self, child: Child, event: Down) -> None:
        crash = event.exit in (Exit.CRASH, Exit.NO_START, Exit.KILLED)
        spec = child.spec
        if spec.restart is Restart.TEMPORARY or (spec.restart is Restart.TRANSIENT and not crash):
            self._nursery.rest(child, "it has ended")
            if spec.significant and self._budget.auto_shutdown():
                self._rounds.finish(Exit.SHUTDOWN, None)
            return
        child.down_at = child.down_at or self.context.system.clock.monotonic()
        asked_for = isinstance(event.error, Drill)  # costs no budget: drilling for long must not park a project
        if not asked_for and not self._budget.may_restart(child, event.error):
            return
        if not asked_for and not self._budget.charge(child):
            self._give_up(child, event.error)
        elif self._group:
            self._rounds.restart_with(child)
        elif event.exit is Exit.NO_START:
            child.failures += 1
            self._budget.retry_in(child, self._family.backoff.pause(child.failures))
        else:
            self._nursery.begin(child)

    def _give_up(self, child: Child, error: BaseException | None) -> None:
        if self._budget.is_root:
            self._budget.retry_in(child, self._budget.cool_down(child, error))
        else:
            self._rounds.finish(Exit.CRASH, self._budget.gave_up(child, error))

    def _catch_up(self) -> None:
        while self._deferred and not self._rounds.busy:
            child, event = self._deferred.popleft()
            known = self._nursery.children.get(child.spec.id) is child
            if known and child.life is None and not child.held and not child.parked:
                self._ended(child, event)
        self._administration.catch_up()

    # commands

    def receive(self, message: SupervisorCommand) -> object:
        """Answers as the command's docstring says; what it refuses is an error to the asker and changes nothing."""
        try:
            return self._administration.obey(message)
        except KernelError as error:
            log.info("%s: %s refused: %s", self._life.cell.path, type(message).__name__, error)
            deferred = self.context.defer()
            deferred.fail(error)
            return deferred
