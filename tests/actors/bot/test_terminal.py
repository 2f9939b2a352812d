"""The same menus in a terminal: numbers press, the rest is typed, over the real control socket."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from actors.bot import terminal
from actors.bot.access import Access
from actors.bot.desk import ChatDesk
from actors.bot.dialogue import Dialogue
from actors.bot.screens import SCREENS
from actors.errors import BadUsage, NoService
from runtime.clock import SystemClock
from runtime.local_socket import LocalServer
from runtime.store import Store
from tests.actors.bot.fake_control import FakeControl
from tests.actors.bot.kept import reads_as_kept
from tests.fakes import png
from tests.fakes.clock import FakeClock


@pytest.fixture
def control() -> FakeControl:
    return FakeControl()


@pytest.fixture
def home(tmp_path: Path, control: FakeControl) -> Iterator[Path]:
    """A home whose control socket answers `chat` as the service does."""
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    clock = FakeClock()
    store = Store.open(home / "store")
    dialogue = Dialogue(control, Access(store, SystemClock()), SCREENS, clock)  # type: ignore[arg-type]
    desk = ChatDesk(dialogue, clock)

    def answer(request: dict[str, Any], _emit: object) -> dict[str, Any]:
        assert request["command"] == "chat"
        return {"ok": desk.request(request["args"], f"cli:{request['by']}")}

    server = LocalServer(home / terminal.SOCKET_NAME, answer)
    server.start()
    yield home
    server.stop(5.0)
    store.close()


class Person:
    """Types by what stands on the buttons, as somebody does who reads the numbers."""

    def __init__(self, home: Path, language: str) -> None:
        self._home, self._language = home, language
        self.told = ""

    def types(self, *wanted: str) -> str:
        """A whole session: `[label]` presses that button, everything else is typed as it is."""
        out = io.StringIO()
        code = terminal.main(self._home, stdin=Typing(out, wanted), out=out)
        assert code == 0
        self.told = out.getvalue()
        return self.told


class Typing(io.StringIO):
    """Reads what was drawn before it decides which number to type."""

    def __init__(self, out: io.StringIO, wanted: tuple[str, ...]) -> None:
        super().__init__()
        self._out, self._wanted = out, list(wanted)

    def readline(self, _size: int | None = -1) -> str:  # type: ignore[override]
        if not self._wanted:
            return ""
        line = self._wanted.pop(0)
        if line.startswith("["):
            page = self._out.getvalue().removesuffix("> ").rpartition("\n> ")[2]
            found = re.findall(r"\[(\d+)\] (?:● )?" + re.escape(line[1:-1]), page)
            assert found, f"{line} is not in:\n{page}"
            line = found[0]
        return line + "\n"


@pytest.fixture
def person(home: Path, monkeypatch: pytest.MonkeyPatch) -> Person:
    monkeypatch.setenv("LC_ALL", "ru_RU.UTF-8")
    return Person(home, "ru")


def test_a_project_is_added_tested_deployed_and_removed(person: Person, control: FakeControl) -> None:
    told = person.types(
        *("[➕ Добавить проект]", "shop", "https://example.org/shop.git", "[✅ Принять]", "[main]", "[5 мин]"),
        *("[✅ Создать]", "[⚙️ Переменные]", "[➕ Добавить]", "TOKEN", "a-long-secret-value", "[⬅ Назад]"),
        *("[▶️ Запуск]", "[🧪 Тестовый запуск]", "[1 мин]", "[▶️ Начать]", "[🚀 Развернуть в базовом месте]"),
        *("/status shop", "/logs shop", "/run shop prod", "[🚀 Развернуть]", "[⏪ Откатить]", "№1", "[⏪ Откатить]"),
        *("/load", "shop", "[📝 Параметры]", "[🗑 Удалить проект]", "[🗑 Да, удалить]", "shop", "q"),
    )
    assert "secret-value" not in told
    assert "🗑 Проект shop удалён." in told
    assert [it[0] for it in control.asked] == ["add", "test", "promote", "deploy", "rollback", "remove"]
    assert all(it[3].startswith("chat:") for it in control.asked if it[0] == "deploy")


def test_a_page_reads_well(person: Person, control: FakeControl) -> None:
    control.have("shop", versions=2)
    told = person.types("[📦 Проекты]", "[🟢 shop]", "[⏪ Откатить]", "№1", "[✖ Отмена]")
    reads_as_kept("terminal.ru.txt", told)


def test_the_language_is_that_of_the_terminal_and_can_be_changed(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    told = Person(home, "en").types("/lang ru")
    assert "No projects yet" in told
    assert "Проектов пока нет" in told


def test_a_number_that_was_pressed_twice_acts_once(home: Path, control: FakeControl, person: Person) -> None:
    control.have("shop", versions=1)
    person.types("/run shop prod", "[🚀 Развернуть]", "q")
    assert len([it for it in control.asked if it[0] == "deploy"]) == 1


def test_files_are_put_beside_what_is_there(
    person: Person, control: FakeControl, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    control.have("shop", versions=1)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "shop-log.txt").write_text("mine")
    told = person.types("/logs shop", "[📄 Файл]")
    assert "shop-log-1.txt" in told
    assert (tmp_path / "shop-log.txt").read_text() == "mine"
    assert "GET / 200" in (tmp_path / "shop-log-1.txt").read_text()


def test_a_chart_is_kept_as_a_file_and_shown_as_text(
    person: Person, control: FakeControl, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    control.have("shop", versions=1)
    monkeypatch.chdir(tmp_path)
    told = person.types("/load", "[📈 24 ч]", "[📦 По проектам]", "[shop]", "[📈 1 ч]")
    for name in ("load-24h.png", "shop-1h.png"):
        assert f"📄 {tmp_path / name} 📈" in told
        assert png.read((tmp_path / name).read_bytes()).width == 1280
    assert re.search(r"CPU [▁-█]{24}\nRAM [▁-█]{24}", told)


def test_without_a_service_it_says_how_to_start_one(tmp_path: Path) -> None:
    with pytest.raises(NoService, match="no service runs"):
        terminal.main(tmp_path, stdin=io.StringIO(""), out=io.StringIO())


@pytest.mark.parametrize("args", [{}, {"session": ""}, {"session": "a", "input": 5}, {"session": 3}])
def test_a_strange_request_is_refused(tmp_path: Path, control: FakeControl, args: dict[str, Any]) -> None:
    store = Store.open(tmp_path / "store")
    dialogue = Dialogue(control, Access(store, SystemClock()), SCREENS, SystemClock())  # type: ignore[arg-type]
    try:
        with pytest.raises(BadUsage):
            ChatDesk(dialogue, SystemClock()).request(args, "cli:root")
    finally:
        store.close()
