"""One order, done at Telegram: called in a job's thread, blocks until there is an answer, never tries twice blindly."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import assert_never

from actors.bot.keyboard import Keyboard
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
from actors.bot.telegram import Telegram
from actors.bot.texts import plain
from actors.bot.wire import Refused

MAX_TEXT = 4096


@dataclass(frozen=True)
class Sent:
    """What came of it: the message that stands now, the one that it took the place of, and how many calls it took."""

    message_id: int | None = None
    replaced: int | None = None
    calls: int = 1


def perform(telegram: Telegram, order: Order) -> Sent:
    """Do it. Raises TelegramErrors; what needs nothing done (not modified, gone already) is done."""
    match order:
        case ShowPanel():
            return _show(telegram, order)
        case SendText(chat, text, keyboard, silent):
            return send_text(telegram, chat, text, keyboard, silent=silent)
        case SendFile(chat, name, content, caption, kind):
            if kind == "photo":
                return Sent(telegram.send_photo(chat, content, caption, silent=True))
            return Sent(telegram.send_document(chat, name, content, caption, silent=True))
        case DeleteMessage(chat, message_id):
            return _unless_gone(lambda: telegram.delete(chat, message_id))
        case DropKeyboard(chat, message_id):
            return _unless_gone(lambda: telegram.edit_keyboard(chat, message_id))
        case SetCommands(commands, language_code, of):
            telegram.set_commands(commands, language_code=language_code, chat=of)
            return Sent()
        case AnswerPress(callback_id, text, alert):
            telegram.answer(callback_id, text, alert)
            return Sent()
        case _:
            assert_never(order)


def send_text(telegram: Telegram, chat: int, text: str, keyboard: Keyboard, *, silent: bool) -> Sent:
    """A new message, as plain text where its markup is refused, cut where it is too long."""
    return _readable(text, lambda said, html: Sent(telegram.send(chat, said, keyboard, silent=silent, html=html)))


def _show(telegram: Telegram, order: ShowPanel) -> Sent:
    number = order.message_id
    if number is None:
        return send_text(telegram, order.chat, order.text, order.keyboard, silent=True)
    try:
        return _readable(order.text, lambda said, html: _edit(telegram, order, number, said, html=html))
    except Refused as error:
        if not error.is_gone:
            raise
    sent = send_text(telegram, order.chat, order.text, order.keyboard, silent=True)
    return Sent(sent.message_id, number, sent.calls + 1)


def _edit(telegram: Telegram, order: ShowPanel, number: int, text: str, *, html: bool) -> Sent:
    try:
        telegram.edit(order.chat, number, text, order.keyboard, html=html)
    except Refused as error:
        if not error.is_not_modified:
            raise
    return Sent(number)


def _readable(text: str, send: Callable[[str, bool], Sent]) -> Sent:
    try:
        return send(text, True)
    except Refused as error:
        if not (error.is_markup or error.is_too_long):
            raise
    sent = send(cut(plain(text), MAX_TEXT), False)
    return Sent(sent.message_id, sent.replaced, sent.calls + 1)


def cut(text: str, most: int) -> str:
    """The text in at most so many UTF-16 units, as Telegram counts."""
    raw = text.encode("utf-16-le", "replace")
    return text if len(raw) <= most * 2 else raw[: (most - 1) * 2].decode("utf-16-le", "ignore") + "…"


def _unless_gone(work: Callable[[], None]) -> Sent:
    try:
        work()
    except Refused as error:
        if not (error.is_gone or error.is_not_modified):
            raise
    return Sent()
