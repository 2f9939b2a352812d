"""Walks through the screens without any front: what is shown, pressed and typed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from actors.bot.access import Access
from actors.bot.dialogue import Act, Dialogue, Show, Turn, Typed
from actors.bot.links import Link, parse
from actors.bot.rights import Role
from actors.bot.screen import Person
from actors.bot.screens import SCREENS
from actors.bot.session import Session
from actors.sandbox import Sandbox
from runtime.store import Store
from runtime.vault import Secret
from tests.actors.bot.fake_control import FakeControl
from tests.actors.bot.fake_sandbox import FakeSandbox
from tests.fakes.clock import FakeClock


@dataclass
class Walk:
    """A person in a private chat, without any front."""

    dialogue: Dialogue
    access: Access
    control: FakeControl
    sandbox: FakeSandbox
    clock: FakeClock
    session: Session
    person: Person
    role: Role = Role.ADMIN
    private: bool = True

    def sees(self, place: Link | str, no: int = 0, arg: str = "") -> Turn:
        link = place if isinstance(place, Link) else Link(place, no, arg)
        return self._took(self.dialogue.step(self.session, self.person, self.role, self.private, Show(link)))

    def presses(self, label: str) -> Turn:
        buttons = [b for row in self.turn.keyboard for b in row if b.data]
        found = [b for b in buttons if b.label == label] or [b for b in buttons if label in b.label]
        assert len(found) == 1, f"{label}: {[b.label for row in self.turn.keyboard for b in row]}"
        link = parse(found[0].data or "")
        assert link is not None
        step = Act(link) if link.act else Show(link)
        return self._took(self.dialogue.step(self.session, self.person, self.role, self.private, step))

    def types(self, text: str) -> Turn:
        waiting = self.session.waiting
        assert waiting is not None, self.turn.text
        step = Typed(waiting.to, text)
        return self._took(self.dialogue.step(self.session, self.person, self.role, self.private, step))

    def _took(self, turn: Turn) -> Turn:
        self.turn, self.session = turn, turn.session
        return turn


@contextmanager
def walking(directory: Path, real: Sandbox | None = None) -> Iterator[Walk]:
    """A house without projects, and an administrator in its main menu. `real` runs strangers' code in its place."""
    clock = FakeClock()
    store = Store.open(directory / "store")
    access = Access(store, clock, (42,))
    control = FakeControl()
    sandbox = FakeSandbox(directory / "sandbox", clock)
    dialogue = Dialogue(
        control,  # type: ignore[arg-type]  # the fake has what screens call
        access,
        SCREENS,
        clock,
        bot_name=lambda: "vanka_bot",
        sandbox=real or sandbox,  # type: ignore[arg-type]  # the same
    )
    yield Walk(dialogue, access, control, sandbox, clock, Session(42), Person(42, "anna", "ru"))
    store.close()


def a_lived_in_house(control: FakeControl) -> None:
    control.have("shop", versions=12, persist=("db/", "*.sqlite"))
    control.have("api", versions=1, paused=True)
    control.have("empty")
    control.have("tested", versions=2)
    control.test("tested", "telegram:42")
    control.have("going", versions=1)
    control.hold = True
    control.deploy("going", "cli:root")
    control.test("api", "telegram:42", for_s=600)
    control.set_variable("shop", "API_KEY", Secret("a-long-secret-value"), False)
    control.set_variable("shop", "API_KEY", Secret("another-long-value"), True)
    for number in range(20):
        control.have(f"more-{number}")
