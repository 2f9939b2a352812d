"""A guest that somebody waits for at a command line: run to its end, and nothing of it stays."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from actors.errors import NothingToDo
from actors.model.guest import CPUS, MEMORY, Guest, GuestState, Step, Wish
from actors.sandbox.command import Order, run_command
from actors.sandbox.hall import Hall
from actors.sandbox.preparing import Asked, prepare
from actors.source import Access, split
from runtime.log import get
from runtime.shell import Cancel
from runtime.vault import Secret

TOLD_BYTES = 1024 * 1024  # of one command's output, to whoever looks on
LEFT_OUT = "\n[vanka: more output is not shown]\n"
LOOK_S = 0.25

say = get("vanka.sandbox")


def run_passing(
    hall: Hall,
    url: str,
    *,
    closed: Callable[[], bool],
    test: bool = True,
    for_s: int | None = None,
    command: tuple[str, ...] = (),
    network: bool = True,
    memory: int = MEMORY,
    cpu: float = CPUS,
    token: Secret | None = None,
    variables: Mapping[str, Secret] | None = None,
    on_output: Callable[[str], None] = lambda _text: None,
    gone: Callable[[], bool] = lambda: False,
) -> Mapping[str, Any]:
    """Run a repository to its end and take everything of it away. Blocks; ends early when `gone` turns true.

    `{output, exit_code, steps}`: the last command's lines and exit code, and each command's record. A test that is
    still well when its time is over ends with 0. Secrets are in no record: they go with whoever waits.
    """
    address, held = split(url)
    wish = Wish(url=address.raw, test=test, for_s=for_s, command=command, network=network, memory=memory, cpus=cpu)
    access = held if token is None else Access(token=token, username=held.username)
    guest = Guest(id=secrets.token_hex(4), wish=wish, state=GuestState.PREPARING, started_at=time.time())
    hall.guests.admit(guest, passing=True)
    cancel = Cancel()
    try:
        with _until(lambda: gone() or closed(), cancel):
            env = {name: value.reveal() for name, value in (variables or {}).items()}
            steps = list(_walk(hall, guest, access, env, _Told(on_output), cancel))
        last = steps[-1]
        passed = wish.test and last.limit and not cancel.is_set()
        return {
            "output": "\n".join(last.lines),
            "exit_code": 0 if passed else last.exit_code,
            "steps": [step.record() for step in steps],
        }
    finally:
        try:
            hall.workshop.boxes.remove(guest.id)
        finally:
            hall.guests.forget(guest.id)


class _Told:
    """Passes a command's output on, up to a bound."""

    def __init__(self, on_output: Callable[[str], None]) -> None:
        self._on_output = on_output
        self._told = 0

    def command(self, text: str) -> None:
        """The next one begins."""
        self._told = 0
        self._on_output(f"$ {text}\n")

    def output(self, piece: str) -> None:
        """More of it."""
        before, self._told = self._told, self._told + len(piece)
        if self._told <= TOLD_BYTES:
            self._on_output(piece)
        elif before <= TOLD_BYTES:
            self._on_output(LEFT_OUT)


def _walk(
    hall: Hall, guest: Guest, access: Access, env: Mapping[str, str], told: _Told, cancel: Cancel
) -> Iterator[Step]:
    """Each command's step as it ends; the one that fails is the last."""
    wish, workshop, done = guest.wish, hall.workshop, list[Step]()

    def begins(text: str) -> None:
        hall.guests.change(guest.id, state=GuestState.RUNNING, running=text)
        told.command(text)

    asked = Asked(access, env, lambda _commit: None, begins, done.append, told.output)
    ready = prepare(workshop, guest, wish.ref, asked, cancel)
    yield from done
    if isinstance(ready, Step):
        yield ready
        return
    if not ready.program:
        raise NothingToDo("the repository has no main.py", "Say what to run: --command ...")
    begins(ready.program)
    order = Order(ready.program, wish.seconds, workshop.file(guest.id), cancel.is_set, env, told.output, workshop.clean)
    step = run_command(workshop.docker, ready.container, order)
    if step.limit:
        say.info("a third-party command was ended by its limit", url=wish.url, seconds=round(step.seconds))
    yield step


@contextmanager
def _until(gone: Callable[[], bool], cancel: Cancel) -> Iterator[None]:
    """Cancels when nobody waits any more."""
    over = threading.Event()

    def watch() -> None:
        while not over.wait(LOOK_S):
            if gone():
                cancel.set()
                return

    watcher = threading.Thread(target=watch, name="guest-waits", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join(2.0)
