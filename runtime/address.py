"""Address[M]: outlives restarts; tell never raises; dead letters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar

from runtime.errors import ActorDead
from runtime.reply import Letter, Reply, type_name

if TYPE_CHECKING:
    from runtime.cell import Cell
    from runtime.system import System

M = TypeVar("M")


class Address(Generic[M]):
    """Where an actor is reached, whatever incarnation lives there, and even before the first one does.

    Equal and hashable by path. All methods may be called from any thread.
    """

    __slots__ = ("_cell", "_system", "path")

    def __init__(self, system: System, path: str) -> None:
        self.path = path
        self._system = system
        self._cell: Cell | None = None

    def tell(self, message: M) -> None:
        """Put the message into the actor's inbox. Never raises and never blocks: what cannot be kept is a dead letter.

        While the actor is being restarted the message waits for its next incarnation, in order.
        """
        system = self._system
        sender = getattr(system.here, "life", None)
        if sender is not None and sender.over:
            system.letters.add(self.path, message, "sent by an incarnation that is over")
            return
        cell = self._cell
        if cell is None or cell.gone:
            cell = self._find()
        if cell is None:
            system.letters.add(self.path, message, "nobody lives there")
        else:
            cell.put(Letter(message))

    def ask(self, message: M, timeout: float = 5.0) -> Any:
        """What the actor answers. For tests, the command line and main: an actor should tell instead.

        Raises ActorDead when no incarnation will answer, AskTimeout after `timeout` real seconds, else what the
        handler raised. Called in a handler it holds up that actor, but not the pool.
        """
        return self.ask_later(message).wait(self.path, timeout)

    def ask_later(self, message: M) -> Reply:
        """Like `ask`, but returns at once; the reply is a pykka future."""
        reply = Reply()
        cell = self._cell
        if cell is None or cell.gone:
            cell = self._find()
        if cell is None:
            reply.settle_error(ActorDead(f"{self.path}: nobody lives there"))
            self._system.letters.add(self.path, message, "nobody lives there")
        else:
            cell.put(Letter(message, reply))
        return reply

    def alive(self) -> bool:
        """Whether an incarnation is up at this moment."""
        cell = self._cell or self._find()
        return cell is not None and cell.alive

    def _find(self) -> Cell | None:
        cell = self._cell = self._system.find(self.path)
        return cell

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Address) and other.path == self.path and other._system is self._system

    def __hash__(self) -> int:
        return hash(self.path)

    def __repr__(self) -> str:
        return f"<Address {self.path} ({type_name(self._system)})>"
