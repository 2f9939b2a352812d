"""People at the other end: they write, press, send files, block; and see what a person would see."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import parse_qs, urlsplit

from tests.fakes.botapi.world import Chat, Message, Press, Version, World

T = TypeVar("T")
Button = dict[str, Any]
TIMEOUT = 10.0


class User:
    """One account; in its private chat with the bot unless a group is named."""

    def __init__(self, world: World, chat: Chat) -> None:
        self._world = world
        self._chat = chat
        self.id = chat.id

    def speaks(self, language_code: str | None) -> User:
        """The client's language changes (None: the client does not tell it)."""
        with self._world.changed:
            account = {k: v for k, v in self._world.users[self.id].items() if k != "language_code"}
            self._world.users[self.id] = account | ({"language_code": language_code} if language_code else {})
        return self

    def writes(self, text: str, chat: Chat | None = None) -> Message:
        """Sends a text; the first one starts the private chat."""
        return self._posts(Version(text, (), None, text), chat)

    def sends_document(self, name: str, content: bytes, caption: str = "", chat: Chat | None = None) -> Message:
        """Sends a file."""
        file_id = self._world.add_file(name, content)
        return self._posts(Version(caption, (), None), chat, document=(name, content), file_id=file_id)

    def _posts(self, version: Version, chat: Chat | None, **more: Any) -> Message:
        where = chat or self._chat
        world = self._world
        with world.changed:
            where.started = True
            message = Message(world.next_message_id(), where, self.id, False, world.clock.now(), version, **more)
            world.add_message(message)
            if where.type == "private" or not where.privacy or version.text.startswith("/"):
                record = world.record(message)
                if version.text.startswith("/"):
                    command = {"type": "bot_command", "offset": 0, "length": len(version.text.split()[0])}
                    record["entities"] = [command]
                world.push("message", record)
            return message

    def presses(
        self, button: str | Callable[[Button], bool], message: Message | None = None, chat: Chat | None = None
    ) -> Press:
        """Presses a button of the panel (or of the message) by its label, a part of the label, or a predicate."""
        with self._world.changed:
            shown = message or self.panel_of(chat)
            found = self._find(shown, button)
            if "callback_data" not in found:
                raise AssertionError(f"{found['text']!r} is not a button that tells the bot anything: {found}")
            return self.presses_data(found["callback_data"], shown, chat)

    def presses_data(self, data: str, message: Message | None = None, chat: Chat | None = None) -> Press:
        """A press with any data, forged ones too, on the message or on the panel (on none when there is no panel)."""
        world = self._world
        with world.changed:
            shown = message or self._last_with_keyboard(chat)
            where = shown.chat if shown else chat or self._chat
            press = Press(world.new_id("4382"), where.id, shown, data, world.clock.monotonic())
            world.presses[press.id] = press
            update: dict[str, Any] = {
                "id": press.id,
                "from": world.users[self.id],
                "chat_instance": str(where.id),
                "data": data,
            }
            if shown is not None:
                update["message"] = world.record(shown)
            world.push("callback_query", update)
            return press

    def opens(self, button: str | Callable[[Button], bool], message: Message | None = None) -> Message:
        """Follows a deep link `https://t.me/<bot>?start=...` of a button into the private chat."""
        found = self._find(message or self.panel_of(None), button)
        start = parse_qs(urlsplit(found.get("url", "")).query).get("start")
        if not start:
            raise AssertionError(f"{found['text']!r} is no deep link: {found}")
        return self.writes(f"/start {start[0]}")

    def _find(self, message: Message, wanted: str | Callable[[Button], bool]) -> Button:
        buttons = [button for row in message.keyboard for button in row]
        if callable(wanted):
            found = [b for b in buttons if wanted(b)]
        else:
            found = [b for b in buttons if b["text"] == wanted] or [b for b in buttons if wanted in b["text"]]
        if len(found) != 1:
            raise AssertionError(f"{len(found)} buttons are like {wanted!r} under {message.text!r}: {message.labels}")
        return found[0]

    def deletes(self, message: Message) -> None:
        """Removes a message for both sides."""
        with self._world.changed:
            message.deleted = True
            self._world.changed.notify_all()

    def blocks(self, blocked: bool = True) -> None:
        """Blocks the bot, or lets it write again."""
        with self._world.changed:
            self._chat.blocked = blocked
            status = "kicked" if blocked else "member"
            member = {"user": self._world.bot, "status": status}
            self._world.push("my_chat_member", {"chat": {"id": self.id, "type": "private"}, "new_chat_member": member})

    @property
    def history(self) -> list[Message]:
        """Everything that the bot ever sent to the private chat, the deleted too, oldest first."""
        return [m for m in self._world.in_chat(self.id) if m.from_bot]

    @property
    def messages(self) -> list[Message]:
        """What the bot sent to the private chat and is still there, oldest first."""
        return [m for m in self.history if not m.deleted]

    @property
    def last(self) -> Message:
        """The newest message of the bot that is still there."""
        if not self.messages:
            raise AssertionError("the bot has written nothing")
        return self.messages[-1]

    @property
    def panel(self) -> Message:
        """The newest live message of the bot with buttons."""
        return self.panel_of(None)

    def panel_of(self, chat: Chat | None) -> Message:
        """The newest live message of the bot with buttons in that chat."""
        found = self._last_with_keyboard(chat)
        if found is None:
            raise AssertionError(f"no message with buttons is there. {self.seen(chat)}")
        return found

    def _last_with_keyboard(self, chat: Chat | None) -> Message | None:
        there = self._world.in_chat((chat or self._chat).id)
        return next((m for m in reversed(there) if m.from_bot and m.keyboard and not m.deleted), None)

    def wait_for(self, predicate: Callable[[User], T], timeout: float = TIMEOUT) -> T:
        """Waits until the predicate of this user is true, returns its value; what is not there yet is not true."""

        def check() -> T | None:
            try:
                return predicate(self)
            except AssertionError:
                return None

        try:
            value = self._world.wait_for(check, timeout)
        except AssertionError as error:
            raise AssertionError(f"{error} {self.seen(None)}") from None
        assert value is not None
        return value

    def waits_for_text(self, text: str, chat: Chat | None = None, timeout: float = TIMEOUT) -> Message:
        """The newest live message of the bot that holds the text, as soon as there is one."""
        where = (chat or self._chat).id

        def find(_: User) -> Message | None:
            there = self._world.in_chat(where)
            return next((m for m in reversed(there) if m.from_bot and not m.deleted and text in m.text), None)

        found = self.wait_for(find, timeout)
        assert found is not None
        return found

    def waits_for_answer(self, press: Press, timeout: float = TIMEOUT) -> Press:
        """The press, once the bot has answered it."""
        self.wait_for(lambda _: press.answered is not None, timeout)
        return press

    def seen(self, chat: Chat | None = None) -> str:
        """The last messages as text, for the words of a failed test."""
        shown = [_line(m) for m in self._world.in_chat((chat or self._chat).id)[-4:]]
        return "The chat ends:\n" + "\n".join(shown)


def _line(message: Message) -> str:
    who = ("bot" if message.from_bot else "user") + (" (deleted)" if message.deleted else "")
    return f"{who}: {message.text}\n{json.dumps(message.labels, ensure_ascii=False)}"
