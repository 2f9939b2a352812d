"""Sandbox: runs strangers' repositories, for the command line until they end, for the chat until somebody ends them."""

from __future__ import annotations

import secrets
import shlex
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

from actors.engines.docker_calls import Docker
from actors.engines.images import home_mark
from actors.errors import EngineError, NothingToDo, VankaError
from actors.sandbox.box import Boxes, name_of
from actors.sandbox.command import Order, run_command
from actors.sandbox.guests import Guests, OnChange, OnStep
from actors.sandbox.shapes import COMMAND_S, MOST_LINES, SETUP_S, Guest, GuestState, Step, Wish
from actors.sandbox.source import checked_out
from actors.source import Sources
from runtime import log
from runtime.shell import Cancel

TOLD_BYTES = 1024 * 1024  # of one command's output, to whoever looks on
INSTALL = "pip install -r requirements.txt"
MAIN = "python main.py"
LEFT_OUT = "\n[vanka: more output is not shown]\n"

say = log.get("vanka.sandbox")


class Sandbox:
    """All guests of one service. Any thread. Everything raises NoEngine where no Docker engine answers.

    `on_step` is told each command of the chat's guests when it has ended, `on_change` each change of their state; both
    in a thread of the guest's. Nobody is told of `run`: whoever waits hears for himself.
    """

    def __init__(
        self,
        home: Path,
        sources: Sources,
        docker: Docker,
        *,
        on_step: OnStep = lambda _guest, _step: None,
        on_change: OnChange = lambda _guest: None,
    ) -> None:
        self._path = home
        self._sources = sources
        self._docker = docker
        self._boxes = Boxes(docker, lambda: self._home)
        self._guests = Guests(on_step, on_change)
        self._sweeping = threading.Lock()
        self._swept = False

    # --- for the command line

    def run(
        self,
        url: str,
        *,
        test: bool = True,
        for_s: int | None = None,
        command: tuple[str, ...] = (),
        network: bool = True,
        memory: int | None = None,
        cpu: float | None = None,
        on_output: Callable[[str], None] = lambda _text: None,
        gone: Callable[[], bool] = lambda: False,
    ) -> Mapping[str, Any]:
        """Run a repository to its end and take everything of it away. Blocks; ends early when `gone` turns true.

        `{output, exit_code, steps}`: the last command's lines and exit code, and each command's record. A test that is
        still well when its time is over ends with 0.
        """
        limits = {name: value for name, value in (("memory", memory), ("cpus", cpu)) if value is not None}
        wish = Wish(url=url, test=test, for_s=for_s, command=command, network=network, **limits)  # type: ignore[arg-type]  # two numbers, each in its field
        guest, cancel = self._admit(wish)
        try:
            with self._until_gone(gone, cancel):
                steps = list(self._walk(guest, wish, cancel, on_output, passing=True))
            last = steps[-1]
            passed = wish.test and last.limit and not cancel.is_set()
            return {
                "output": "\n".join(last.lines),
                "exit_code": 0 if passed else last.exit_code,
                "steps": [step.record() for step in steps],
            }
        finally:
            self.remove(guest.id)

    # --- for the chat

    def start(self, wish: Wish) -> Guest:
        """Begin a guest and come back at once; `on_change` and `on_step` tell how it goes on. Raises Busy, NoEngine."""
        guest, cancel = self._admit(wish)
        threading.Thread(target=self._serve, args=(guest, wish, cancel), name=f"guest-{guest.id}", daemon=True).start()
        return guest

    def list(self) -> list[Guest]:
        """All guests, the newest first, those of an earlier service's life too."""
        self._sweep()
        found = {guest.id: guest for guest in self._boxes.found()} | self._guests.all()
        return sorted(found.values(), key=lambda guest: -guest.started_at)

    def running(self) -> Sequence[tuple[str, str, str]]:
        """Those whose container runs: id, name, container. Raises NoEngine or EngineError, for there may be some."""
        return self._boxes.running()

    def get(self, guest: str) -> Guest:
        """One guest; raises NothingToDo when it is gone."""
        for known in self.list():
            if known.id == guest:
                return known
        raise NothingToDo("that third-party repository does not run any more", "Run it again.")

    def command(self, guest: str, text: str, *, limit_s: int = COMMAND_S) -> Step:
        """Run a command in the guest's container and wait for it, `limit_s` at most. The guest's own one goes on."""
        known = self.get(guest)
        step = self._perform(known, self._container(known), text, limit_s, Cancel(), lambda _text: None)
        self._guests.note(known.id, step)
        return step

    def stop(self, guest: str) -> Guest:
        """End all that runs in it; its output can still be read."""
        known = self.get(guest)
        self._guests.end(known.id)
        container = self._boxes.container(known.id)
        if container is not None:
            self._docker.kill(container)
        return self._guests.change(known.id, state=GuestState.ENDED, running="") or replace(
            known, state=GuestState.ENDED
        )

    def remove(self, guest: str) -> None:
        """End it and take everything of it away; gone is fine."""
        self._guests.end(guest)
        self._boxes.remove(guest)
        self._guests.forget(guest)
        self._forget_files(guest)

    def set_output(self, guest: str, on: bool, lines: int = MOST_LINES) -> Guest:
        """Whether the chat is shown its output, and how many lines of each command."""
        known = self.get(guest)
        self._guests.adopt(known)
        changed = self._guests.change(known.id, output=on, lines=max(1, min(lines, MOST_LINES)))
        return changed or known

    def close(self) -> None:
        """The service stops: whoever waits is let go. The chat's guests go on until their time is over."""
        for cancel in self._guests.waiting():
            cancel.set()

    # --- a guest's walk

    def _admit(self, wish: Wish) -> tuple[Guest, Cancel]:
        self._docker.version()  # without an engine nothing is begun
        self._sweep()
        now = time.time()
        guest = Guest(
            id=secrets.token_hex(4),
            name=name_of(wish.url),
            url=wish.url,
            test=wish.test,
            state=GuestState.PREPARING,
            started_at=now,
            until=now + wish.seconds + SETUP_S,
            network=wish.network,
            memory=wish.memory,
            cpus=wish.cpus,
            output=wish.output,
            lines=max(1, min(wish.lines, MOST_LINES)),
        )
        return guest, self._guests.admit(guest)

    def _serve(self, guest: Guest, wish: Wish, cancel: Cancel) -> None:
        """The thread of a chat's guest."""
        state, error = GuestState.ENDED, ""
        try:
            for step in self._walk(guest, wish, cancel, lambda _text: None, passing=False):
                self._guests.note(guest.id, step)
        except VankaError as trouble:
            state, error = GuestState.FAILED, trouble.message
        except Exception as trouble:  # noqa: BLE001 - the edge of this thread: the chat must hear that it is over
            state, error = GuestState.FAILED, "something went wrong on our side"
            say.error("a third-party repository could not be run", url=guest.url, exc_info=trouble)
        self._guests.change(guest.id, state=state, running="", error=error)

    def _walk(
        self, guest: Guest, wish: Wish, cancel: Cancel, on_output: Callable[[str], None], *, passing: bool
    ) -> Iterator[Step]:
        """Fetch, make the container, install, run: each command's step as it ends; stops at the first that fails."""
        with checked_out(self._sources, self._path, wish.url, wish.ref, cancel) as (directory, commit):
            guest = replace(guest, commit=commit)
            self._guests.change(guest.id, commit=commit)
            texts = _commands(directory, wish)
            self._boxes.make(guest, wish, directory, cancel, passing=passing)
        container = self._container(guest)
        for text in texts:
            self._guests.change(guest.id, state=GuestState.RUNNING, running=text)
            limit = SETUP_S if text == INSTALL and text != texts[-1] else wish.seconds
            step = self._perform(guest, container, text, limit, cancel, on_output)
            yield step
            if step.exit_code != 0:
                return

    def _perform(
        self, guest: Guest, container: str, text: str, limit_s: int, cancel: Cancel, on_output: Callable[[str], None]
    ) -> Step:
        folder = self._path / "sandbox" / guest.id
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = folder / f"{time.time_ns()}.log"
        on_output(f"$ {text}\n")
        told = [0]

        def tell(piece: str) -> None:
            before, told[0] = told[0], told[0] + len(piece)
            if told[0] <= TOLD_BYTES:
                on_output(piece)
            elif before <= TOLD_BYTES:
                on_output(LEFT_OUT)

        order = Order(text, limit_s, self._guests.all().get(guest.id, guest).lines, file, cancel.is_set, tell)
        step = run_command(self._docker, container, order)
        if step.limit:
            say.info("a third-party command was ended by its limit", url=guest.url, seconds=round(step.seconds))
        return step

    # --- small things

    @cached_property
    def _home(self) -> str:
        return home_mark(self._path)

    def _container(self, guest: Guest) -> str:
        container = self._boxes.container(guest.id)
        found = None if container is None else self._docker.container(container)
        if found is None or not found.running:
            raise NothingToDo(f"the container of {guest.name} has ended", "Run the repository again.")
        return found.id

    @contextmanager
    def _until_gone(self, gone: Callable[[], bool], cancel: Cancel) -> Iterator[None]:
        """Cancels when nobody waits any more."""
        over = threading.Event()

        def watch() -> None:
            while not over.wait(0.25):
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

    def _sweep(self) -> None:
        """Once in a service's life: guests for whom somebody waited when the last service ended."""
        with self._sweeping:
            if self._swept:
                return
            self._swept = True
        for guest in self._boxes.leftovers():
            with suppress(EngineError):  # it is tried again by the next service; its container ends by itself
                self._boxes.remove(guest)

    def _forget_files(self, guest: str) -> None:
        folder = self._path / "sandbox" / guest
        if folder.is_dir():
            for file in folder.iterdir():
                file.unlink(missing_ok=True)
            folder.rmdir()


def _commands(directory: Path, wish: Wish) -> list[str]:
    """What is run, as a person would type it."""
    install = [INSTALL] if wish.network and (directory / "requirements.txt").is_file() else []
    if wish.command:
        return [*install, wish.command[0] if len(wish.command) == 1 else shlex.join(wish.command)]
    if not (directory / "main.py").is_file():
        raise NothingToDo("the repository has no main.py", "Say what to run: --command ...")
    return [*install, MAIN]
