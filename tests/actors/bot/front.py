"""A whole bot for tests: the strict server, real telebot, real kernel and store; the service behind it is a fake."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from actors.bot.access import Access
from actors.bot.bot import Bot
from actors.bot.dialogue import Dialogue
from actors.bot.greeting import Greeting
from actors.bot.herald import herald_spec
from actors.bot.mail import Mail
from actors.bot.outbox import Outbox
from actors.bot.pacing import Pacing
from actors.bot.poller import Poller
from actors.bot.screens import SCREENS
from actors.bot.telegram import Telegram
from actors.records.notices import NoticeRecords
from runtime.actor import Actor
from runtime.child_spec import ChildSpec, supervisor
from runtime.clock import Clock, SystemClock
from runtime.commands import StartChild
from runtime.jobs import Lane
from runtime.store import Store
from runtime.system import System
from runtime.vault import Secret
from tests.actors.bot.fake_control import FakeControl
from tests.actors.bot.fake_sandbox import FakeSandbox
from tests.actors.bot.post_office import services_of
from tests.fakes.botapi import BotApiServer, User

ADMIN = 42


class Front:
    """The bot and the people who use it."""

    def __init__(
        self,
        server: BotApiServer,
        home: Path,
        control: FakeControl,
        clock: Clock | None,
        admins: tuple[int, ...],
        *,
        tells: bool = False,
    ) -> None:
        self.server, self.control, self.admins, self.tells = server, control, admins, tells
        self.home, self.clock = home, clock
        self.sandbox = FakeSandbox(home / "sandbox", clock or SystemClock())
        self.forgives: tuple[str, ...] = ()  # what a test makes the server refuse on purpose
        self.boot()

    def boot(self) -> None:
        self.store = Store.open(self.home)
        self.telegram = Telegram(Secret(self.server.token), self.server.url)
        clock = self.clock or SystemClock()
        self.access = Access(self.store, clock, self.admins)
        self.system = System(clock=self.clock, lanes={"chat": Lane(16, 1000), "poll": Lane(1, 2), "disk": Lane(1, 100)})
        greeting = Greeting(self.access)
        self.dialogue = Dialogue(
            self.control,  # type: ignore[arg-type]  # the fake has what screens call
            self.access,
            SCREENS,
            self.system.clock,
            bot_name=lambda: greeting.name,
            sandbox=self.sandbox,  # type: ignore[arg-type]  # the same
        )
        notices = NoticeRecords(self.store)
        mail = Mail(notices, self.access, self.system.clock)
        self.sandbox.tell = self.system.bus.publish
        quick = Pacing(chat_rate=1000, chat_burst=1000, overall_rate=5000, overall_burst=1000)
        children = [
            ChildSpec("outbox", partial(Outbox, self.telegram, mail, quick)),
            *self._heralds(notices),
            ChildSpec("bot", partial(Bot, self.dialogue, self.store, self.telegram, greeting)),
            ChildSpec("poller", partial(Poller, self.telegram, self.store)),
        ]
        self.system.start(supervisor("root", [supervisor("bot", children, restarts=100)], restarts=100))

    def _heralds(self, notices: NoticeRecords) -> list[ChildSpec]:
        """One that tells what happens, where a test wants to hear of it."""
        if not self.tells:
            return []
        services = services_of(self.home, self.store, self.system.clock)
        return [herald_spec(services, notices, self.access, sends=True)]

    def halt(self) -> None:
        self.system.stop(5.0)
        self.telegram.close()
        self.store.close()

    def reboot(self) -> None:
        """The service ends and starts again on the same home."""
        self.halt()
        self.boots_again()

    def boots_again(self) -> None:
        """The service starts again; what Telegram may then refuse is no defect of it."""
        # the last poll of the service that has ended; a press that it answered and did not confirm comes in again
        self.forgives += ("terminated by other getUpdates", "query is too old")
        self.boot()

    def listen(self, event: type, hear: Callable[[Any], object]) -> None:
        """Hear what the actors publish."""

        class Ear(Actor[Any]):
            def on_start(self) -> None:
                self.context.subscribe(event)

            def receive(self, message: Any) -> None:
                hear(message)

        self.system.address("bot").ask(StartChild(ChildSpec("ear", Ear)))

    def admin(self, language: str = "ru") -> User:
        return self.server.user(ADMIN, language)

    def opens_menu(self, user: User, title: str = "Меню") -> User:
        user.writes("/menu")
        user.wait_for(lambda u: u.panel.text.startswith(title))
        return user

    def press(self, user: User, label: str, until: str, message: Any = None) -> None:
        """A press that is answered, and what the panel then shows."""
        user.wait_for(lambda u: any(label in it for row in (message or u.panel).labels for it in row))
        press = user.presses(label, message)
        user.waits_for_answer(press)
        user.wait_for(lambda u: until in u.panel.text)


@contextmanager
def front(
    tmp_path: Path,
    control: FakeControl,
    clock: Clock | None = None,
    admins: tuple[int, ...] = (ADMIN,),
    *,
    tells: bool = False,
) -> Iterator[Front]:
    """A running bot; at the end nothing that it called may have been refused."""
    with BotApiServer(clock=clock) as server:
        running = Front(server, tmp_path / "home", control, clock, admins, tells=tells)
        try:
            yield running
        finally:
            running.halt()
        unknown = [it for it in server.refused if not any(words in it.description for words in running.forgives)]
        server.refused[:] = unknown
        server.assert_nothing_refused()


def offered(user: User, label: str) -> str:
    """What the button of that label carries."""
    user.wait_for(lambda u: [b for row in u.panel.keyboard for b in row if label in b["text"]])
    return str(next(b["callback_data"] for row in user.panel.keyboard for b in row if label in b["text"]))


def asks_to_deploy(bot: Front, user: User) -> None:
    user.writes("/run shop prod")
    user.waits_for_text("Развернуть shop в боевую среду?")
    offered(user, "🚀 Развернуть")
