"""Strangers' repositories in the chat: how one is begun, what is shown of it, who may do what with it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from actors.bot.links import Link, parse
from actors.bot.rights import Role
from actors.bot.screen import HOME
from actors.sandbox.shapes import GuestState
from tests.actors.bot.fake_control import FakeControl
from tests.actors.bot.front import ADMIN, Front, front
from tests.actors.bot.test_golden import GOLDEN, Scribe
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
    walk.presses("Время: 1 дн")
    walk.types("2h")
    walk.presses("Вывод в чат")
    walk.presses("10")
    walk.presses("Назад")
    assert "строк: 10" in labels(walk)
    walk.presses("▶️ Запустить")
    (wish,) = walk.sandbox.wishes
    assert (wish.test, wish.seconds, wish.memory, wish.cpus) == (False, 7200, 512 * 1024**2, 1.0)
    assert (wish.network, wish.output, wish.lines) == (False, True, 10)
    assert walk.session.form == {}


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("nowhere", "Это не ссылка на репозиторий"),
        ("file:///etc", "Это не ссылка на репозиторий"),
        ("/etc", "Это не ссылка на репозиторий"),
        ("http://example.org/x.git", "Репозиторий недоступен"),
        (f"{URL} --upload-pack=x", "Такого имени ветки быть не может"),
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
    turn = walk.sees("T4", 0, "0000000a")
    assert turn.session.place == HOME
    assert "не запускается" in turn.text


def test_each_command_shows_how_it_ended_and_the_last_one_what_it_wrote(walk: Walk) -> None:
    number = begun(walk)
    walk.sandbox.goes_on(number, "pip install -r requirements.txt")
    assert "$ pip install -r requirements.txt" in walk.sees("T4", 0, number).text
    walk.sandbox.ended(number, "pip install -r requirements.txt", [f"line {n}" for n in range(212)])
    text = walk.sees("T4", 0, number).text
    assert "код 0 · 31 с · строк 212" in text
    shown = re.search(r"<pre>(.*)</pre>", text, re.DOTALL)
    assert shown is not None
    assert len(shown.group(1).splitlines()) == 30
    assert "ещё 183 строк скрыто" in shown.group(1)
    walk.sandbox.ended(number, "python main.py <x>", ["<b>not markup</b> & more"], code=3)
    text = walk.sees("T4", 0, number).text
    assert "python main.py &lt;x&gt;" in text
    assert "&lt;b&gt;not markup&lt;/b&gt; &amp; more" in text
    assert "код 3" in text


def test_a_flood_of_wide_lines_fits_into_the_panel_with_its_markup(walk: Walk) -> None:
    number = begun(walk)
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
    walk.sandbox.ended(number, "one", [f"line {n}" for n in range(30)])
    walk.sees("T4", 0, number)
    text = walk.presses("Вывод выкл").text
    assert "line 1" not in text
    assert "код 0" in text
    walk.presses("Вывод вкл")
    walk.presses("Строк: 30")
    walk.presses("10")
    text = walk.presses("Назад").text
    assert text.count("line ") == 9
    assert "ещё 21 строк скрыто" in text


def test_stop_and_remove_ask_first(walk: Walk) -> None:
    number = begun(walk)
    walk.sees("T4", 0, number)
    walk.presses("Остановить")
    assert walk.sandbox.get(number).state is GuestState.PREPARING
    assert "завершён" in walk.presses("Остановить").text
    assert walk.turn.live_s is None
    walk.presses("Удалить")
    assert walk.sandbox.list()
    assert "удалён" in walk.presses("Удалить").text
    assert walk.sandbox.list() == []
    assert "Делать нечего" in walk.sees("T4", 0, number).text


def test_what_went_wrong_is_told(walk: Walk) -> None:
    number = begun(walk)
    walk.sandbox.over(number, GuestState.FAILED, "the repository has no <main.py>")
    assert "the repository has no &lt;main.py&gt;" in walk.sees("T4", 0, number).text


def test_an_administrator_sends_a_command_and_sees_what_it_wrote(walk: Walk) -> None:
    number = begun(walk)
    walk.sandbox.goes_on(number, "python main.py")
    walk.sees("T4", 0, number)
    walk.presses("⌨️ Команда")
    walk.sandbox.answer = (["main.py", "setup.cfg"], 2)
    text = walk.types("/bin/ls -l <here>").text
    assert walk.sandbox.commands == ["/bin/ls -l <here>"]
    assert "$ /bin/ls -l &lt;here&gt;" in text
    assert "код 2" in text
    assert "setup.cfg" in text


def test_only_administrators_in_a_private_chat_send_commands(walk: Walk) -> None:
    number = begun(walk)
    walk.sandbox.goes_on(number, "python main.py")
    link = Link("T5", 0, number)
    assert walk.dialogue.forbids(link, Role.OPERATOR, True) == "t_not_allowed"
    assert walk.dialogue.forbids(link, Role.ADMIN, False) == "t_private_only"
    walk.private = False
    walk.sees("T4", 0, number)
    urls = [button.url for row in walk.turn.keyboard for button in row if button.url]
    assert urls == [f"https://t.me/vanka_bot?start=t_{number}"]
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
    for place in ("T1", "T2", "T3", "T4a"):
        assert walk.dialogue.forbids(Link(place), Role.VIEWER, True) == "t_not_allowed"


def test_a_guest_becomes_a_project_by_the_summary(walk: Walk) -> None:
    number = begun(walk)
    walk.sees("T4", 0, number)
    text = walk.presses("Сделать проектом").text
    assert "Имя: <b>strange</b>" in text
    assert f"Ссылка: {URL}" in text
    walk.presses("✅ Создать и")
    assert walk.control.project("strange").url == URL


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


@pytest.mark.parametrize("language", ["ru", "en"])
def test_the_walk_of_a_third_party_run_reads_well(tmp_path: Path, language: str) -> None:
    with front(tmp_path, FakeControl(), FakeClock()) as bot:
        scribe = Scribe(bot, bot.server.user(ADMIN, language, "Anna"), language)
        _begins(scribe, bot)
        _looks_at_its_output(scribe, bot)
        _sends_a_command_and_ends_it(scribe)
    file, told = GOLDEN / f"third_party.{language}.txt", "\n".join(scribe.lines).strip() + "\n"
    if os.environ.get("VANKA_GOLDEN") == "write":
        file.write_text(told, encoding="utf-8")
    assert told == file.read_text(encoding="utf-8")


def _begins(scribe: Scribe, bot: Front) -> None:
    b = scribe.b
    scribe.writes("/menu", until=b("home_empty"))
    scribe.presses(b("b_third_party"), until=b("tp_none"))
    scribe.presses(b("b_tp_new"), until="https://github.com/user/repo.git")
    scribe.writes(f"{URL} v1.2", until=b("tp_foreign"))
    scribe.presses(b("b_tp_time", time=scribe.words.duration(300)), until=b("tp_time"))
    scribe.presses(scribe.words.duration(600), until=b("tp_foreign"))
    scribe.presses(b("b_tp_net_on"), until=b("tp_foreign"))
    scribe.presses(b("b_tp_run"), until=b("tp_is_preparing"))
    bot.sandbox.goes_on("00000001", "pip install -r requirements.txt")


def _looks_at_its_output(scribe: Scribe, bot: Front) -> None:
    b, number = scribe.b, "00000001"
    bot.sandbox.ended(number, "pip install -r requirements.txt", [f"Collecting part {n}" for n in range(212)])
    bot.sandbox.goes_on(number, "python main.py")
    scribe.presses(b("b_menu"), until=b("home_empty"))
    scribe.presses(b("b_third_party"), until=b("tp_choose"))
    scribe.presses("strange", until="212")
    scribe.presses(b("b_tp_lines", lines=30), until=b("tp_output"))
    scribe.presses("10", until=b("tp_output"))
    scribe.presses(b("b_back"), until="212")
    scribe.presses(b("b_tp_file"), until="$ pip install")
    scribe.presses(b("b_tp_quiet"), until=b("tp_output_is_off"))
    scribe.presses(b("b_tp_loud"), until="212")


def _sends_a_command_and_ends_it(scribe: Scribe) -> None:
    b = scribe.b
    scribe.presses(b("b_tp_command"), until=b("tp_command"))
    scribe.writes("ls -la", until="total 0")
    scribe.presses(b("b_stop"), until="strange")
    scribe.presses(b("b_stop"), until=b("tp_is_ended"))
    scribe.presses(b("b_tp_remove"), until="strange")
    scribe.presses(b("b_tp_remove"), until=b("tp_none"))
