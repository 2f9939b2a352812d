"""From what came in to the step that it means: commands, deep links, presses, typed texts. Decides, never waits."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from actors.bot import commands
from actors.bot.dialogue import Act, Dialogue, Show, Step, Typed
from actors.bot.links import STANDING, Link, parse
from actors.bot.rights import Role
from actors.bot.screen import HOME, Person
from actors.bot.session import Session
from actors.bot.texts import Words
from actors.bot.wire import Document, MessageIn, PressIn
from runtime.log import get

log = get("actors.bot.audit")
MAX_TYPED = 8192
_SECRETS = (  # what is not left in the chat, whatever was asked for
    re.compile(r"://[^/\s@]+@"),  # a link that holds a token
    re.compile(r"^(?:/set\S*\s+\S+\s+)?(?:export\s+)?[^\s=/?&]+\s*=", re.IGNORECASE),  # a value beside its name
    re.compile(r"^/set\S*\s+\S+\s+\S+\s+\S", re.IGNORECASE),  # a value after the name
)


@dataclass(frozen=True)
class Routed:
    """What an update means. `fresh`: the panel is to stand at the end of the chat. `toast` answers a press.

    `step` None: nothing is to be done. `document` is to be loaded first. `effect`: it must not be done twice.
    """

    step: Step | None
    session: Session
    toast: str = ""
    fresh: bool = False
    effect: bool = False
    delete: int | None = None
    document: Document | None = None


def person(update: MessageIn | PressIn) -> Person:
    """Who it came from."""
    return Person(update.user_id, update.user_name, update.language_code)


def press(dialogue: Dialogue, session: Session, update: PressIn, role: Role, words: Words, now: float) -> Routed:
    """A press: a screen is shown at once, an act only with a nonce that the panel offers at this moment."""
    private = update.chat_type == "private"
    # without a panel one is on its way, perhaps the very one that was pressed: what it offers proves that
    fresh = session.panel is not None and update.message_id != session.panel and update.data not in session.offered
    if session.panel is None and update.data in session.offered:
        session = replace(session, panel=update.message_id)
    link = parse(update.data)
    if link is None or dialogue.screen(link) is None:
        return Routed(Show(session.place), session, words.label("t_stale"), fresh)
    refused = dialogue.forbids(link, role, private)
    if refused is not None:
        log.warning("a press was refused", user=update.user_id, chat=update.chat_id, screen=link.screen, reason=refused)
        return Routed(Show(session.place), session, words.label(refused), fresh)
    if not link.act:
        return Routed(Show(link), replace(session, waiting=None), "", fresh)
    if is_standing(dialogue, link):
        return Routed(Act(link), replace(session, waiting=None, seen=update.update_id), "", fresh, effect=True)
    if update.data not in session.offered:
        return Routed(Show(_calm(session, link)), session, words.label("t_already"), fresh)
    if session.offered_until is not None and now > session.offered_until:
        return Routed(Show(session.place), session, words.label("t_expired"), fresh)
    used = replace(session, nonce="", offered=(), waiting=None, seen=update.update_id)
    return Routed(Act(link), used, "", effect=True)


def is_used(dialogue: Dialogue, session: Session, data: str) -> bool:
    """Whether a press acts and its nonce is not on offer (any more): what it wants is done already, or under way."""
    link = parse(data)
    return link is not None and link.act and data not in session.offered and not is_standing(dialogue, link)


def is_standing(dialogue: Dialogue, link: Link) -> bool:
    """Whether a notice's button may do it: it changes nothing."""
    screen = dialogue.screen(link)
    return link.nonce == STANDING and screen is not None and screen.standing


def _calm(session: Session, link: Link) -> Link:
    """Where to look after a press that came too late: where the chat is, if it is on that screen or another."""
    return session.place if session.place.screen == link.screen or session.place != HOME else link.place


def message(session: Session, update: MessageIn, words: Words, now: float, bot_name: str) -> Routed | None:
    """A message of somebody known; None for what is not meant for us (talk in a group)."""
    text = update.text.strip()
    waiting = session.waiting if session.waiting is not None and session.waiting.user == update.user_id else None
    command = commands.parse(text, bot_name)
    if command is not None and (waiting is None or commands.known(command)):
        cleared = replace(session, waiting=None, seen=update.update_id)
        if command.name == "cancel":
            return Routed(Show(session.place if session.waiting is None else session.waiting.back), cleared, fresh=True)
        delete = update.message_id if _is_secret(text) else None
        return Routed(commands.step(command), cleared, fresh=True, effect=True, delete=delete)
    if waiting is None and text.startswith("/"):
        return None  # for another bot of the group
    if waiting is not None:
        cleared = replace(session, waiting=None, seen=update.update_id)
        delete = update.message_id if waiting.secret or _is_secret(text) else None
        if now > waiting.until:
            return Routed(Show(waiting.back, words("t_input_expired")), cleared, fresh=True, delete=delete)
        document = update.document if waiting.document else None
        if not text and document is None:
            return Routed(Show(session.place), cleared, fresh=True, delete=delete)  # a sticker, a file nobody wants
        typed = Typed(waiting.to, update.text[:MAX_TYPED])
        return Routed(typed, cleared, fresh=True, effect=True, delete=delete, document=document)
    if update.chat_type != "private":
        return None
    return Routed(commands.search(text), replace(session, seen=update.update_id), fresh=True)


def _is_secret(text: str) -> bool:
    """Whether a message holds what nobody is to read later."""
    return any(pattern.search(text) for pattern in _SECRETS)
