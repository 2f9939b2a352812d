"""From Telegram's raw JSON to our own values: whatever comes in, nothing is raised and no update is lost.

A field that is missing or of a wrong type makes its update an `OtherIn`. An update without a usable number takes the
number after the one before it, so that confirming the batch confirms it too.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias, TypeGuard, get_args

from actors.bot.wire import ChatType, Document, Incoming, MessageIn, OtherIn, PressIn

MAX_TEXT = 8192
MAX_NAME = 256
_MAX_NUMBER = 2**53

Raw: TypeAlias = dict[str, Any]


class _MalformedError(Exception):
    """A field that we need is not what it must be."""


def parse_updates(raw: object, offset: int | None = None) -> tuple[Incoming, ...]:
    """The updates of one batch, in order; `offset` is what was asked for. Never raises."""
    updates: list[Incoming] = []
    expected = offset if offset is not None and offset > 0 else 0
    for item in raw if isinstance(raw, list) else []:
        number = item.get("update_id") if isinstance(item, dict) else None
        update_id = number if _is_number(number) and number >= 0 else expected
        updates.append(parse_update(update_id, item if isinstance(item, dict) else {}))
        expected = update_id + 1
    return tuple(updates)


def parse_update(update_id: int, raw: Raw) -> Incoming:
    """One update; `OtherIn` for everything but messages and presses of well-formed people."""
    for kind, parse in _KINDS.items():
        if kind in raw:
            body = raw[kind]
            try:
                return parse(update_id, _object(body))
            except _MalformedError:
                return OtherIn(update_id, _callback_id(body) if kind == "callback_query" else None)
    return OtherIn(update_id)


def _message(update_id: int, raw: Raw) -> MessageIn:
    chat = _object(raw.get("chat"))
    user = _object(raw.get("from"))
    text = raw.get("text", raw.get("caption", ""))
    return MessageIn(
        update_id=update_id,
        chat_id=_number(chat.get("id")),
        chat_type=_chat_type(chat.get("type")),
        user_id=_number(user.get("id")),
        user_name=_user_name(user),
        language_code=_language(user),
        message_id=_number(raw.get("message_id")),
        text=_text(text, MAX_TEXT),
        document=_document(raw["document"]) if "document" in raw else None,
        date=raw["date"] if _is_number(raw.get("date")) else 0,
        chat_title=_title(chat),
    )


def _press(update_id: int, raw: Raw) -> PressIn:
    callback_id = _callback_id(raw)
    message = _object(raw.get("message"))
    chat = _object(message.get("chat"))
    user = _object(raw.get("from"))
    if callback_id is None:
        raise _MalformedError
    return PressIn(
        update_id=update_id,
        callback_id=callback_id,
        chat_id=_number(chat.get("id")),
        chat_type=_chat_type(chat.get("type")),
        user_id=_number(user.get("id")),
        user_name=_user_name(user),
        language_code=_language(user),
        message_id=_number(message.get("message_id")),
        data=_text(raw.get("data"), MAX_NAME),
        chat_title=_title(chat),
    )


_KINDS: dict[str, Callable[[int, Raw], Incoming]] = {"message": _message, "callback_query": _press}


def _document(raw: object) -> Document:
    found = _object(raw)
    name, size = found.get("file_name"), found.get("file_size")
    file_id = _text(found.get("file_id"), MAX_NAME)
    if not file_id:
        raise _MalformedError
    return Document(
        file_id=file_id,
        name=_text(name, MAX_NAME) if isinstance(name, str) else "",
        size=size if _is_number(size) and size >= 0 else None,
    )


def _callback_id(raw: object) -> str | None:
    found = raw.get("id") if isinstance(raw, dict) else None
    return found if isinstance(found, str) and 0 < len(found) <= MAX_NAME and found.isprintable() else None


def _user_name(user: Raw) -> str:
    names = (user.get("username"), user.get("first_name"))
    return next((_text(name, MAX_NAME) for name in names if isinstance(name, str) and name.strip()), "")


def _title(chat: Raw) -> str:
    title = chat.get("title")
    return _text(title, MAX_NAME) if isinstance(title, str) else ""


def _language(user: Raw) -> str:
    code = user.get("language_code")
    return code[:16].lower() if isinstance(code, str) and code.isascii() and code.isprintable() else ""


def _chat_type(value: object) -> ChatType:
    for known in get_args(ChatType):
        if value == known:
            found: ChatType = known
            return found
    raise _MalformedError


def _object(value: object) -> Raw:
    if not isinstance(value, dict):
        raise _MalformedError
    return value


def _is_number(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < _MAX_NUMBER


def _number(value: Any) -> int:
    if not _is_number(value):
        raise _MalformedError
    return int(value)


def _text(value: object, limit: int) -> str:
    """A string that every later step can encode: halves of surrogate pairs become question marks."""
    if not isinstance(value, str):
        raise _MalformedError
    return value[:limit].encode("utf-8", "replace").decode("utf-8")
