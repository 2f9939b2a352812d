"""What nobody is to read later does not stay in the chat: values typed too early, values that were shown."""

from __future__ import annotations

import pytest

from runtime.vault import Secret
from tests.actors.bot.fake_control import FakeControl
from tests.actors.bot.front import Front
from tests.fakes.botapi import User


@pytest.mark.parametrize("command", ["/set shop TOKEN=hidden-value", "/set shop TOKEN hidden-value"])
def test_a_value_in_the_command_is_deleted_not_said_again_and_asked_for_by_itself(
    bot: Front, control: FakeControl, command: str
) -> None:
    control.have("shop", versions=1)
    anna = bot.opens_menu(bot.admin())
    sent = anna.writes(command)
    anna.waits_for_text("Значение для TOKEN (боевая)")
    bot.server.wait_for(lambda: sent.deleted)
    anna.waits_for_text("Значение рядом с названием не взято")
    assert "hidden-value" not in "".join(message.text for message in anna.history)
    assert not control.all["shop"].variables


@pytest.mark.parametrize("typed", ["TOKEN=hidden-value", "export TOKEN = hidden-value", "9TOKEN=hidden-value"])
def test_a_value_beside_the_name_is_deleted_and_not_said_again(bot: Front, control: FakeControl, typed: str) -> None:
    control.have("shop", versions=1)
    anna = bot.opens_menu(bot.admin())
    anna.writes("/set shop")
    anna.waits_for_text("Название новой переменной")
    sent = anna.writes(typed)
    anna.waits_for_text("не годится для имени" if typed.startswith("9") else "Значение для TOKEN")
    bot.server.wait_for(lambda: sent.deleted)
    assert "hidden-value" not in "".join(message.text for message in anna.history)


def test_a_name_that_no_variable_can_have_is_refused_before_its_value_is_asked_for(
    bot: Front, control: FakeControl
) -> None:
    control.have("shop", versions=1)
    anna = bot.opens_menu(bot.admin())
    anna.writes("/set shop VANKA_HOME")
    anna.waits_for_text("VANKA_HOME задаёт сама Vanka")


def is_shown_a_value(bot: Front, control: FakeControl) -> User:
    control.have("shop", versions=1)
    control.set_variable("shop", "TOKEN", Secret("a-long-secret-value"), False)
    anna = bot.opens_menu(bot.admin())
    anna.writes("/start c_1")
    anna.waits_for_text("Режим: Боевой")
    bot.press(anna, "TOKEN", "Значение: ••••ue")
    bot.press(anna, "👁 Показать 15 с", "a-long-secret-value")
    return anna


def test_a_value_that_was_shown_does_not_stay_above_a_new_panel(bot: Front, control: FakeControl) -> None:
    anna = is_shown_a_value(bot, control)
    shown = anna.panel
    anna.writes("/menu")
    anna.wait_for(lambda u: shown.deleted and u.panel.text.startswith("Меню"))
    assert "secret-value" not in "".join(message.text for message in anna.messages)


def test_a_value_that_was_shown_does_not_outlive_the_service(bot: Front, control: FakeControl) -> None:
    anna = is_shown_a_value(bot, control)
    shown = anna.panel
    bot.halt()
    anna.writes("/menu")
    bot.boots_again()
    anna.wait_for(lambda u: u.panel is not shown and u.panel.text.startswith("Меню"))
    anna.wait_for(lambda u: "secret-value" not in "".join(message.text for message in u.messages))


def test_the_secret_of_a_webhook_does_not_stay_above_a_new_panel(bot: Front, control: FakeControl) -> None:
    control.have("shop", versions=1)
    anna = bot.opens_menu(bot.admin())
    anna.writes("/start h_1")
    shown = anna.waits_for_text("Секрет: ")
    anna.writes("/menu")
    anna.wait_for(lambda u: shown.deleted and u.panel.text.startswith("Меню"))
