"""Outages, and how people want to be told: nothing is lost, nothing is told twice."""

from __future__ import annotations

import threading

from actors.bot.orders import (
    AnswerPress,
    DeleteMessage,
    SendText,
    ShowPanel,
)
from actors.bot.queue import Queue, Rank
from actors.bot.rights import Role
from actors.messages import ServiceNotice
from actors.model.deployment import State
from actors.records.notices import Told
from actors.records.people import Quiet
from tests.actors.bot.outbox_kit import HOUR, clock, post, sent, server, texts
from tests.actors.bot.post_office import ADMIN, PostOffice
from tests.fakes.botapi import BotApiServer, Fault
from tests.fakes.clock import FakeClock

__all__ = ["clock", "post", "server"]


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
