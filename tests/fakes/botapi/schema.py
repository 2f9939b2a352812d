"""Parameters of Bot API methods, checked by name, type and requiredness against methods.json.

`methods.json` holds the methods and types that a bot of buttons uses, as `{"name": ["Type|Type", required]}`. It is cut
once per version of the API from a full machine-readable description of it, of the form `{"version": "...",
"methods": {name: {"fields": [...]}}, "types": {name: {"fields": [...], "subtypes": [...]}}}` with fields
`{"name": ..., "types": [...], "required": ...}`:

    python -m tests.fakes.botapi.schema FULL.json

A parameter whose type is not kept is left out, so a call that uses it is refused like one with a misspelt name.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

from tests.fakes.botapi.refusal import RefusalError, bad

FILE = Path(__file__).with_name("methods.json")
METHODS = [
    "getMe",
    "getUpdates",
    "deleteWebhook",
    "getWebhookInfo",
    "sendMessage",
    "editMessageText",
    "editMessageReplyMarkup",
    "deleteMessage",
    "answerCallbackQuery",
    "sendDocument",
    "sendPhoto",
    "sendChatAction",
    "setMyCommands",
    "getMyCommands",
    "deleteMyCommands",
    "getChat",
    "getFile",
]
TYPES = [
    "InlineKeyboardMarkup",
    "InlineKeyboardButton",
    "CopyTextButton",
    "LinkPreviewOptions",
    "ReplyParameters",
    "MessageEntity",
    "ReplyKeyboardRemove",
    "BotCommand",
    "BotCommandScope",
    "BotCommandScopeDefault",
    "BotCommandScopeAllPrivateChats",
    "BotCommandScopeAllGroupChats",
    "BotCommandScopeAllChatAdministrators",
    "BotCommandScopeChat",
    "BotCommandScopeChatAdministrators",
    "BotCommandScopeChatMember",
]
PLAIN = ("Integer", "String", "Boolean", "True", "InputFile")
_ARRAY = "Array of "


def trim(full: dict[str, Any]) -> dict[str, Any]:
    """The part of a full description that `methods.json` keeps."""

    def kept(types: list[str]) -> list[str]:
        return [name for name in types if name.replace(_ARRAY, "") in (*PLAIN, *TYPES)]

    def fields(entry: dict[str, Any]) -> dict[str, Any]:
        return {f["name"]: ["|".join(kept(f["types"])), f["required"]] for f in entry["fields"] if kept(f["types"])}

    types = {name: fields(full["types"][name]) for name in TYPES}
    subtypes = {name: found for name in TYPES if (found := kept(full["types"][name].get("subtypes") or []))}
    methods = {name: fields(full["methods"][name]) for name in METHODS}
    return {"version": full["version"], "methods": methods, "types": types, "subtypes": subtypes}


class Schema:
    """Checks the raw parameters of a call and turns them into Python values."""

    def __init__(self, file: Path = FILE) -> None:
        description = json.loads(file.read_text(encoding="utf-8"))
        self.version: str = description["version"]
        self.methods: dict[str, dict[str, list[Any]]] = description["methods"]
        self._types: dict[str, dict[str, list[Any]]] = description["types"]
        self._subtypes: dict[str, list[str]] = description["subtypes"]

    def check(self, method: str, raw: dict[str, Any]) -> dict[str, Any]:
        """The parameters as typed values; raises `RefusalError` (404 for an unknown method, 400 for the rest)."""
        if method not in self.methods:
            raise RefusalError(404, "Not Found: method not found")
        return self._fields(method, self.methods[method], raw)

    def _fields(self, owner: str, fields: dict[str, list[Any]], raw: dict[str, Any]) -> dict[str, Any]:
        for name in raw:
            if name not in fields:
                raise bad(f"{owner} has no parameter {name!r}")
        checked = {}
        for name, (types, required) in fields.items():
            if name in raw:
                checked[name] = self._value(f"{owner}.{name}", types.split("|"), raw[name])
            elif required:
                raise bad(f"{owner}: parameter {name!r} is missing")
        return checked

    def _value(self, where: str, types: list[str], value: Any) -> Any:
        errors: list[str] = []
        for type_name in types:
            try:
                return self._typed(where, type_name, value)
            except RefusalError as error:
                errors.append(error.description.removeprefix("Bad Request: "))
        raise bad("; ".join(dict.fromkeys(errors)))

    def _typed(self, where: str, type_name: str, value: Any) -> Any:
        if type_name.startswith(_ARRAY):
            items = _json(where, value)
            if not isinstance(items, list):
                raise bad(f"can't parse {where}: an array is expected")
            return [self._typed(f"{where}[{i}]", type_name.removeprefix(_ARRAY), item) for i, item in enumerate(items)]
        if type_name in PLAIN:
            return _plain(where, type_name, value)
        found = _json(where, value)
        if not isinstance(found, dict):
            raise bad(f"can't parse {where}: an object is expected")
        if type_name in self._subtypes:
            type_name = self._subtype(where, type_name, found)
        return self._fields(type_name, self._types[type_name], found)

    def _subtype(self, where: str, type_name: str, value: dict[str, Any]) -> str:
        wanted = type_name + "".join(word.capitalize() for word in str(value.get("type")).split("_"))
        if wanted not in self._subtypes[type_name]:
            raise bad(f"can't parse {where}: unsupported type {value.get('type')!r}")
        return wanted


def _json(where: str, value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        raise bad(f"can't parse {where}: not JSON") from None


def _plain(where: str, type_name: str, value: Any) -> Any:
    if type_name == "String" and isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            raise bad("strings must be encoded in UTF-8") from None
        return value
    if type_name == "InputFile" and isinstance(value, tuple):
        return value
    if type_name == "Integer":
        if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63:
            return value
        if isinstance(value, str) and re.fullmatch(r"-?\d{1,19}", value):
            return int(value)
    if type_name in ("Boolean", "True"):
        if isinstance(value, bool):
            return value
        if isinstance(value, str) and value.lower() in ("true", "false", "1", "0"):
            return value.lower() in ("true", "1")
    raise bad(f"{where} must be {type_name}, not {value!r:.60}")


if __name__ == "__main__":
    cut = trim(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))
    groups = []
    for group in ("methods", "types", "subtypes"):
        lines = ",\n".join(f"  {json.dumps(name)}: {json.dumps(entry)}" for name, entry in cut[group].items())
        groups.append(f" {json.dumps(group)}: {{\n{lines}\n }}")
    FILE.write_text(f'{{\n "version": {json.dumps(cut["version"])},\n' + ",\n".join(groups) + "\n}\n", encoding="utf-8")
