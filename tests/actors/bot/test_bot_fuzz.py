"""Random updates: `VANKA_FUZZ=20000` for the long form."""

from __future__ import annotations

import os
import random
from typing import Any

from actors.bot.rights import Role
from actors.bot.screens.system import walk
from tests.actors.bot.fake_control import FakeControl
from tests.actors.bot.front import ADMIN, Front
from tests.actors.bot.fuzz import Fuzz, answerable
from tests.fakes.botapi import Press


def answers_all(bot: Front, updates: list[dict[str, Any]]) -> None:
    """Sends them, and waits until every press among them was answered."""
    world = bot.server.world
    pressed = {u["callback_query"]["id"] for u in updates if answerable(u)}
    for number in pressed:
        world.presses[number] = Press(number, ADMIN, None, "", world.clock.monotonic())
    for update in updates:
        world.push_raw(update)
    bot.server.wait_for(lambda: all(world.presses[it].answered is not None for it in pressed), timeout=30)


def test_random_updates_are_all_answered_and_change_nothing(bot: Front, control: FakeControl) -> None:
    control.have("shop", versions=3)
    bot.access.let_in(8, Role.VIEWER)
    for number in (8, 9, 10):
        bot.server.user(number).writes("/start")
    bot.server.group(-1001)
    bot.opens_menu(bot.admin())
    made, before = Fuzz(random.Random(7)), len(control.asked)
    for _ in range(int(os.environ.get("VANKA_FUZZ", "1500")) // 250):
        answers_all(bot, made.updates(250))
    bot.opens_menu(bot.admin())
    # chats, presses and messages that never were; and two edits that became one, the same as before
    bot.forgives = ("chat not found", "query is too old", "delete not found", "not modified")
    acted = [it for it in control.asked[before:] if it[0] not in ("check",)]
    assert not acted, acted
    assert not any(node.restarts for node in walk(bot.system.tree()))
