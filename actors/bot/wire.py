"""What goes over the wire to Telegram and back, as plain values: updates that came in, and errors.

TelegramError                a call to Telegram that did not succeed; `method` names the call
├── RetryAfter               429: nothing was done, wait `seconds` before the next call of that kind
├── Refused                  Telegram said no (`code`, `description`): nothing was done, it would do so again
│   ├── Unauthorized         the token is not valid (any more)
│   └── Conflict             another bot polls with the same token, or a webhook is set
└── Unreachable              no usable answer; `maybe_delivered` says whether the call may have been done all the same

No text of a message, no token and no address that holds one stands in any of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from actors.errors import VankaError

ChatType: TypeAlias = Literal["private", "group", "supergroup", "channel"]


@dataclass(frozen=True, slots=True)
class Document:
    """A file that somebody sent; `size` is in bytes, None if Telegram did not say. `name` may be empty."""

    file_id: str
    name: str
    size: int | None


@dataclass(frozen=True, slots=True)
class MessageIn:
    """Somebody wrote; `text` is the caption for a file, empty for what is neither. `date` is Unix time."""

    update_id: int
    chat_id: int
    chat_type: ChatType
    user_id: int
    user_name: str
    language_code: str
    message_id: int
    text: str
    document: Document | None
    date: int
    chat_title: str = ""


@dataclass(frozen=True, slots=True)
class PressIn:
    """Somebody pressed a button. `data` is whatever the client sent: it proves nothing."""

    update_id: int
    callback_id: str
    chat_id: int
    chat_type: ChatType
    user_id: int
    user_name: str
    language_code: str
    message_id: int
    data: str
    chat_title: str = ""


@dataclass(frozen=True, slots=True)
class OtherIn:
    """Anything else, and whatever is malformed. `callback_id` is set if it was a press that can still be answered."""

    update_id: int
    callback_id: str | None = None


Incoming: TypeAlias = MessageIn | PressIn | OtherIn
Update: TypeAlias = Incoming


@dataclass(frozen=True, slots=True)
class Me:
    """The bot's own account."""

    id: int
    username: str
    name: str


class TelegramError(VankaError):
    """The root of what a call to Telegram may raise."""

    code = "telegram"

    def __init__(self, method: str, message: str, hint: str = "") -> None:
        super().__init__(f"{method}: {message}", hint, method=method)
        self.method = method


class RetryAfter(TelegramError):
    """Too many calls; nothing was done. `seconds` is Telegram's word and law."""

    code = "telegram_retry_after"

    def __init__(self, method: str, seconds: float) -> None:
        super().__init__(method, f"Telegram wants {seconds:g} s of silence")
        self.seconds = seconds


class Refused(TelegramError):
    """Telegram refused the call for good. `moved_to` is the new number of a group that became a supergroup."""

    code = "telegram_refused"

    def __init__(
        self, method: str, status: int, description: str, *, moved_to: int | None = None, hint: str = ""
    ) -> None:
        super().__init__(method, f"Telegram answered {status}: {description}", hint)
        self.status = status
        self.description = description
        self.moved_to = moved_to
        self._words = description.lower()

    @property
    def is_not_modified(self) -> bool:
        """An edit that would change nothing: as good as done."""
        return "message is not modified" in self._words

    @property
    def is_markup(self) -> bool:
        """The HTML of the text was not understood: plain text will pass."""
        return "can't parse entities" in self._words

    @property
    def is_gone(self) -> bool:
        """The message to edit or delete is not there or is out of reach: forget it."""
        gone = ("message to edit not found", "message to delete not found", "message can't be", "message_id_invalid")
        return any(words in self._words for words in gone)

    @property
    def is_blocked(self) -> bool:
        """Nothing can be sent to that chat now: blocked, kicked, never started, or no such chat."""
        return self.status == 403 or "chat not found" in self._words

    @property
    def is_too_late(self) -> bool:
        """The press was answered already or is too old to be answered."""
        return "query is too old" in self._words or "query id is invalid" in self._words

    @property
    def is_too_long(self) -> bool:
        """The text, the caption or the keyboard is over Telegram's limit."""
        return "too long" in self._words or "too_long" in self._words


class Unauthorized(Refused):
    """The token is not valid (any more)."""

    code = "telegram_unauthorized"

    def __init__(self, method: str, status: int, description: str) -> None:
        super().__init__(method, status, description, hint="Take the bot's token from @BotFather and set it again.")


class Conflict(Refused):
    """Somebody else polls with the same token, or a webhook is set."""

    code = "telegram_conflict"

    def __init__(self, method: str, status: int, description: str) -> None:
        hint = "Another program uses this bot's token: stop it, or make a bot of its own for it."
        super().__init__(method, status, description, hint=hint)


class Unreachable(TelegramError):
    """No usable answer. `maybe_delivered` is False only where Telegram cannot have seen the call."""

    code = "telegram_unreachable"

    def __init__(self, method: str, reason: str, *, maybe_delivered: bool) -> None:
        super().__init__(
            method, f"no answer from Telegram ({reason})", "Vanka goes on trying; check the network or proxy."
        )
        self.reason = reason
        self.maybe_delivered = maybe_delivered
