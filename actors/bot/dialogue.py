"""One step of a conversation, whatever front it happens in: who did what, and what the chat is to show then."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from actors.bot.keyboard import Keyboard
from actors.bot.links import Link
from actors.bot.render import Shown, render
from actors.bot.rights import Role, may
from actors.bot.screen import HOME, INPUT_S, Choice, File, Page, Person, Reply, Screen, Tell, Visit
from actors.bot.seen import SeenErrors
from actors.bot.session import Session, Waiting
from actors.bot.shelf import Shelf
from actors.bot.standing import Standing
from actors.bot.texts import Html, Language, Words, as_language, join, language_for
from actors.control import Control
from actors.errors import VankaError
from runtime.clock import Clock
from runtime.errors import KernelError
from runtime.log import get

if TYPE_CHECKING:
    from actors.bot.access import Access
    from actors.sandbox import Sandbox

log = get("actors.bot")
NONCE_BYTES = 6


@dataclass(frozen=True)
class Show:
    """Draw a screen. `note` stands above it."""

    place: Link
    note: Html | None = None


@dataclass(frozen=True)
class Act:
    """A button that acts was pressed, and its nonce was good."""

    link: Link


@dataclass(frozen=True)
class Typed:
    """What the page was waiting for."""

    to: Link
    text: str


@dataclass(frozen=True)
class Again:
    """Draw the page once more as it is: it is live."""


@dataclass(frozen=True)
class Told:
    """A command, done by `how`."""

    how: Callable[[Visit], Reply]


Step = Show | Act | Typed | Again | Told


@dataclass(frozen=True)
class Turn:
    """What came of a step: the chat as it is now, what the panel is to show, what is to be sent beside it."""

    session: Session
    shown: Shown
    files: tuple[File, ...] = ()
    live_s: float | None = None
    tells: tuple[Tell, ...] = ()

    @property
    def text(self) -> str:
        """The panel's HTML."""
        return self.shown.text

    @property
    def keyboard(self) -> Keyboard:
        """The panel's buttons."""
        return self.shown.keyboard


