"""Screen protocol: parent, title, draw, press. Screens are plain values, drawn by every front alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from actors.bot.keyboard import Style
from actors.bot.links import Link
from actors.bot.rights import Right, Role, may
from actors.bot.seen import SeenErrors
from actors.bot.shelf import Shelf
from actors.bot.standing import Standing
from actors.bot.texts import Html, Words
from actors.control import Control, ProjectStatus
from actors.model.project import Project

if TYPE_CHECKING:
    from actors.bot.access import Access
    from actors.sandbox import Sandbox

HOME = Link("M0")
CONFIRM_S = 60.0  # how long a question about something destructive stands
INPUT_S = 600.0  # how long a screen waits for what is to be typed
LIVE_S = 3.0  # a page that shows progress is drawn again after so long


@dataclass(frozen=True, slots=True)
class Choice:
    """A button of a page: what stands on it, and where it leads, or what it opens or copies."""

    label: str
    to: Link | None = None
    url: str | None = None
    copy: str | None = None
    style: Style | None = None


Rows = tuple[tuple[Choice, ...], ...]


@dataclass(frozen=True)
class Expect:
    """The page waits for something typed; it goes to the screen `to`. `secret`: the message is deleted once read."""

    to: Link
    secret: bool = False
    document: bool = False


@dataclass(frozen=True)
class Page:
    """What a screen shows. `crumbs` are plain text, `text` is HTML, `rows` are the buttons above the last row.

    `back` None: no way back is drawn (the main menu). `cancel`: it leads there instead of to the menu.
    `life_s`: after so long its acting buttons do nothing any more. `live_s`: it is drawn again after so long.
    `secret`: its message is removed, not only left without buttons, when another one becomes the panel.
    """

    crumbs: tuple[str, ...]
    text: Html
    rows: Rows = ()
    back: Link | None = HOME
    cancel: Link | None = None
    expects: Expect | None = None
    life_s: float | None = None
    live_s: float | None = None
    secret: bool = False


@dataclass(frozen=True)
class File:
    """Something to send beside the panel."""

    name: str
    content: bytes
    caption: str = ""
    kind: Literal["document", "photo"] = "document"


@dataclass(frozen=True)
class Tell:
    """A new message, to the same chat or another one: `text` is HTML, `rows` lead to screens."""

    chat: int
    text: Html
    rows: Rows = ()
    silent: bool = False


@dataclass(frozen=True)
class Reply:
    """What an act or a typed text leads to: another screen, or this page; with a note above it and a form to keep."""

    to: Link | None = None
    page: Page | None = None
    note: Html | None = None
    form: Mapping[str, str] | None = None
    files: tuple[File, ...] = ()
    tells: tuple[Tell, ...] = ()


@dataclass(frozen=True)
class Person:
    """Who presses or writes."""

    id: int
    name: str
    language_code: str = ""


@dataclass(frozen=True)
class Visit:
    """Everything a screen may use: who looks, at what, in which words. Made anew for each press."""

    control: Control
    standing: Standing
    shelf: Shelf
    access: Access
    person: Person
    role: Role
    words: Words
    now: datetime
    chat: int
    private: bool
    place: Link
    form: Mapping[str, str] = field(default_factory=dict)
    bot_name: str = ""
    title: str = ""  # of the group, where it is one
    seen: SeenErrors = field(default_factory=SeenErrors)
    sandbox: Sandbox | None = None  # None: strangers' code cannot be run here

    @property
    def asked_by(self) -> str:
        """How a deployment's record names this person."""
        return f"telegram:{self.person.id}" if self.chat else f"chat:{self.person.name or 'terminal'}"

    def may(self, right: Right) -> bool:
        """Whether this person has the right."""
        return may(self.role, right)

    def project(self) -> Project:
        """The project that the place names; raises NoSuchProject."""
        return self.control.project_by_no(self.place.no)

    def status(self) -> ProjectStatus:
        """How that project stands; raises NoSuchProject."""
        return self.control.status(self.project().name)

    def deep_link(self, payload: str) -> str | None:
        """A link into the private chat with the bot; None where there is no bot."""
        return f"https://t.me/{self.bot_name}?start={payload}" if self.bot_name else None


class Screen:
    """One screen. `id` is the first part of its buttons' data; all methods run in a job's thread and may raise.

    A VankaError is shown to the person in words; the screen stays as it was.
    """

    id: str
    right: Right = Right.SEE
    act_right: Right = Right.RUN
    private: bool = False  # only in a private chat
    personal: bool = False  # of one Telegram account: not in a terminal
    keeps_form: bool = False  # a step of a form: what was answered so far is kept
    standing: bool = False  # its act changes nothing: a notice's button may do it

    def draw(self, visit: Visit) -> Page:
        """What it shows now."""
        raise NotImplementedError

    def act(self, visit: Visit) -> Reply:
        """A button with a nonce was pressed; `visit.place.arg` says which."""
        raise NotImplementedError

    def typed(self, visit: Visit, text: str) -> Reply:
        """What the page was waiting for came in (a file's content for a page that takes one)."""
        raise NotImplementedError


def go(label: str, screen: str, no: int = 0, arg: str = "", style: Style | None = None) -> Choice:
    """A button that shows a screen."""
    return Choice(label, Link(screen, no, arg), style=style)


def do(label: str, screen: str, no: int = 0, arg: str = "", style: Style | None = None) -> Choice:
    """A button that acts, once."""
    return Choice(label, Link(screen, no, arg, act=True), style=style)


def grid(choices: list[Choice], width: int = 2) -> Rows:
    """The choices in rows of that width."""
    return tuple(tuple(choices[start : start + width]) for start in range(0, len(choices), width))
