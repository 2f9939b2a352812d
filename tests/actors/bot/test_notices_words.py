"""Notices in words: what a person reads of each kind of fact."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest

from actors.bot.alerts import Kind
from actors.bot.notices import MAX_TEXT, folded, line, message
from actors.bot.texts.notices_en import TEXTS as ENGLISH
from actors.bot.texts.notices_ru import TEXTS as RUSSIAN
from actors.records.notices import Notice

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)


def notice(kind: Kind, **facts: object) -> Notice:
    known = {"no": 3, "version": 8, "sha": "a1b2c3d" + "0" * 33, "subject": "Fix <b>", "author": "Anna & co", **facts}
    return Notice(id="n1", key="k", at=NOW, kind=kind, facts=known, project="shop")


def test_both_languages_have_the_same_sentences_with_the_same_values() -> None:
    fields = {name: set(re.findall(r"{(\w+)}", text)) for name, text in ENGLISH.items()}
    assert fields == {name: set(re.findall(r"{(\w+)}", text)) for name, text in RUSSIAN.items()}


def test_a_success_reads_well() -> None:
    said = message(
        notice(Kind.SUCCEEDED, took_s=72.0, stages=[{"name": "build", "state": "succeeded", "took_s": 31}]), "ru"
    )
    assert said.text == (
        "✅ <b>shop №8</b> развёрнут за 1:12\n<code>a1b2c3d</code> Fix &lt;b&gt; — Anna &amp; co\nЭтапы: сборка 31 с"
    )
    assert [[(button.label, button.data) for button in row] for row in said.keyboard] == [
        [("ℹ️ Состояние", "S1:3::"), ("⏪ Откатить", "B1:3::")]
    ]


def test_a_success_tells_how_quickly_the_program_answered_where_it_was_asked() -> None:
    said = message(notice(Kind.SUCCEEDED, took_s=72.0, answered_ms=35), "ru")
    assert said.text.endswith("Здоровье: ответ за 35 мс")
    assert "Здоровье" not in message(notice(Kind.SUCCEEDED, took_s=72.0, answered_ms=None), "ru").text


@pytest.mark.parametrize(
    ("who", "english", "russian"), [("cli:anna", "command line", "командная строка"), ("Анна", "Анна", "Анна")]
)
def test_who_asked_is_said_in_the_reader_s_language(who: str, english: str, russian: str) -> None:
    started = notice(Kind.STARTED, who=who)
    assert f"Asked by: {english}" in message(started, "en").text
    assert f"Инициатор: {russian}" in message(started, "ru").text


def test_a_test_without_an_exit_code_did_not_pass_and_says_why() -> None:
    over = message(notice(Kind.TEST_FINISHED, passed=False, error="verify: there is no file main.py"), "en").text
    assert over.startswith("❌ <b>shop #8</b>: the test did not pass. What next?")
    assert "Reason: verify: there is no file main.py" in over
    ended = message(notice(Kind.TEST_FINISHED, passed=False, exit_code=3, took_s=2.0), "en").text
    assert ended.startswith("❌ <b>shop #8</b>: the test ended with code 3 in 2 s. What next?")


@pytest.mark.parametrize(("code", "said"), [(None, "упал."), (3, "упал с кодом 3.")])
def test_a_program_that_went_down_names_its_exit_code_where_it_is_known(code: int | None, said: str) -> None:
    down = message(notice(Kind.DOWN, exit_code=code, restarts=1, next_try_s=2.0), "ru").text
    assert down.startswith(f"🔴 <b>shop №8</b> {said} Запущу снова через 2 с")


def test_a_folded_line_says_why_in_the_reader_s_language() -> None:
    away = notice(Kind.WATCH_FAILED, times=1, error="there is no repository at /srv/shop.git", subject=None)
    assert "по адресу /srv/shop.git нет репозитория" in line(away, "ru")


def test_a_failure_reads_well() -> None:
    said = message(
        notice(
            Kind.FAILED,
            id="d00000007",
            took_s=72.0,
            error="build: uv said no",
            running=7,
            who="Анна",
            stages=[
                {"name": "fetch", "state": "succeeded", "took_s": 2},
                {"name": "build", "state": "failed", "took_s": 31},
            ],
            output=["$ uv pip install", "No solution found <x>"],
        ),
        "en",
    )
    assert said.text == (
        "❌ <b>shop #8</b> was not deployed: stage build\n"
        "<code>a1b2c3d</code> Fix &lt;b&gt; — Anna &amp; co\n"
        "Asked by: Анна\n"
        "Reason: uv said no\n"
        "Stages: fetch 2 s · ❌ build 31 s\n"
        "Now running: #7\n"
        "<pre>$ uv pip install\nNo solution found &lt;x&gt;</pre>"
    )
    assert [button.data for button in said.keyboard[0]] == ["R5:3::", "S2:3:d00000007:", "B1:3::"]


def test_long_output_is_cut_in_the_middle_and_never_too_long() -> None:
    said = message(notice(Kind.FAILED, output=[f"{n} " + "<&я𝄞" * 50 for n in range(30)]), "ru")
    assert len(said.text.encode("utf-16-le")) // 2 <= MAX_TEXT
    assert "<pre>0 " in said.text
    assert re.search(r"… скрыто строк: \d+ …", said.text)
    assert "29 " in said.text.splitlines()[-1]


@pytest.mark.parametrize("language", ["ru", "en"])
@pytest.mark.parametrize("kind", list(Kind))
def test_every_kind_has_words_even_with_few_facts(kind: Kind, language: str) -> None:
    facts = {"text": "x", "how": "actor", "error": "e", "times": 2}
    needed: dict[str, Any] = {key: facts[key] for key in facts if kind in (Kind.SERVICE, Kind.ACTOR, Kind.WATCH_FAILED)}
    if kind is Kind.LOAD:
        needed = {"resource": "disk", "percent": 91.2, "limit": 90, "over": False}
    said = message(notice(kind, **needed), language)
    assert said.text
    assert "{" not in said.text
    assert "\n" not in line(notice(kind, **needed), language)


def test_folded_notices_fit_into_one_message_and_say_how_many_they_are() -> None:
    said, count = folded([notice(Kind.SUCCEEDED, took_s=1, subject="x" * 300) for _ in range(200)], "en")
    assert count < 200
    assert said.text.startswith(f"🔔 <b>{count} events at once</b>\n✅")
    assert len(said.text) <= MAX_TEXT
