"""A sandbox without an engine: guests in memory, whose commands end when a test says so."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from actors.errors import NoEngine, NothingToDo
from actors.sandbox.shapes import SETUP_S, Guest, GuestState, Step, Wish
from runtime.clock import Clock


class FakeSandbox:
    """`without_engine` makes everything fail as on a machine without Docker."""

    def __init__(self, directory: Path, clock: Clock) -> None:
        self._directory, self._clock = directory, clock
        self._lock = threading.RLock()
        self._guests: dict[str, Guest] = {}
        self._numbers = 0
        self.wishes: list[Wish] = []
        self.commands: list[str] = []
        self.answer: tuple[Sequence[str], int] = (["total 0"], 0)
        self.without_engine = False

    # --- for tests

    def have(self, name: str, steps: int = 0) -> Guest:
        """One that runs, with so many commands behind it."""
        guest = self.start(Wish(url=f"https://example.org/{name}.git"))
        self.goes_on(guest.id, "python main.py")
        for number in range(steps):
            self.ended(guest.id, f"step {number}", ["a", "<b>not markup</b> & more"])
        return self.get(guest.id)

    def goes_on(self, guest: str, command: str) -> None:
        """Its next command runs."""
        with self._lock:
            known = self._guests[guest]
            self._guests[guest] = replace(known, state=GuestState.RUNNING, running=command, commit="a" * 40)

    def ended(self, guest: str, command: str, lines: Sequence[str], code: int = 0, seconds: float = 31.0) -> Step:
        """A command has ended, having written that."""
        with self._lock:
            known = self._guests[guest]
            self._directory.mkdir(parents=True, exist_ok=True)
            file = self._directory / f"{guest}-{len(known.steps)}.log"
            file.write_text("\n".join(lines) + "\n", encoding="utf-8")
            most = known.lines
            cut = len(lines) > most
            kept = [*lines[: most // 2], *lines[len(lines) - (most - most // 2) :]] if cut else list(lines)
            step = Step(
                command=command,
                exit_code=code,
                seconds=seconds,
                count=len(lines),
                lines=tuple(kept),
                hidden=len(lines) - len(kept),
                file=file,
            )
            self._guests[guest] = replace(known, steps=(*known.steps, step), running="")
            return step

    def over(self, guest: str, state: GuestState = GuestState.ENDED, error: str = "") -> None:
        """All of it has ended."""
        with self._lock:
            self._guests[guest] = replace(self._guests[guest], state=state, running="", error=error)

    # --- what screens call

    def list(self) -> list[Guest]:
        if self.without_engine:
            raise NoEngine("no Docker engine answers here", "Install it.")
        with self._lock:
            return list(self._guests.values())[::-1]

    def get(self, guest: str) -> Guest:
        for known in self.list():
            if known.id == guest:
                return known
        raise NothingToDo("that third-party repository does not run any more", "Run it again.")

    def start(self, wish: Wish) -> Guest:
        self.list()
        with self._lock:
            self._numbers += 1
            self.wishes.append(wish)
            now = self._clock.now().timestamp()
            guest = Guest(
                id=f"{self._numbers:08x}",
                name=wish.url.rpartition("/")[2].removesuffix(".git"),
                url=wish.url,
                test=wish.test,
                state=GuestState.PREPARING,
                started_at=now,
                until=now + wish.seconds + SETUP_S,
                network=wish.network,
                memory=wish.memory,
                cpus=wish.cpus,
                output=wish.output,
                lines=wish.lines,
            )
            self._guests[guest.id] = guest
            return guest

    def command(self, guest: str, text: str, *, limit_s: int) -> Step:
        assert limit_s == 60
        self.get(guest)
        self.commands.append(text)
        lines, code = self.answer
        own = self.get(guest).running
        step = self.ended(guest, text, lines, code, 1.0)
        with self._lock:
            self._guests[guest] = replace(self._guests[guest], running=own)  # that one goes on
        return step

    def stop(self, guest: str) -> Guest:
        self.get(guest)
        self.over(guest)
        return self.get(guest)

    def remove(self, guest: str) -> None:
        with self._lock:
            self._guests.pop(guest, None)

    def set_output(self, guest: str, on: bool, lines: int = 30) -> Guest:
        with self._lock:
            self._guests[guest] = replace(self.get(guest), output=on, lines=lines)
            return self._guests[guest]
