"""What is asked and typed: adding a project, variables, settings, tests, intervals, deleting."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from actors.bot.screen import HOME
from actors.control import NewProject
from runtime.vault import Secret
from tests.actors.bot.walking import Walk, walking


@pytest.fixture
def walk(tmp_path: Path) -> Iterator[Walk]:
    with walking(tmp_path) as walk:
        yield walk


def test_a_project_is_added_step_by_step(walk: Walk) -> None:
    walk.sees(HOME)
    walk.presses("Добавить проект")
    assert "Новый проект · шаг 1/5" in walk.turn.text
    assert "не годится для имени проекта" in walk.types("плохое имя").text
    walk.types("shop")
    assert "Это не адрес репозитория" in walk.types("nowhere").text
    assert "http://example.org/shop.git не отвечает" in walk.types("http://example.org/shop.git").text
    assert "🔁 Повторить" in str(walk.turn.keyboard)
    walk.types("https://example.org/shop.git")
    walk.presses("Принять")
    walk.presses("develop")
    walk.presses("1 мин")
    assert "Ветка: develop" in walk.turn.text
    walk.presses("Тест, потом спросить")
    walk.presses("✅ Создать и запустить тест")
    assert "Сколько длится тест?" in walk.turn.text
    new = next(it[1] for it in walk.control.asked if it[0] == "add")
    assert isinstance(new, NewProject)
    assert (new.name, new.branch, new.interval_s, new.policy.value) == ("shop", "develop", 60, "test")


def test_the_token_of_a_private_repository_is_never_stored_with_the_form(walk: Walk) -> None:
    walk.control.private = True
    walk.sees("A1")
    walk.types("shop")
    assert "Пришлите токен" in walk.types("https://example.org/shop.git").text
    assert walk.session.waiting is not None
    assert walk.session.waiting.secret
    walk.types("ghp_very_secret_token")
    assert "very_secret" not in str(walk.session)
    for label in ("Принять", "main", "● 5 мин"):
        walk.presses(label)
    walk.presses("Создать и")
    access = next(it[3] for it in walk.control.asked if it[0] == "add")
    assert access.token.reveal() == "ghp_very_secret_token"


def test_a_branch_that_is_not_there_is_refused_where_it_was_typed(walk: Walk) -> None:
    walk.sees("A1")
    walk.types("shop")
    walk.types("https://example.org/shop.git")
    walk.presses("Принять")
    refused = walk.types("mian").text
    assert "шаг 4/5" in refused
    assert "нет ветки mian. Есть: main, develop, old." in refused
    assert "шаг 5/5" in walk.types("old").text
    assert walk.session.form["branch"] == "old"


def test_the_token_of_one_host_is_never_shown_to_another(walk: Walk) -> None:
    walk.sees("A1")
    walk.types("shop")
    walk.types("https://anna:ghp_of_the_first_host@first.example.org/shop.git")
    assert "Доступ по токену" in walk.turn.text
    walk.sees("A2")
    assert "Доступ по токену" in walk.types("https://first.example.org/other.git").text
    walk.sees("A2")
    assert "Доступ по токену" not in walk.types("https://second.example.org/shop.git").text
    given = [access and access.token and access.token.reveal() for _url, access in walk.control.opened]
    assert given == ["ghp_of_the_first_host", "ghp_of_the_first_host", None]


def test_a_variable_shows_as_dots_and_for_15_seconds_in_clear(walk: Walk) -> None:
    walk.control.have("shop", versions=1)
    walk.sees("C1", 1)
    walk.presses("➕ Добавить")
    walk.types("API_KEY")
    assert "будет удалено сразу" in walk.turn.text
    walk.types("a-long-secret-value")
    assert "сохранено (зашифровано)" in walk.turn.text
    assert "secret" not in walk.turn.text
    walk.presses("API_KEY ••••ue")
    shown = walk.presses("Показать")
    assert "a-long-secret-value" in shown.text
    assert shown.live_s == 15
    assert "secret-value" not in walk.sees(shown.session.place).text


def test_a_dotenv_file_is_previewed_before_it_counts(walk: Walk) -> None:
    walk.control.have("shop", versions=1)
    walk.control.set_variable("shop", "A", Secret("1"), False)
    walk.sees("C5", 1)
    preview = walk.types("# comment\nexport A='2'\nB=\"x\\ny\"\nnonsense\nC=3 # three\n").text
    assert "Новых 2, изменится 1, лишних строк 1" in preview
    assert "x\ny" not in preview
    walk.presses("Применить")
    values = {key: value.reveal() for (key, _), value in walk.control.all["shop"].variables.items()}
    assert values == {"A": "2", "B": "x\ny", "C": "3"}


def test_deleting_a_project_asks_for_its_name(walk: Walk) -> None:
    walk.control.have("shop", versions=1)
    walk.sees("P2", 1)
    walk.presses("Удалить проект")
    walk.presses("Да, удалить")
    assert "shop" in walk.control.all
    walk.types("shpo")
    assert "shop" in walk.control.all
    walk.types("shop")
    assert "shop" not in walk.control.all


def test_a_test_of_no_time_is_refused_with_what_can_be_asked_for(walk: Walk) -> None:
    walk.control.have("shop", versions=1)
    walk.sees("R2", 1)
    assert "⚠️ 0 не подходит. От 1 секунды до 7 дней." in walk.types("0").text


def test_a_test_that_waits_behind_a_deployment_is_watched_and_can_be_aborted(walk: Walk) -> None:
    walk.control.have("shop", versions=1)
    walk.control.hold = True
    walk.control.deploy("shop", "boris")
    walk.control.waits("shop")
    walk.sees("R3", 1)
    assert "ждёт очереди" in walk.turn.text
    assert walk.turn.live_s == 3
    walk.presses("⏹ Прервать")
    walk.presses("⏹ Прервать")
    assert ("cancel", "shop") in walk.control.asked


def test_an_abort_ends_the_deployment_on_the_screen_and_no_other(walk: Walk) -> None:
    walk.control.have("shop", versions=1)
    walk.control.hold = True
    shown = walk.control.deploy("shop", "anna")
    walk.sees("R6x", 1, shown.id)
    walk.control.finish("shop")
    following = walk.control.deploy("shop", "boris")
    assert "⚠️ Это уже закончилось." in walk.presses("⏹ Прервать").text
    assert not walk.control.deployment(following.id).ended


def test_what_follows_a_test_is_asked(walk: Walk) -> None:
    walk.control.have("shop", versions=1)
    walk.sees("R2", 1)
    walk.presses("1 мин")
    walk.control.hold = True
    walk.presses("Начать")
    assert "0:" in walk.turn.text or "из 1:00" in walk.turn.text
    assert walk.turn.live_s == 3
    assert "CPU 3% · RAM 84 МБ" in walk.turn.text
    walk.presses("+5 мин")
    assert "из 6:00" in walk.turn.text
    walk.presses("Закончить раньше")
    assert "прошёл за 1 мин (1 мин назад). Развернуть?" in walk.turn.text
    walk.control.hold = False
    walk.presses("Развернуть в базовом месте")
    assert "готово за" in walk.turn.text
    assert walk.control.status("shop").version == 2


def test_the_interval_takes_presets_and_own_values(walk: Walk) -> None:
    walk.control.have("shop", versions=1)
    walk.sees("I1", 1)
    walk.presses("1 ч")
    assert "● 1 ч" in str(walk.turn.keyboard)
    walk.presses("Свой")
    assert "«soon» — не время" in walk.types("soon").text
    walk.types("90s")
    assert walk.control.project("shop").interval_s == 90
    walk.presses("Не следить")
    assert walk.control.project("shop").paused


def test_settings_are_typed_and_checked(walk: Walk) -> None:
    walk.control.have("shop", versions=1)
    walk.sees("P2", 1)
    walk.presses("Здоровье")
    walk.types("tcp://127.0.0.1:8080")
    assert walk.control.project("shop").probe == "tcp://127.0.0.1:8080"
    walk.presses("Здоровье")
    walk.presses("Убрать")
    assert walk.control.project("shop").probe is None
    walk.presses("Имя")
    walk.types("boutique")
    assert [it.name for it in walk.control.projects()] == ["boutique"]
    walk.presses("Имя")
    walk.types("shop")
    walk.presses("Постоянные пути")
    walk.types("db/")
    assert walk.control.project("shop").persist == ("db/",)
    walk.presses("✖ db/")
    assert walk.control.project("shop").persist == ("db/",), "it was only asked"
    walk.presses("Не сохранять")
    assert walk.control.project("shop").persist == ()
