"""Bot actor: update to screen, through real telebot and the strict server."""

from __future__ import annotations

import pytest

from actors.bot.rights import Role
from actors.bot.screens.system import walk
from tests.actors.bot.fake_control import FakeControl
from tests.actors.bot.front import ADMIN, Front, asks_to_deploy, offered
from tests.fakes.botapi import Fault
from tests.runtime.kit import until


def test_the_menu_leads_to_a_project_and_back(bot: Front, control: FakeControl) -> None:
    control.have("shop", versions=2)
    anna = bot.opens_menu(bot.admin())
    bot.press(anna, "📦 Проекты", "Выберите проект")
    bot.press(anna, "shop", "Fix <prices> & sums")
    bot.press(anna, "⬅ Назад", "Выберите проект")
    bot.press(anna, "🏠 Меню", "Проектов: 1 · 🟢 1")
    assert len(anna.messages) == 1


def test_a_production_run_is_asked_about_first_and_then_shown(bot: Front, control: FakeControl) -> None:
    control.have("shop", versions=1)
    anna = bot.opens_menu(bot.admin())
    bot.press(anna, "▶️ Запустить проект", "Выберите проект")
    bot.press(anna, "shop", "Запуск")
    bot.press(anna, "🚀 Боевой запуск", "Развернуть shop в боевую среду?")
    assert not [it for it in control.asked if it[0] == "deploy"]
    bot.press(anna, "🚀 Развернуть", "готово за")
    assert [it for it in control.asked if it[0] == "deploy"] == [("deploy", "shop", None, "telegram:42")]


def test_a_button_that_was_pressed_twice_acts_once(bot: Front, control: FakeControl) -> None:
    control.have("shop", versions=1)
    anna = bot.opens_menu(bot.admin())
    bot.press(anna, "▶️ Запустить проект", "Выберите проект")
    bot.press(anna, "shop", "Запуск")
    bot.press(anna, "🚀 Боевой запуск", "Развернуть shop в боевую среду?")
    panel = anna.panel
    data = next(b["callback_data"] for row in panel.keyboard for b in row if b["text"] == "🚀 Развернуть")
    anna.presses_data(data, panel)
    second = anna.presses_data(data, panel)
    anna.waits_for_answer(second)
    anna.wait_for(lambda u: "готово за" in u.panel.text)
    third = anna.waits_for_answer(anna.presses_data(data, panel))
    assert third.toast == "Уже выполняется"
    assert len([it for it in control.asked if it[0] == "deploy"]) == 1


def test_a_rollback_by_number_asks_first(bot: Front, control: FakeControl) -> None:
    control.have("shop", versions=3)
    anna = bot.opens_menu(bot.admin())
    bot.press(anna, "⏪ Откатить проект", "Выберите проект")
    bot.press(anna, "shop", "Выберите версию")
    anna.writes("№2")
    anna.wait_for(lambda u: "Откатить shop: №3 → №2?" in u.panel.text)
    bot.press(anna, "⏪ Откатить", "готово за")
    assert control.status("shop").version == 2


def test_the_log_comes_as_a_file_too(bot: Front, control: FakeControl) -> None:
    control.have("shop", versions=1)
    anna = bot.opens_menu(bot.admin())
    bot.press(anna, "ℹ️ Состояние", "shop")
    bot.press(anna, "🟢 shop", "Процесс 4711")
    bot.press(anna, "📄 Лог", "<b>not markup</b> & more")
    anna.waits_for_answer(anna.presses("📄 Файл"))
    sent = anna.wait_for(lambda u: next((m.document for m in u.messages if m.document), None))
    assert sent is not None
    assert sent[0] == "shop-log.txt"


def test_a_stranger_gets_one_line_and_then_silence(bot: Front) -> None:
    anna = bot.opens_menu(bot.admin())
    stranger = bot.server.user(7, "en")
    stranger.writes("/start")
    told = stranger.waits_for_text("Access denied. Your chat id: 7")
    assert told.labels == [["📋 Copy the id"]]
    stranger.writes("hello?")
    anna.waits_for_text("user7 (7) просит доступ")
    bot.opens_menu(anna)
    assert len(stranger.messages) == 1


def test_who_lets_a_stranger_in_reads_a_name_and_the_stranger_reads_their_own_language(bot: Front) -> None:
    anna = bot.opens_menu(bot.admin())
    stranger = bot.server.user(7, "en")
    stranger.writes("/start")
    asked = anna.waits_for_text("user7 (7) просит доступ")
    bot.press(anna, "👁 Наблюдатель", "Пустить user7 (7) наблюдателем?", asked)
    bot.press(anna, "👁 Наблюдатель", "user7: наблюдатель")
    stranger.waits_for_text("You were let in: viewer")
    offered(anna, "user7 · наблюдатель")


