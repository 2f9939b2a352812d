"""The load in the chat: bars, a live minute, charts as photos, projects, thresholds."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from actors.bot.links import Link, base36
from actors.bot.rights import Role
from actors.bot.screen import Person
from actors.bot.screens import load_chart
from actors.model.load import HIGHEST_LIMIT, LOWEST_LIMIT, Raised, Resource
from actors.records.people import Quiet
from runtime.errors import PictureError
from tests.actors.bot.fake_control import FakeControl
from tests.actors.bot.front import front
from tests.actors.bot.walking import Walk, walking
from tests.fakes import png
from tests.fakes.clock import FakeClock

BUSY = {
    "cpu_percent": 23.4,
    "cpu_count": 0.5,
    "memory_bytes": 512 * 1024**2,
    "memory_limit_bytes": 1024**3,
    "limit_source": "cgroup v2",
    "disk_free_bytes": 29 * 1024**3,
    "disk_total_bytes": 100 * 1024**3,
    "net_rx_bytes": 1.2e6,
    "net_tx_bytes": 80e3,
    "processes": 14,
    "threads": 61,
    "temperature": 54.2,
    "uptime": 12 * 86400.0,
    "load_average": 0.41,
}


@pytest.fixture
def walk(tmp_path: Path) -> Iterator[Walk]:
    with walking(tmp_path) as walk:
        yield walk


def program(name: str, cpu: float, memory: float, **more: Any) -> dict[str, Any]:
    known = {"name": name, "engine": "process", "up": True, "processes": 1}
    return {**known, "cpu_percent": cpu, "memory_bytes": int(memory * 1024**2), **more}


def measures(walk: Walk, monkeypatch: pytest.MonkeyPatch, **more: Any) -> None:
    """What the service measures from now on."""
    load = {**BUSY, "projects": [], "tests": [], "containers": [], **more}
    monkeypatch.setattr(walk.control, "load", lambda: load)


def labels(walk: Walk) -> list[str]:
    return [button.label for row in walk.turn.keyboard for button in row]


@pytest.mark.parametrize(
    ("language", "rows"),
    [
        (
            "ru",
            (
                "На 12:00:00 (UTC)",
                "CPU <code>▓▓░░░░░░</code> 23% (ядер: 0.5, load 0.41)",
                "RAM <code>▓▓▓▓░░░░</code> 512 МБ из 1,0 ГБ (лимит cgroup)",
                "Диск <code>▓▓▓▓▓▓░░</code> 71% · своб. 29,0 ГБ",
                "Сеть ↓ 1 МБ/с ↑ 78 КБ/с · Темп. 54 °C",
                "Процессов 14 · Потоков 61 · Работает 12 д",
            ),
        ),
        (
            "en",
            (
                "At 12:00:00 (UTC)",
                "CPU <code>▓▓░░░░░░</code> 23% (cores: 0.5, load 0.41)",
                "RAM <code>▓▓▓▓░░░░</code> 512 MB of 1.0 GB (cgroup limit)",
                "Disk <code>▓▓▓▓▓▓░░</code> 71% · free 29.0 GB",
                "Network ↓ 1 MB/s ↑ 78 KB/s · Temp. 54 °C",
                "Processes 14 · Threads 61 · Up 12 d",
            ),
        ),
    ],
)
def test_every_row_of_the_load_is_there(
    walk: Walk, monkeypatch: pytest.MonkeyPatch, language: str, rows: tuple[str, ...]
) -> None:
    measures(walk, monkeypatch)
    walk.person = Person(42, "anna", language)
    assert "\n".join(rows) in walk.sees("L0").text


def test_the_time_is_that_of_the_zone_that_the_person_named(walk: Walk) -> None:
    walk.access.set_quiet(42, Quiet(23, 8, 330))
    assert "На 17:30:00 (UTC+5:30)" in walk.sees("L0").text


def test_the_five_busiest_projects_stand_below(walk: Walk, monkeypatch: pytest.MonkeyPatch) -> None:
    down = program("off", 99, 9, up=False)
    measures(walk, monkeypatch, projects=[down, *(program(f"p{n}", n, 10) for n in range(7))])
    table = walk.sees("L0").text.partition("<pre>")[2]
    assert [line.split()[0] for line in table.splitlines()] == ["p6", "p5", "p4", "p3", "p2"]


def test_what_cannot_be_measured_is_said_and_leads_on(walk: Walk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walk.control, "load", lambda: BUSY[""])
    monkeypatch.setattr(type(walk.dialogue._standing), "load", lambda _self, new=False: None)
    assert "узнать не удалось" in walk.sees("L0").text
    assert "узнать не удалось" in walk.sees("L1").text
    assert "сейчас —" in walk.sees("N2").text


# --- live


def test_a_live_page_ends_after_a_minute_by_itself(walk: Walk) -> None:
    walk.sees("L0")
    walk.presses("Живой 1 мин")
    assert walk.turn.live_s == 3.0
    assert not any("Живой" in label for label in labels(walk))
    walk.clock.advance(59)
    assert walk.sees(walk.session.place).live_s == 3.0
    walk.clock.advance(1)
    assert walk.sees(walk.session.place).live_s is None
    assert any("Живой" in label for label in labels(walk))


def test_nobody_makes_a_page_live_for_ever(walk: Walk) -> None:
    century = int(walk.clock.now().timestamp()) + 100 * 365 * 86400
    for arg in (f"l{base36(century)}", "l", "lzzzzzzzzzzzz", "l-1", "l1.5", "x"):
        assert walk.sees("L0", arg=arg).live_s is None, arg


def test_a_live_page_is_edited_in_place_at_a_bounded_rate(tmp_path: Path) -> None:
    control, clock = FakeControl(), FakeClock()
    with front(tmp_path, control, clock) as bot:
        anna = bot.opens_menu(bot.admin())
        bot.press(anna, "📊 Нагрузка", "На 12:00:00")
        before = anna.panel.id
        bot.press(anna, "Живой 1 мин", "На 12:00:00")
        edits = 0
        for _ in range(80):
            clock.advance(1)
            bot.system.settle()
        anna.wait_for(lambda u: any("Живой" in label for row in u.panel.labels for label in row))
        edits = len(anna.panel.edits)
        assert anna.panel.id == before
        assert 5 <= edits <= 25
        clock.advance(30)
        assert len(anna.panel.edits) == edits


# --- charts


def test_a_chart_comes_as_a_photo_and_the_panel_after_it(tmp_path: Path) -> None:
    control = FakeControl()
    with front(tmp_path, control, FakeClock()) as bot:
        anna = bot.opens_menu(bot.admin("en"), "Menu")
        bot.press(anna, "📊 Load", "At 12:00:00")
        for label, period in (("📈 24 h", "the last 24 hours"), ("📈 1 h", "the last hour")):
            count = len(anna.messages)
            anna.presses(label)
            anna.wait_for(lambda u, count=count: len(u.messages) == count + 2)
            photo, panel = anna.messages[-2:]
            assert photo.photo is not None
            assert png.read(photo.photo).width == 1280
            assert period in photo.text
            assert "Deployments: 🟢▲ 1 · ❌ 1 · ↩️ 1" in photo.text
            assert photo.silent
            assert panel is anna.panel


def test_a_caption_tells_means_peaks_and_their_times(walk: Walk) -> None:
    walk.access.set_quiet(42, Quiet(23, 8, 180))
    walk.sees("L0")
    (file,) = walk.presses("📈 1 ч").files
    assert file.kind == "photo"
    lines = file.caption.splitlines()
    assert lines[0] == "📈 <b>Контейнер</b>: последний час (UTC+3)"
    assert lines[1] == "CPU: в среднем 22,9%, пик 50% (14:10)"
    assert lines[2].startswith("RAM: в среднем 302 МБ, пик 304 МБ (14:0")
    assert len(file.caption) < 1024


def test_a_project_has_charts_of_its_own(walk: Walk) -> None:
    project = walk.control.have("shop", versions=1)
    walk.sees("L2", project.no)
    assert "Час: CPU в среднем" in walk.turn.text
    assert "Сутки: CPU в среднем" in walk.turn.text
    (file,) = walk.presses("📈 24 ч").files
    assert file.name == "shop-24h.png"
    assert "<b>shop</b>" in file.caption


def test_nothing_measured_is_a_sentence_and_no_picture(walk: Walk) -> None:
    walk.control.nothing_measured = True
    walk.sees("L0")
    turn = walk.presses("📈 24 ч")
    assert not turn.files
    assert "ничего не измерено" in turn.text
    project = walk.control.have("shop")
    assert "Программа" in walk.sees("L2", project.no).text


def test_where_no_picture_can_be_drawn_the_curve_is_told_as_text(walk: Walk, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(_drawing: str) -> bytes:
        raise PictureError("no library <here>")

    monkeypatch.setattr(load_chart, "png", fails)
    walk.sees("L0")
    turn = walk.presses("📈 24 ч")
    assert not turn.files
    assert "no library &lt;here&gt;" in turn.text
    assert re.search(r"CPU <code>[▁-█]{24}</code>\nRAM <code>[▁-█]{24}</code>", turn.text)


def test_a_forged_period_is_refused(walk: Walk) -> None:
    with pytest.raises(Exception, match="no period"):
        load_chart.picture(None, "x", None)  # type: ignore[arg-type]  # it must not even look


# --- by project


def test_projects_are_ranked_by_what_they_use_and_tests_and_guests_follow(
    walk: Walk, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("busy", "large", "idle"):
        walk.control.have(name, versions=1)
    measures(
        walk,
        monkeypatch,
        projects=[program("busy", 80, 10), program("large", 5, 900, engine="container"), program("idle", 0, 1)],
        tests=[program("busy", 3, 20)],
        containers=[
            program("large", 5, 900, kind="project", container="c1"),
            program("stranger", 50, 30, kind="guest", container="c2"),
        ],
    )
    text = walk.sees("L1").text
    assert [line.split()[0].removeprefix("<pre>") for line in text.splitlines() if "%" in line] == [
        *("busy", "large", "idle"),
        *("stranger", "busy"),
    ]
    assert "900 МБ🐳" in text
    walk.presses("↓ RAM")
    assert [label for label in labels(walk) if label in ("busy", "large", "idle")] == ["large", "busy", "idle"]
    walk.presses("large")
    assert walk.session.place == Link("L2", 2)


def test_many_projects_are_shown_a_page_at_a_time(walk: Walk, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(20):
        walk.control.have(f"p{number:02d}", versions=1)
    measures(walk, monkeypatch, projects=[program(f"p{n:02d}", n, n) for n in range(20)])
    walk.sees("L1", arg="m")
    assert "p19" in labels(walk)
    walk.presses("▶")
    assert "p11" in labels(walk)
    assert "p19" not in labels(walk)
    assert walk.session.place == Link("L1", arg="m1")
    walk.presses("🔄")
    assert "p11" in labels(walk)


# --- thresholds


def test_a_threshold_is_set_by_a_button_by_a_number_and_turned_off(walk: Walk) -> None:
    walk.sees("L0")
    walk.presses("⚠ Пороги")
    assert "🟢 CPU: 90%, сейчас 12%" in walk.turn.text
    walk.presses("CPU: 90%")
    assert "● 90%" in labels(walk)
    walk.presses("70%")
    assert walk.control.limits.of(Resource.CPU) == 70
    walk.presses("Диск: 90%")
    walk.types(" 85 % ")
    assert walk.control.limits.of(Resource.DISK) == 85
    walk.presses("Диск: 85%")
    assert "● 85%" in labels(walk)
    walk.presses("🚫 Выключить")
    assert walk.control.limits.of(Resource.DISK) is None
    assert "⚪ Диск: выключен" in walk.turn.text


@pytest.mark.parametrize("text", ["x", "", "-5", "4", "100", "1e1", "9" * 30, "٩٠", "85.5"])
def test_what_is_no_threshold_is_asked_for_again(walk: Walk, text: str) -> None:
    walk.sees("N2", arg="cpu")
    turn = walk.types(text)
    assert f"от {LOWEST_LIMIT} до {HIGHEST_LIMIT}" in turn.text
    assert turn.session.waiting is not None
    assert walk.control.limits.of(Resource.CPU) == 90


def test_a_standing_alert_is_shown_with_its_time(walk: Walk) -> None:
    since = datetime(2026, 1, 1, 11, 30, tzinfo=UTC)
    walk.control.raised = {Resource.MEMORY: Raised(Resource.MEMORY, 90, 95.0, since)}
    assert "🔴 RAM: 90%, сейчас 29% · выше порога уже 30 мин" in walk.sees("N2").text


def test_only_an_administrator_changes_thresholds(walk: Walk) -> None:
    walk.role = Role.OPERATOR
    assert "CPU: 90%" in walk.sees("N2").text
    assert not any("90%" in label for label in labels(walk))
    walk.sees("N2", arg="cpu")
    assert not any("%" in label for label in labels(walk))
    assert walk.turn.session.waiting is None


def test_alerts_lead_to_the_thresholds_and_back(walk: Walk) -> None:
    walk.sees("N0")
    assert "🔔 Порог нагрузки" in labels(walk)
    walk.presses("⚠ Пороги")
    walk.presses("🔔 Уведомления")
    assert walk.session.place == Link("N0")


def test_a_history_that_ends_now_is_shown_to_its_end(walk: Walk) -> None:
    history = walk.control.load_history(3600)
    later = replace(history, end=history.end + timedelta(minutes=5).total_seconds())
    assert load_chart.spark([(it.at, it.cpu) for it in later.points], later.start, later.end, 50.0).endswith("·")
