"""The outbox: urgent things first, Telegram's limits kept, nothing lost, nothing sent blindly twice."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from actors.bot.keyboard import Button
from actors.bot.orders import (
    AnswerPress,
    DeleteMessage,
    DropKeyboard,
    PanelShown,
    SendFile,
    SendText,
    SetCommands,
    ShowPanel,
)
from actors.bot.queue import Queue, Rank
from actors.bot.rights import Role
from actors.bot.telegram import CommandHint
from actors.messages import ServiceNotice
from actors.model.deployment import State
from actors.records.notices import Told
from actors.records.people import Quiet
from runtime.actor import Actor
from runtime.child_spec import ChildSpec
from runtime.commands import StartChild
from tests.actors.bot.post_office import ADMIN, PostOffice
from tests.fakes.botapi import BotApiServer, Fault
from tests.fakes.clock import FakeClock

HOUR = 3600.0


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def server(clock: FakeClock) -> Iterator[BotApiServer]:
    with BotApiServer(clock=clock) as running:
        running.rates.on = True
        running.user(ADMIN, "ru").writes("/start")
        yield running


@pytest.fixture
def post(tmp_path: Path, server: BotApiServer, clock: FakeClock) -> Iterator[PostOffice]:
    office = PostOffice(tmp_path, server, clock, (ADMIN,))
    yield office
    office.down()


def texts(server: BotApiServer, user: int = ADMIN) -> list[str]:
    return [message.text for message in server.user(user).messages]


def sent(server: BotApiServer) -> list[str]:
    """Everything that the person ever got, line by line."""
    return [line for text in texts(server) for line in text.splitlines()]


class Front(Actor[Any]):
    """Stands for the Bot actor: it hears where its panels are."""

    def __init__(self, heard: list[Any]) -> None:
        super().__init__()
        self._heard = heard

    def receive(self, message: Any) -> None:
        self._heard.append(message)


def front(post: PostOffice) -> tuple[Any, list[Any]]:
    heard: list[Any] = []
    post.system.address("bot").tell(StartChild(ChildSpec("front", lambda: Front(heard))))
    post.settle()
    return post.system.address("bot/front"), heard


# --- panels, files, answers


def test_a_panel_is_sent_then_edited_and_its_sender_knows_where_it_is(post: PostOffice, server: BotApiServer) -> None:
    address, heard = front(post)
    keyboard = ((Button("A", data="a"),),)
    post.tell(ShowPanel(ADMIN, "<b>1</b>", keyboard, None, address))
    post.until(lambda: heard)
    number = server.user(ADMIN).last.id
    post.tell(ShowPanel(ADMIN, "2", keyboard, number, address))
    post.until(lambda: len(heard) == 2)
    assert heard == [PanelShown(ADMIN, number), PanelShown(ADMIN, number)]
    assert texts(server) == ["2"]
    assert server.user(ADMIN).last.silent
    server.assert_nothing_refused()


def test_of_many_edits_of_a_panel_only_the_newest_is_sent(post: PostOffice, server: BotApiServer) -> None:
    address, heard = front(post)
    post.tell(ShowPanel(ADMIN, "0", (), None, address))
    post.until(lambda: heard)
    number = server.user(ADMIN).last.id
    for step in range(1, 101):
        post.tell(ShowPanel(ADMIN, str(step), (), number, address))
    post.until(lambda: texts(server) == ["100"])
    assert len([name for name, _ in server.calls if name == "editMessageText"]) < 10
    server.assert_nothing_refused()


def test_a_panel_that_shows_that_already_is_as_good_as_edited(post: PostOffice, server: BotApiServer) -> None:
    address, heard = front(post)
    post.tell(ShowPanel(ADMIN, "1", (), None, address))
    post.until(lambda: heard)
    post.tell(ShowPanel(ADMIN, "1", (), heard[0].message_id, address))
    post.until(lambda: len(heard) == 2)
    assert heard[1] == heard[0]
    server.forgive(400)


def test_a_panel_that_is_gone_is_sent_anew(post: PostOffice, server: BotApiServer) -> None:
    address, heard = front(post)
    post.tell(ShowPanel(ADMIN, "1", (), None, address))
    post.until(lambda: heard)
    server.user(ADMIN).deletes(server.user(ADMIN).last)
    post.tell(ShowPanel(ADMIN, "2", (), heard[0].message_id, address))
    post.until(lambda: len(heard) == 2)
    assert heard[1] == PanelShown(ADMIN, server.user(ADMIN).last.id, replaced=heard[0].message_id)
    assert texts(server) == ["2"]
    server.forgive(400)


def test_a_press_is_answered_before_everything_that_waits(post: PostOffice, server: BotApiServer) -> None:
    for number in range(30):
        post.tell(SendText(ADMIN, f"{number}"))
    panel = server.wait_for(lambda: server.user(ADMIN).messages)[0]
    press = server.user(ADMIN).presses_data("x", panel)
    post.tell(AnswerPress(press.id, "Уже выполняется"))
    post.settle()  # no time goes by: the texts wait for theirs
    assert press.answered is not None
    assert press.toast == "Уже выполняется"
    assert len(texts(server)) < 10
    server.assert_nothing_refused()


def test_the_urgent_goes_first_and_a_burst_keeps_to_the_limits(post: PostOffice, server: BotApiServer) -> None:
    for number in range(10):
        post.tell(SendText(ADMIN, f"silent {number}"))
    for number in range(3):
        post.tell(SendText(ADMIN, f"loud {number}", silent=False))
    post.tell(SendFile(ADMIN, "a.txt", b"1", "file"))
    post.until(lambda: len(texts(server)) == 14)
    order = texts(server)
    assert order.index("file") < order.index("loud 0") < order.index("loud 2") < order.index("silent 9")
    assert [text for text in order if text.startswith("silent")] == [f"silent {n}" for n in range(10)]
    server.assert_nothing_refused()


def test_a_text_that_waits_is_replaced_by_a_newer_one_of_its_key(post: PostOffice, server: BotApiServer) -> None:
    for number in range(20):
        post.tell(SendText(ADMIN, f"{number}", key="stranger"))
        post.tell(SendText(ADMIN, f"other {number}"))
    post.until(lambda: f"other {19}" in texts(server))
    assert "19" in texts(server)
    assert len([text for text in texts(server) if not text.startswith("other")]) < 8
    server.assert_nothing_refused()


def test_messages_lose_their_buttons_and_are_deleted(post: PostOffice, server: BotApiServer) -> None:
    anna = server.user(ADMIN)
    post.tell(SendText(ADMIN, "1", ((Button("A", data="a"),),)))
    post.until(lambda: texts(server))
    post.tell(DropKeyboard(ADMIN, anna.last.id))
    post.until(lambda: anna.last.keyboard == [])
    post.tell(DeleteMessage(ADMIN, anna.last.id))
    post.until(lambda: not anna.messages)
    post.tell(SetCommands((CommandHint("start", "Меню"),), "ru", ADMIN))
    post.until(lambda: server.world.commands)
    server.assert_nothing_refused()


# --- what Telegram answers


def test_silence_that_telegram_wants_is_kept_to_the_letter(
    post: PostOffice, server: BotApiServer, clock: FakeClock
) -> None:
    server.faults.next("sendMessage", Fault.status(429, retry_after=37))
    post.tell(SendText(ADMIN, "1"))
    post.settle()
    began = clock.monotonic()
    post.until(lambda: texts(server))
    assert 37.0 <= clock.monotonic() - began < 39.0
    assert texts(server) == ["1"]


def test_markup_that_is_refused_is_sent_as_plain_text(post: PostOffice, server: BotApiServer) -> None:
    post.tell(SendText(ADMIN, "<b>1 &lt; 2"))
    post.until(lambda: texts(server))
    assert texts(server) == ["1 < 2"]
    server.forgive(400)


def test_a_text_that_is_too_long_is_cut(post: PostOffice, server: BotApiServer) -> None:
    post.tell(SendText(ADMIN, "я𝄞" * 4000))
    post.until(lambda: texts(server))
    assert texts(server)[0].startswith("я𝄞я𝄞")
    server.forgive(400)


def test_a_chat_that_blocked_the_bot_is_skipped_until_it_is_back(post: PostOffice, server: BotApiServer) -> None:
    anna = server.user(ADMIN)
    anna.blocks()
    for number in range(10):
        post.publish(ServiceNotice(f"{number}"))
    post.advance(60)
    assert len(server.forgive(403)) == 1
    assert set(post.states()) == {Told.REFUSED}
    anna.blocks(False)
    post.tell(ShowPanel(ADMIN, "menu"))
    post.publish(ServiceNotice("again"))
    post.until(lambda: len(texts(server)) == 2)
    assert texts(server) == ["menu", "🛠 again"]
    server.assert_nothing_refused()


def test_an_answer_that_got_lost_is_not_followed_by_a_second_copy(post: PostOffice, server: BotApiServer) -> None:
    server.faults.next("sendMessage", Fault.reset_after())
    post.publish(ServiceNotice("1"))
    post.advance(90, 1)
    assert texts(server)[0] == "🛠 1"
    assert texts(server)[1].startswith("⚠️ Telegram не ответил на 1 прежнее уведомление: возможно, оно не дошло")
    assert post.states() == [Told.PERHAPS]
    server.faults.next("sendMessage", Fault.reset_after())
    post.tell(SendText(ADMIN, "2"))
    post.advance(90, 1)
    assert texts(server)[2:] == ["2"]


def test_an_edit_whose_answer_got_lost_is_done_again(post: PostOffice, server: BotApiServer) -> None:
    address, heard = front(post)
    post.tell(ShowPanel(ADMIN, "1", (), None, address))
    post.until(lambda: heard)
    server.faults.next("editMessageText", Fault.reset_before())
    post.tell(ShowPanel(ADMIN, "2", (), heard[0].message_id, address))
    post.until(lambda: texts(server) == ["2"])


def test_errors_of_the_server_cost_one_doubtful_notice_and_not_all(post: PostOffice, server: BotApiServer) -> None:
    server.faults.always("*", Fault.status(502))
    for number in range(12):
        post.publish(ServiceNotice(f"notice {number}"))
        post.advance(60, 5)
    server.faults.clear()
    post.until(lambda: texts(server))
    post.advance(120, 5)
    assert post.states() == [Told.PERHAPS] + [Told.FOLDED] * 11


def test_a_token_that_is_refused_is_tried_again_once_a_minute(post: PostOffice, server: BotApiServer) -> None:
    token, server.token = server.token, "700000001:AAOther"
    post.publish(ServiceNotice("1"))
    post.advance(300, 5)
    assert 2 <= len(server.forgive(401)) <= 7
    server.token = token
    post.until(lambda: texts(server), step=5)
    assert texts(server) == ["🛠 1"]


def test_a_call_that_telegram_refuses_for_good_holds_up_nothing(post: PostOffice, server: BotApiServer) -> None:
    server.faults.next("sendMessage", Fault.status(400))
    post.publish(ServiceNotice("1"))
    post.advance(5)
    post.publish(ServiceNotice("2"))
    post.until(lambda: texts(server))
    assert texts(server) == ["🛠 2"]
    assert post.states() == [Told.REFUSED, Told.DELIVERED]


# --- outages


def test_after_an_hour_without_telegram_every_notice_is_told_once_in_order_and_folded(
    post: PostOffice, server: BotApiServer
) -> None:
    with server.outage():
        for number in range(60):
            state = (State.SUCCEEDED, State.FAILED)[number % 2]
            post.ends(f"p{number:02}", state, None if number % 2 == 0 else "build: no", number=number)
            post.advance(60, 10)
        assert set(post.states()) == {Told.WAITING}
    post.until(lambda: Told.WAITING not in post.states(), step=1, most=90)
    told = [line for line in sent(server) if "№1" in line and not line.startswith("Сейчас")]
    assert [line.split("p")[1][:2] for line in told] == [f"{n:02}" for n in range(60)]
    assert len(texts(server)) <= 3
    assert set(post.states()) == {Told.FOLDED}
    server.assert_nothing_refused()


def test_an_outage_slows_nobody_else(post: PostOffice, server: BotApiServer) -> None:
    with server.outage():
        for number in range(200):
            post.publish(ServiceNotice(f"{number}"))
            post.tell(SendText(ADMIN, f"text {number}"))
        post.advance(30)
        assert sum(waiting for _running, waiting in post.system.jobs.load().values()) == 0
        done = threading.Event()
        post.system.jobs.run("network", lambda: None, lambda _done: done.set())
        assert done.wait(10)


def test_a_press_that_is_heard_brings_the_outbox_back_at_once(post: PostOffice, server: BotApiServer) -> None:
    with server.outage():
        post.publish(ServiceNotice("1"))
        post.advance(HOUR, 30)
    press = server.user(ADMIN).presses_data("x")
    post.tell(AnswerPress(press.id))
    post.settle()
    assert press.answered is not None
    post.advance(1)
    assert texts(server) == ["🛠 1"]


def test_a_restart_in_the_middle_of_an_outage_loses_nothing(post: PostOffice, server: BotApiServer) -> None:
    with server.outage():
        for number in range(3):
            post.publish(ServiceNotice(f"{number}"))
        post.advance(60, 5)
        post.down()
        post.up()
        post.advance(60, 5)
        post.system.crash("bot/outbox", SystemExit("drill"))
        post.settle()
    post.advance(200, 5)
    assert [line for line in sent(server) if line.startswith("🛠")] == ["🛠 0", "🛠 1", "🛠 2"]
    assert "bot/outbox упал: SystemExit" in sent(server)[-1]  # that is told, too
    assert post.states() == [Told.FOLDED] * 4


def test_a_notice_that_was_on_its_way_when_the_service_died_says_that_it_may_be_a_repeat(
    post: PostOffice, server: BotApiServer
) -> None:
    with server.outage():
        post.publish(ServiceNotice("1"))
        post.settle()
        post.down()
        post.up()
        (waiting,) = post.records.waiting(ADMIN, 10)
        post.records.mark(ADMIN, [waiting[0].id], Told.SENDING, tried=True)
    post.until(lambda: texts(server), step=5)
    assert texts(server) == ["Возможно, повтор: сервис прервался во время отправки.\n🛠 1"]


def test_a_service_that_stops_in_order_waits_for_what_is_on_its_way(post: PostOffice, server: BotApiServer) -> None:
    server.faults.next("sendMessage", Fault.late_answer(0.4))
    post.publish(ServiceNotice("1"))
    server.wait_for(lambda: texts(server))
    post.down()
    post.up()
    post.advance(60, 5)
    assert texts(server) == ["🛠 1"]
    assert post.states() == [Told.DELIVERED]


# --- how people want it


def test_a_burst_becomes_one_message(post: PostOffice, server: BotApiServer) -> None:
    for number in range(25):
        post.ends(f"p{number:02}", number=number)
    post.until(lambda: Told.WAITING not in post.states())
    assert len(texts(server)) <= 6
    told = [line for line in sent(server) if line.startswith("✅")]
    assert [line.split("p")[1][:2] for line in told] == [f"{n:02}" for n in range(25)]
    server.assert_nothing_refused()


def test_quiet_hours_hold_back_what_is_silent_and_not_what_is_loud(
    post: PostOffice, server: BotApiServer, clock: FakeClock
) -> None:
    post.access.set_quiet(ADMIN, Quiet(11, 14))  # it is noon
    post.ends("good")
    post.ends("bad", State.FAILED, "build: no")
    post.advance(60, 5)
    assert [text.split()[1] for text in texts(server)] == ["bad"]
    assert post.states() == [Told.WAITING, Told.DELIVERED]
    post.advance(2 * HOUR, 15)
    assert [text.split()[1] for text in texts(server)] == ["bad", "good"]


def test_who_was_removed_meanwhile_is_told_nothing_more(post: PostOffice, server: BotApiServer) -> None:
    server.user(7).writes("/start")
    post.access.let_in(7, Role.VIEWER)
    with server.outage():
        post.ends()
        post.settle()
        assert post.access.remove(7)
    post.until(lambda: texts(server), step=5)
    post.advance(30)
    assert texts(server, 7) == []
    assert post.records.chats_waiting() == {}


# --- the queue alone


def test_the_queue_is_bounded_and_drops_what_matters_least() -> None:
    queue = Queue(most=10)
    queue.put(DeleteMessage(1, 5))
    queue.put(ShowPanel(1, "panel", (), 6))
    for number in range(50):
        queue.put(SendText(2, f"{number}"))
    assert len(queue) == 10
    assert queue.dropped == 42
    assert [queue.best(1).order] == [DeleteMessage(1, 5)]  # type: ignore[union-attr]  # it is there
    assert queue.best(2).order == SendText(2, "42")  # type: ignore[union-attr]  # the oldest texts went
    for number in range(100):
        queue.put(DeleteMessage(3, number))
    assert len(queue) == 10
    assert queue.best(2) is None


def test_what_could_not_be_sent_goes_back_to_its_place_unless_something_newer_has_it() -> None:
    queue = Queue()
    queue.put(ShowPanel(1, "old", (), 6))
    queue.put(SendText(1, "a"))
    queue.put(SendText(1, "b"))
    panel = queue.best(1)
    assert panel is not None
    queue.take(panel)
    queue.put(ShowPanel(1, "new", (), 6))
    queue.put_back(panel)
    assert queue.best(1).order == ShowPanel(1, "new", (), 6)  # type: ignore[union-attr]  # it is there
    assert len(queue) == 3
    queue.take(queue.best(1))  # type: ignore[arg-type]  # it is there
    text = queue.best(1)
    assert text is not None
    queue.take(text)
    queue.put_back(text)
    assert queue.best(1).order == SendText(1, "a")  # type: ignore[union-attr]  # it is there
    assert queue.best(1).rank is Rank.RESULT  # type: ignore[union-attr]  # it is there
