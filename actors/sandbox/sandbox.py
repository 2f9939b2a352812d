"""Sandbox: runs strangers' repositories, for the command line until they end, for the chat until somebody ends them."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

from actors.engines.docker_calls import Docker
from actors.engines.images import home_mark
from actors.errors import Busy
from actors.messages import GuestEnded
from actors.model.guest import COMMAND_S, Ending, Guest, GuestState, Wish
from actors.records.guests import GuestRecords, GuestVariable
from actors.sandbox.box import Boxes
from actors.sandbox.command import Clean
from actors.sandbox.guests import Guests
from actors.sandbox.hall import PAUSES, Hall
from actors.sandbox.passing import run_passing
from actors.sandbox.preparing import Workshop
from actors.sandbox.source import address_of
from actors.sandbox.stay import Stay
from actors.sandbox.tidying import Tidying
from actors.sandbox.typed import Typed
from actors.sandbox.watching import Watching, check_interval
from actors.source import Access, Sources, parse, split
from runtime.backoff import Backoff
from runtime.clock import Clock, SystemClock
from runtime.log import get
from runtime.vault import Secret

STOP_S = 20.0
LEAVE_S = 2.0
TOLD_S = 24 * 3600.0

say = get("vanka.sandbox")


class Sandbox:
    """All guests of one service. Any thread. What needs an engine raises NoEngine where none answers.

    `tell` gets the events about guests of the chat (`actors.messages`), in a thread of the guest's. Nobody is told of
    `run`: whoever waits hears for himself. `clean` masks secrets in what is shown of their output.
    """

    def __init__(
        self,
        home: Path,
        sources: Sources,
        docker: Docker,
        records: GuestRecords,
        *,
        tell: Callable[[Any], object] = lambda _event: None,
        clean: Clean = lambda text: text,
        pauses: Backoff = PAUSES,
        clock: Clock | None = None,
    ) -> None:
        self._path, self._docker, self._sources, self._records = home, docker, sources, records
        boxes = Boxes(docker, lambda: self._home)
        workshop = Workshop(docker, boxes, sources, home / "sandbox", clean)
        self._guests = Guests(records, workshop.root)
        self._clock = clock or SystemClock()
        self._hall = Hall(workshop, self._guests, records, tell, pauses)
        self._typed = Typed(self._hall)
        self._tidying = Tidying(self._hall, home)
        self._watching = Watching(self._hall, self.again, self._tidying.drafts, self._clock)
        self._lock = threading.RLock()
        self._stays: dict[str, Stay] = {}
        self._closed = threading.Event()
        self._told = False

    # --- for the command line

    def run(self, url: str, **how: Any) -> Mapping[str, Any]:
        """Run a repository to its end and take everything of it away: see `passing.run_passing`. Blocks."""
        self.need_engine()
        self._tidying.once()
        return run_passing(self._hall, url, closed=self._closed.is_set, **how)

    # --- for the chat

    def need_engine(self) -> None:
        """Raises NoEngine, with how to get one, where none answers."""
        self._docker.knock()

    def clean(self, text: str) -> str:
        """The text with every secret in it masked."""
        return self._hall.workshop.clean(text)

    def draft(self) -> str:
        """The id of a guest that is to be: its secrets can be given before it is begun."""
        return secrets.token_hex(4)

    def start(self, wish: Wish, guest: str = "", asked_by: str = "") -> Guest:
        """Begin a guest and come back at once; events tell how it goes on. Raises Busy, NoEngine, BadUrl.

        `guest` is the id that its secrets were given for. What stands in the address as a token is sealed with them.
        """
        address, held = split(wish.url)
        address_of(address.raw)
        check_interval(wish.interval_s, wish.ref)
        self.need_engine()
        self._tidying.once()
        new = Guest(
            id=guest or self.draft(),
            wish=replace(wish, url=address.raw),
            state=GuestState.PREPARING,
            started_at=time.time(),
            asked_by=asked_by,
            looked_at=self._clock.now().timestamp(),
        )
        if held.token is not None:
            self._records.set_access(new.id, held)
        with self._lock:
            self._guests.admit(new)
            self._stay(new.id)
        return new

    def all(self) -> list[Guest]:
        """All guests, the newest first, those of an earlier service's life too."""
        self.need_engine()
        self._tidying.once()
        return self._guests.all()

    def running(self) -> Sequence[tuple[str, str, str]]:
        """Those whose container runs: id, name, container. Raises NoEngine or EngineError, for there may be some."""
        known = {(it.id, it.run): it.name for it in self._guests.all() if it.alive}
        found = self._hall.workshop.boxes.running() if known else []
        return [(it, known[it, run], container) for it, run, container in found if (it, run) in known]

    def get(self, guest: str) -> Guest:
        """One guest; raises NothingToDo when it is gone."""
        return self._guests.get(guest)

    def last_lines(self, guest: str, most: int) -> tuple[tuple[str, ...], int]:
        """What its program has written at last, and how many lines so far; empty while none runs."""
        with self._lock:
            stay = self._stays.get(guest)
        return stay.last_lines(most) if stay else ((), 0)

    def send(self, guest: str, text: str, *, limit_s: int = COMMAND_S) -> None:
        """Begin a command in the guest's container and come back at once; GuestStep tells what came of it."""
        self._typed.send(guest, text, limit_s)

    def again(self, guest: str) -> Guest:
        """Run it anew from its newest commit: beside what runs, and then in its place."""
        known = self.get(guest)
        with self._lock:
            stay = self._stays.get(guest)
            if stay is not None:
                stay.renew()
                return known
            self.need_engine()
            self._guests.need_room()
            known = self._guests.change(
                guest,
                state=GuestState.PREPARING,
                run=known.run + 1,
                commit="",
                execution="",
                program="",
                restarts=0,
                tries=0,
                error="",
                until=0.0,
                ending=Ending.NONE,
            )
            self._stay(guest)
        return known

    def stop(self, guest: str) -> Guest:
        """End all that runs in it; its output can still be read."""
        with self._lock:
            stay = self._stays.get(guest)
        if stay is None and self.get(guest).alive:
            self._hall.workshop.boxes.remove(guest)  # somebody else waits for it, and hears of it
        elif stay is not None and not stay.stop(STOP_S):
            raise Busy("the third-party repository does not end", "Try again in a moment.")
        return self.get(guest)

    def remove(self, guest: str) -> None:
        """End it and take everything of it away; gone is fine."""
        if self._guests.knows(guest):
            self.stop(guest)
            self._guests.forget(guest)
            self._hall.workshop.boxes.remove(guest)

    def set_output(self, guest: str, on: bool, lines: int) -> Guest:
        """Whether the chat is shown its output, and how many lines of each command; from now on."""
        return self._guests.change(guest, wish=self.get(guest).wish.showing(on, lines))

    def set_interval(self, guest: str, seconds: int) -> Guest:
        """How often its repository is looked at; 0: never. Raises what `check_watch` raises."""
        known = self.get(guest)
        self.check_watch(known.wish, guest, seconds)
        wish = replace(known.wish, interval_s=seconds)
        at = self._clock.now().timestamp()
        return self._guests.change(guest, wish=wish, watch_error="", watch_failures=0, looked_at=at)

    def check_watch(self, wish: Wish, guest: str, seconds: int) -> None:
        """Look at the repository once, as it would be watched. Raises BadInterval, NothingToDo, or what git says."""
        check_interval(seconds, wish.ref)
        if seconds:
            self._sources.head(parse(wish.url), self._records.access(guest), wish.ref)

    # --- secrets of a guest that runs, or is to be

    def variables(self, guest: str) -> list[GuestVariable]:
        """Their names; the values are never shown."""
        return self._records.variables(guest)

    def set_variable(self, guest: str, name: str, value: Secret) -> None:
        """Seal a value. What runs gets it when it is begun the next time."""
        self._records.set_variable(guest, name, value)

    def unset_variable(self, guest: str, name: str) -> None:
        """Forget a value."""
        self._records.unset_variable(guest, name)

    def values(self, guest: str) -> dict[str, Secret]:
        """All of them, for a project that is made of the guest."""
        return self._records.values(guest)

    def access(self, guest: str) -> Access:
        """What opens its repository."""
        return self._records.access(guest)

    def set_access(self, guest: str, access: Access) -> None:
        """Seal what opens its repository. It is used to fetch it and never reaches the guest's container."""
        self._records.set_access(guest, access)

    # --- chores

    def look(self) -> None:
        """Take up who has nobody to look after it, after a start above all. No engine is asked where nobody is here."""
        if not self._guests.staying() and self._tidying.begun:
            return
        self._tell_again()
        self._tidying.once()
        for known in self._guests.staying():
            with self._lock:
                if known.alive and known.id not in self._stays:
                    self._stay(known.id)

    def _tell_again(self) -> None:
        """Once: ends that the last service may have had no time to tell."""
        if self._told:
            return
        self._told = True
        for known in self._guests.staying():
            if known.ending in (Ending.WELL, Ending.BAD) and time.time() - known.ended_at < TOLD_S:
                self._hall.tell(GuestEnded(known, known.steps[-1] if known.steps and not known.error else None))

    def watch(self) -> None:
        """Run anew what has a new commit and whose time to look has come. Blocks for as long as the looks take."""
        self._watching.look()

    def close(self) -> None:
        """The service stops: whoever waits is let go. The chat's guests go on; the next service finds them."""
        self._closed.set()
        with self._lock:
            stays = list(self._stays.values())
        for stay in stays:
            stay.leave()
        until = time.monotonic() + LEAVE_S
        for stay in stays:
            stay.join(max(0.0, until - time.monotonic()))

    # --- inside

    def _stay(self, guest: str) -> None:
        """With the lock held: nobody has two."""
        if not self._closed.is_set():
            self._stays[guest] = Stay(self._hall, guest, self._gone)
            self._stays[guest].start()

    def _gone(self, stay: Stay) -> None:
        with self._lock:
            if self._stays.get(stay.guest) is stay:
                del self._stays[stay.guest]

    @cached_property
    def _home(self) -> str:
        return home_mark(self._path)
