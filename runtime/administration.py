"""What operators may do to the children of a supervisor: start, stop, restart, forget, look."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias, assert_never

from runtime.actor import Context
from runtime.cell import State
from runtime.child_spec import Family, check
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
from runtime.errors import ActorDead, AlreadyPresent, AlreadyStarted, ChildRunning, KernelError, NoSuchChild
from runtime.family import Child, Nursery
from runtime.reply import Deferred
from runtime.rounds import Rounds

Attempt: TypeAlias = Callable[[], None]


class Administration:
    """Carries out the commands; what it refuses is a KernelError and changes nothing."""

    def __init__(self, context: Context, family: Family, nursery: Nursery, rounds: Rounds) -> None:
        self.context = context
        self._family = family
        self._nursery = nursery
        self._rounds = rounds
        self._path = nursery.life.cell.path
        self._later: list[Attempt] = []

    def catch_up(self) -> None:
        """Do what came while a procedure was under way."""
        while self._later and not self._rounds.busy:
            self._later.pop(0)()

    def obey(self, message: SupervisorCommand) -> object:
        """The answer, or a Deferred that gets it."""
        match message:
            case StartChild():
                return self._when_free(lambda deferred: self._start_child(message, deferred))
            case RestartChild():
                self._child(message.id)
                return self._when_free(lambda deferred: self._restart_child(message.id, deferred))
            case TerminateChild():
                return self._terminate_child(self._child(message.id))
            case DeleteChild():
                return self._delete_child(self._child(message.id))
            case WhichChildren():
                return [self._info(child) for child in self._nursery.children.values()]
            case CountChildren():
                return self._count()
            case _:
                assert_never(message)

    def _child(self, id: str) -> Child:  # noqa: A002 - the word of ChildSpec
        child = self._nursery.children.get(id)
        if child is None:
            raise NoSuchChild(f"{self._path} has no child {id!r}")
        return child

    def _when_free(self, act: Callable[[Deferred], None]) -> Deferred:
        """Now, or after the round or start that is under way: the order of the children must not be disturbed."""
        deferred = self.context.defer()

        def attempt() -> None:
            try:
                if self._rounds.ending:
                    raise ActorDead(f"{self._path} is stopping")
                act(deferred)
            except KernelError as error:
                deferred.fail(error)

        if self._rounds.busy and not self._rounds.ending:
            self._later.append(attempt)
        else:
            attempt()
        return deferred

    def _start_child(self, message: StartChild, deferred: Deferred) -> None:
        spec = message.spec
        check(spec, self._family.auto_shutdown)
        child = self._nursery.children.get(spec.id)
        if child is not None:
            if child.life is not None:
                raise AlreadyStarted(f"{child.cell.path} runs already")
            raise AlreadyPresent(f"{child.cell.path} is there and does not run")
        child = self._nursery.add(spec)
        child.fresh = True
        child.starters = [deferred]
        self._nursery.begin(child, by_hand=True)

    def _restart_child(self, id: str, deferred: Deferred) -> None:  # noqa: A002 - the word of ChildSpec
        child = self._child(id)
        if child.life is not None:
            raise ChildRunning(f"{child.cell.path} runs already")
        if child.budget is not None:
            child.budget.clear()
        child.failures = 0
        child.cooling = False
        child.starters = [deferred]
        self._nursery.begin(child, by_hand=True)

    def _terminate_child(self, child: Child) -> object:
        child.held = True
        if child.life is None:
            child.cancel_timer()
            self._nursery.rest(child, "stopped by an operator")
            if self._rounds.pausing:  # the round under way may be waiting because of this very child
                self._rounds.resume()
            return True
        deferred = self.context.defer()
        child.waiters = [*(child.waiters or ()), deferred]
        if not child.stopping:
            self._nursery.order_stop([child])
        return deferred

    def _delete_child(self, child: Child) -> object:
        if child.life is not None or child.cell.state not in (State.STOPPED, State.FAILED):
            raise ChildRunning(f"{child.cell.path} runs: terminate it first")
        self._nursery.remove(child)
        return True

    @staticmethod
    def _info(child: Child) -> ChildInfo:
        cell = child.cell
        return ChildInfo(child.spec.id, cell.path, child.spec.kind, cell.state.value, cell.incarnation)

    def _count(self) -> Count:
        children = self._nursery.children.values()
        active = sum(child.life is not None and child.cell.state is not State.STOPPED for child in children)
        supervisors = sum(child.spec.family is not None for child in children)
        return Count(len(children), active, supervisors, len(children) - supervisors)
