"""What waits to be sent: by chat, the most urgent first, only the newest picture of each panel; bounded; pure.

Urgent is what a press leads to (panels, files, deletions), then what is loud, then what is silent, then the lists of
commands. Within a chat and a rank the order is kept. Where there is no room the least urgent goes, and of those the
oldest; a deletion goes last, for it may hide a secret.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum

from actors.bot.orders import (
    AnswerPress,
    DeleteMessage,
    DropKeyboard,
    Order,
    SendFile,
    SendText,
    SetCommands,
    ShowPanel,
)

MAX_ORDERS = 5000
MAX_PER_CHAT = 60
MAX_FILE_BYTES = 64 * 1024 * 1024
BOT = 0  # the "chat" of what is about the bot as a whole


class Rank(IntEnum):
    """How urgent; the smallest goes first."""

    PRESS = 0
    LOUD = 1
    RESULT = 2
    PROGRESS = 3


@dataclass(frozen=True)
class Waiting:
    """One order in the queue. `tries` counts what went wrong so far."""

    order: Order
    rank: Rank
    number: int
    tries: int = 0


def rank_of(order: Order) -> Rank:
    """How urgent an order is."""
    match order:
        case SetCommands():
            return Rank.PROGRESS
        case SendText():
            return Rank.RESULT if order.silent else Rank.LOUD
        case _:
            return Rank.PRESS


def chat_of(order: Order) -> int:
    """Whose queue it waits in."""
    chat = getattr(order, "chat", None)
    return BOT if chat is None or isinstance(order, SetCommands) else int(chat)


def same(order: Order) -> object:
    """Of orders with equal values only the newest counts; None: each counts."""
    match order:
        case ShowPanel():
            return ("panel", order.message_id)
        case SendText() if order.key is not None:
            return ("text", order.key)
        case DropKeyboard():
            return ("keyboard", order.message_id)
        case DeleteMessage():
            return ("delete", order.message_id)
        case SetCommands():
            return ("commands", order.language_code, order.chat)
        case _:
            return None


def harmless_twice(order: Order) -> bool:
    """Whether doing it a second time changes nothing; a new message would stand there twice."""
    return not isinstance(order, SendText | SendFile) and not (
        isinstance(order, ShowPanel) and order.message_id is None
    )


def to_chat(order: Order, chat: int) -> Order:
    """The same for a chat that has got another number."""
    return order if isinstance(order, AnswerPress) else replace(order, chat=chat)


class Queue:
    """For one thread: its owner's."""

    def __init__(self, most: int = MAX_ORDERS) -> None:
        self._most = most
        self._chats: dict[int, list[Waiting]] = {}
        self._count = 0
        self._number = 0
        self.dropped = 0

    def __len__(self) -> int:
        return self._count

    def urgency(self) -> dict[int, tuple[int, int]]:
        """For each chat for which something waits, the rank and the number of what goes next."""
        return {chat: min(_place(each) for each in there) for chat, there in self._chats.items()}

    def put(self, order: Order) -> list[Order]:
        """Add it, or replace what it makes old; what had to go for it (it may be the order itself)."""
        self._number += 1
        return self._insert(Waiting(order, rank_of(order), self._number))

    def put_back(self, waiting: Waiting, *, tried: bool = True) -> None:
        """It could not be sent: it goes on where it was, unless something newer took its place."""
        kind = same(waiting.order)
        there = self._chats.get(chat_of(waiting.order), [])
        if kind is None or not any(same(other.order) == kind for other in there):
            self._insert(replace(waiting, tries=waiting.tries + (1 if tried else 0)))

    def best(self, chat: int) -> Waiting | None:
        """What goes next to that chat; it stays where it is."""
        there = self._chats.get(chat)
        return min(there, key=_place) if there else None

    def take(self, waiting: Waiting) -> None:
        """It goes now."""
        self._remove(chat_of(waiting.order), waiting)

    def drop_chat(self, chat: int) -> int:
        """Nothing can be sent there; how much waited."""
        gone = self._chats.pop(chat, [])
        self._count -= len(gone)
        return len(gone)

    def _insert(self, waiting: Waiting) -> list[Order]:
        chat = chat_of(waiting.order)
        there = self._chats.setdefault(chat, [])
        kind = same(waiting.order)
        if kind is not None:
            for at, older in enumerate(there):
                if same(older.order) == kind:
                    there[at] = replace(waiting, number=older.number)
                    return []
        there.append(waiting)
        self._count += 1
        gone = []
        if chat != BOT and (len(there) > MAX_PER_CHAT or self._too_large(there)):
            gone.append(self._drop(there))
        while self._count > self._most:
            gone.append(self._drop([each for waitings in self._chats.values() for each in waitings]))
        return gone

    def _too_large(self, there: list[Waiting]) -> bool:
        sizes = [len(each.order.content) for each in there if isinstance(each.order, SendFile)]
        return len(sizes) > 1 and sum(sizes) > MAX_FILE_BYTES

    def _drop(self, there: list[Waiting]) -> Order:
        least = max(there, key=lambda each: (not isinstance(each.order, DeleteMessage), each.rank, -each.number))
        self._remove(chat_of(least.order), least)
        self.dropped += 1
        return least.order

    def _remove(self, chat: int, waiting: Waiting) -> None:
        there = self._chats.get(chat, [])
        kept = [each for each in there if each is not waiting]
        self._count -= len(there) - len(kept)
        there[:] = kept
        if not there:
            self._chats.pop(chat, None)


def _place(waiting: Waiting) -> tuple[int, int]:
    return waiting.rank, waiting.number
