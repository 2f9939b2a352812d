"""The door to Telegram with the strict server behind it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from actors.bot.telegram import Telegram
from runtime.vault import Secret
from tests.fakes.botapi import BotApiServer

CHAT = 42
TEXT = "совершенно секретно"


@pytest.fixture
def server() -> Iterator[BotApiServer]:
    with BotApiServer() as running:
        running.user(CHAT).writes("/start")
        yield running


@pytest.fixture
def telegram(server: BotApiServer) -> Iterator[Telegram]:
    door = Telegram(Secret(server.token), server.url, read_timeout=5)
    yield door
    door.close()
