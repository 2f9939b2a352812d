"""How soon a press is answered, how fast notices are stored, and that a dead Telegram costs the others nothing."""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path

from actors.bot.orders import AnswerPress, SendText, ShowPanel
from actors.messages import DeploymentEnded
from actors.records.notices import Told
from runtime.clock import SystemClock
from tests.actors.bot.post_office import PostOffice
from tests.bench.row import Row
from tests.fakes.botapi import BotApiServer

USERS = 50
ROUNDS = 20
NOTICES = 400
LIMIT = 60.0


def measure() -> list[Row]:
    """Over real HTTP on loopback, with the real clock."""
    with tempfile.TemporaryDirectory() as name, BotApiServer() as server:
        for user in range(1, USERS + 1):
            server.user(user).writes("/start")
        post = PostOffice(Path(name), server, SystemClock(), tuple(range(1, USERS + 1)))
        try:
            return [_presses(post, server), *_notices(post, server)]
        finally:
            post.down()


def _presses(post: PostOffice, server: BotApiServer) -> Row:
    """All press at once, while every chat has a panel and a text waiting."""
    taken: list[float] = []
    for _ in range(ROUNDS):
        presses = [server.user(user).presses_data("x") for user in range(1, USERS + 1)]
        began = {press.id: time.monotonic() for press in presses}
        for user, press in enumerate(presses, start=1):
            post.tell(AnswerPress(press.id))
            post.tell(ShowPanel(user, "panel", (), None))
            post.tell(SendText(user, "text"))
        server.wait_for(lambda presses=presses: all(press.answered is not None for press in presses), LIMIT)  # type: ignore[misc]  # bound at once
        taken += [(press.answered or 0.0) - began[press.id] for press in presses]
    taken.sort()
    p99 = taken[int(len(taken) * 0.99)]
    return Row(
        f"outbox: {USERS} presses at once to answered, p99",
        "under 100 ms",
        f"{p99 * 1000:.0f} ms (median {statistics.median(taken) * 1000:.0f} ms)",
        "one after the other: " + f"{_one_call(post) * USERS * 1000:.0f} ms",
        None,
        p99 < 0.1,
    )


def _one_call(post: PostOffice) -> float:
    assert post.telegram is not None
    began = time.monotonic()
    for _ in range(20):
        post.telegram.get_me()
    return (time.monotonic() - began) / 20


def _notices(post: PostOffice, server: BotApiServer) -> list[Row]:
    """The same events with Telegram there and away."""
    alive = _publish(post, 0)
    with server.outage():
        dead = _publish(post, NOTICES)
        post.settle()
        waiting = sum(state == Told.WAITING for state in post.states())
    return [
        Row(
            "herald: a deployment's end to the stored notice, Telegram away",
            "not slower than with Telegram there",
            f"{dead * 1000:.2f} ms",
            f"Telegram there: {alive * 1000:.2f} ms",
            alive / dead,
            dead < alive * 2,
        ),
        Row(
            "outbox: notices that wait after an outage",
            f"all {NOTICES}",
            str(waiting),
            f"kept for {USERS} people",
            None,
            waiting >= NOTICES,
        ),
    ]


def _publish(post: PostOffice, start: int) -> float:
    ended = [DeploymentEnded(post.deployment("bench", number=start + n)) for n in range(NOTICES)]
    before = post.records.count()
    began = time.monotonic()
    for event in ended:
        post.system.bus.publish(event)
    end = began + LIMIT
    while post.records.count() < before + NOTICES:
        assert time.monotonic() < end, "the notices were not stored in time"
        time.sleep(0.002)
    return (time.monotonic() - began) / NOTICES


if __name__ == "__main__":
    for row in measure():
        print(row)
