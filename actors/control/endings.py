"""Wakes those who wait for a deployment's end: what the actors tell, for threads that are no actors."""

from __future__ import annotations

import threading

from actors.messages import DeploymentEnded, TestFinished
from runtime.actor import Actor

Heard = DeploymentEnded | TestFinished


class Endings:
    """A bell. Who waits looks at the record itself when it rings, so nothing is lost when it does not."""

    def __init__(self) -> None:
        self._changed = threading.Condition()

    def ring(self) -> None:
        """Something ended. Any thread."""
        with self._changed:
            self._changed.notify_all()

    def wait(self, seconds: float) -> None:
        """Until something ends, `seconds` at most."""
        with self._changed:
            self._changed.wait(seconds)


class Ringer(Actor[Heard]):
    """Hears the bus and rings."""

    def __init__(self, endings: Endings) -> None:
        super().__init__()
        self._endings = endings

    def on_start(self) -> None:
        """Subscribe."""
        self.context.subscribe(DeploymentEnded)
        self.context.subscribe(TestFinished)

    def receive(self, message: Heard) -> None:
        """Whatever it is, it is an end."""
        del message
        self._endings.ring()
