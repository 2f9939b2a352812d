"""What the outbox is asked to send, as plain values; frozen, and none of them waits for an answer.

A notice's buttons only lead to screens: `Button(label, data=Link("S1", project.no).data())` (see `links`): S1 state,
S2 log (arg `d<id>`: a deployment's), R4 a finished test's decision, R5 deploy, B1 versions, P1 the project's card,
U1 (number: the user's) who asks to be let in. Roles and rights are in `rights`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from actors.bot.keyboard import Keyboard
from actors.bot.telegram import CommandHint
from runtime.address import Address


@dataclass(frozen=True)
class ShowPanel:
    """Let the chat's live panel show this: `message_id` is edited in place, or a new message is sent (None).

    A panel that cannot be edited any more is sent anew. Only the newest waiting one of a message counts, for a panel
    is a picture and no message. `reply_to` is told PanelShown when it stands, PanelLost when it was given up. Always
    silent.
    """

    chat: int
    text: str
    keyboard: Keyboard = ()
    message_id: int | None = None
    reply_to: Address[Any] | None = None


@dataclass(frozen=True)
class PanelShown:
    """The answer to ShowPanel: the number of the message that holds the panel now.

    `replaced` is the message that was to be edited and is gone, None when it was edited.
    """

    chat: int
    message_id: int
    replaced: int | None = None


@dataclass(frozen=True)
class PanelLost:
    """The answer to ShowPanel when nobody knows whether it stands, or when it was refused: it is not tried again.

    `message_id` is the message that was to be edited, None for a new one.
    """

    chat: int
    message_id: int | None = None


@dataclass(frozen=True)
class AnswerPress:
    """Answer a press, before everything else; `text` is a toast of up to 200 characters."""

    callback_id: str
    text: str = ""
    alert: bool = False


@dataclass(frozen=True)
class SendText:
    """A new message. One with the same `key` that still waits is replaced by it."""

    chat: int
    text: str
    keyboard: Keyboard = ()
    silent: bool = True
    key: str | None = None


@dataclass(frozen=True)
class SendFile:
    """A file, or a picture, with an HTML caption."""

    chat: int
    name: str
    content: bytes
    caption: str = ""
    kind: Literal["document", "photo"] = "document"


@dataclass(frozen=True)
class DeleteMessage:
    """Remove a message: the old panel, or what a user sent and nobody is to read. Soon, for it may hold a secret."""

    chat: int
    message_id: int


@dataclass(frozen=True)
class DropKeyboard:
    """Take the buttons from a message of ours; that it is gone does not matter."""

    chat: int
    message_id: int


@dataclass(frozen=True)
class SetCommands:
    """The list that clients show for `/`: for one language or all others, for one chat or everybody."""

    commands: tuple[CommandHint, ...]
    language_code: str | None = None
    chat: int | None = None


Order = ShowPanel | AnswerPress | SendText | SendFile | DeleteMessage | DropKeyboard | SetCommands
