"""What the outbox hears besides orders: notices that were stored, calls that ended, timers."""

from __future__ import annotations

from dataclasses import dataclass

from actors.bot.mail import Posted
from actors.bot.orders import AnswerPress, Order
from actors.bot.queue import Waiting
from actors.bot.sending import Sent
from runtime.jobs import Done


@dataclass(frozen=True)
class Wake:
    """Notices were stored for these chats."""

    chats: tuple[int, ...]
    loud: bool = False


@dataclass(frozen=True)
class Finished:
    """A call for an order has ended."""

    chat: int
    waiting: Waiting
    done: Done[Sent]


@dataclass(frozen=True)
class MailCame:
    """A turn of stored notices has ended."""

    chat: int
    done: Done[Posted]


@dataclass(frozen=True)
class Answered:
    """A press was answered, or not. `since` is when it was asked for."""

    order: AnswerPress
    since: float
    tries: int
    done: Done[Sent]


@dataclass(frozen=True)
class AnswerAgain:
    """Telegram wanted some silence first."""

    order: AnswerPress
    since: float
    tries: int


@dataclass(frozen=True)
class Probe:
    """Time to ask whether Telegram is back."""


@dataclass(frozen=True)
class Probed:
    """It said who we are, or nothing."""

    done: Done[object]


@dataclass(frozen=True)
class Look:
    """Somebody's turn has come."""


@dataclass(frozen=True)
class Tick:
    """Is there anything that was overlooked? Quiet hours end, an earlier outbox's job comes back."""


@dataclass(frozen=True)
class Found:
    """The chats that wait for notices, from the store."""

    done: Done[list[int]]


@dataclass(frozen=True)
class Dropped:
    """What waited for a chat that cannot be reached was given up."""

    chat: int
    done: Done[int]


Message = Order | Wake | Finished | MailCame | Answered | AnswerAgain | Probe | Probed | Look | Tick | Found | Dropped