class Dialogue:
    """Walks the screens. Blocks as long as the service does: called in a job's thread, several chats at once."""

    def __init__(
        self,
        control: Control,
        access: Access,
        screens: Mapping[str, Screen],
        clock: Clock,
        *,
        language: Language | None = None,
        bot_name: Callable[[], str] = lambda: "",
        sandbox: Sandbox | None = None,
    ) -> None:
        self.access = access
        self._control = control
        self._standing = Standing(control, clock)
        self._shelf = Shelf(clock)
        self._seen = SeenErrors()
        self._screens = screens
        self._clock = clock
        self.language = language
        self._bot_name = bot_name
        self._sandbox = sandbox

    def words(self, person: Person) -> Words:
        """The words for a person: as chosen, else by setting, else as their client says (or said, when it does not)."""
        if not person.id:  # a terminal tells the language that was chosen there
            return Words(as_language(person.language_code) or self.language or "ru")
        chosen = as_language(self.access.language(person.id)) or self.language
        if chosen is None and not person.language_code:
            chosen = as_language(self.access.telling_language(person.id))
        return Words(chosen or language_for(person.language_code))

    def screen(self, link: Link) -> Screen | None:
        """The screen of a link, None for one that does not exist."""
        return self._screens.get(link.screen)

    def forbids(self, link: Link, role: Role | None, private: bool) -> str | None:
        """Why this person may not follow the link here: the key of the words for it; None: they may."""
        screen = self._screens.get(link.screen)
        if screen is None:
            return "t_stale"
        if not may(role, screen.act_right if link.act else screen.right):
            return "t_not_allowed"
        return "t_private_only" if screen.private and not private else None

    def step(self, session: Session, person: Person, role: Role, private: bool, step: Step) -> Turn:
        """The next state of the chat. Raises nothing that a VankaError stands for: that is shown in words."""
        words = self.words(person)
        visit = Visit(
            control=self._control,
            standing=self._standing,
            shelf=self._shelf,
            access=self.access,
            person=person,
            role=role,
            words=words,
            now=self._clock.now(),
            chat=session.chat,
            private=private,
            place=session.place,
            form=dict(session.form),
            bot_name=self._bot_name(),
            title=session.title,
            seen=self._seen,
            sandbox=self._sandbox,
        )
        reply = self._reply(visit, step)
        visit = replace(visit, words=self.words(person))  # the language may be another one now
        if reply.form is not None:
            visit = replace(visit, form=dict(reply.form))
        place = reply.to or (step.to.place if isinstance(step, Typed) and reply.page is None else visit.place)
        if isinstance(step, Act) and reply.to is None:
            place = step.link.place
        page, place, note = self._page(replace(visit, place=place), reply)
        turn = self._turn(session, visit, step, page, place, note, reply.files)
        return replace(turn, tells=reply.tells)

    def _reply(self, visit: Visit, step: Step) -> Reply:
        match step:
            case Show(place, note):
                return Reply(to=place, note=note)
            case Again():
                return Reply(to=visit.place)
            case Told(how):
                return self._guarded(lambda: how(visit), visit, visit.place)
            case Act(link):
                screen = self._screens[link.screen]
                there = replace(visit, place=link)
                return self._guarded(lambda: screen.act(there), visit, link.place)
            case Typed(to, text):
                screen = self._screens[to.screen]
                there = replace(visit, place=to)
                return self._guarded(lambda: screen.typed(there, text), visit, to.place)

    def _guarded(self, work: Callable[[], Reply], visit: Visit, place: Link) -> Reply:
        """What the work answers; the place where it was, with a note, when it could not be done."""
        try:
            return work()
        except VankaError as error:
            return Reply(to=place, note=visit.words.error(error))
        except KernelError as error:
            log.warning("the chat could not do what was asked", exc_info=error)
            return Reply(to=place, note=visit.words("error_kernel", error=str(error)))

    def _page(self, visit: Visit, reply: Reply) -> tuple[Page, Link, Html | None]:
        """The page to show and where it is; home, when what was asked for cannot be shown (any more)."""
        if reply.page is not None:
            return reply.page, visit.place, reply.note
        note = reply.note
        for place in (visit.place, HOME):
            screen = self._screens.get(place.screen)
            refused = self.forbids(place.place, visit.role, visit.private)
            if screen is None or refused is not None:
                note = join([note, visit.words(refused or "t_stale")])
                continue
            form = visit.form if screen.keeps_form else {}
            try:
                return screen.draw(replace(visit, place=place.place, form=form)), place.place, note
            except (VankaError, KernelError) as error:
                told = (
                    visit.words.error(error)
                    if isinstance(error, VankaError)
                    else visit.words("error_kernel", error=error)
                )
                note = join([note, told])
        return Page((visit.words.label("menu"),), Html(""), back=None), HOME, note

    def _turn(
        self,
        session: Session,
        visit: Visit,
        step: Step,
        page: Page,
        place: Link,
        note: Html | None,
        files: tuple[File, ...],
    ) -> Turn:
        again = isinstance(step, Again)
        nonce = session.nonce if again and session.nonce else _nonce()
        rows = tuple(tuple(choice for choice in row if self._drawn(choice, visit)) for row in page.rows)
        shown = render(replace(page, rows=rows), visit.words, nonce, note)
        now = visit.now.timestamp()
        screen = self._screens.get(place.screen)
        kept: dict[str, Any] = {}
        if not again:
            kept["offered_until"] = None if page.life_s is None else now + page.life_s
        expects = page.expects
        waiting = None
        if expects is not None:
            until = (visit.now + timedelta(seconds=INPUT_S)).timestamp()
            back = page.cancel or page.back or HOME
            waiting = Waiting(expects.to, visit.person.id, until, expects.secret, expects.document, back)
        session = replace(
            session,
            place=place,
            nonce=nonce,
            offered=shown.offered,
            waiting=waiting,
            form=visit.form if (screen is not None and screen.keeps_form) else {},
            live=page.live_s is not None,
            secret=page.secret,
            user=visit.person.id,
            **kept,
        )
        return Turn(session, shown, files, page.live_s)

    def _drawn(self, choice: Choice, visit: Visit) -> bool:
        """Buttons that this person may not press, or that lead nowhere, are not drawn."""
        if choice.to is None:
            return True
        screen = self._screens.get(choice.to.screen)
        personal = screen is not None and screen.personal and not visit.chat
        return not personal and self.forbids(choice.to, visit.role, visit.private) is None


def _nonce() -> str:
    letters = "0123456789abcdefghijklmnopqrstuvwxyz"
    return "".join(secrets.choice(letters) for _ in range(NONCE_BYTES))
