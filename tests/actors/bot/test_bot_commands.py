"""What is typed after `/`, and deep links: each leads to its screen."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.actors.bot.fake_control import FakeControl
from tests.actors.bot.front import Front, front


@pytest.fixture
def control() -> FakeControl:
    return FakeControl()


@pytest.fixture
def bot(tmp_path: Path, control: FakeControl) -> Iterator[Front]:
    with front(tmp_path, control) as running:
        yield running


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
