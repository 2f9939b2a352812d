"""What is typed after `/`, and deep links: each leads to its screen."""

from __future__ import annotations

import pytest

from tests.actors.bot.fake_control import FakeControl
from tests.actors.bot.front import Front


@pytest.mark.parametrize(
    ("command", "shown"),
    [
        ("/projects", "Выберите проект"),
        ("/add", "шаг 1/5"),
        ("/run", "Запуск"),
        ("/run shop", "Тестовый запуск"),
        ("/stop shop", "Остановить shop"),
        ("/restart shop", "Перезапустить shop"),
        ("/rollback shop 1", "Откатить shop: №2 → №1?"),
        ("/rollback shop №1", "Откатить shop: №2 → №1?"),
        ("/rollback shop ١", "Выберите версию"),
        ("/rollback shop 99999999999", "нет версии №99999999999"),
        ("/versions shop", "Выберите версию"),
        ("/status", "Состояние"),
        ("/logs shop 30", "GET / 200"),
        ("/set shop TOKEN", "Значение для TOKEN"),
        ("/interval shop 90s", "раз в 1 мин 30 с"),
        ("/interval shop soon", "«soon» — не время"),
        ("/check shop", "Новых коммитов нет"),
        ("/repo", "Запустить новый"),
        ("/repo https://example.org/x.git v1", "в отдельном контейнере"),
        ("/repo nowhere", "Это не адрес репозитория"),
        ("/load", "Нагрузка"),
        ("/journal", "Журнал"),
        ("/errors", "a screen failed"),
        ("/users", "Пользователи"),
        ("/id", "Ваш номер: 42"),
        ("/help", "Первый проект"),
        ("/nothing", "Первый проект"),
        ("/lang en", "Projects: 1"),
        ("/status sho", "Проекта sho нет"),
        ("/start s_1", "Процесс 4711"),
        ("/start v_1_2", "Версия №2"),
        ("sho", "Версия №2"),
    ],
)
def test_a_command_leads_where_it_says(bot: Front, control: FakeControl, command: str, shown: str) -> None:
    control.have("shop", versions=2)
    anna = bot.admin()
    anna.writes(command)
    anna.wait_for(lambda u: shown in u.last.text or any(shown in it for row in u.last.labels for it in row))


@pytest.mark.parametrize(("command", "first"), [("/logs shop 10", 91), ("/logs shop 500", 71), ("/logs shop", 71)])
def test_a_log_is_as_long_as_was_asked_for_and_thirty_lines_at_most(
    bot: Front, control: FakeControl, command: str, first: int
) -> None:
    control.have("shop", versions=1)
    control.output = [f"line {number}." for number in range(1, 101)]
    anna = bot.admin()
    anna.writes(command)
    shown = anna.waits_for_text("line 100.").text
    assert f"line {first}." in shown
    assert f"line {first - 1}." not in shown
    bot.press(anna, "⬆ Раньше", f"line {first - 1}.")
    assert f"Раньше последних {101 - first} строк" in anna.panel.text
