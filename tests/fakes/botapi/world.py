"""What Telegram remembers: users, chats, messages, presses, files and the queue of updates, under one lock."""

from __future__ import annotations

import itertools
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol, TypeVar

from tests.fakes import png
from tests.fakes.botapi.checks import Keyboard
from tests.fakes.botapi.entities import Entity

T = TypeVar("T")
DEFAULT_KINDS = frozenset({"message", "edited_message", "callback_query", "my_chat_member"})


class Clock(Protocol):
    """What the server wants of a clock."""

    def monotonic(self) -> float:
        """Seconds, for rates and for answers that come too late."""
        ...

    def now(self) -> datetime:
        """Aware time, for dates and the 48 hours."""
        ...


class SystemClock:
    """The clock on the wall."""

    def monotonic(self) -> float:
        """Seconds."""
        return time.monotonic()

    def now(self) -> datetime:
        """Aware, in UTC."""
        return datetime.now(UTC)


@dataclass
class Chat:
    """A private chat (number of its user) or a group (negative number)."""

    id: int
    type: str
    title: str = ""
    started: bool = False
    blocked: bool = False
    privacy: bool = True

    def record(self, users: dict[int, dict[str, Any]]) -> dict[str, Any]:
        """The chat as it stands in answers."""
        if self.type != "private":
            return {"id": self.id, "type": self.type, "title": self.title}
        named = {k: v for k, v in users[self.id].items() if k in ("first_name", "last_name", "username")}
        return {"id": self.id, "type": "private"} | named


@dataclass(frozen=True)
class Version:
    """What a message showed at one time."""

    text: str
    entities: tuple[Entity, ...]
    keyboard: Keyboard | None
    source: str = ""


@dataclass
class Message:
    """One message of a chat, with everything it ever showed; `text` is what a person reads (the caption of a file)."""

    id: int
    chat: Chat
    sender: int
    from_bot: bool
    date: datetime
    version: Version
    silent: bool = False
    document: tuple[str, bytes] | None = None
    photo: bytes | None = None
    file_id: str = ""
    deleted: bool = False
    edits: list[Version] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The plain text."""
        return self.version.text

    @property
    def html(self) -> str:
        """The text as it was sent, with its markup."""
        return self.version.source

    @property
    def keyboard(self) -> Keyboard:
        """Rows of buttons as plain dicts; empty when there are none."""
        return self.version.keyboard or []

    @property
    def labels(self) -> list[list[str]]:
        """What stands on the buttons, row by row."""
        return [[button["text"] for button in row] for row in self.keyboard]


@dataclass
class Press:
    """One press of a button and what became of it; times are of the real monotonic clock, for measuring."""

    id: str
    chat_id: int
    message: Message | None
    data: str
    at: float
    pressed: float = field(default_factory=time.monotonic)
    answered: float | None = None
    toast: str = ""
    alert: bool = False


class World:
    """The state; every access happens under `changed`, which is notified at each change."""

    def __init__(self, clock: Clock, username: str) -> None:
        self.changed = threading.Condition(threading.RLock())
        self.clock = clock
        self.bot = {"id": 700_000_001, "is_bot": True, "first_name": "Vanka", "username": username}
        self.users: dict[int, dict[str, Any]] = {}
        self.chats: dict[int, Chat] = {}
        self.messages: dict[tuple[int, int], Message] = {}
        self._by_chat: dict[int, list[Message]] = {}
        self.presses: dict[str, Press] = {}
        self.files: dict[str, tuple[str, bytes]] = {}
        self.commands: dict[tuple[str, str], list[dict[str, Any]]] = {}
        self.actions: deque[tuple[int, str]] = deque(maxlen=1000)
        self.updates: deque[dict[str, Any]] = deque()
        self.allowed = DEFAULT_KINDS
        self.poll = 0
        self.cut = 0
        self._message_ids = itertools.count(1)
        self._update_ids = itertools.count(500_000_001)
        self._others = itertools.count(1)

    @property
    def bot_id(self) -> int:
        """The number of the bot's own account."""
        return int(str(self.bot["id"]))

    def next_message_id(self) -> int:
        """Numbers of messages grow."""
        return next(self._message_ids)

    def new_id(self, prefix: str) -> str:
        """A number for a press or a file."""
        return f"{prefix}{next(self._others):012d}"

    def add_file(self, name: str, content: bytes) -> str:
        """Keeps a file; returns its file_id."""
        file_id = self.new_id("BQAC")
        self.files[file_id] = (name, content)
        return file_id

    def push(self, kind: str, payload: dict[str, Any]) -> int:
        """Queues an update for the bot (dropped if the bot did not ask for its kind); returns its number."""
        with self.changed:
            number = next(self._update_ids)
            if kind in self.allowed:
                self.updates.append({"update_id": number, kind: payload})
                self.changed.notify_all()
            return number

    def push_raw(self, update: Any) -> None:
        """Queues an update as it is, however broken; `update_id` is added where the update is a dict without one."""
        with self.changed:
            number = next(self._update_ids)
            self.updates.append({"update_id": number} | update if isinstance(update, dict) else update)
            self.changed.notify_all()

    def add_message(self, message: Message) -> Message:
        """Puts a message into its chat."""
        self.messages[message.chat.id, message.id] = message
        self._by_chat.setdefault(message.chat.id, []).append(message)
        self.changed.notify_all()
        return message

    def in_chat(self, chat_id: int) -> list[Message]:
        """All messages of a chat, oldest first, the deleted ones too."""
        with self.changed:
            return list(self._by_chat.get(chat_id, ()))

    def wait_for(self, predicate: Callable[[], T], timeout: float, what: str = "") -> T:
        """Waits until the predicate is true and returns its value; AssertionError at the limit."""
        with self.changed:
            value: Any = None

            def check() -> bool:
                nonlocal value
                value = predicate()
                return bool(value)

            if not self.changed.wait_for(check, timeout):
                raise AssertionError(f"nothing of the kind within {timeout} s. {what}")
            found: T = value
            return found

    def record(self, message: Message) -> dict[str, Any]:
        """A message as it stands in answers and updates."""
        sender = self.bot if message.from_bot else self.users[message.sender]
        plain: dict[str, Any] = {
            "message_id": message.id,
            "date": int(message.date.timestamp()),
            "chat": message.chat.record(self.users),
            "from": sender,
        }
        with_file = bool(message.document or message.photo)
        if message.text:
            plain["caption" if with_file else "text"] = message.text
        if message.version.entities:
            plain["caption_entities" if with_file else "entities"] = [e.record() for e in message.version.entities]
        if message.keyboard:
            plain["reply_markup"] = {"inline_keyboard": message.keyboard}
        if message.document:
            name, content = message.document
            plain["document"] = {
                "file_id": message.file_id,
                "file_unique_id": message.file_id,
                "file_name": name,
                "file_size": len(content),
            }
        if message.photo is not None:
            size = {"file_id": message.file_id, "file_unique_id": message.file_id, "file_size": len(message.photo)}
            picture = png.read(message.photo)
            plain["photo"] = [size | {"width": picture.width, "height": picture.height}]
        return plain
