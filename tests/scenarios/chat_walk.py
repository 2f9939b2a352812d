"""Everybody's walk through the chat: people who see every screen and press every button once."""

from __future__ import annotations

import re
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from actors.bot.links import Link, parse
from tests.fakes.botapi import BotApiServer, Message, Press, User
from tests.scenarios.lived import FIRST, PEOPLE
from tests.scenarios.reading import OURS, faults
from tests.scenarios.service import eventually

WALKERS = 4
PATIENCE_S = 15.0
DIFFERS = ("P1", "S1", "R1", "R3", "R3x", "R4", "R4x", "R5", "B1", "N1p")  # these depend on what became of the project
LISTS = ("P0", "R0", "B0", "C0", "I0", "S0", "N1", "J0", "X1", "X4")  # one page of each looks like the others
# these change what other screens show, or take away what they need; the bot itself last
LATE = ("C2d", "C2t", "R4", "R3", "R3x", "R4x", "P1s", "P1r", "X1r", "X0r")
HARMLESS = ("remind", "more")


class Walk:
    """Several people at once: shows every screen that a button leads to, then presses every button that acts."""

    def __init__(self, telegram: BotApiServer, language: str, names: list[str]) -> None:
        self.telegram, self.language = telegram, language
        self.names = (*names, *(f"user{FIRST + number}" for number in range(PEOPLE)))
        self.people: deque[User] = deque(telegram.user(FIRST + number, language) for number in range(PEOPLE))
        self.lock = threading.Lock()
        self.read: list[str] = []
        self.wrong: list[str] = []
        self.screens: set[str] = set()
        self.acts: dict[tuple[str, str], tuple[str, str]] = {}
        self.pressed: set[tuple[str, str]] = set()
        self.errors: list[BaseException] = []

    def gather(self) -> None:
        """Everybody opens the menu."""
        for person in self.people:
            person.writes("/start")
        for person in self.people:
            person.wait_for(lambda it: panel(it), 30)

    def sees_everything(self) -> None:
        """Follow every button that leads to a screen, each kind of screen once a kind of project."""
        seen: set[tuple[Any, ...]] = {kind("M0:::")}
        todo: deque[str] = deque(["M0:::"])
        busy = [0]

        def visit(person: User) -> bool:
            with self.lock:
                data = todo.popleft() if todo else None
                busy[0] += data is not None
            if data is None:
                return busy[0] > 0
            try:
                shown = self.goes(person, data)
                with self.lock:
                    self._note(data, shown, seen, todo)
            finally:
                with self.lock:
                    busy[0] -= 1
            return True

        self._together(visit)

    def _note(self, data: str, shown: Message, seen: set[tuple[Any, ...]], todo: deque[str]) -> None:
        for row in shown.keyboard:
            for button in row:
                link = parse(button.get("callback_data", ""))
                if link is None:
                    continue
                if link.act and (link.screen == "R4x" or (link.screen, form_of(link)) not in self.acts):
                    # two tests wait for a decision: one is promoted, the one that is found later is taken down
                    self.acts[link.screen, form_of(link)] = (data, link.arg)
                elif link.act:
                    continue
                elif is_of_interest(link) and kind(link.data()) not in seen:
                    seen.add(kind(link.data()))
                    todo.append(link.data())

    def presses_everything(self) -> None:
        """Press every button that acts, once; but those that change what other screens show."""
        early = deque(it for it in self.acts.items() if not _is_late(it[0]))

        def press(person: User) -> bool:
            with self.lock:
                found = early.popleft() if early else None
            if found is None:
                return False
            self._acts(person, *found)
            return True

        self._together(press)

    def presses_the_rest(self, prepare: Callable[[str], object]) -> None:
        """Deletes, stops, restarts, ends: one after the other, the bot itself last; each screen is prepared for it."""
        late = [it for it in self.acts.items() if _is_late(it[0])]
        for act, where in sorted(late, key=lambda it: (LATE.index(it[0][0]), it[0])):
            prepare(act[0])
            with self.somebody() as turn:
                self._acts(turn.user, act, where)

    def _acts(self, person: User, act: tuple[str, str], where: tuple[str, str]) -> None:
        data, arg = where
        shown = self.goes(person, data)
        if act == ("X2", "en" if self.language == "ru" else "ru"):
            return  # who presses that reads another language from then on: other tests do
        button = next((it for it in buttons(shown) if _is(it, act[0], arg)), None)
        if button is None:
            return  # what it was for has come to its end meanwhile; others of its kind are still there
        self._press(person, button["callback_data"], f"{data} → {button['text']}")
        with self.lock:
            self.pressed.add(act)

    # --- one step

    def goes(self, person: User, data: str) -> Message:
        """What the panel shows after a press that leads to a screen."""
        link = parse(data)
        assert link is not None
        with self.lock:
            self.screens.add(link.screen)
        return self._press(person, data, data)

    def _press(self, person: User, data: str, what: str) -> Message:
        before = state(person)
        press = person.presses_data(data, panel(person))
        self._settles(person, press, before, what)
        shown = panel(person)
        assert shown is not None
        with self.lock:
            self.read.append(f"— {what}{f' ({press.toast})' if press.toast else ''}\n{shown.text}\n{shown.labels}")
            self.wrong += [f"after {what}: {fault}" for fault in faults(shown, self.language, names=self.names)]
        return shown

    def presses(self, person: User, label: str) -> Message:
        """What the panel shows after a press on the button of that label."""
        shown = panel(person)
        assert shown is not None
        labels = [it for it in buttons(shown) if it["text"] == label] or [
            it for it in buttons(shown) if label in it["text"]
        ]
        assert len(labels) == 1, f"{label}: {shown.labels}"
        link = parse(labels[0]["callback_data"])
        assert link is not None
        with self.lock:
            self.screens.add(link.screen)
            self.pressed |= {(link.screen, form_of(link))} if link.act else set()
        return self._press(person, labels[0]["callback_data"], f"[{label}]")

    def types(self, person: User, text: str) -> Message:
        """What the panel shows after a text."""
        before = state(person)
        person.writes(text)
        eventually(lambda: state(person) != before and panel(person), f"an answer to {text!r}", PATIENCE_S)
        shown = panel(person)
        assert shown is not None
        with self.lock:
            self.read.append(f"✎ {text}\n{shown.text}\n{shown.labels}")
            self.wrong += [f"after {text!r}: {fault}" for fault in faults(shown, self.language, names=self.names)]
        return shown

    def reads(self, message: Message) -> None:
        """Read a message that came by itself."""
        with self.lock:
            self.read.append(f"✉ {message.text}\n{message.labels}")
            self.wrong += [f"a message: {fault}" for fault in faults(message, self.language, names=self.names)]

    def reads_the_notices(self) -> None:
        """Read all that one of the people was told."""
        for message in list(self.people[0].messages):
            if not OURS.match(message.text) and not (message.document or message.photo):
                self.reads(message)

    def _settles(self, person: User, press: Press, before: object, what: str) -> None:
        """The press is answered, and the panel is another picture (or there was a word why not)."""
        until = time.monotonic() + PATIENCE_S
        pause = threading.Event()
        while time.monotonic() < until:
            if press.answered is not None and (state(person) != before or press.toast):
                return
            pause.wait(0.005)
        if press.answered is None:
            raise AssertionError(f"{what} was not answered")

    # --- several at once

    def _together(self, step: Callable[[User], bool]) -> None:
        def work() -> None:
            try:
                going = True
                while going and not self.errors:
                    with self.somebody() as turn:
                        going = step(turn.user)
            except BaseException as error:
                self.errors.append(error)

        threads = [threading.Thread(target=work) for _ in range(WALKERS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if self.errors:
            raise self.errors[0]

    def somebody(self) -> Turn:
        """Whose turn it is: who walked longest ago."""
        return Turn(self)


class Turn:
    """Somebody's turn."""

    def __init__(self, walk: Walk) -> None:
        self._walk = walk

    def __enter__(self) -> Turn:
        with self._walk.lock:
            self.user = self._walk.people.popleft()
        return self

    def __exit__(self, *_: object) -> None:
        with self._walk.lock:
            self._walk.people.append(self.user)


def _is_late(act: tuple[str, str]) -> bool:
    screen, form = act
    return screen in LATE and form not in HARMLESS


def panel(person: User) -> Message | None:
    """The person's panel: the newest message with buttons that begins with the menu's crumbs."""
    found = (m for m in reversed(person.messages) if m.keyboard and OURS.match(m.text))
    return next(found, None)


def state(person: User) -> object:
    """What the panel shows, and how many files came."""
    shown = panel(person)
    files = sum(1 for m in person.messages if m.document or m.photo)
    return None if shown is None else (shown.id, shown.text, repr(shown.keyboard), files)


def buttons(message: Message) -> list[dict[str, Any]]:
    """All of a message's buttons that tell the bot something."""
    return [button for row in message.keyboard for button in row if "callback_data" in button]


def _is(button: dict[str, Any], screen: str, arg: str) -> bool:
    link = parse(button["callback_data"])
    return link is not None and link.act and (link.screen, link.arg) == (screen, arg)


def form_of(link: Link) -> str:
    """What kind of button it is: its argument without the numbers that only say which."""
    if link.screen in ("C2", "C2d", "C2t", "C4"):
        return link.arg[:1] + (".g" if link.arg.endswith(".g") else "")
    return re.sub(r"^d\d{8}$", "d", link.arg) if link.screen not in ("B2", "B3", "R2", "X1r", "X3e") else ""


def kind(data: str) -> tuple[Any, ...]:
    """What makes two places look alike: the screen, the project (many look like one), the kind of argument."""
    link = parse(data)
    assert link is not None
    arg = re.sub(r"^d\d{8}", "d", link.arg)
    if link.screen in ("C2", "C2d", "C2t", "C4"):
        arg = arg[:1]
    elif link.screen in ("X1a", "X1r", "X3e"):
        arg = ""
    elif link.screen in (*LISTS, "R2", "B2", "B2c", "B3", "S2", "L0", "Z0"):
        arg = re.sub(r"[0-9a-z]{6,}$", "…", re.sub(r"\d+", "#", arg))
    return link.screen, link.no if link.screen in DIFFERS else 0, arg


def is_of_interest(link: Link) -> bool:
    """Most screens look alike for all projects: those of the first one are shown, and where it matters the others'."""
    return link.no <= (5 if link.screen in DIFFERS else 1) or link.screen.startswith("X")
