"""The screens as plain values: every button leads somewhere, in both languages, for each role."""

from __future__ import annotations

import string
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from actors.bot.links import Link, parse
from actors.bot.rights import Role
from actors.bot.screen import HOME, Person
from actors.bot.screens import SCREENS
from actors.bot.texts import CATALOGUES
from actors.control import ProjectStatus
from actors.model.run import Look, ProjectState
from runtime.vault import Secret
from tests.actors.bot.fake_shapes import AT
from tests.actors.bot.walking import Walk, a_lived_in_house, walking


@pytest.fixture
def walk(tmp_path: Path) -> Iterator[Walk]:
    with walking(tmp_path) as walk:
        yield walk


def test_both_languages_have_the_same_sentences_with_the_same_values() -> None:
    russian, english = CATALOGUES["ru"], CATALOGUES["en"]
    assert russian.keys() == english.keys()
    for key in russian:
        assert fields(russian[key]) == fields(english[key]), key


def fields(text: str) -> set[str]:
    """The values that are put in; a number may choose its word in one language and not in the other."""
    return {name for _, name, spec, _ in string.Formatter().parse(text) if name and "|" not in (spec or "")}


@pytest.mark.parametrize("language", ["ru", "en"])
@pytest.mark.parametrize("role", list(Role))
def test_every_button_of_every_screen_leads_to_a_screen(walk: Walk, language: str, role: Role) -> None:
    a_lived_in_house(walk.control)
    stranger = walk.sandbox.have("strange", steps=3)
    walk.sandbox.set_variable(stranger.id, "API_KEY", Secret("a-long-secret-value"))
    walk.person, walk.role = Person(42, "anna", language), role
    seen: set[str] = set()
    waiting = [HOME]
    while waiting:
        place = waiting.pop()
        turn = walk.sees(place)
        assert turn.session.place == place, f"{place} could not be shown: {turn.text}"
        assert turn.keyboard, f"{place} is a dead end"
        for button in (button for row in turn.keyboard for button in row):
            if button.data is None:
                continue
            assert len(button.data.encode()) <= 40
            link = parse(button.data)
            assert link is not None, button.data
            assert walk.dialogue.forbids(link, role, True) is None
            if not link.act and button.data not in seen:
                seen.add(button.data)
                waiting.append(link)
    reached = {parse(data).screen for data in seen}  # type: ignore[union-attr]
    # come to by an act, a typed text or a notice
    hidden = {"A2t", "A2k", "A3", "A4", "A5", "A6", "C4", "U1", "A2", "T2", "T2t", "T4p", "R4l"}
    hidden |= {"T1k", "T6v", "X4x", "R5c"}  # there is nobody else, and no new commit was seen
    if role is Role.ADMIN:
        assert set(SCREENS) - reached <= hidden


def test_each_of_the_customers_entries_is_one_press_away(walk: Walk) -> None:
    labels = [button.label for row in walk.sees(HOME).keyboard for button in row]
    for entry in (
        *("Добавить проект", "Настроить конфигурацию", "Период мониторинга", "Запустить проект"),
        *("Откатить проект", "Состояние", "Нагрузка", "Сторонний репозиторий"),
    ):
        assert any(entry in label for label in labels), entry


def test_a_viewer_is_offered_nothing_that_changes_anything(walk: Walk) -> None:
    a_lived_in_house(walk.control)
    walk.role = Role.VIEWER
    for place in (HOME, Link("P1", 1), Link("B1", 1), Link("B2", 1, "3"), Link("S1", 1), Link("R6", 5), Link("R4", 4)):
        acting = [b.label for row in walk.sees(place).keyboard for b in row if b.data and parse(b.data).act]  # type: ignore[union-attr]
        assert not acting, place


def test_an_operator_may_not_come_near_the_variables(walk: Walk) -> None:
    walk.control.have("shop", versions=1)
    walk.role = Role.OPERATOR
    turn = walk.sees("C1", 1)
    assert turn.session.place == HOME
    assert "Нет прав" in turn.text


def test_variables_are_not_shown_in_a_group(walk: Walk) -> None:
    walk.control.have("shop", versions=1)
    walk.private = False
    assert "Только в личном чате" in walk.sees("C1", 1).text
    urls = [button.url for row in walk.sees("P1", 1).keyboard for button in row if button.url]
    assert urls == ["https://t.me/vanka_bot?start=c_1"]


def test_names_subjects_and_output_are_escaped(walk: Walk) -> None:
    walk.control.have("shop", versions=2)
    assert "Fix &lt;prices&gt; &amp; sums" in walk.sees("P1", 1).text
    assert "&lt;b&gt;not markup&lt;/b&gt; &amp; more" in walk.sees("S2", 1).text


def test_long_output_is_cut_in_the_middle(walk: Walk) -> None:
    walk.control.have("shop", versions=1)
    walk.control.output = [f"line {number} " + "x" * 400 for number in range(100)]
    text = walk.sees("S2", 1).text
    assert len(text) < 4000
    assert "line 99" in text
    assert "скрыто строк" in text
    walk.control.output = [f"line {number}" for number in range(100)]
    assert walk.sees("S2", 1).text.count("line ") == 30


