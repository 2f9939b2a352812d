"""The door to Telegram, through real telebot, against the strict server and its faults."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from actors.bot.keyboard import Button
from actors.bot.telegram import CommandHint, Telegram
from actors.bot.wire import (
    Conflict,
    MessageIn,
    OtherIn,
    PressIn,
    Refused,
    Unauthorized,
)
from runtime.vault import Secret
from tests.actors.bot.telegram_door import CHAT, server, telegram
from tests.fakes import png
from tests.fakes.botapi import BotApiServer

__all__ = ["server", "telegram"]


def test_a_message_with_every_kind_of_button_arrives_as_it_was_meant(server: BotApiServer, telegram: Telegram) -> None:
    row = (
        Button("🗑 Удалить", data="d", style="danger"),
        Button("Сайт", url="https://a.example/x"),
        Button("Номер", copy="42"),
    )
    number = telegram.send(CHAT, "<b>Меню</b> &lt;x&gt;", (row, ()), silent=True)
    panel = server.user(CHAT).panel
    assert (panel.id, panel.text, panel.silent) == (number, "Меню <x>", True)
    assert panel.keyboard == [
        [
            {"text": "🗑 Удалить", "callback_data": "d", "style": "danger"},
            {"text": "Сайт", "url": "https://a.example/x"},
            {"text": "Номер", "copy_text": {"text": "42"}},
        ]
    ]
    server.assert_nothing_refused()


def test_the_longest_cyrillic_text_goes_through(server: BotApiServer, telegram: Telegram) -> None:
    telegram.send(CHAT, "я" * 4096)
    assert server.user(CHAT).last.text == "я" * 4096
    server.assert_nothing_refused()


def test_plain_text_is_sent_as_it_is(server: BotApiServer, telegram: Telegram) -> None:
    number = telegram.send(CHAT, "1 < 2 & <b>", html=False)
    assert server.user(CHAT).last.text == "1 < 2 & <b>"
    telegram.edit(CHAT, number, "</b>", html=False)
    assert server.user(CHAT).last.text == "</b>"


def test_links_show_no_preview(server: BotApiServer, telegram: Telegram) -> None:
    telegram.edit(CHAT, telegram.send(CHAT, "https://a.example"), "https://b.example")
    shown = [params["link_preview_options"] for _, params in server.calls]
    assert shown == [{"is_disabled": True}] * 2


def test_a_message_is_edited_loses_its_buttons_and_is_deleted(server: BotApiServer, telegram: Telegram) -> None:
    anna = server.user(CHAT)
    number = telegram.send(CHAT, "1", ((Button("A", data="a"),),))
    telegram.edit(CHAT, number, "2", ((Button("B", data="b"),),))
    assert (anna.panel.text, anna.panel.labels) == ("2", [["B"]])
    telegram.edit_keyboard(CHAT, number, ((Button("C", data="c"),),))
    assert anna.panel.labels == [["C"]]
    telegram.edit_keyboard(CHAT, number)
    assert (anna.last.text, anna.last.keyboard) == ("2", [])
    telegram.delete(CHAT, number)
    assert anna.messages == []
    server.assert_nothing_refused()


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("лог работы; №1.txt", "лог работы; №1.txt"),
        ('../../etc/"passwd"', "'passwd'"),
        ("a\r\nContent-Type: x", "aContent-Type: x"),
        ("", "file"),
        ("/", "file"),
    ],
)
def test_a_file_keeps_a_decent_name(server: BotApiServer, telegram: Telegram, name: str, shown: str) -> None:
    telegram.send_document(CHAT, name, b"\x00\r\n--content", "<b>Лог</b>", ((Button("A", data="a"),),), silent=True)
    last = server.user(CHAT).last
    assert last.document == (shown, b"\x00\r\n--content")
    assert (last.text, last.labels, last.silent) == ("Лог", [["A"]], True)
    server.assert_nothing_refused()


def test_pictures_typing_commands_and_the_account_work(server: BotApiServer, telegram: Telegram) -> None:
    picture = png.plain(1280, 960)
    telegram.send_photo(CHAT, picture, "24 ч")
    assert (server.user(CHAT).last.photo, server.user(CHAT).last.text) == (picture, "24 ч")
    telegram.typing(CHAT)
    assert list(server.world.actions) == [(CHAT, "typing")]
    telegram.set_commands([CommandHint("start", "Menu")])
    telegram.set_commands([CommandHint("start", "Меню")], language_code="ru", chat=CHAT)
    assert {language for _, language in server.world.commands} == {"", "ru"}
    assert telegram.get_me().username == "vanka_test_bot"
    telegram.delete_webhook()
    server.assert_nothing_refused()


def test_a_button_that_telegram_would_refuse_cannot_be_made() -> None:
    for wrong in (
        {"data": "я" * 33},
        {"data": ""},
        {},
        {"data": "a", "url": "https://a.example"},
        {"copy": "x" * 257},
        {"copy": ""},
    ):
        with pytest.raises(ValueError, match="button"):
            Button("A", **wrong)  # type: ignore[arg-type]  # mypy sees every field behind the **
    with pytest.raises(ValueError, match="label"):
        Button(" ", data="a")


# what comes in


def test_messages_presses_and_files_come_as_our_own_values(server: BotApiServer, telegram: Telegram) -> None:
    anna = server.user(CHAT, "ru")
    telegram.send(CHAT, "x", ((Button("A", data="p:1"),),))
    press = anna.presses("A")
    anna.sends_document(".env", b"A=1", caption="вот")
    anna.writes("/menu", chat=server.group(-1007))
    first, second, third, fourth = telegram.get_updates(timeout=0)
    assert isinstance(first, MessageIn)
    assert (first.text, first.chat_id, first.chat_type, first.user_id) == ("/start", CHAT, "private", CHAT)
    assert (first.user_name, first.language_code) == ("user42", "ru")
    assert isinstance(second, PressIn)
    assert (second.callback_id, second.data, second.message_id) == (press.id, "p:1", anna.panel.id)
    telegram.answer(second.callback_id, "Готово", alert=True)
    assert (press.toast, press.alert) == ("Готово", True)
    assert isinstance(third, MessageIn)
    assert third.document is not None
    assert (third.text, third.document.name, third.document.size) == ("вот", ".env", 3)
    assert telegram.download(third.document.file_id) == b"A=1"
    assert isinstance(fourth, MessageIn)
    assert (fourth.chat_id, fourth.chat_type) == (-1007, "supergroup")
    server.assert_nothing_refused()


def test_a_poll_waits_for_news_and_the_offset_confirms(server: BotApiServer, telegram: Telegram) -> None:
    (seen,) = telegram.get_updates()
    with ThreadPoolExecutor(1) as pool:
        poll = pool.submit(telegram.get_updates, seen.update_id + 1, 5)
        server.wait_for(lambda: server.world.poll == 2)
        server.user(CHAT).writes("now")
        (update,) = poll.result(timeout=10)
    assert isinstance(update, MessageIn)
    assert update.text == "now"


def test_a_malformed_update_neither_blocks_the_batch_nor_is_asked_for_again(
    server: BotApiServer, telegram: Telegram
) -> None:
    server.push_raw({"message": {"text": 5}})
    server.push_raw("not even an object")
    server.push_raw({"callback_query": {"id": "77", "from": None}})
    server.user(CHAT).writes("still here")
    updates = telegram.get_updates(timeout=0)
    assert [type(update) for update in updates] == [MessageIn, OtherIn, OtherIn, OtherIn, MessageIn]
    assert isinstance(updates[3], OtherIn)
    assert updates[3].callback_id == "77"
    assert telegram.get_updates(max(u.update_id for u in updates) + 1, timeout=0) == ()


def test_a_file_larger_than_wanted_is_not_loaded(server: BotApiServer, telegram: Telegram) -> None:
    server.user(CHAT).sends_document("big", bytes(2000))
    update = telegram.get_updates(timeout=0)[-1]
    assert isinstance(update, MessageIn)
    assert update.document is not None
    with pytest.raises(Refused, match="1000 are the most"):
        telegram.download(update.document.file_id, limit=1000)


def test_a_file_that_is_gone_is_refused_and_not_taken_for_a_wrong_token(
    server: BotApiServer, telegram: Telegram
) -> None:
    with pytest.raises(Refused) as caught:
        telegram._wire.download("documents/none", 100)
    assert not isinstance(caught.value, Unauthorized)


# what is refused


def test_refusals_say_what_they_are(server: BotApiServer, telegram: Telegram) -> None:
    number = telegram.send(CHAT, "x")
    with pytest.raises(Refused) as not_modified:
        telegram.edit(CHAT, number, "x")
    assert not_modified.value.is_not_modified
    with pytest.raises(Refused) as markup:
        telegram.send(CHAT, "<b>x")
    assert markup.value.is_markup
    with pytest.raises(Refused) as gone:
        telegram.edit(CHAT, 999, "y")
    assert gone.value.is_gone
    with pytest.raises(Refused) as deleted:
        telegram.delete(CHAT, 999)
    assert deleted.value.is_gone
    with pytest.raises(Refused) as too_long:
        telegram.send(CHAT, "x" * 4097)
    assert too_long.value.is_too_long
    with pytest.raises(Refused) as too_late:
        telegram.answer("nothing")
    assert too_late.value.is_too_late
    server.user(CHAT).blocks()
    with pytest.raises(Refused) as blocked:
        telegram.send(CHAT, "x")
    assert blocked.value.is_blocked
    with pytest.raises(Refused) as unknown:
        telegram.send(99, "x")
    assert unknown.value.is_blocked
    for caught in (not_modified, markup, gone, deleted, too_long, too_late, blocked, unknown):
        error = caught.value
        said = [error.is_not_modified, error.is_markup, error.is_gone, error.is_too_long, error.is_too_late]
        assert sum([*said, error.is_blocked]) == 1


def test_a_wrong_token_is_unauthorized(server: BotApiServer) -> None:
    door = Telegram(Secret("1:wrong"), server.url)
    with pytest.raises(Unauthorized) as caught:
        door.get_me()
    assert "1:wrong" not in str(caught.value)
    door.close()


def test_a_second_poller_is_a_conflict_for_the_first(server: BotApiServer, telegram: Telegram) -> None:
    (seen,) = telegram.get_updates()
    other = Telegram(Secret(server.token), server.url)
    with ThreadPoolExecutor(1) as pool:
        older = pool.submit(telegram.get_updates, seen.update_id + 1, 5)
        server.wait_for(lambda: server.world.poll == 2)
        other.get_updates(seen.update_id + 1, timeout=0)
        with pytest.raises(Conflict):
            older.result(timeout=10)
    other.close()
