"""Outbox and herald crash, Telegram comes and goes, the service dies: every notice is told, in order, once."""

from __future__ import annotations

import random
import re
from collections import Counter
from pathlib import Path

import pytest

from actors.messages import ServiceNotice
from actors.records.notices import Told
from tests.actors.bot.post_office import ADMIN, PostOffice
from tests.fakes.botapi import BotApiServer, Fault
from tests.fakes.clock import FakeClock

NOTICES = 150
REPEAT = "Возможно, повтор"


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_whatever_crashes_each_notice_is_told_once_and_in_order(tmp_path: Path, seed: int) -> None:
    draw, clock = random.Random(seed), FakeClock()
    with BotApiServer(clock=clock) as server:
        server.rates.on = True
        server.user(ADMIN, "ru").writes("/start")
        post = PostOffice(tmp_path, server, clock, (ADMIN,))
        away = False
        for number in range(NOTICES):
            post.system.bus.publish(ServiceNotice(f"notice {number}."))
            assert post.system.settle()
            match draw.randrange(12):
                case 0:
                    post.system.crash("bot/outbox")
                case 1:
                    post.system.crash("herald")
                case 2:
                    server.faults.next("sendMessage", Fault.status(429, retry_after=draw.randrange(1, 9)))
                case 3 if not away:
                    server.goes_away()
                    away = True
                case 4 if away:
                    server.comes_back()
                    away = False
                case 5:
                    post.advance(3)  # what was published while the herald was restarting is stored by then
                    post.down()
                    post.up()
                case 6 if not server.faults.take("sendMessage"):
                    server.faults.next("sendMessage", Fault.reset_before())
                case _:
                    post.advance(draw.random() * 3)
        if away:
            server.comes_back()
        server.faults.clear()
        post.until(lambda: not post.records.chats_waiting(), step=2)
        states = {str(each["text"]).removeprefix("🛠 "): each["state"] for each in post.told()}
        post.down()
        messages = [message.text for message in server.user(ADMIN).messages]
    told = [found for text in messages if REPEAT not in text for found in re.findall(r"notice \d+\.", text)]
    doubtful = {text for text, state in states.items() if state == Told.PERHAPS}
    wanted = [f"notice {number}." for number in range(NOTICES)]
    repeated = {found for text in messages if REPEAT in text for found in re.findall(r"notice \d+\.", text)}
    assert set(told) | doubtful | repeated == set(wanted)
    assert max(Counter(told).values()) == 1
    assert told == sorted(told, key=lambda text: int(text[7:-1]))
