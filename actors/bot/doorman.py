"""Who is let in: strangers get one polite line and then silence; the administrator is asked once; pairing."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

from actors.bot import commands
from actors.bot.dialogue import Dialogue
from actors.bot.keyboard import Button
from actors.bot.links import Link
from actors.bot.orders import AnswerPress, Order, SendText
from actors.bot.rights import Role
from actors.bot.screen import Person
from actors.bot.texts import Words, as_language, language_for
from actors.bot.wire import MessageIn, PressIn
from runtime.clock import Clock
from runtime.log import get

log = get("actors.bot.audit")
SILENCE_S = 600.0
MAX_STRANGERS = 1000
MAX_ASKED = 10  # in an hour: the administrator's chat must not be flooded by strangers
ASKED_S = 3600.0
INVITATION = "inv_"


class Doorman:
    """Kept by the Bot actor; its methods run in that actor's turns."""

    def __init__(self, dialogue: Dialogue, tell: Callable[[Order], None], clock: Clock) -> None:
        self._dialogue = dialogue
        self._access = dialogue.access
        self._tell = tell
        self._clock = clock
        self._told: OrderedDict[int, float] = OrderedDict()
        self._asked: OrderedDict[int, float] = OrderedDict()

    def admits(self, update: MessageIn | PressIn, person: Person) -> Role | None:
        """The person's role; None for who may not in, who was told so then where that is due."""
        role = self._access.role(person.id) if person.id > 0 else None  # a group is told things, it does nothing
        if role is not None:
            self._access.met(person.id, person.name, language_for(person.language_code))
            return role
        words = self._dialogue.words(person)
        if isinstance(update, PressIn):
            log.warning("a stranger pressed a button", user=person.id, chat=update.chat_id)
            self._tell(AnswerPress(update.callback_id, words.label("t_not_allowed")))
            return None
        if update.chat_type != "private" or self._access.is_blocked(person.id):
            return None
        if self._code_accepted(update.text.strip(), person):
            return self._access.role(person.id)
        self._turn_away(update, person, words)
        return None

    def _code_accepted(self, text: str, person: Person) -> bool:
        command = commands.parse(text, "")
        word = command.args[0] if command is not None and command.name == "start" and command.args else text
        if word.startswith(INVITATION):
            return self._access.accept(word.removeprefix(INVITATION), person.id, person.name) is not None
        return bool(word) and len(word) <= 64 and self._access.pair(word, person.id, person.name)

    def _turn_away(self, update: MessageIn, person: Person, words: Words) -> None:
        now = self._clock.monotonic()
        last = self._told.get(person.id)
        if last is not None and now - last < SILENCE_S:
            return
        self._told[person.id] = now
        self._told.move_to_end(person.id)
        while len(self._told) > MAX_STRANGERS:
            self._told.popitem(last=False)
        admins = self._access.admins()
        if not admins:
            self._tell(SendText(update.chat_id, words("first_run")))
            return
        log.warning("a stranger wrote", user=person.id)
        copy = Button(words.label("b_copy_id"), copy=str(update.chat_id))
        self._tell(SendText(update.chat_id, words("stranger", chat=update.chat_id), ((copy,),)))
        self._ask(person, tuple(admins), now)

    def _ask(self, person: Person, admins: tuple[int, ...], now: float) -> None:
        recent = [at for at in self._asked.values() if now - at < ASKED_S]
        if person.id in self._asked or len(recent) >= MAX_ASKED or person.id <= 0:
            return
        self._asked[person.id] = now
        self._access.asks_in(person.id, person.name, language_for(person.language_code))
        while len(self._asked) > MAX_STRANGERS:
            self._asked.popitem(last=False)
        for admin in admins:
            words = Words(as_language(self._access.telling_language(admin)) or "ru")
            rows = tuple(
                (Button(words.label(f"b_stranger_{choice}"), data=Link("U1", person.id, choice).data()),)
                for choice in ("operator", "viewer", "block")
            )
            text = words("stranger_wants_in", name=person.name or person.id, user=person.id)
            self._tell(SendText(admin, text, rows, silent=False, key=f"stranger:{person.id}:{admin}"))
