"""What the Bot actor tells itself: drawn pages, timers, and what its jobs bring back."""

from __future__ import annotations

from dataclasses import dataclass

from actors.bot.dialogue import Turn
from actors.bot.orders import PanelLost, PanelShown
from actors.bot.talk import Item
from actors.bot.wire import Me
from actors.bot.work import Arrived
from runtime.jobs import Done


@dataclass(frozen=True)
class Stepped:
    """A job has drawn the next page of a chat."""

    chat: int
    item: Item
    turn: int
    done: Done[Turn]


@dataclass(frozen=True)
class Tick:
    """A live page wants to be drawn again, unless another one was drawn since."""

    chat: int
    serial: int


@dataclass(frozen=True)
class Stuck:
    """A job had its time."""

    chat: int
    turn: int


@dataclass(frozen=True)
class Flush:
    """What is remembered of chats goes to the store."""


@dataclass(frozen=True)
class AskName:
    """What is the bot called? Needed for links into the private chat."""


@dataclass(frozen=True)
class Named:
    """The answer."""

    done: Done[Me]


Message = Arrived | Stepped | PanelShown | PanelLost | Tick | Stuck | Flush | AskName | Named
