"""What each method does to the world, and when the real server would refuse."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from tests.fakes.botapi import checks
from tests.fakes.botapi.rates import Rates
from tests.fakes.botapi.refusal import RefusalError, bad
from tests.fakes.botapi.world import DEFAULT_KINDS, Chat, Message, Version, World

CALLBACK_SECONDS = 15.0
DELETE_HOURS = 48
MAX_POLL = 50
_SAME = (
    "message is not modified: specified new message content and reply markup are exactly the same as"
    " a current content and reply markup of the message"
)


class Methods:
    """The methods, by their names in the Bot API; each takes checked parameters, returns or raises `RefusalError`."""

    def __init__(self, world: World, rates: Rates, closing: Callable[[], bool]) -> None:
        self._world = world
        self._rates = rates
        self._closing = closing
        self._table: dict[str, Callable[[dict[str, Any]], Any]] = {
            "getMe": lambda _: world.bot | {"can_join_groups": True, "can_read_all_group_messages": False},
            "getUpdates": self._get_updates,
            "deleteWebhook": self._delete_webhook,
            "getWebhookInfo": lambda _: {
                "url": "",
                "has_custom_certificate": False,
                "pending_update_count": len(world.updates),
            },
            "sendMessage": self._send_message,
            "editMessageText": self._edit_text,
            "editMessageReplyMarkup": self._edit_keyboard,
            "deleteMessage": self._delete,
            "answerCallbackQuery": self._answer,
            "sendDocument": lambda p: self._send_file(p, "document"),
            "sendPhoto": lambda p: self._send_file(p, "photo"),
            "sendChatAction": self._action,
            "setMyCommands": self._set_commands,
            "getMyCommands": lambda p: world.commands.get(_scope(p), []),
            "deleteMyCommands": lambda p: world.commands.pop(_scope(p), None) is not None or True,
            "getChat": lambda p: self._known(p["chat_id"]).record(world.users),
            "getFile": self._get_file,
        }

    def call(self, method: str, params: dict[str, Any]) -> Any:
        """Does it, under the world's lock."""
        with self._world.changed:
            return self._table[method](params)

    def _known(self, chat_id: int | str | None) -> Chat:
        if chat_id is None:
            raise bad("chat_id is empty")
        chat = self._world.chats.get(int(chat_id)) if str(chat_id).lstrip("-").isdigit() else None
        if chat is None:
            raise bad("chat not found")
        return chat

    def _writable(self, chat_id: int | str | None, *, counted: bool = True) -> Chat:
        chat = self._known(chat_id)
        if chat.type == "private" and not chat.started:
            raise RefusalError(403, "Forbidden: bot can't initiate conversation with a user")
        if chat.blocked:
            private = chat.type == "private"
            raise RefusalError(
                403, f"Forbidden: bot was {'blocked by the user' if private else 'kicked from the group chat'}"
            )
        seconds = self._rates.retry_after(chat.id, self._world.clock.monotonic()) if counted else 0
        if seconds:
            raise RefusalError(429, f"Too Many Requests: retry after {seconds}", retry_after=seconds)
        return chat

    def _get_updates(self, params: dict[str, Any]) -> list[Any]:
        world = self._world
        offset, limit = params.get("offset", 0), params.get("limit", 100)
        if not 1 <= limit <= 100:
            raise bad("limit must be from 1 to 100")
        if "allowed_updates" in params:
            world.allowed = frozenset(params["allowed_updates"]) or DEFAULT_KINDS
        world.poll += 1
        mine = world.poll
        world.changed.notify_all()
        if offset < 0:
            while len(world.updates) > -offset:
                world.updates.popleft()
        while offset > 0 and world.updates and _number(world.updates[0], offset - 1) < offset:
            world.updates.popleft()
        end = time.monotonic() + min(max(params.get("timeout", 0), 0), MAX_POLL)
        while not world.updates and world.poll == mine > world.cut and not self._closing():
            left = end - time.monotonic()
            if left <= 0:
                break
            world.changed.wait(left)
        if world.poll != mine:
            why = "terminated by other getUpdates request; make sure that only one bot instance is running"
            raise RefusalError(409, f"Conflict: {why}")
        return [world.updates[i] for i in range(min(limit, len(world.updates)))]

    def _delete_webhook(self, params: dict[str, Any]) -> bool:
        if params.get("drop_pending_updates"):
            self._world.updates.clear()
        return True

    def _send_message(self, params: dict[str, Any]) -> Any:
        text, entities = checks.text_of(params)
        version = Version(text, entities, checks.keyboard_of(params), params["text"])
        return self._post(self._writable(params["chat_id"]), version, params)

    def _send_file(self, params: dict[str, Any], kind: str) -> Any:
        text, entities = checks.text_of(params, "caption")
        version = Version(text, entities, checks.keyboard_of(params), params.get("caption", ""))
        given = params[kind]
        if isinstance(given, str) and given not in self._world.files:
            raise bad("wrong file identifier/HTTP URL specified")
        name, content = self._world.files[given] if isinstance(given, str) else given
        checks.check_upload(name, content, kind)
        chat = self._writable(params["chat_id"])
        file_id = given if isinstance(given, str) else self._world.add_file(name, content)
        if kind == "photo":
            return self._post(chat, version, params, photo=content, file_id=file_id)
        return self._post(chat, version, params, document=(name, content), file_id=file_id)

    def _post(self, chat: Chat, version: Version, params: dict[str, Any], **more: Any) -> Any:
        world = self._world
        silent = params.get("disable_notification", False)
        message = Message(
            world.next_message_id(), chat, world.bot_id, True, world.clock.now(), version, silent=silent, **more
        )
        return world.record(world.add_message(message))

    def _own(self, params: dict[str, Any]) -> Message:
        chat = self._known(params.get("chat_id"))
        if "message_id" not in params:
            raise bad("message identifier is not specified")
        message = self._world.messages.get((chat.id, params["message_id"]))
        if message is None or message.deleted:
            raise bad("message to edit not found")
        if not message.from_bot:
            raise bad("message can't be edited")
        self._writable(chat.id)
        return message

    def _edit_text(self, params: dict[str, Any]) -> Any:
        text, entities = checks.text_of(params)
        keyboard = checks.keyboard_of(params)
        message = self._own(params)
        if message.document or message.photo is not None:
            raise bad("there is no text in the message to edit")
        return self._change(message, Version(text, entities, keyboard, params["text"]))

    def _edit_keyboard(self, params: dict[str, Any]) -> Any:
        keyboard = checks.keyboard_of(params)
        message = self._own(params)
        now = message.version
        return self._change(message, Version(now.text, now.entities, keyboard, now.source))

    def _change(self, message: Message, version: Version) -> Any:
        now = message.version
        if (now.text, now.entities, now.keyboard) == (version.text, version.entities, version.keyboard):
            raise bad(_SAME)
        message.edits.append(now)
        message.version = version
        self._world.changed.notify_all()
        return self._world.record(message)

    def _delete(self, params: dict[str, Any]) -> bool:
        chat = self._known(params["chat_id"])
        message = self._world.messages.get((chat.id, params["message_id"]))
        if message is None or message.deleted:
            raise bad("message to delete not found")
        strange = chat.type != "private" and not message.from_bot and chat.privacy
        if strange or self._world.clock.now() - message.date > timedelta(hours=DELETE_HOURS):
            raise bad("message can't be deleted")
        self._writable(chat.id, counted=False)
        message.deleted = True
        self._world.changed.notify_all()
        return True

    def _answer(self, params: dict[str, Any]) -> bool:
        checks.check_toast(params)
        press = self._world.presses.get(params["callback_query_id"])
        late = press is not None and self._world.clock.monotonic() - press.at > CALLBACK_SECONDS
        if press is None or late or press.answered is not None:
            raise bad("query is too old and response timeout expired or query ID is invalid")
        press.answered = time.monotonic()
        press.toast, press.alert = params.get("text", ""), params.get("show_alert", False)
        self._world.changed.notify_all()
        return True

    def _action(self, params: dict[str, Any]) -> bool:
        if params["action"] not in checks.ACTIONS:
            raise bad("wrong parameter action in request")
        self._world.actions.append((self._writable(params["chat_id"], counted=False).id, params["action"]))
        return True

    def _set_commands(self, params: dict[str, Any]) -> bool:
        checks.check_commands(params)
        if "chat_id" in params.get("scope", {}):
            self._known(params["scope"]["chat_id"])
        self._world.commands[_scope(params)] = params["commands"]
        self._world.changed.notify_all()
        return True

    def _get_file(self, params: dict[str, Any]) -> dict[str, Any]:
        if params["file_id"] not in self._world.files:
            raise bad("invalid file_id")
        _, content = self._world.files[params["file_id"]]
        if len(content) > checks.MAX_DOWNLOAD:
            raise bad("file is too big")
        known = {"file_id": params["file_id"], "file_unique_id": params["file_id"], "file_size": len(content)}
        return known | {"file_path": f"documents/{params['file_id']}"}


def _scope(params: dict[str, Any]) -> tuple[str, str]:
    return json.dumps(params.get("scope", {"type": "default"}), sort_keys=True), params.get("language_code", "")


def _number(update: Any, otherwise: int) -> int:
    """The number of an update; a broken one counts as confirmed with the first update after it."""
    number = update.get("update_id") if isinstance(update, dict) else None
    return number if isinstance(number, int) else otherwise