def test_the_panel_outlives_the_service(bot: Front, control: FakeControl) -> None:
    control.have("shop", versions=1)
    anna = bot.admin()
    asks_to_deploy(bot, anna)
    panel = anna.panel
    bot.reboot()
    bot.press(anna, "🚀 Развернуть", "готово за")
    assert anna.panel is panel
    assert len([it for it in control.asked if it[0] == "deploy"]) == 1


def test_a_new_menu_takes_the_buttons_from_the_old_panel(bot: Front) -> None:
    anna = bot.opens_menu(bot.admin())
    old = anna.panel
    anna.writes("/menu")
    anna.wait_for(lambda u: u.panel is not old and not old.keyboard)


def test_a_panel_that_was_deleted_is_sent_anew(bot: Front) -> None:
    anna = bot.opens_menu(bot.admin())
    old = anna.panel
    data = offered(anna, "📦 Проекты")
    anna.deletes(old)
    anna.waits_for_answer(anna.presses_data(data, old))
    anna.wait_for(lambda u: u.panel is not old and "Проекты" in u.panel.text)
    bot.forgives = ("message to edit not found",)
    bot.press(anna, "🏠 Меню", "Проектов пока нет")


@pytest.mark.parametrize("error", [SystemExit(1), KeyboardInterrupt(), RecursionError(), ValueError("no")])
def test_what_a_screen_raises_costs_that_press_only(bot: Front, control: FakeControl, error: BaseException) -> None:
    control.have("shop", versions=1)
    anna = bot.opens_menu(bot.admin())
    bot.press(anna, "📦 Проекты", "Выберите проект")
    control.explode = error
    bot.press(anna, "shop", "Внутренняя ошибка")
    control.explode = None
    bot.press(anna, "📦 Проекты", "Выберите проект")
    bot.press(anna, "shop", "Версия №1")


def test_a_forged_press_gets_a_toast_and_a_fresh_page(bot: Front, control: FakeControl) -> None:
    control.have("shop", versions=1)
    anna = bot.opens_menu(bot.admin())
    for data in ("nonsense", "ZZ:1::", "R5:1::aaaaaa", "B3:1:1:000000", "D2:1:k:", "x" * 64, "🙂", "R5:1:", ":::"):
        press = anna.waits_for_answer(anna.presses_data(data))
        assert press.toast or data == "D2:1:k:", data
    assert not [it for it in control.asked if it[0] in ("deploy", "rollback", "remove")]


def test_a_viewer_cannot_use_what_an_administrator_was_offered(bot: Front, control: FakeControl) -> None:
    control.have("shop", versions=1)
    bot.access.let_in(8, Role.VIEWER)
    boris = bot.server.user(8, "ru")
    bot.opens_menu(boris)
    anna = bot.admin()
    asks_to_deploy(bot, anna)
    for data in (offered(anna, "🚀 Развернуть"), "R5:1::", "C1:1::", "X0:::"):
        assert boris.waits_for_answer(boris.presses_data(data)).toast == "Нет прав"
    assert not [it for it in control.asked if it[0] == "deploy"]


def test_rights_are_looked_at_anew_at_every_press(bot: Front, control: FakeControl) -> None:
    control.have("shop", versions=1)
    bot.access.let_in(8, Role.OPERATOR)
    boris = bot.server.user(8, "ru")
    asks_to_deploy(bot, boris)
    data = offered(boris, "🚀 Развернуть")
    bot.access.remove(8)
    assert boris.waits_for_answer(boris.presses_data(data)).toast == "Нет прав"
    assert not [it for it in control.asked if it[0] == "deploy"]


def test_in_a_group_only_those_who_are_known_are_served(bot: Front, control: FakeControl) -> None:
    project = control.have("shop", versions=1)
    team = bot.server.group(-1001)
    anna, stranger = bot.admin(), bot.server.user(9, "ru")
    anna.writes("/status@vanka_test_bot shop", team)
    shown = anna.waits_for_text("Процесс 4711", team)
    stranger.writes("/menu", team)
    assert stranger.waits_for_answer(stranger.presses("🔄", shown, team)).toast == "Нет прав"
    anna.waits_for_answer(anna.presses("⬅ Назад", shown, team))
    anna.wait_for(lambda _: "Ветка" in shown.text)
    links = [b["url"] for row in shown.keyboard for b in row if "url" in b]
    assert links == [f"https://t.me/vanka_test_bot?start=c_{project.no}"]
    anna.opens("⚙️ Переменные", shown)
    anna.waits_for_text("Режим: Боевой")


