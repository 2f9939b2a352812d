"""The only door to telebot: typed calls to Telegram that block, end in time and never try twice."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from telebot import apihelper, types

from actors.bot.keyboard import Button, Keyboard
from actors.bot.wire import Incoming, Me, Refused, Unreachable
from actors.bot.wire_body import Content
from actors.bot.wire_http import Revealing, Wire
from actors.bot.wire_updates import parse_updates

CONNECT_SECONDS = 5.0
READ_SECONDS = 15.0
UPLOADED_SECONDS = 60.0
MAX_POLL_SECONDS = 5
POLL_GRACE_SECONDS = 5.0
MAX_DOWNLOAD = 1024 * 1024
WANTED = ("message", "callback_query")
_NO_PREVIEW = types.LinkPreviewOptions(is_disabled=True)


@dataclass(frozen=True, slots=True)
class CommandHint:
    """A line of the list that a client shows for `/`: the name without its slash, and what it does."""

    name: str
    description: str


class Telegram:
    """A bot's account at one Bot API server. Every method blocks until there is an answer or a limit: call it from jobs
    and from threads of their own, several at once if need be. All raise `TelegramError`s (see `wire`) and nothing else.
    """

    def __init__(
        self,
        token: Revealing,
        api: str | None = None,
        proxy: str | None = None,
        *,
        connect_timeout: float = CONNECT_SECONDS,
        read_timeout: float = READ_SECONDS,
    ) -> None:
        """`api` is an own Bot API server (the official one if None), `proxy` an http or socks5 address.

        BadSetting if one of the three cannot be used; nothing is sent yet.
        """
        self._wire = Wire(token, api, proxy, connect_timeout, read_timeout)

    def close(self) -> None:
        """Lets idle connections go."""
        self._wire.close()

    def get_me(self) -> Me:
        """The bot's own account: the way to try a token."""
        found = _dict("getMe", self._wire.call(apihelper.get_me))
        number, username, name = found.get("id"), found.get("username"), found.get("first_name")
        if not isinstance(number, int):
            raise Unreachable("getMe", "an account without a number", maybe_delivered=False)
        return Me(number, username if isinstance(username, str) else "", name if isinstance(name, str) else "")

    def get_updates(
        self, offset: int | None = None, timeout: int = MAX_POLL_SECONDS, limit: int = 100
    ) -> tuple[Incoming, ...]:
        """What came in since `offset` (which confirms everything before it), after at most `timeout` (0-5) seconds.

        The next offset is the highest `update_id` plus one; malformed updates are among them as `OtherIn`.
        """
        seconds = min(max(timeout, 0), MAX_POLL_SECONDS)
        raw = self._wire.call(
            apihelper.get_updates,
            offset=offset,
            limit=limit,
            allowed_updates=list(WANTED),
            read_timeout=seconds + POLL_GRACE_SECONDS,
            extra={"timeout": seconds},  # telebot takes 0 for "not given" and polls for 10 s
        )
        return parse_updates(raw, offset)

    def delete_webhook(self) -> None:
        """Makes polling possible again after another program had set a webhook."""
        self._wire.call(apihelper.delete_webhook)

    def send(self, chat: int, text: str, keyboard: Keyboard = (), *, silent: bool = False, html: bool = True) -> int:
        """A new message; returns its number. `html=False` sends the text as it is."""
        raw = self._wire.call(
            apihelper.send_message,
            chat,
            text,
            reply_markup=_markup(keyboard) if keyboard else None,
            parse_mode="HTML" if html else None,
            disable_notification=silent,
            link_preview_options=_NO_PREVIEW,
        )
        return _message_id("sendMessage", raw)

    def edit(self, chat: int, message: int, text: str, keyboard: Keyboard = (), *, html: bool = True) -> None:
        """Another text and keyboard for a message of ours; `Refused.is_not_modified` if it shows that already."""
        self._wire.call(
            apihelper.edit_message_text,
            text,
            chat_id=chat,
            message_id=message,
            reply_markup=_markup(keyboard) if keyboard else None,
            parse_mode="HTML" if html else None,
            link_preview_options=_NO_PREVIEW,
        )

    def edit_keyboard(self, chat: int, message: int, keyboard: Keyboard = ()) -> None:
        """Other buttons under a message of ours; none removes them."""
        self._wire.call(
            apihelper.edit_message_reply_markup, chat_id=chat, message_id=message, reply_markup=_markup(keyboard)
        )

    def delete(self, chat: int, message: int) -> None:
        """Removes a message, ours or (in a private chat) the user's, up to 48 hours old."""
        self._wire.call(apihelper.delete_message, chat, message)

    def answer(self, callback_id: str, text: str = "", alert: bool = False) -> None:
        """Answers a press, with a short text (up to 200 characters) if there is something to say."""
        self._wire.call(apihelper.answer_callback_query, callback_id, text=text or None, show_alert=alert or None)

    def send_document(
        self, chat: int, name: str, content: bytes, caption: str = "", keyboard: Keyboard = (), *, silent: bool = False
    ) -> int:
        """A file (up to 50 MB) with an HTML caption; returns the message's number."""
        raw = self._wire.call(
            apihelper.send_data,
            chat,
            Content(content),
            "document",
            visible_file_name=_file_name(name),
            caption=caption or None,
            reply_markup=_markup(keyboard) if keyboard else None,
            parse_mode="HTML",
            disable_notification=silent,
            disable_content_type_detection=True,
            read_timeout=UPLOADED_SECONDS,
        )
        return _message_id("sendDocument", raw)

    def send_photo(
        self, chat: int, content: bytes, caption: str = "", keyboard: Keyboard = (), *, silent: bool = False
    ) -> int:
        """A picture (PNG or JPEG, up to 10 MB) with an HTML caption; returns the message's number."""
        raw = self._wire.call(
            apihelper.send_photo,
            chat,
            ("picture.png", Content(content)),
            caption=caption or None,
            reply_markup=_markup(keyboard) if keyboard else None,
            parse_mode="HTML",
            disable_notification=silent,
            read_timeout=UPLOADED_SECONDS,
        )
        return _message_id("sendPhoto", raw)

    def typing(self, chat: int) -> None:
        """Shows for five seconds that something is being prepared."""
        self._wire.call(apihelper.send_chat_action, chat, "typing")

    def set_commands(
        self, commands: Sequence[CommandHint], *, language_code: str | None = None, chat: int | None = None
    ) -> None:
        """The list shown for `/`: of everybody or of one chat, for one language (two letters) or for all others."""
        self._wire.call(
            apihelper.set_my_commands,
            [types.BotCommand(command.name, command.description) for command in commands],
            scope=types.BotCommandScopeChat(chat) if chat is not None else None,
            language_code=language_code,
        )

    def download(self, file_id: str, limit: int = MAX_DOWNLOAD) -> bytes:
        """The content of a file that somebody sent; `Refused` (413) if it has more than `limit` bytes."""
        found = _dict("getFile", self._wire.call(apihelper.get_file, file_id))
        path, size = found.get("file_path"), found.get("file_size")
        if isinstance(size, int) and size > limit:
            raise Refused("getFile", 413, f"the file has {size} bytes, {limit} are the most")
        if not isinstance(path, str) or not re.fullmatch(r"[\w./-]{1,512}", path, re.ASCII) or ".." in path:
            raise Unreachable("getFile", "a file without a usable path", maybe_delivered=False)
        return self._wire.download(path, limit)


def _markup(keyboard: Keyboard) -> types.InlineKeyboardMarkup:
    return types.InlineKeyboardMarkup([[_button(button) for button in row] for row in keyboard if row])


def _button(button: Button) -> types.InlineKeyboardButton:
    return types.InlineKeyboardButton(
        button.label,
        url=button.url,
        callback_data=button.data,
        copy_text=types.CopyTextButton(button.copy) if button.copy is not None else None,
        style=button.style,
    )


def _dict(method: str, raw: object) -> Mapping[str, Any]:
    if not isinstance(raw, dict):
        raise Unreachable(method, "an answer of the wrong shape", maybe_delivered=True)
    return raw


def _message_id(method: str, raw: object) -> int:
    number = _dict(method, raw).get("message_id")
    if not isinstance(number, int):
        raise Unreachable(method, "a message without a number", maybe_delivered=True)
    return number


def _file_name(name: str) -> str:
    """No path, no control characters, no double quotes, not too long, never empty."""
    kept = "".join(c for c in re.split(r"[/\\]", name)[-1] if c.isprintable()).replace('"', "'").strip()
    return kept[-100:] or "file"
