"""A bot that asks the fake server for anything, and a clock that the test moves."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import urllib3

from tests.fakes.botapi import BotApiServer

CHAT = 42


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def monotonic(self) -> float:
        return self.seconds

    def now(self) -> datetime:
        return datetime(2030, 1, 1, tzinfo=UTC) + timedelta(seconds=self.seconds)


class Bot:
    """Plain HTTP, as any bot might speak it."""

    def __init__(self, server: BotApiServer) -> None:
        self.server = server
        self.http = urllib3.PoolManager(maxsize=8)

    def call(self, method: str, token: str | None = None, **params: Any) -> dict[str, Any]:
        url = f"{self.server.url}/bot{token or self.server.token}/{method}"
        answer: dict[str, Any] = json.loads(self.http.request("POST", url, json=params, retries=False).data)
        return answer

    def ok(self, method: str, **params: Any) -> Any:
        answer = self.call(method, **params)
        assert answer["ok"], answer
        return answer["result"]

    def refused(self, method: str, **params: Any) -> str:
        answer = self.call(method, **params)
        assert not answer["ok"], answer
        assert self.server.refused[-1].description == answer["description"]
        return str(answer["description"])


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def server(clock: Clock) -> Iterator[BotApiServer]:
    with BotApiServer(clock=clock) as running:
        running.user(CHAT).writes("/start")
        yield running


@pytest.fixture
def bot(server: BotApiServer) -> Iterator[Bot]:
    bot = Bot(server)
    yield bot
    bot.http.clear()


def keyboard(*rows: list[dict[str, Any]]) -> dict[str, Any]:
    return {"inline_keyboard": list(rows)}


def button(**more: Any) -> dict[str, Any]:
    return {"text": "A"} | (more or {"callback_data": "a"})
