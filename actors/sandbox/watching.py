"""Watches guests' repositories: a new commit is run in the place of what was."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

from actors.errors import BadInterval, Busy, NoEngine, NothingToDo, VankaError
from actors.messages import GuestRenewed, GuestWatchFailed
from actors.model.guest import Ending, Guest
from actors.model.project import MAX_INTERVAL_S, MIN_INTERVAL_S
from actors.sandbox.hall import Hall
from actors.source import parse
from runtime.clock import Clock
from runtime.log import get

TOLD_AT = 3  # failed looks in a row
HOUR_S = 3600.0
_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")

say = get("vanka.sandbox")


class Watching:
    """One service's. `again` runs a guest anew, `hourly` is called once an hour."""

    def __init__(self, hall: Hall, again: Callable[[str], object], hourly: Callable[[], None], clock: Clock) -> None:
        self._hall, self._again, self._hourly, self._clock = hall, again, hourly, clock
        self._tidied = clock.monotonic()

    def look(self) -> None:
        """Look at every repository whose time has come. Blocks for as long as that takes."""
        now = self._clock.now().timestamp()
        if self._clock.monotonic() - self._tidied > HOUR_S:
            self._tidied = self._clock.monotonic()
            self._hourly()
        for known in self._hall.guests.staying():
            if is_watched(known) and now >= known.looked_at + known.wish.interval_s:
                with suppress(NothingToDo):  # it was removed meanwhile
                    self._look_at(known)

    def _look_at(self, known: Guest) -> None:
        guests = self._hall.guests
        known = guests.change(known.id, looked_at=self._clock.now().timestamp())
        try:
            access = self._hall.records.access(known.id)
            head = self._hall.workshop.sources.head(parse(known.wish.url), access, known.wish.ref)
        except VankaError as error:
            self._failed(known, error.message)
            return
        if known.watch_error:
            known = guests.change(known.id, watch_error="", watch_failures=0)
        if head.commit in (known.tried, known.commit):
            return
        guests.change(known.id, tried=head.commit)  # once, whatever comes of it
        try:
            self._again(known.id)
        except (Busy, NoEngine) as error:
            guests.change(known.id, tried=known.tried, watch_error=error.message)  # the next look tries again
            return
        self._hall.tell(GuestRenewed(replace(known, tried=head.commit), known.commit or known.tried))

    def _failed(self, known: Guest, error: str) -> None:
        say.warning("a third-party repository cannot be looked at", url=known.wish.url, error=error)
        known = self._hall.guests.change(
            known.id, watch_error=self._hall.workshop.clean(error), watch_failures=known.watch_failures + 1
        )
        if known.watch_failures == TOLD_AT:
            self._hall.tell(GuestWatchFailed(known, known.watch_error))


def is_watched(guest: Guest) -> bool:
    """Whether its repository is looked at: not while it is prepared at first, not after somebody stopped it."""
    settled = bool(guest.commit) or not guest.alive
    return bool(guest.wish.interval_s) and settled and guest.ending is not Ending.STOPPED


def check_interval(seconds: int, ref: str | None) -> None:
    """Raises BadInterval for what cannot be, NothingToDo where there is nothing to look for."""
    if seconds and not MIN_INTERVAL_S <= seconds <= MAX_INTERVAL_S:
        raise BadInterval(f"{seconds} s is no watch interval", "From 15 s to 7 days.", interval=str(seconds))
    if seconds and ref and _COMMIT.fullmatch(ref):
        raise NothingToDo("a commit stays what it is", "Name a branch to have it watched.")
