"""Our own loop round getUpdates: long polls of 5 s in jobs, so that stopping never waits for one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final, assert_never

from actors.bot.telegram import Telegram
from actors.bot.wire import Conflict, Incoming, RetryAfter, Unauthorized
from actors.bot.work import Arrived
from actors.messages import ServiceNotice
from runtime.actor import Actor
from runtime.backoff import Backoff
from runtime.clock import Clock
from runtime.jobs import Done
from runtime.log import get
from runtime.store import Store
from runtime.timers import Timer

log = get("actors.bot.poller")
LANE: Final = "poll"
OFFSET: Final = "bot/offset"
POLL_S: Final = 5
HANDLING_S: Final = 1.0  # so long the next poll, which confirms, waits until this batch was handled
FORGETS: Final = timedelta(days=6)  # after a week without updates Telegram begins at another number
CONFLICT_S: Final = 5.0
UNAUTHORIZED_S: Final = 60.0


@dataclass(frozen=True)
class Poll:
    """Time for the next poll; `number` tells an old timer from the one that counts."""

    number: int


@dataclass(frozen=True)
class Polled:
    """A poll has ended."""

    done: Done[tuple[Incoming, ...]]


@dataclass(frozen=True)
class Handled:
    """The Bot actor is done with the batch of that number."""

    number: int


Message = Poll | Polled | Handled


class Poller(Actor[Message]):
    """Fetches updates and hands them to the Bot actor. What was fetched and not handled comes again after a crash."""

    def __init__(self, telegram: Telegram, store: Store) -> None:
        super().__init__()
        self._telegram = telegram
        self._store = store
        self._backoff = Backoff(first=0.5, longest=5.0)
        self._failures = 0
        self._told: str | None = None
        self._number = 0
        self._timer: Timer | None = None

    def on_start(self) -> None:
        """Begin where the last one was."""
        self._bot = self.context.sibling("bot")
        self._offset = self._stored_offset()
        self._next(0.0)

    def receive(self, message: Message) -> None:
        """Never waits."""
        match message:
            case Poll(number):
                if number == self._number:
                    self.context.job(
                        LANE,
                        partial(_poll, self._telegram, self._store, self._offset, self.context.system.clock),
                        Polled,
                    )
            case Handled(number):
                if number == self._number:
                    self._next(0.0)
            case Polled(done):
                if done.value is None:
                    self._failed(done.error)
                else:
                    self._arrived(done.value)
            case _:
                assert_never(message)

    def _arrived(self, updates: tuple[Incoming, ...]) -> None:
        if self._failures:
            log.info("polling works again", failures=self._failures)
        self._failures = 0
        self._told = None
        if not updates:
            self._next(0.0)
            return
        self._offset = max(update.update_id for update in updates) + 1
        self._next(HANDLING_S)
        handled = partial(self.context.address.tell, Handled(self._number))
        self._bot.tell(Arrived(updates, handled))

    def _failed(self, error: BaseException | None) -> None:
        self._failures += 1
        wait = self._backoff.pause(self._failures)
        if isinstance(error, RetryAfter):
            wait = error.seconds
        elif isinstance(error, Conflict):
            wait = CONFLICT_S
            self._tell_once(
                error.code, "Another program uses the bot's token: the chat does not hear presses until it stops."
            )
        elif isinstance(error, Unauthorized):
            wait = UNAUTHORIZED_S
            self._tell_once(
                error.code, "Telegram does not know the bot's token (any more): take it from @BotFather again."
            )
        else:
            log.warning("Telegram was not reached", failures=self._failures, error=str(error))
        self._next(wait)

    def _tell_once(self, what: str, text: str) -> None:
        """In plain words, once until polling works again."""
        if self._told != what:
            self._told = what
            log.error(text)
            self.context.publish(ServiceNotice(text))

    def _next(self, seconds: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._number += 1
        if seconds:
            self._timer = self.context.after(seconds, Poll(self._number))
        else:
            self._timer = None
            self.context.address.tell(Poll(self._number))

    def _stored_offset(self) -> int | None:
        record = self._store.get(OFFSET)
        if record is None or self.context.system.clock.now() - datetime.fromisoformat(record["at"]) > FORGETS:
            return None
        return int(record["next"])


def _poll(telegram: Telegram, store: Store, offset: int | None, clock: Clock) -> tuple[Incoming, ...]:
    """One poll, in a job's thread. What it confirms is noted first."""
    record = store.get(OFFSET)
    if offset is not None and (record is None or record["next"] != offset):
        store.put(OFFSET, {"next": offset, "at": clock.now().isoformat()})
    return telegram.get_updates(offset, POLL_S)
