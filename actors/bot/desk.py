"""The service's side of `vanka chat`: the same screens as in Telegram, as text with numbered buttons."""

from __future__ import annotations

import base64
import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from actors.bot import commands
from actors.bot.dialogue import Act, Again, Dialogue, Show, Step, Turn, Typed
from actors.bot.links import parse
from actors.bot.rights import Role
from actors.bot.screen import Person
from actors.bot.session import Session
from actors.bot.texts import as_language, plain
from actors.errors import BadUsage
from runtime.clock import Clock

MOST = 50
MAX_INPUT = 64 * 1024
TERMINAL = 0  # the number of the terminal's chat and person: no Telegram account has it


@dataclass
class _Seat:
    """One terminal."""

    session: Session = field(default_factory=lambda: Session(TERMINAL))
    labels: tuple[tuple[str, str], ...] = ()  # what may be pressed: label and data
    language: str = ""
    lock: threading.Lock = field(default_factory=threading.Lock)


class ChatDesk:
    """Terminals at this service; whoever may open the control socket is an administrator. Any thread; blocks."""

    def __init__(self, dialogue: Dialogue, clock: Clock) -> None:
        self._dialogue = dialogue
        self._clock = clock
        self._seats: OrderedDict[str, _Seat] = OrderedDict()
        self._lock = threading.Lock()

    def request(self, args: Mapping[str, Any], asked_by: str) -> dict[str, Any]:
        """One step: `session` names the terminal, `input` is what was typed there (None: just look).

        Gives `text`, `buttons` (rows of `{number, label}`), `files`, and whether the next input is `secret` or the
        page is `live`. Raises BadUsage.
        """
        name, typed = args.get("session"), args.get("input")
        if not isinstance(name, str) or not 0 < len(name) <= 64:
            raise BadUsage("session is missing")
        if typed is not None and (not isinstance(typed, str) or len(typed) > MAX_INPUT):
            raise BadUsage("input is not a text")
        seat = self._seat(name)
        with seat.lock:
            if not seat.language:
                seat.language = as_language(str(args.get("language"))) or "en"
            return self._turn(seat, typed, asked_by)

    def _seat(self, name: str) -> _Seat:
        with self._lock:
            seat = self._seats.setdefault(name, _Seat())
            self._seats.move_to_end(name)
            while len(self._seats) > MOST:
                self._seats.popitem(last=False)
            return seat

    def _turn(self, seat: _Seat, typed: str | None, asked_by: str) -> dict[str, Any]:
        step, note = self._step(seat, typed)
        if step is None:
            step = Show(seat.session.place)
        person = Person(TERMINAL, asked_by.partition(":")[2], seat.language)
        turn = self._dialogue.step(seat.session, person, Role.ADMIN, True, step)
        seat.session = turn.session
        return self._shown(seat, turn, note)

    def _step(self, seat: _Seat, typed: str | None) -> tuple[Step | None, str]:
        """What the input means, and a word to the person."""
        session, now = seat.session, self._clock.now().timestamp()
        words = self._dialogue.words(Person(TERMINAL, "", seat.language))
        text = (typed or "").strip()
        if typed is None or not text:
            return (Again() if typed is not None else Show(session.place)), ""
        command, waiting = commands.parse(text, ""), session.waiting
        if command is not None and (waiting is None or commands.known(command)):
            seat.session = replace(session, waiting=None)
            if command.name == "cancel":
                return Show(session.place if waiting is None else waiting.back), ""
            language = as_language(command.args[0]) if command.name == "lang" and command.args else None
            if language is not None:
                seat.language = language
                return Show(session.place), ""
            return commands.step(command), ""
        if waiting is not None and not self._is_button(seat, text):
            seat.session = replace(session, waiting=None)
            if now > waiting.until:
                return Show(waiting.back), words.label("t_input_expired")
            number = text[:1] == "." and text[1:].isdecimal()
            return Typed(waiting.to, text[1:] if number else typed if waiting.secret else text), ""
        if not self._is_button(seat, text):
            return commands.search(text), ""
        return self._pressed(seat, seat.labels[int(text) - 1][1], now)

    def _pressed(self, seat: _Seat, data: str, now: float) -> tuple[Step | None, str]:
        session = seat.session
        words = self._dialogue.words(Person(TERMINAL, "", seat.language))
        link = parse(data)
        refused = "t_stale" if link is None else self._dialogue.forbids(link, Role.ADMIN, True)
        if link is None or refused is not None:
            return None, words.label(refused or "t_stale")
        if not link.act:
            seat.session = replace(session, waiting=None)
            return Show(link), ""
        if data not in session.offered:
            return None, words.label("t_already")
        if session.offered_until is not None and now > session.offered_until:
            return None, words.label("t_expired")
        seat.session = replace(session, nonce="", offered=(), waiting=None)
        return Act(link), ""

    def _is_button(self, seat: _Seat, text: str) -> bool:
        """A number presses a button; where something is to be typed, `5` presses and `.5` types a 5."""
        return text.isascii() and text.isdecimal() and len(text) < 4 and 1 <= int(text) <= len(seat.labels)

    def _shown(self, seat: _Seat, turn: Turn, note: str) -> dict[str, Any]:
        rows: list[list[dict[str, Any]]] = []
        pressable: list[tuple[str, str]] = []
        for row in turn.keyboard:
            drawn = []
            for button in row:
                if button.data is not None:
                    pressable.append((button.label, button.data))
                    drawn.append({"number": len(pressable), "label": button.label})
            if drawn:
                rows.append(drawn)
        seat.labels = tuple(pressable)
        waiting = turn.session.waiting
        text = plain(turn.text)
        return {
            "text": f"{note}\n\n{text}" if note else text,
            "buttons": rows,
            "files": [
                {"name": it.name, "content": base64.b64encode(it.content).decode(), "caption": plain(it.caption)}
                for it in turn.files
            ],
            "secret": waiting is not None and waiting.secret,
            "live": turn.live_s is not None,
        }
