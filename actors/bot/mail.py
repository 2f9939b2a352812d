"""Stored notices on their way to one chat: what is due, in one message or folded, and what became of it."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from actors.bot.access import Access
from actors.bot.notices import Message, doubted, foldable, folded, message
from actors.bot.sending import Sent, send_text
from actors.bot.telegram import Telegram
from actors.bot.wire import Refused, RetryAfter, TelegramError, Unauthorized, Unreachable
from actors.records.notices import Delivery, Notice, NoticeRecords, Told
from actors.records.people import Quiet
from runtime.clock import Clock
from runtime.errors import StoreError
from runtime.log import get

log = get("actors.bot.mail")
FOLD_FROM = 4
LOOKED_AT = 60
MOST_ATTEMPTS = 5  # of a notice that could not even be tried for reasons of our own
MAX_UNMARKED = 10_000

Item = tuple[Notice, Delivery]


@dataclass(frozen=True)
class Posted:
    """One turn of a chat: the calls it took, and whether there is more to be told now. `taken`: another turn is on."""

    calls: int = 0
    more: bool = False
    taken: bool = False


class Mail:
    """Made once in the life of the service: it outlives the outbox. Its methods block and are for jobs' threads."""

    def __init__(self, records: NoticeRecords, access: Access, clock: Clock) -> None:
        self._records = records
        self._access = access
        self._clock = clock
        self._lock = threading.Condition()
        self._on_way: set[int] = set()
        self._doubtful: dict[int, int] = {}  # how many were sent without an answer since the chat was last reached
        self._unmarked: dict[tuple[int, str], Told] = {}  # what the store would not take: no second try for all that

    def chats_waiting(self, *, sweep: bool) -> list[int]:
        """The chats that have not been told everything. `sweep`: drop what waits for people who were removed."""
        people = [user.id for user in self._access.users()]
        for gone in set(self._records.chats_waiting()).difference(people) if sweep else ():
            self._records.drop_chat(gone)
        return [chat for chat in people if chat in self._doubtful or self._records.is_waiting(chat)]

    def drop_chat(self, chat: int) -> int:
        """Nobody is reached there."""
        return self._records.drop_chat(chat)

    def post_next(self, telegram: Telegram, chat: int) -> Posted:
        """Send what is due next. Raises TelegramErrors after it has noted what they mean for the notices."""
        with self._lock:
            if chat in self._on_way:
                return Posted(taken=True)  # an earlier outbox's job is not back yet
            self._on_way.add(chat)
        try:
            return self._post_next(telegram, chat)
        finally:
            with self._lock:
                self._on_way.discard(chat)
                self._lock.notify_all()

    def land(self, timeout: float) -> bool:
        """Wait until nothing is on its way, for so many seconds at most: what was sent is then noted as sent."""
        with self._lock:
            return self._lock.wait_for(lambda: not self._on_way, timeout)

    def _post_next(self, telegram: Telegram, chat: int) -> Posted:
        if self._access.role(chat) is None:
            self._records.drop_chat(chat)  # removed or blocked since: none of their business any more
            return Posted()
        due = self._due(chat)
        doubtful = self._doubtful.get(chat, 0)
        if not due:
            return self._say_doubt(telegram, chat, doubtful) if doubtful else Posted()
        batch, said = self._worded(chat, due)
        said = doubted(said, doubtful, self._access.telling_language(chat))
        self._mark(chat, batch, Told.SENDING, tried=True)
        try:
            silent = all(delivery.silent for _notice, delivery in batch)
            sent = self._send(telegram, chat, said, silent=silent)
        except TelegramError as error:
            meaning = _meaning(error)
            self._mark(chat, batch, meaning)
            if meaning is Told.PERHAPS:
                self._doubtful[chat] = doubtful + len(batch)
            raise
        except BaseException:
            self._mark(chat, batch, Told.WAITING)
            raise
        self._mark(chat, batch, Told.DELIVERED if len(batch) == 1 else Told.FOLDED)
        self._doubtful.pop(chat, None)
        return Posted(sent.calls, len(due) > len(batch) or len(due) == LOOKED_AT)

    def _say_doubt(self, telegram: Telegram, chat: int, doubtful: int) -> Posted:
        """Nothing is sent twice blindly; but nobody is left to believe that they heard everything."""
        said = doubted(Message(""), doubtful, self._access.telling_language(chat))
        sent = self._send(telegram, chat, said, silent=True)
        self._doubtful.pop(chat, None)
        return Posted(sent.calls)

    def _send(self, telegram: Telegram, chat: int, said: Message, *, silent: bool) -> Sent:
        try:
            return send_text(telegram, chat, said.text, said.keyboard, silent=silent)
        except Refused as error:
            if error.moved_to is None:
                raise
            moved = error.moved_to
        log.warning("the group has a new number", chat=chat, moved_to=moved)
        sent = send_text(telegram, moved, said.text, said.keyboard, silent=silent)
        return Sent(sent.message_id, None, sent.calls + 1)

    def _due(self, chat: int) -> list[Item]:
        """What may be sent now, oldest first."""
        self._mark_again()
        with self._lock:
            known = {notice_id for where, notice_id in self._unmarked if where == chat}
        waiting = [item for item in self._records.waiting(chat, LOOKED_AT) if item[0].id not in known]
        hopeless = [item for item in waiting if item[1].attempts >= MOST_ATTEMPTS and item[1].state is Told.SENDING]
        if hopeless:
            log.error("notices that cannot be sent were given up", chat=chat, ids=[item[0].id for item in hopeless])
            self._mark(chat, hopeless, Told.REFUSED)
        quiet = is_quiet(self._access.wishes(chat).quiet, self._clock.now())
        return [item for item in waiting if item not in hopeless and not (quiet and item[1].silent)]

    def _worded(self, chat: int, due: Sequence[Item]) -> tuple[list[Item], Message]:
        """The items of the next message, and the message."""
        language = self._access.telling_language(chat)
        run: list[Item] = []
        for item in due:
            if not foldable(item[0]):
                break
            run.append(item)
        if len(run) >= FOLD_FROM:
            again = any(_was_on_way(item) for item in run)
            said, count = folded([notice for notice, _delivery in run], language, perhaps_again=again)
            return run[:count], said
        return [due[0]], message(due[0][0], language, perhaps_again=_was_on_way(due[0]))

    def _mark(self, chat: int, items: Sequence[Item], state: Told, *, tried: bool = False) -> None:
        """A full disk must not keep people from being told that the disk is full."""
        ids = [notice.id for notice, _delivery in items]
        try:
            self._records.mark(chat, ids, state, tried=tried)
        except StoreError as error:
            log.error("what became of notices could not be stored", error=str(error))
            if state not in (Told.WAITING, Told.SENDING):
                with self._lock:
                    while len(self._unmarked) >= MAX_UNMARKED:
                        del self._unmarked[next(iter(self._unmarked))]
                    self._unmarked.update({(chat, notice_id): state for notice_id in ids})

    def _mark_again(self) -> None:
        with self._lock:
            unmarked = dict(self._unmarked)
        for (chat, notice_id), state in unmarked.items():
            try:
                self._records.mark(chat, [notice_id], state)
            except StoreError:
                return  # still no room; the next turn tries again
            with self._lock:
                self._unmarked.pop((chat, notice_id), None)


def is_quiet(quiet: Quiet | None, now: datetime) -> bool:
    """Whether `now` lies in the quiet hours, which may go over midnight."""
    if quiet is None:
        return False
    hour = (now.astimezone(UTC) + timedelta(minutes=quiet.offset_min)).hour
    if quiet.start <= quiet.end:
        return quiet.start <= hour < quiet.end
    return hour >= quiet.start or hour < quiet.end


def _was_on_way(item: Item) -> bool:
    """It was being sent when the service died: nobody knows whether it arrived, so it says what it may be."""
    return item[1].state is Told.SENDING


def _meaning(error: TelegramError) -> Told:
    """What an error means for the notices that were to be sent."""
    match error:
        case Unreachable(maybe_delivered=True):
            return Told.PERHAPS
        case Refused() if not isinstance(error, Unauthorized) and not error.is_blocked:
            return Told.REFUSED
        case RetryAfter() | Unreachable() | Refused():
            return Told.WAITING
        case _:
            return Told.WAITING
