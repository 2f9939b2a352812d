"""Warden: sees that every third-party repository on record is looked after, and that watched ones are looked at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import assert_never

from actors.sandbox import Sandbox
from runtime.actor import Actor
from runtime.jobs import Done

LOOK_S = 5.0


@dataclass(frozen=True)
class LookAfter:
    """Is there a guest whom nobody looks after? So it is after a start, and after an error of ours."""


@dataclass(frozen=True)
class LookForCommits:
    """Has the time come to look at a guest's repository?"""


@dataclass(frozen=True)
class Looked:
    """A look came back."""

    what: str
    done: Done[None]


Message = LookAfter | LookForCommits | Looked


class Warden(Actor[Message]):
    """Decides nothing: it sees to it that the sandbox looks, one look of a kind at a time."""

    def __init__(self, sandbox: Sandbox) -> None:
        super().__init__()
        self._sandbox = sandbox
        self._busy: set[str] = set()

    def on_start(self) -> None:
        """Guests of an earlier service are taken up at once."""
        self.context.address.tell(LookAfter())
        self.context.every(LOOK_S, LookAfter())
        self.context.every(LOOK_S, LookForCommits())

    def receive(self, message: Message) -> None:
        """Begin a look, or hear of its end."""
        match message:
            case LookAfter():
                self._begin("docker", self._sandbox.look)
            case LookForCommits():
                self._begin("git", self._sandbox.watch)
            case Looked(what, done):
                self._busy.discard(what)
                done.result()
            case _:
                assert_never(message)

    def _begin(self, lane: str, work: Callable[[], None]) -> None:
        if lane not in self._busy:
            self._busy.add(lane)
            self.context.job(lane, work, lambda done: Looked(lane, done))
