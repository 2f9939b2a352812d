"""The outbox: urgent things first, Telegram's limits kept, nothing lost, nothing sent blindly twice."""

from __future__ import annotations

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
from actors.bot.telegram import CommandHint
from actors.messages import ServiceNotice
from actors.records.notices import Told
from tests.actors.bot.outbox_kit import clock, front, post, server, texts
from tests.actors.bot.post_office import ADMIN, PostOffice
from tests.fakes.botapi import BotApiServer, Fault
from tests.fakes.clock import FakeClock

__all__ = ["clock", "post", "server"]


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
