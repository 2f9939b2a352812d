"""The same walk as a person in Telegram sees it: git over smart HTTP, buttons, real HTTP to a strict server."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.botapi import BotApiServer, User
from tests.fakes.gitserver import GitServer
from tests.scenarios.service import Service, answer_of, eventually, free_port, program

ADMIN = 42


@pytest.fixture
def telegram() -> Iterator[BotApiServer]:
    """A Bot API server that refuses wrong calls; none may have been made."""
    with BotApiServer() as server:
        yield server
        server.assert_nothing_refused()


@pytest.fixture
def connected(tmp_path: Path, telegram: BotApiServer) -> Iterator[Service]:
    """A service whose bot has one administrator."""
    running = Service(
        tmp_path, VANKA_TELEGRAM_TOKEN=telegram.token, VANKA_TELEGRAM_API=telegram.url, VANKA_ADMIN=str(ADMIN)
    )
    try:
        running.start()
        yield running
    finally:
        running.close()


class Phone:
    """Somebody with the chat open: presses, and looks at what the panel shows then."""

    def __init__(self, user: User) -> None:
        self.user = user

    def presses(self, label: str, then: str) -> str:
        """Press a button of the panel; what the panel says once it holds `then`."""
        self.user.presses(label)
        return self.sees(then)

    def sees(self, text: str) -> str:
        """The panel's text, once it holds that."""

        def panel() -> str:
            shown = self.panel()
            return shown if text in shown else ""

        return eventually(panel, f"the panel shows {text!r}; messages: {[m.text for m in self.user.messages]}")

    def panel(self) -> str:
        """What the panel says; empty while there is none."""
        with contextlib.suppress(AssertionError):
            return self.user.panel.text
        return ""

    def is_told(self, text: str) -> str:
        """The message that tells of it, loud or silent."""

        def told() -> str:
            return next((message.text for message in self.user.messages if text in message.text), "")

        return eventually(told, f"a message tells {text!r}; messages: {[m.text for m in self.user.messages]}")


def test_project_is_deployed_broken_and_rolled_back_with_buttons_alone(
    connected: Service, telegram: BotApiServer, hosting: GitServer
) -> None:
    service, repo, port = connected, hosting.repo("shop"), free_port()
    repo.commit({"main.py": program("one")}, "One")
    repo.push()
    service.cli(
        *("add", "shop", hosting.url("shop"), "--path", str(service.directory / "app"), "--interval", "15s"),
        *("--probe", f"http://127.0.0.1:{port}/"),
    )
    service.cli("set", "shop", f"PORT={port}")

    user = telegram.user(ADMIN, "en")
    phone = Phone(user)
    user.writes("/start")
    phone.sees("Projects: 1")
    phone.presses("Projects", "Choose")
    phone.presses("shop", "never deployed")
    phone.presses("Run", "Commit")
    phone.presses("Production", "Deploy shop to production?")
    user.presses("🚀 Deploy")
    assert re.search(r"Health: answered in \d+ ms", phone.is_told("✅ shop #1"))
    eventually(lambda: answer_of(port) == "one v1", "one v1 answers")

    repo.commit({"main.py": program("two")}, "Two")
    repo.push()
    phone.is_told("✅ shop #2")
    eventually(lambda: answer_of(port) == "two v2", "two v2 answers")

    repo.commit({"main.py": "raise SystemExit(7)\n"}, "Broken")
    repo.push()
    service.cli("check", "shop")
    told = phone.is_told("❌ shop #3")
    assert "ended with 7" in told
    eventually(lambda: answer_of(port) == "two v2", "two v2 answers")

    user.writes("/menu")
    phone.sees("Projects: 1")
    phone.presses("Roll back project", "Choose")
    phone.presses("shop", "Versions")
    phone.presses("#1", "One")
    phone.presses("Roll back to", "Roll back shop")
    user.presses("⏪ Roll back")
    eventually(lambda: answer_of(port) == "one v1", "the first version answers again")

    user.writes("/menu")
    phone.sees("Projects: 1")
    phone.presses("Status", "shop")
    user.writes("/menu")
    phone.presses("Projects", "Choose")
    phone.presses("shop", "running")
    phone.presses("Log", "up as one")


def test_stranger_gets_one_polite_line_and_then_silence(connected: Service, telegram: BotApiServer) -> None:
    admin = telegram.user(ADMIN, "en")
    admin.writes("/start")
    Phone(admin).sees("Menu")
    stranger = telegram.user(77, "en")
    stranger.writes("hello")
    eventually(lambda: [m for m in stranger.messages if "77" in m.text], "the stranger is answered")
    stranger.writes("hello again")
    Phone(admin).is_told("asks")
    admin.writes("/projects")
    Phone(admin).sees("Projects")
    assert len([message for message in stranger.messages if "77" in message.text]) == 1