def test_an_outage_is_over_when_telegram_is_back(bot: Front, control: FakeControl) -> None:
    control.have("shop", versions=1)
    anna = bot.opens_menu(bot.admin())
    with bot.server.outage():
        anna.presses("📦 Проекты")
    anna.wait_for(lambda u: "Выберите проект" in u.panel.text, timeout=15)
    bot.press(anna, "shop", "Версия №1")


def test_a_panel_whose_answer_got_lost_is_answered_when_it_is_pressed(bot: Front, control: FakeControl) -> None:
    control.have("shop", versions=1)
    anna = bot.admin()
    bot.server.faults.next("sendMessage", Fault.reset_after())
    anna.writes("/menu")
    lost = anna.waits_for_text("Проектов: 1")
    anna.presses("📦 Проекты", lost)
    anna.wait_for(lambda u: "Выберите проект" in u.panel.text)
    bot.press(anna, "shop", "Версия №1")


def test_an_edit_that_telegram_refuses_is_not_taken_for_shown(bot: Front, control: FakeControl) -> None:
    control.have("shop", versions=1)
    anna = bot.opens_menu(bot.admin())
    bot.server.faults.next("editMessageText", Fault.status(400))
    anna.waits_for_answer(anna.presses("📦 Проекты"))
    bot.server.wait_for(lambda: bot.server.faults.fired)
    until(lambda: bot.system.idle())
    bot.press(anna, "📦 Проекты", "Выберите проект")


def test_an_update_that_comes_twice_acts_once(bot: Front, control: FakeControl) -> None:
    control.have("shop", versions=1)
    anna = bot.opens_menu(bot.admin())
    message = {
        "message_id": 900,
        "date": 1,
        "chat": {"id": ADMIN, "type": "private"},
        "from": {"id": ADMIN, "is_bot": False, "first_name": "Anna"},
        "text": "/run shop test 10m",
    }
    bot.server.push_raw({"update_id": 600_000_000, "message": message})
    bot.server.push_raw({"update_id": 600_000_000, "message": message})
    anna.waits_for_text("Развернуть?")
    bot.opens_menu(anna)
    assert len([it for it in control.asked if it[0] == "test"]) == 1


def test_everybody_is_offered_start_and_who_is_known_everything(bot: Front) -> None:
    bot.opens_menu(bot.admin())
    bot.server.wait_for(lambda: len(bot.server.world.commands) >= 4)
    told = {key: [it["command"] for it in commands] for key, commands in bot.server.world.commands.items()}
    assert ["start"] in told.values()
    assert any({"start", "run", "rollback", "users"} <= set(names) for names in told.values())


def test_a_dotenv_file_is_read_and_its_message_is_deleted(bot: Front, control: FakeControl) -> None:
    control.have("shop", versions=1)
    anna = bot.opens_menu(bot.admin())
    anna.writes("/start c_1")
    anna.waits_for_text("Режим: Боевой")
    bot.press(anna, "📥 .env", "Пришлите файл .env")
    sent = anna.sends_document("prod.env", b"TOKEN=a-long-secret-value\nEMPTY=\n")
    anna.waits_for_text("Новых 2, изменится 0")
    bot.server.wait_for(lambda: sent.deleted)
    bot.press(anna, "✅ Применить", "Сохранены 2 переменные")
    assert control.reveal_variable("shop", "TOKEN", False).reveal() == "a-long-secret-value"
    assert "secret-value" not in "".join(message.text for message in anna.history)


def test_a_sticker_is_no_value(bot: Front, control: FakeControl) -> None:
    control.have("shop", versions=1)
    anna = bot.opens_menu(bot.admin())
    anna.writes("/set shop TOKEN")
    anna.waits_for_text("Значение для TOKEN")
    anna.sends_document("cat.webp", b"RIFF")
    anna.wait_for(lambda u: "Значение для TOKEN" in u.last.text and len(u.messages) == 3)
    assert not control.all["shop"].variables


def test_the_bot_crashes_and_the_panel_is_still_the_same(bot: Front, control: FakeControl) -> None:
    control.have("shop", versions=1)
    anna = bot.admin()
    asks_to_deploy(bot, anna)
    panel = anna.panel
    bot.system.crash("bot/bot")
    until(lambda: next(n for n in walk(bot.system.tree()) if n.path == "bot/bot").restarts == 1)
    bot.press(anna, "🚀 Развернуть", "готово за")
    assert anna.panel is panel
