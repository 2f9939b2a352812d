"""A sandbox without an engine: guests in memory, whose commands end when a test says so."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from actors.errors import NoEngine, NothingToDo, Unknown
from actors.messages import GuestEnded, GuestStep
from actors.model.guest import COMMAND_S, Ending, Guest, GuestState, Step, Wish
from actors.records.guests import GuestVariable
from actors.source import Access
from runtime.clock import Clock
from runtime.vault import Secret


class FakeSandbox:
    """`without_engine` makes everything fail as on a machine without Docker; `tell` gets the events."""

    def __init__(self, directory: Path, clock: Clock, tell: Callable[[Any], object] = lambda _event: None) -> None:
        self._directory, self._clock, self.tell = directory, clock, tell
        self._lock = threading.RLock()
        self._guests: dict[str, Guest] = {}
        self._numbers = 0
        self.wishes: list[Wish] = []
        self.commands: list[str] = []
        self.anew: list[str] = []
        self.last: tuple[tuple[str, ...], int] = ((), 0)
        self.secrets: dict[str, dict[str, Secret]] = {}
        self.accesses: dict[str, Access] = {}
        self.cannot_watch: Exception | None = None
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
        """A command has ended, having written that, and the guest goes on."""
        step = self._noted(guest, command, lines, code, seconds)
        self.tell(GuestStep(self.get(guest), step))
        return step

    def _noted(self, guest: str, command: str, lines: Sequence[str], code: int, seconds: float) -> Step:
        with self._lock:
            known = self._guests[guest]
            self._directory.mkdir(parents=True, exist_ok=True)
            number = known.count + 1
            file = self._directory / f"{guest}-{number}.log"
            file.write_text("\n".join(lines) + "\n", encoding="utf-8")
            cut = len(lines) > 30
            kept = [*lines[:15], *lines[-15:]] if cut else list(lines)
            step = Step(
                command=command,
                exit_code=code,
                seconds=seconds,
                count=len(lines),
                lines=tuple(kept),
                hidden=len(lines) - len(kept),
                file=file,
                number=number,
            )
            commands = tuple(text for text in known.commands if text != command)
            steps = (*known.steps, step)
            running = "" if command == known.running else known.running
            self._guests[guest] = replace(known, steps=steps, count=number, commands=commands, running=running)
            return step

    def over(
        self,
        guest: str,
        state: GuestState = GuestState.ENDED,
        error: str = "",
        lines: Sequence[str] | None = None,
        code: int = 0,
    ) -> None:
        """All of it has ended; `lines` is what its program wrote."""
        step = None if lines is None else self._noted(guest, "python main.py", lines, code, 42.0)
        with self._lock:
            ending = Ending.WELL if state is GuestState.ENDED else Ending.BAD
            ended_at = self._clock.now().timestamp() + self._guests[guest].count  # no two ends are one
            known = replace(self._guests[guest], state=state, running="", error=error, ending=ending, ended_at=ended_at)
            self._guests[guest] = known
        self.tell(GuestEnded(known, step))

    # --- what screens call

    def need_engine(self) -> None:
        if self.without_engine:
            raise NoEngine("no Docker engine answers here", "Install it.")

    def all(self) -> list[Guest]:
        self.need_engine()
        with self._lock:
            return list(self._guests.values())[::-1]

    def get(self, guest: str) -> Guest:
        with self._lock:
            if guest in self._guests:
                return self._guests[guest]
        raise NothingToDo("that third-party repository is not here any more", "Run it again.")

    def clean(self, text: str) -> str:
        return text.replace("tell-nobody", "***")

    def draft(self) -> str:
        with self._lock:
            self._numbers += 1
            return f"{self._numbers:08x}"

    def start(self, wish: Wish, guest: str = "", asked_by: str = "") -> Guest:
        self.need_engine()
        with self._lock:
            self.wishes.append(wish)
            now = self._clock.now().timestamp()
            new = Guest(
                id=guest or self.draft(),
                wish=wish,
                state=GuestState.PREPARING,
                started_at=now,
                until=now + wish.seconds if wish.seconds else 0.0,
                asked_by=asked_by,
            )
            self._guests[new.id] = new
            return new

    def last_lines(self, guest: str, most: int) -> tuple[tuple[str, ...], int]:
        self.get(guest)
        return self.last[0][-most:], self.last[1]

    def send(self, guest: str, text: str, *, limit_s: int) -> None:
        assert limit_s == COMMAND_S
        with self._lock:
            known = self.get(guest)
            self.commands.append(text)
            self._guests[guest] = replace(known, commands=(*known.commands, text))

    def again(self, guest: str) -> Guest:
        self.anew.append(guest)
        return self.get(guest)

    def stop(self, guest: str) -> Guest:
        with self._lock:
            known = replace(self.get(guest), state=GuestState.ENDED, running="", ending=Ending.STOPPED)
            self._guests[guest] = known
            return known

    def remove(self, guest: str) -> None:
        with self._lock:
            self._guests.pop(guest, None)

    def set_output(self, guest: str, on: bool, lines: int) -> Guest:
        with self._lock:
            known = self.get(guest)
            self._guests[guest] = replace(known, wish=known.wish.showing(on, lines))
            return self._guests[guest]

    def set_interval(self, guest: str, seconds: int) -> Guest:
        with self._lock:
            known = self.get(guest)
            self.check_watch(known.wish, guest, seconds)
            self._guests[guest] = replace(known, wish=replace(known.wish, interval_s=seconds))
            return self._guests[guest]

    def check_watch(self, wish: Wish, guest: str, seconds: int) -> None:
        del wish, guest
        if self.cannot_watch is not None and seconds:
            raise self.cannot_watch

    # --- secrets

    def variables(self, guest: str) -> list[GuestVariable]:
        return [GuestVariable(name, self._clock.now()) for name in sorted(self.secrets.get(guest, {}))]

    def set_variable(self, guest: str, name: str, value: Secret) -> None:
        self.secrets.setdefault(guest, {})[name] = value

    def unset_variable(self, guest: str, name: str) -> None:
        if self.secrets.get(guest, {}).pop(name, None) is None:
            raise Unknown(f"there is no variable {name}")

    def values(self, guest: str) -> dict[str, Secret]:
        return dict(self.secrets.get(guest, {}))

    def access(self, guest: str) -> Access:
        return self.accesses.get(guest, Access())

    def set_access(self, guest: str, access: Access) -> None:
        self.accesses[guest] = access
