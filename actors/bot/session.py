"""What is remembered of a chat: its live panel, what it shows, what may be pressed there, what it waits for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from actors.bot.links import Link, parse
from actors.bot.screen import HOME
from runtime.store import Store
from runtime.table import Table


@dataclass(frozen=True)
class Waiting:
    """A screen waits until `until` (Unix time) for something that `user` types; who gives up comes to `back`."""

    to: Link
    user: int
    until: float
    secret: bool = False
    document: bool = False
    back: Link = HOME


@dataclass(frozen=True)
class Session:
    """One chat. `offered` holds the data of the acting buttons that may be pressed, until `offered_until` (Unix time).

    `seen` is the last update that had an effect: one that comes in again is not done again. `form` holds the answers
    given so far, never a secret. `live`: the page is drawn again by itself. `secret`: it shows one. `title`: a group's.
    """

    chat: int
    panel: int | None = None
    place: Link = HOME
    nonce: str = ""
    offered: tuple[str, ...] = ()
    offered_until: float | None = None
    waiting: Waiting | None = None
    form: Mapping[str, str] = field(default_factory=dict)
    seen: int = 0
    live: bool = False
    secret: bool = False
    user: int = 0
    title: str = ""


def sessions(store: Store) -> Table[Session]:
    """The table of chats, by chat number."""
    return Table(store, "chat", schema=1, encode=_encode, decode=_decode)


def _encode(session: Session) -> dict[str, Any]:
    waiting = session.waiting
    return {
        "chat": session.chat,
        "panel": session.panel,
        "place": session.place.place.data(),
        "nonce": session.nonce,
        "offered": list(session.offered),
        "offered_until": session.offered_until,
        "waiting": None
        if waiting is None
        else {
            **{name: getattr(waiting, name) for name in ("user", "until", "secret", "document")},
            "to": waiting.to.data(),
            "back": waiting.back.place.data(),
        },
        "form": dict(session.form),
        "seen": session.seen,
        "live": session.live,
        "secret": session.secret,
        "user": session.user,
        "title": session.title,
    }


def _decode(plain: dict[str, Any]) -> Session:
    waiting = plain["waiting"]
    if waiting is not None:
        to = parse(waiting["to"])
        back = parse(waiting.get("back", "")) or HOME
        waiting = None if to is None else Waiting(**{**waiting, "to": to, "back": back})
    return Session(
        **{
            **plain,
            "place": parse(plain["place"]) or HOME,
            "offered": tuple(plain["offered"]),
            "waiting": waiting,
        }
    )