def test_alerts_go_from_level_to_level(walk: Walk) -> None:
    walk.sees("N0")
    assert "🔕 Успех" in str(walk.turn.keyboard)
    walk.presses("Успех")
    assert "🔔 Успех" in str(walk.turn.keyboard)
    walk.presses("Тихие часы")
    walk.types("23-8 +3")
    assert "23–8 (UTC+3)" in str(walk.turn.keyboard)


def test_a_log_says_what_it_is_of_in_words_and_not_by_an_id(walk: Walk) -> None:
    walk.control.have("shop", versions=2)
    begun = walk.control.rollback("shop", "anna", 1)
    assert walk.sees("S2", 1, begun.id).text.startswith("<b>Меню › Проекты › shop › Лог › Откат №1</b>")
    assert walk.sees("S2", 1, "t").text.startswith("<b>Меню › Проекты › shop › Лог › Тест</b>")


def test_a_stopped_program_is_not_called_healthy(walk: Walk) -> None:
    walk.control.have("shop", versions=1)
    walk.control.looks = [Look(AT, 1.0)]
    assert "🟢 1 мс" in walk.sees("P1", 1).text
    walk.control.stop("shop", "anna")
    for screen in ("P1", "S1"):
        assert "🟢" not in walk.sees(screen, 1).text


def test_a_stopped_program_is_started_by_a_button_unlike_that_of_a_run(walk: Walk) -> None:
    walk.control.have("shop", versions=1)
    walk.control.stop("shop", "anna")
    walk.sees("P1", 1)
    assert "▶️ Запуск" in str(walk.turn.keyboard)
    walk.presses("▶️ Запустить программу")
    assert ("start", "shop") in walk.control.asked


def test_somebody_who_asked_is_let_in_as_an_operator(walk: Walk) -> None:
    walk.sees("U1", 777)
    assert "оператором" in walk.turn.text
    turn = walk.presses("Пустить")
    assert walk.access.role(777) is Role.OPERATOR
    assert [(tell.chat, "Вас пустили: оператор" in tell.text) for tell in turn.tells] == [(777, True)]
    walk.sees("X4a", 777)
    walk.presses("Убрать")
    assert walk.access.role(777) is Role.OPERATOR, "it was only asked"
    walk.presses("Убрать")
    assert walk.access.role(777) is None


def test_the_last_administrator_stays(walk: Walk) -> None:
    walk.sees("X4a", 42)
    assert "VANKA_ADMIN" in walk.turn.text
    assert not [b for row in walk.turn.keyboard for b in row if b.data and parse(b.data).act]  # type: ignore[union-attr]


def test_a_project_that_is_gone_leads_home_with_a_word(walk: Walk) -> None:
    turn = walk.sees("P1", 99)
    assert turn.session.place == HOME
    assert "Проекта номер 99 нет" in turn.text


@pytest.mark.parametrize("language", ["ru", "en"])
@pytest.mark.parametrize("screen", ["P1", "S1"])
def test_actors_that_were_parked_are_told_and_brought_back_by_a_button(
    walk: Walk, monkeypatch: pytest.MonkeyPatch, language: str, screen: str
) -> None:
    project = walk.control.have("shop", versions=1)
    status = walk.control.status
    walk.person = Person(42, "anna", language)

    def parked(name: str) -> ProjectStatus:
        return replace(status(name), state=ProjectState.FAILED, parked="ZeroDivisionError: <oh>")

    monkeypatch.setattr(walk.control, "status", parked)
    turn = walk.sees(screen, project.no)
    assert "🔴" in turn.text
    assert "ZeroDivisionError: &lt;oh&gt;" in turn.text
    start = CATALOGUES[language]["b_start"]
    assert start in turn.text
    walk.presses(start)
    assert ("start", "shop") in walk.control.asked


def test_somebody_who_cannot_decide_now_is_reminded_later(walk: Walk) -> None:
    project = walk.control.have("shop", versions=2)
    walk.control.test("shop", "telegram:42")
    walk.sees("R4", project.no)
    walk.presses("Напомнить через 1 ч")
    assert walk.control.reminders == [(42, 3600)]
    assert "Напомню через 1 ч" in walk.turn.text
    walk.sees("R4l", project.no)  # where a notice's button leads
    walk.presses("3 ч")
    assert walk.control.reminders[-1] == (42, 3 * 3600)
    assert walk.turn.session.place.screen == "R4"
    walk.presses("Откатить тест")
    walk.presses("Откатить тест")
    assert "Напомнить" not in str(walk.sees("R4l", project.no).keyboard)


def test_nobody_is_reminded_who_has_no_chat(walk: Walk) -> None:
    project = walk.control.have("shop", versions=2)
    walk.control.test("shop", "telegram:42")
    walk.session = replace(walk.session, chat=0)
    assert "Напомнить" not in str(walk.sees("R4", project.no).keyboard)
