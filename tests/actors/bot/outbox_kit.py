"""The outbox with the strict server behind it, and a clock that the test moves."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from runtime.actor import Actor
from runtime.child_spec import ChildSpec
from runtime.commands import StartChild
from tests.actors.bot.post_office import ADMIN, PostOffice
from tests.fakes.botapi import BotApiServer
from tests.fakes.clock import FakeClock

HOUR = 3600.0


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def server(clock: FakeClock) -> Iterator[BotApiServer]:
    with BotApiServer(clock=clock) as running:
        running.rates.on = True
        running.user(ADMIN, "ru").writes("/start")
        yield running


@pytest.fixture
def post(tmp_path: Path, server: BotApiServer, clock: FakeClock) -> Iterator[PostOffice]:
    office = PostOffice(tmp_path, server, clock, (ADMIN,))
    yield office
    office.down()


def texts(server: BotApiServer, user: int = ADMIN) -> list[str]:
    return [message.text for message in server.user(user).messages]


def sent(server: BotApiServer) -> list[str]:
    """Everything that the person ever got, line by line."""
    return [line for text in texts(server) for line in text.splitlines()]


class Front(Actor[Any]):
    """Stands for the Bot actor: it hears where its panels are."""

    def __init__(self, heard: list[Any]) -> None:
        super().__init__()
        self._heard = heard

    def receive(self, message: Any) -> None:
        self._heard.append(message)


def front(post: PostOffice) -> tuple[Any, list[Any]]:
    heard: list[Any] = []
    post.system.address("bot").tell(StartChild(ChildSpec("front", lambda: Front(heard))))
    post.settle()
    return post.system.address("bot/front"), heard
