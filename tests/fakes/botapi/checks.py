"""Telegram's limits on texts, keyboards, files and commands, each in the words of the real server."""

from __future__ import annotations

import ipaddress
import json
import re
from typing import Any
from urllib.parse import urlsplit

from tests.fakes import png
from tests.fakes.botapi.entities import Entity, parse_html, plain, utf16_length
from tests.fakes.botapi.refusal import RefusalError, bad

MAX_TEXT, MAX_CAPTION, MAX_TOAST = 4096, 1024, 200
MAX_BUTTONS, MAX_IN_ROW, MAX_KEYBOARD_BYTES = 100, 8, 10 * 1024
MAX_DATA_BYTES, MAX_COPY = 64, 256
MAX_DOCUMENT, MAX_PHOTO, MAX_DOWNLOAD = 50 * 1024 * 1024, 10 * 1024 * 1024, 20 * 1024 * 1024
MAX_PHOTO_SIDES, MAX_PHOTO_RATIO = 10_000, 20  # width and height in total; the one by the other
STYLES = ("danger", "success", "primary")
ACTIONS = ("typing", "upload_photo", "upload_document", "upload_video", "record_video", "find_location")
_KINDS = ("url", "callback_data", "copy_text", "switch_inline_query", "switch_inline_query_current_chat", "pay")
Keyboard = list[list[dict[str, Any]]]


def text_of(params: dict[str, Any], name: str = "text") -> tuple[str, tuple[Entity, ...]]:
    """The plain text and the entities of a message's text or caption, within their limits."""
    mode = params.get("parse_mode")
    if mode not in (None, "", "HTML"):
        raise bad("unsupported parse_mode")
    text, entities = (parse_html if mode else plain)(params.get(name, ""))
    if name == "text" and not text:
        raise bad("message text is empty")
    if utf16_length(text) > (MAX_TEXT if name == "text" else MAX_CAPTION):
        raise bad("message is too long" if name == "text" else "message caption is too long")
    return text, entities


def keyboard_of(params: dict[str, Any]) -> Keyboard | None:
    """The inline keyboard of a call, its empty rows dropped; None when there is none."""
    markup = params.get("reply_markup")
    if markup is None or "inline_keyboard" not in markup:
        return None
    rows: Keyboard = [row for row in markup["inline_keyboard"] if row]
    for row in rows:
        if len(row) > MAX_IN_ROW:
            raise bad(f"{len(row)} buttons in a row, of which a client shows {MAX_IN_ROW}")
        for button in row:
            _check_button(button)
    if sum(len(row) for row in rows) > MAX_BUTTONS:
        raise bad("too many buttons")
    if len(json.dumps(rows, ensure_ascii=False).encode()) > MAX_KEYBOARD_BYTES:
        raise bad("REPLY_MARKUP_TOO_LONG")
    return rows or None


def _check_button(button: dict[str, Any]) -> None:
    if not button["text"].strip():
        raise bad("can't parse inline keyboard button: text is empty")
    kinds = [kind for kind in _KINDS if kind in button]
    if not kinds:
        raise bad("can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard")
    if len(kinds) > 1:
        raise bad(f"can't parse inline keyboard button: exactly one of {', '.join(kinds)} must be used")
    if button.get("style", "primary") not in STYLES:
        raise bad("can't parse inline keyboard button: invalid button style specified")
    if "callback_data" in button and not 1 <= len(button["callback_data"].encode()) <= MAX_DATA_BYTES:
        raise bad("BUTTON_DATA_INVALID")
    if "copy_text" in button and not 1 <= utf16_length(button["copy_text"]["text"]) <= MAX_COPY:
        raise bad("BUTTON_COPY_TEXT_INVALID")
    if "url" in button:
        _check_url(button["url"])


def _check_url(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme == "tg":
        return
    host = parts.hostname or ""
    try:
        known = "." in host or bool(ipaddress.ip_address(host))
    except ValueError:
        known = False
    if parts.scheme not in ("http", "https") or not known or re.search(r"\s", url):
        raise bad(f"inline keyboard button URL '{url[:60]}' is invalid: Wrong HTTP URL")


def check_toast(params: dict[str, Any]) -> None:
    """The text that answers a press."""
    if utf16_length(params.get("text", "")) > MAX_TOAST:
        raise bad("MESSAGE_TOO_LONG")


def check_upload(name: str, content: bytes, kind: str) -> None:
    """A file that comes with a call."""
    if len(content) > (MAX_PHOTO if kind == "photo" else MAX_DOCUMENT):
        raise RefusalError(413, "Request Entity Too Large")
    if not content:
        raise bad("file must be non-empty")
    if not name:
        raise bad(f"the {kind} has no file name")
    if kind == "photo":
        _check_picture(content)


def _check_picture(content: bytes) -> None:
    """Only PNG: of what a photo may be, our pictures are nothing else."""
    try:
        picture = png.read(content)
    except png.NotAPictureError as error:
        raise bad(f"IMAGE_PROCESS_FAILED ({error})") from error
    sides = sorted((picture.width, picture.height))
    if sum(sides) > MAX_PHOTO_SIDES or sides[1] > MAX_PHOTO_RATIO * sides[0]:
        raise bad("PHOTO_INVALID_DIMENSIONS")


def check_commands(params: dict[str, Any]) -> None:
    """The list of a bot's commands."""
    if len(params["commands"]) > 100:
        raise bad("BOT_COMMANDS_TOO_MUCH")
    for command in params["commands"]:
        if not re.fullmatch(r"[a-z0-9_]{1,32}", command["command"]):
            raise bad("BOT_COMMAND_INVALID")
        if not 1 <= utf16_length(command["description"]) <= 256:
            raise bad("BOT_COMMAND_DESCRIPTION_INVALID")
    if not re.fullmatch(r"(?:[a-z]{2})?", params.get("language_code", "")):
        raise bad("invalid language code specified")
