"""What people were told, or still have to be: each notice is stored before it is sent, with what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from actors.records.codec import time_in, time_out
from runtime.log import get
from runtime.store import Store
from runtime.table import Table

log = get("actors.records.notices")
KEPT = 5000  # notices; then the oldest go, among those that still wait the least important first
SPARE = 50
LOOKED_AT = 100


class Told(StrEnum):
    """What became of a notice in one chat."""

    WAITING = "waiting"
    SENDING = "sending"  # it was on its way when this was written; found at a start: perhaps it arrived
    DELIVERED = "delivered"
    FOLDED = "folded"  # delivered as a line of a message with others
    PERHAPS = "perhaps"  # no answer came in time: it is not sent again
    REFUSED = "refused"  # the chat blocked the bot, or Telegram will not have it


@dataclass(frozen=True, kw_only=True)
class Notice:
    """Something that happened, to be put into words when it is sent. `facts` is plain JSON.

    `key` names the fact: a second notice of the same key is never stored. `minor`: the first to go when there are too
    many.
    """

    id: str
    key: str
    at: datetime
    kind: str
    facts: dict[str, Any]
    project: str | None = None
    minor: bool = False
    chats: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """One notice for one chat."""

    chat: int
    silent: bool
    state: Told = Told.WAITING
    attempts: int = 0


class NoticeRecords:
    """Notices and their deliveries. Any thread."""

    def __init__(self, store: Store, kept: int = KEPT) -> None:
        self._store = store
        self._kept = kept
        self._all = Table(store, "notice", schema=1, encode=_notice_out, decode=_notice_in)
        self._keys: Table[dict[str, Any]] = Table(store, "notice-key", schema=1, encode=dict, decode=dict)
        self._waiting = Table(store, "notice-waiting", schema=1, encode=_delivery_out, decode=_delivery_in)
        self._told = Table(store, "notice-told", schema=1, encode=_delivery_out, decode=_delivery_in)
        self._marks: Table[dict[str, Any]] = Table(store, "notice-mark", schema=1, encode=dict, decode=dict)

    def add(
        self,
        key: str,
        kind: str,
        at: datetime,
        facts: dict[str, Any],
        deliveries: Sequence[Delivery],
        *,
        project: str | None = None,
        minor: bool = False,
    ) -> Notice | None:
        """Store it with what is to be sent; None when there is one of that key. Durable when it returns."""
        with self._store.transaction():
            if self._keys.get(key) is not None:
                return None
            number = self._store.next_number("notice")
            notice = Notice(
                id=f"n{number:010d}",
                key=key,
                at=at,
                kind=kind,
                facts=facts,
                project=project,
                minor=minor,
                chats=tuple(delivery.chat for delivery in deliveries),
            )
            self._all.put(notice.id, notice)
            self._keys.put(key, {"id": notice.id})
            for delivery in deliveries:
                self._waiting.put(_place(delivery.chat, notice.id), delivery)
            if number % SPARE == 0:
                self._make_room()
        return notice

    def next_number(self) -> int:
        """Makes a key of something that may happen again and again; durable, raises StoreFull."""
        return self._store.next_number("notice-key")

    def knows(self, key: str) -> bool:
        """Whether there is a notice of that key."""
        return self._keys.get(key) is not None

    def get(self, notice_id: str) -> Notice | None:
        """That notice, None when it was removed to make room."""
        return self._all.get(notice_id)

    def count(self) -> int:
        """How many notices are kept."""
        return self._all.count()

    def newest(self, limit: int) -> list[tuple[Notice, list[Delivery]]]:
        """The newest ones with what became of them in each chat."""
        found = [notice for _id, notice in self._all.scan(newest_first=True, limit=limit)]
        return [(notice, self._deliveries(notice)) for notice in found]

    def waiting(self, chat: int, limit: int) -> list[tuple[Notice, Delivery]]:
        """What the chat still has to be told, oldest first."""
        found = []
        for key, delivery in list(self._waiting.scan(f"{_chat(chat)}/", limit=limit)):
            notice = self._all.get(key.rpartition("/")[2])
            if notice is not None:
                found.append((notice, delivery))
        return found

    def is_waiting(self, chat: int) -> bool:
        """Whether the chat still has to be told something."""
        return any(True for _each in self._waiting.scan(f"{_chat(chat)}/", limit=1))

    def chats_waiting(self) -> dict[int, int]:
        """How many notices wait, by chat. Looks through all that wait."""
        counts: dict[int, int] = {}
        for _key, delivery in self._waiting.scan():
            counts[delivery.chat] = counts.get(delivery.chat, 0) + 1
        return counts

    def mark(self, chat: int, notice_ids: Sequence[str], state: Told, *, tried: bool = False) -> None:
        """What became of them in the chat, all or none; `tried` counts one more attempt."""
        with self._store.transaction():
            for notice_id in notice_ids:
                place = _place(chat, notice_id)
                known = self._waiting.get(place)
                if known is None:
                    continue
                changed = Delivery(
                    chat=chat, silent=known.silent, state=state, attempts=known.attempts + (1 if tried else 0)
                )
                if state in (Told.WAITING, Told.SENDING):
                    self._waiting.put(place, changed)
                else:
                    self._waiting.delete(place)
                    self._told.put(_by_notice(notice_id, chat), changed)

    def drop_chat(self, chat: int) -> int:
        """Nobody is reached there any more: what waits for the chat counts as refused; how much that was."""
        with self._store.transaction():
            waiting = [key.rpartition("/")[2] for key, _delivery in self._waiting.scan(f"{_chat(chat)}/")]
            self.mark(chat, waiting, Told.REFUSED)
        return len(waiting)

    def told_from(self) -> datetime | None:
        """What ended before this time needs no notice any more; None before the first start."""
        mark = self._marks.get("from")
        return None if mark is None else time_in(mark["at"])

    def set_told_from(self, at: datetime) -> None:
        """See `told_from`; it only moves forward."""
        known = self.told_from()
        if known is None or known < at:
            self._marks.put("from", {"at": time_out(at)})

    def _deliveries(self, notice: Notice) -> list[Delivery]:
        told = [delivery for _key, delivery in self._told.scan(f"{notice.id}/")]
        waiting = (self._waiting.get(_place(chat, notice.id)) for chat in notice.chats)
        return told + [delivery for delivery in waiting if delivery is not None]

    def _is_open(self, notice: Notice) -> bool:
        return any(self._waiting.get(_place(chat, notice.id)) is not None for chat in notice.chats)

    def _make_room(self) -> None:
        """The oldest go; what still waits is kept before what was told, what matters before what does not."""
        extra = self._all.count() - self._kept
        if extra <= 0:
            return
        oldest = [notice for _id, notice in self._all.scan(limit=extra + LOOKED_AT)]
        waits = {notice.id: self._is_open(notice) for notice in oldest}
        oldest.sort(key=lambda notice: (waits[notice.id], not notice.minor, notice.id))
        gone = oldest[:extra]
        for notice in gone:
            self._all.delete(notice.id)
            self._keys.delete(notice.key)
            for chat in notice.chats:
                self._told.delete(_by_notice(notice.id, chat))
                self._waiting.delete(_place(chat, notice.id))
        self.set_told_from(max(notice.at for notice in gone))
        lost = sum(waits[notice.id] for notice in gone)
        if lost:
            log.warning("notices that waited were given up to make room", count=lost)


def _chat(chat: int) -> str:
    return f"{chat:d}"


def _place(chat: int, notice_id: str) -> str:
    return f"{_chat(chat)}/{notice_id}"


def _by_notice(notice_id: str, chat: int) -> str:
    return f"{notice_id}/{_chat(chat)}"


def _notice_out(notice: Notice) -> dict[str, Any]:
    return {**vars(notice), "at": time_out(notice.at), "chats": list(notice.chats)}


def _notice_in(plain: dict[str, Any]) -> Notice:
    return Notice(**{**plain, "at": time_in(plain["at"]), "chats": tuple(plain["chats"])})


def _delivery_out(delivery: Delivery) -> dict[str, Any]:
    return {**vars(delivery), "state": delivery.state.value}


def _delivery_in(plain: dict[str, Any]) -> Delivery:
    return Delivery(**{**plain, "state": Told(plain["state"])})
