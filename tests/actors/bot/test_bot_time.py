"""What time changes: questions, typed input, live pages, values that were shown. The clock is moved by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from actors.messages import ServiceNotice
from runtime.vault import Secret
from tests.actors.bot.fake_control import FakeControl
from tests.actors.bot.front import Front, asks_to_deploy, front
from tests.fakes.botapi import Fault
from tests.fakes.clock import FakeClock
from tests.runtime.kit import until


@pytest.fixture
def control() -> FakeControl:
    return FakeControl()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def later(tmp_path: Path, control: FakeControl, clock: FakeClock) -> Iterator[Front]:
    with front(tmp_path, control, clock) as running:
        yield running


def passes(clock: FakeClock, condition: Callable[[], bool]) -> None:
    """Time goes by until the condition is true."""

    def passed() -> bool:
        clock.advance(0.25)
        return condition()

    until(passed)


def test_a_question_stands_for_a_minute(later: Front, control: FakeControl, clock: FakeClock) -> None:
    control.have("shop", versions=1)
    anna = later.admin()
    asks_to_deploy(later, anna)
    clock.advance(61)
    press = anna.waits_for_answer(anna.presses("🚀 Развернуть"))
    assert press.toast == "Время на ответ вышло"
    assert not [it for it in control.asked if it[0] == "deploy"]


def test_what_is_typed_after_ten_minutes_is_not_taken(later: Front, control: FakeControl, clock: FakeClock) -> None:
    control.have("shop", versions=1)
    anna = later.admin()
    anna.writes("/set shop TOKEN")
    anna.waits_for_text("Значение для TOKEN")
    clock.advance(601)
    secret = anna.writes("a-long-secret-value")
    anna.waits_for_text("Время ввода вышло")
    later.server.wait_for(lambda: secret.deleted)
    assert not control.all["shop"].variables


def test_a_deployment_is_shown_as_it_goes_on(later: Front, control: FakeControl, clock: FakeClock) -> None:
    control.have("shop", versions=1)
    anna = later.admin()
    asks_to_deploy(later, anna)
    control.hold = True
    later.press(anna, "🚀 Развернуть", "идёт")
    control.finish("shop")
    clock.advance(3.5)
    anna.wait_for(lambda u: "готово за" in u.panel.text)


def test_a_value_that_was_shown_is_gone_after_15_seconds(later: Front, control: FakeControl, clock: FakeClock) -> None:
    control.have("shop", versions=1)
    control.set_variable("shop", "API_KEY", Secret("a-long-secret-value"), False)
    anna = later.admin()
    anna.writes("/start c_1")
    anna.waits_for_text("Режим: Боевой")
    later.press(anna, "API_KEY", "Значение: ••••")
    later.press(anna, "Показать", "a-long-secret-value")
    clock.advance(15.5)
    anna.wait_for(lambda u: "secret-value" not in u.panel.text)


def test_a_page_that_changes_by_itself_keeps_its_language(later: Front, control: FakeControl, clock: FakeClock) -> None:
    control.have("shop", versions=1)
    control.hold = True
    anna = later.admin("en")
    anna.writes("/run shop test 10m")
    anna.waits_for_text("Test")
    later.server.wait_for(lambda: "Abort" in str(anna.panel.labels))
    control.finish("shop")
    clock.advance(3.5)
    anna.waits_for_text("Deploy it?")


def test_another_poller_is_told_of_once_in_plain_words(later: Front, clock: FakeClock) -> None:
    anna = later.opens_menu(later.admin())
    heard: list[str] = []
    later.listen(ServiceNotice, lambda notice: heard.append(notice.text))
    faults = later.server.faults
    faults.next("getUpdates", Fault.status(409), 3)
    anna.writes("/menu")
    passes(clock, lambda: len(faults.fired) == 3)
    anna.writes("/status")
    passes(clock, lambda: "Состояние" in anna.last.text)
    assert len(heard) == 1
    assert "Another program uses the bot's token" in heard[0]


def test_a_page_goes_on_changing_after_a_restart(later: Front, control: FakeControl, clock: FakeClock) -> None:
    control.have("shop", versions=1)
    anna = later.admin()
    asks_to_deploy(later, anna)
    control.hold = True
    later.press(anna, "🚀 Развернуть", "идёт")
    later.reboot()
    control.finish("shop")
    clock.advance(3.5)
    anna.wait_for(lambda u: "готово за" in u.panel.text)
