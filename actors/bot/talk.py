"""One chat as the Bot actor keeps it: what waits there, and the one live panel; pure bookkeeping of one thread."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from actors.bot.dialogue import Turn
from actors.bot.keyboard import Button, Keyboard
from actors.bot.orders import DeleteMessage, DropKeyboard, Order, PanelLost, PanelShown, SendFile, SendText, ShowPanel
from actors.bot.router import Routed
from actors.bot.screen import Person
from actors.bot.session import Session
from actors.bot.wire import MessageIn, PressIn
from runtime.address import Address
from runtime.jobs import JobHandle
from runtime.timers import Timer

MAX_WAITING = 30
SENDING_S = 30.0  # a panel that was not confirmed after so long is sent anew


@dataclass(frozen=True)
class Item:
    """An update of this chat that waits for its turn. `update` None: the page is live and wants to be drawn again."""

    update: MessageIn | PressIn | None
    person: Person
    done: Any = None
    routed: Routed | None = None
    answered: bool = False


def messages(turn: Turn) -> Iterator[Order]:
    """What a step tells people in messages of their own."""
    for tell in turn.tells:
        rows = tuple(tuple(Button(it.label, data=it.to.data()) for it in row if it.to is not None) for row in tell.rows)
        yield SendText(tell.chat, tell.text, rows, silent=tell.silent)


@dataclass(frozen=True)
class Picture:
    """What a panel shows. `secret`: it is not to be read later."""

    text: str
    keyboard: Keyboard
    secret: bool


@dataclass
class Talk:
    """One chat."""

    session: Session
    queue: deque[Item] = field(default_factory=deque)
    job: JobHandle | None = None
    stuck: Timer | None = None  # its time
    turn: int = 0  # counts jobs
    serial: int = 0  # counts pictures
    dirty: bool = False
    sending_since: float | None = None
    held: Picture | None = None
    held_fresh: bool = False
    retired: int = 0  # the newest message that was a panel and is none any more; numbers of messages grow
    visible: Picture | None = None  # None: not known, as after a start
    secret: bool = False  # the panel shows what is not to be read later
    private: bool = True

    def __post_init__(self) -> None:
        self.secret = self.session.secret

    def show(self, turn: Turn, *, fresh: bool, reply_to: Address[Any], now: float) -> Iterator[Order]:
        """What the outbox must do so that the chat shows this."""
        self.serial += 1
        self.session = replace(turn.session, panel=self.session.panel)  # it may have arrived while the job drew
        self.dirty = True
        for file in turn.files:
            yield SendFile(turn.session.chat, file.name, file.content, file.caption, file.kind)
        picture = Picture(turn.text, turn.keyboard, turn.session.secret)
        if self.sending_since is not None and now - self.sending_since < SENDING_S:
            self.held = picture  # the panel is on its way: this is shown in it, or after it, when it has arrived
            self.held_fresh = self.held_fresh or fresh
            return
        old = self.session.panel
        if fresh or turn.files or old is None:
            yield from self._anew(picture, old, reply_to, now)
        elif picture != self.visible:
            yield self._order(picture, old, reply_to)

    def _anew(self, picture: Picture, old: int | None, reply_to: Address[Any], now: float) -> Iterator[Order]:
        """A new message becomes the panel; the old one loses its buttons, and keeps its text if that is no secret."""
        secret = self.secret
        self.session = replace(self.session, panel=None)
        self.sending_since = now
        self.retired = max(self.retired, old or 0)
        yield self._order(picture, None, reply_to)
        if old is not None:
            yield DeleteMessage(self.session.chat, old) if secret else DropKeyboard(self.session.chat, old)

    def arrived(self, shown: PanelShown, reply_to: Address[Any], now: float) -> Iterator[Order]:
        """The panel stands; what was drawn meanwhile goes into it."""
        if shown.replaced is not None and shown.replaced <= self.retired:
            yield DeleteMessage(self.session.chat, shown.message_id)  # an edit of an old panel that was gone: nobody's
            return
        if shown.replaced is None and (self.sending_since is None or shown.message_id <= self.retired):
            return  # the answer to an edit
        self.sending_since = None
        self.dirty = True
        self.session = replace(self.session, panel=shown.message_id)
        held, self.held = self.held, None
        fresh, self.held_fresh = self.held_fresh, False
        if held is not None and fresh:
            yield from self._anew(held, shown.message_id, reply_to, now)
        elif held is not None and held != self.visible:
            yield self._order(held, shown.message_id, reply_to)

    def lost(self, gone: PanelLost, reply_to: Address[Any], now: float) -> Iterator[Order]:
        """What was to be shown may not stand there. What was drawn meanwhile is, whoever pressed waits for it."""
        if gone.message_id is not None:
            if gone.message_id == self.session.panel:
                self.visible = None  # whatever is drawn next differs from that
            return
        if self.sending_since is None:
            return
        self.sending_since = None
        held, self.held, self.held_fresh = self.held, None, False
        if held is not None:
            yield from self._anew(held, self.session.panel, reply_to, now)

    def _order(self, picture: Picture, message: int | None, reply_to: Address[Any]) -> ShowPanel:
        self.visible, self.secret = picture, picture.secret
        return ShowPanel(self.session.chat, picture.text, picture.keyboard, message_id=message, reply_to=reply_to)
