"""Doors: the control socket and the HTTP server. They open when everything that they lead to is up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from actors.messages import ServiceNotice
from runtime import log
from runtime.actor import Actor
from runtime.errors import WebError

CLOSE_S = 2.0
AGAIN_S = 30.0
say = log.get("vanka")


class Door(Protocol):
    """Something that listens once it is started. Starting it twice does nothing."""

    def start(self) -> None:
        """Listen; raises a KernelError with what to do where that cannot be."""
        ...

    def stop(self, timeout: float = ...) -> object:
        """Listen no more; returns within `timeout` seconds."""
        ...


@dataclass(frozen=True)
class OpenAgain:
    """Perhaps the address is free now."""


class Doors(Actor[OpenAgain]):
    """Opens the doors at its start and closes them when it is stopped in order.

    A crash of this actor leaves them open, so that nobody who is being served is cut off; the next incarnation goes on
    with them. An HTTP address that another program has is told once and tried again: the service does not depend on it.
    """

    blocking = True

    def __init__(self, doors: Sequence[Door]) -> None:
        super().__init__()
        self._doors = doors
        self._told = False

    def on_start(self) -> None:
        """Open what is not open."""
        self._open()

    def on_stop(self) -> None:
        """Close them all, the last one first."""
        for door in reversed(self._doors):
            door.stop(CLOSE_S)

    def receive(self, message: OpenAgain) -> None:
        """Try what did not open."""
        del message
        self._open()

    def _open(self) -> None:
        for door in self._doors:
            try:
                door.start()
            except WebError as error:
                self._later(error)

    def _later(self, error: WebError) -> None:
        self.context.after(AGAIN_S, OpenAgain())
        if not self._told:
            self._told = True
            text = f"{error}. {error.hint} Everything else works; it is tried again every {AGAIN_S:.0f} s."
            say.warning(text)
            self.context.publish(ServiceNotice(text))
