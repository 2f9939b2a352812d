"""Strangers' repositories in the chat: how one is begun, what is shown of it, who may do what with it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from actors.bot.links import Link, parse
from actors.bot.rights import Role
from actors.bot.screen import HOME, Person
from actors.bot.session import Session
from actors.errors import NoSuchBranch
from actors.model.guest import GuestState
from actors.source import Access
from runtime.vault import Secret
from tests.actors.bot.fake_control import FakeControl
from tests.actors.bot.front import front
from tests.actors.bot.walking import Walk, walking
from tests.fakes.clock import FakeClock

URL = "https://example.org/strange.git"


@pytest.fixture
def walk(tmp_path: Path) -> Iterator[Walk]:
    with walking(tmp_path) as walk:
        yield walk


def labels(walk: Walk) -> str:
    return " ".join(button.label for row in walk.turn.keyboard for button in row)


def begun(walk: Walk, typed: str = URL) -> str:
    """A guest, begun by its buttons; its id."""
    walk.sees("T0")
    walk.presses("Запустить новый")
    walk.types(typed)
    walk.presses("▶️ Запустить")
    return walk.session.place.arg


def test_a_strangers_repository_is_begun_with_a_link_and_a_button(walk: Walk) -> None:
    walk.sees(HOME)
    walk.presses("Сторонний репозиторий")
    assert "Ничего не запущено" in walk.turn.text
    walk.presses("Запустить новый")
    assert "отдельном контейнере без доступа к проектам и секретам" in walk.types(f"{URL} v1.2").text
    assert "v1.2" in walk.turn.text
    assert "готовится" in walk.presses("▶️ Запустить").text
    assert walk.turn.live_s == 3
    (wish,) = walk.sandbox.wishes
    assert (wish.url, wish.ref, wish.test, wish.seconds, wish.network) == (URL, "v1.2", True, 300, True)
    walk.sees("T0")
    assert "🟡 strange · тест" in labels(walk)


def test_each_option_reaches_the_sandbox(walk: Walk) -> None:
    walk.sees("T1")
    walk.types(URL)
    for label in ("Боевой", "Память: 256", "CPU: 0.5", "Сеть: да"):
        walk.presses(label)
    walk.presses("Время: ∞")
    walk.types("2h")
    walk.presses("Период: выкл")
    walk.presses("15 мин")
    walk.presses("Вывод в чат")
    walk.presses("10")
    walk.presses("Назад")
    assert "строк: 10" in labels(walk)
    assert "Период: 15 мин" in labels(walk)
    walk.presses("▶️ Запустить")
    (wish,) = walk.sandbox.wishes
    assert (wish.test, wish.seconds, wish.memory, wish.cpus) == (False, 7200, 512 * 1024**2, 1.0)
    assert (wish.network, wish.output, wish.lines, wish.interval_s) == (False, True, 10, 900)
    assert walk.session.form == {}


def test_production_has_no_end_unless_one_is_given(walk: Walk) -> None:
    walk.sees("T1")
    walk.types(URL)
    walk.presses("Боевой")
    walk.presses("Время: ∞ пока не остановлю")
    assert "● ∞" in labels(walk)
    walk.presses("7 дн")
    walk.presses("Время: 7 дн")
    walk.presses("∞")
    walk.presses("▶️ Запустить")
    assert walk.sandbox.wishes[0].seconds == 0
    assert "Время: ∞ пока не остановлю" in walk.turn.text
    number = walk.session.place.arg
    walk.sandbox.goes_on(number, "python main.py")
    assert "Работает, пока не остановят" in walk.sees("T4", 0, number).text


def test_variables_are_given_before_it_runs_and_never_shown(walk: Walk) -> None:
    walk.sees("T1")
    walk.types(URL)
    walk.presses("Переменные (0)")
    walk.presses("Добавить")
    walk.presses("API_KEY")
    assert walk.session.waiting is not None
    assert walk.session.waiting.secret, "the message with the value is deleted"
    text = walk.types("tell-nobody").text
    assert "API_KEY" in text
    walk.presses("Добавить")
    walk.types("not a name")
    walk.sees("T6", 0, walk.session.form["t_id"])
    walk.presses(".env")
    walk.types("A=1\nB=two\n")
    walk.presses("A ••••")
    assert "никогда не показывается" in walk.turn.text
    walk.presses("Удалить")
    walk.presses("B ••••")
    walk.presses("Изменить")
    walk.types("three")
    walk.presses("Назад")
    assert "Переменные (2)" in labels(walk)
    assert "tell-nobody" not in str(walk.session)
    walk.presses("▶️ Запустить")
    number = walk.session.place.arg
    assert {name: value.reveal() for name, value in walk.sandbox.secrets[number].items()} == {
        "API_KEY": "tell-nobody",
        "B": "three",
    }
    walk.sees("T4", 0, number)
    walk.presses("Переменные (2)")
    walk.presses("API_KEY")
    walk.presses("Изменить")
    assert "при следующем запуске" in walk.types("newer").text
    assert walk.sandbox.secrets[number]["API_KEY"] == Secret("newer")
    walk.presses("Назад")
    assert walk.session.place.screen == "T4"


def test_variables_are_for_administrators_in_a_private_chat(walk: Walk) -> None:
    number = begun(walk)
    for place in ("T6", "T6n", "T6v", "T6d", "T6e"):
        assert walk.dialogue.forbids(Link(place, 0, number), Role.OPERATOR, True) == "t_not_allowed"
        assert walk.dialogue.forbids(Link(place, 0, number), Role.ADMIN, False) == "t_private_only"
    walk.private = False
    walk.sees("T4", 0, number)
    assert f"https://t.me/vanka_bot?start=w_{number}" in [
        button.url for row in walk.turn.keyboard for button in row if button.url
    ]


def test_a_private_repository_is_run_with_a_token_that_is_asked_for(walk: Walk) -> None:
    walk.control.private = True
    walk.sees("T1")
    assert "Пришлите токен" in walk.types(URL).text
    assert walk.session.waiting is not None
    assert walk.session.waiting.secret
    assert "отдельном контейнере" in walk.types("ghp_secret").text
    assert "ghp_secret" not in str(walk.session)
    walk.presses("▶️ Запустить")
    token = walk.sandbox.accesses[walk.session.place.arg].token
    assert token is not None
    assert token.reveal() == "ghp_secret"


def test_a_token_in_the_link_is_kept_apart_from_the_link(walk: Walk) -> None:
    walk.control.private = True
    walk.sees("T1")
    walk.types("https://anna:ghp_secret@example.org/strange.git")
    assert "ghp_secret" not in walk.turn.text + str(walk.session)
    walk.presses("▶️ Запустить")
    number = walk.session.place.arg
    assert walk.sandbox.wishes[0].url == URL
    assert walk.sandbox.accesses[number].digest
    walk.sees("T1")
    assert "Пришлите токен" in walk.types("https://example.org/other.git").text, "it is not for another repository"


def test_the_interval_is_changed_while_it_runs_and_what_cannot_be_watched_is_said(walk: Walk) -> None:
    number = begun(walk)
    walk.sees("T4", 0, number)
    walk.presses("Период: выкл")
    walk.types("10m")
    assert walk.sandbox.get(number).wish.interval_s == 600
    assert "каждые 10 мин" in walk.turn.text
    walk.sandbox.cannot_watch = NoSuchBranch("there is no branch v1.2")
    walk.presses("Период: 10 мин")
    assert "нет такой ветки" in walk.presses("1 ч").text
    walk.presses("Не следить")
    assert walk.sandbox.get(number).wish.interval_s == 0


def test_it_is_run_anew_by_a_button(walk: Walk) -> None:
    number = begun(walk)
    walk.sees("T4", 0, number)
    walk.presses("Запустить заново")
    assert walk.sandbox.anew == [number]


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("nowhere", "Это не адрес репозитория"),
        ("file:///etc", "не адрес на сервере"),
        ("/etc", "не адрес на сервере"),
        ("http://example.org/x.git", "не отвечает"),
        (f"{URL} --upload-pack=x", "не годится для имени ветки"),
    ],
)
def test_a_link_that_cannot_be_run_is_refused_at_once(walk: Walk, typed: str, said: str) -> None:
    walk.sees("T1")
    assert said in walk.types(typed).text
    assert walk.session.place.screen == "T1"
    assert not walk.sandbox.wishes


def test_without_an_engine_the_screen_says_how_to_get_one(walk: Walk) -> None:
    walk.sandbox.without_engine = True
    assert "apt install docker.io" in walk.sees("T0").text
    assert "Запустить новый" not in labels(walk)
    walk.session = replace(walk.session, form={"t_url": URL, "t_id": "00000001"})
    walk.sees("T2")
    assert "Docker" in walk.presses("▶️ Запустить").text
    assert not walk.sandbox.wishes
    walk.sandbox.without_engine = False
    walk.sees("T1")
    walk.sandbox.without_engine = True
    assert "apt install docker.io" in walk.types(URL).text
    walk.sandbox.without_engine = False
    turn = walk.sees("T4", 0, "0000000a")
    assert turn.session.place == HOME
    assert "стороннего репозитория здесь больше нет" in turn.text


def test_the_panel_shows_how_each_command_ended_and_the_last_lines_of_what_runs(walk: Walk) -> None:
    number = begun(walk)
    walk.sandbox.goes_on(number, "pip install -r requirements.txt")
    assert "$ pip install -r requirements.txt" in walk.sees("T4", 0, number).text
    walk.sandbox.ended(number, "pip install -r requirements.txt", [f"line {n}" for n in range(212)])
    walk.sandbox.goes_on(number, "python main.py <x>")
    walk.sandbox.last = (tuple(f"<b>{n}</b>" for n in range(30)), 4000)
    text = walk.sees("T4", 0, number).text
    assert "код 0 · 31 с · строк 212" in text
    assert "line 7" not in text, "a message tells what it wrote"
    assert "python main.py &lt;x&gt;" in text
    assert "последние 10 из 4000 строк" in text
    assert text.count("&lt;b&gt;") == 10
    walk.sandbox.set_output(number, False, 30)
    assert "&lt;b&gt;" not in walk.sees("T4", 0, number).text


def test_who_is_sent_no_messages_sees_in_the_panel_what_the_last_command_wrote(walk: Walk) -> None:
    number = begun(walk)
    walk.session, walk.person = Session(0), Person(0, "anna", "ru")  # a terminal
    walk.sandbox.ended(number, "python main.py", ["<b>not markup</b> & more", *["x"] * 211], code=3)
    text = walk.sees("T4", 0, number).text
    assert "код 3" in text
    assert "&lt;b&gt;not markup&lt;/b&gt; &amp; more" in text
    shown = re.search(r"<pre>(.*)</pre>", text, re.DOTALL)
    assert shown is not None
    assert len(shown.group(1).splitlines()) == 30
    assert "скрыто строк: 183" in shown.group(1)


def test_a_flood_of_wide_lines_fits_into_the_panel_with_its_markup(walk: Walk) -> None:
    number = begun(walk)
    walk.session = replace(walk.session, chat=-100)  # a group
    for command in range(6):
        walk.sandbox.ended(number, f"{command} " + "<" * 900, ["&" * 400] * 300)
    text = walk.sees("T4", 0, number).text
    assert text.count("<pre>") == 1
    assert len(re.sub(r"&\w+;", "x", text)) < 4096


def test_the_whole_output_of_any_command_comes_as_a_file(walk: Walk) -> None:
    number = begun(walk)
    walk.sandbox.ended(number, "one", [f"line {n}" for n in range(100)])
    walk.sandbox.ended(number, "two", ["second"])
    walk.sees("T4", 0, number)
    (file,) = walk.presses("Весь вывод").files
    assert file.content == b"$ two\nsecond\n"
    walk.presses("Команды (2)")
    walk.presses("1")
    (file,) = walk.presses("Весь вывод").files
    assert file.name == "strange-1.txt"
    assert file.content.count(b"line ") == 100


def test_the_output_can_be_switched_off_and_made_shorter_while_it_runs(walk: Walk) -> None:
    number = begun(walk)
    walk.sees("T4", 0, number)
    walk.presses("Вывод выкл")
    assert walk.sandbox.get(number).wish.output is False
    walk.presses("Вывод вкл")
    walk.presses("Строк: 30")
    walk.presses("10")
    assert (walk.sandbox.get(number).wish.output, walk.sandbox.get(number).wish.lines) == (True, 10)
    walk.presses("Назад")
    assert "Строк: 10" in labels(walk)


def test_stop_and_remove_ask_first(walk: Walk) -> None:
    number = begun(walk)
    walk.sees("T4", 0, number)
    walk.presses("Остановить")
    assert walk.sandbox.get(number).state is GuestState.PREPARING
    assert "завершён" in walk.presses("Остановить").text
    assert walk.turn.live_s is None
    walk.presses("Удалить")
    assert walk.sandbox.all()
    assert "удалён" in walk.presses("Удалить").text
    assert walk.sandbox.all() == []
    assert "здесь больше нет" in walk.sees("T4", 0, number).text


def test_what_went_wrong_is_told(walk: Walk) -> None:
    number = begun(walk)
    walk.sandbox.over(number, GuestState.FAILED, "the repository has no <main.py>")
    assert "the repository has no &lt;main.py&gt;" in walk.sees("T4", 0, number).text


def test_an_administrator_sends_a_command_and_sees_what_it_wrote(walk: Walk) -> None:
    number = begun(walk)
    walk.sandbox.goes_on(number, "python main.py")
    walk.sees("T4", 0, number)
    walk.presses("⌨️ Команда")
    text = walk.types("/bin/ls -l <here>").text
    assert walk.sandbox.commands == ["/bin/ls -l <here>"]
    assert "$ /bin/ls -l &lt;here&gt;</code> …" in text, "it runs, and nobody waits for it"
    assert walk.turn.live_s == 3
    walk.sandbox.ended(number, "/bin/ls -l <here>", ["main.py", "setup.cfg"], code=2)
    assert "код 2" in walk.sees("T4", 0, number).text


def test_only_administrators_in_a_private_chat_send_commands(walk: Walk) -> None:
    number = begun(walk)
    walk.sandbox.goes_on(number, "python main.py")
    link = Link("T5", 0, number)
    assert walk.dialogue.forbids(link, Role.OPERATOR, True) == "t_not_allowed"
    assert walk.dialogue.forbids(link, Role.ADMIN, False) == "t_private_only"
    walk.private = False
    walk.sees("T4", 0, number)
    urls = [button.url for row in walk.turn.keyboard for button in row if button.url]
    assert f"https://t.me/vanka_bot?start=t_{number}" in urls
    walk.role = Role.OPERATOR
    walk.sees("T4", 0, number)
    assert "⌨️" not in labels(walk)
    assert "Остановить" in labels(walk)
    assert "Сделать проектом" not in labels(walk)


def test_a_viewer_sees_and_changes_nothing(walk: Walk) -> None:
    walk.sandbox.have("strange", steps=2)
    walk.role = Role.VIEWER
    walk.sees("T0")
    assert "Запустить новый" not in labels(walk)
    walk.presses("strange")
    acting = [link for row in walk.turn.keyboard for b in row if b.data and (link := parse(b.data)) and link.act]
    assert [link.screen for link in acting] == ["T4s"], "the output's file is all there is"
    for place in ("T1", "T2", "T3", "T4a", "T1k", "T7", "T6"):
        assert walk.dialogue.forbids(Link(place), Role.VIEWER, True) == "t_not_allowed"


def test_a_guest_becomes_a_project_with_its_branch_interval_variables_and_token(walk: Walk) -> None:
    number = begun(walk, f"{URL} develop")
    walk.sandbox.set_interval(number, 900)
    walk.sandbox.set_variable(number, "API_KEY", Secret("a-long-secret-value"))
    walk.sandbox.set_access(number, Access(token=Secret("ghp_secret")))
    walk.sees("T4", 0, number)
    text = walk.presses("Сделать проектом").text
    for line in ("Имя: <b>strange</b>", f"Ссылка: {URL}", "Ветка: develop", "15 мин", "Переменных перейдёт: 1", "🔑"):
        assert line in text
    walk.presses("✅ Создать и")
    project = walk.control.project("strange")
    assert (project.url, project.branch, project.interval_s) == (URL, "develop", 900)
    assert walk.control.reveal_variable("strange", "API_KEY", False).reveal() == "a-long-secret-value"
    (added,) = [asked for asked in walk.control.asked if asked[0] == "add"]
    assert added[3].token.reveal() == "ghp_secret"


def test_a_tag_is_no_branch_that_a_project_could_follow(walk: Walk) -> None:
    number = begun(walk, f"{URL} v1.2")
    walk.sees("T4", 0, number)
    text = walk.presses("Сделать проектом").text
    assert "v1.2 — не ветка" in text
    assert "Ветка: v1.2" not in text


def test_a_name_that_is_taken_is_asked_for_again(walk: Walk) -> None:
    walk.control.have("strange")
    number = begun(walk)
    walk.sees("T4", 0, number)
    walk.presses("Сделать проектом")
    assert "Создать" not in labels(walk)
    assert "Имя" in labels(walk)


def test_the_command_repo_leads_to_the_options_and_leaves_no_token_in_the_chat(tmp_path: Path) -> None:
    with front(tmp_path, FakeControl(), FakeClock()) as bot:
        anna = bot.admin()
        sent = anna.writes("/repo https://anna:ghp_secret@example.org/strange.git main")
        anna.waits_for_text("отдельном контейнере")
        bot.server.wait_for(lambda: sent.deleted)
        assert "ghp_secret" not in "".join(message.text for message in anna.messages)
