"""The doors: open when all is up, closed at the end, and no reason for the service not to run."""

from __future__ import annotations

import socket
from functools import partial

import pytest

from actors.doors import AGAIN_S, Doors
from runtime.child_spec import ChildSpec, supervisor
from runtime.errors import WebError
from runtime.system import System
from runtime.web import WebServer
from tests.fakes.clock import FakeClock


class Door:
    """A door that fails to open as often as it is told."""

    def __init__(self, failures: int = 0) -> None:
        self.failures, self.opened, self.closed = failures, 0, 0

    def start(self) -> None:
        if self.failures:
            self.failures -= 1
            raise WebError("cannot listen on 127.0.0.1:1: Address already in use", "Choose another port.")
        self.opened += 1

    def stop(self, timeout: float = 0.0) -> object:
        self.closed += 1
        return None


def started(*doors: Door, clock: FakeClock) -> System:
    system = System(clock=clock)
    system.start(supervisor("root", [ChildSpec("doors", partial(Doors, doors))]))
    return system


def test_doors_are_open_after_the_start_and_closed_after_the_stop() -> None:
    first, second = Door(), Door()
    system = started(first, second, clock=FakeClock())
    assert (first.opened, second.opened) == (1, 1)
    system.stop()
    assert (first.closed, second.closed) == (1, 1)


def test_address_that_is_taken_is_tried_again_while_the_other_door_is_open() -> None:
    clock = FakeClock()
    taken, other = Door(failures=2), Door()
    system = started(taken, other, clock=clock)
    assert (taken.opened, other.opened) == (0, 1)
    clock.advance(AGAIN_S)
    assert taken.opened == 0
    clock.advance(AGAIN_S)
    assert taken.opened == 1
    system.stop()


def test_crash_leaves_the_doors_open_for_the_next_incarnation() -> None:
    clock = FakeClock()
    door = Door()
    system = started(door, clock=clock)
    system.crash("doors")
    clock.advance(5.0)
    assert system.address("doors").alive()
    assert door.closed == 0
    system.stop()


def test_real_server_says_which_address_is_taken_and_what_to_do() -> None:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
        with pytest.raises(WebError, match=f"^cannot listen on 127.0.0.1:{port}: Address already in use$") as refused:
            WebServer("127.0.0.1", port).start()
        assert "VANKA_HTTP" in refused.value.hint
