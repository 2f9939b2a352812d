"""The door to Telegram, through real telebot, against the strict server and its faults."""

from __future__ import annotations

import logging
import socket
import threading
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
import telebot

from actors.bot.keyboard import Button
from actors.bot.telegram import CommandHint, Telegram
from actors.bot.wire import (
    Conflict,
    MessageIn,
    OtherIn,
    PressIn,
    Refused,
    RetryAfter,
    TelegramError,
    Unauthorized,
    Unreachable,
)
from actors.errors import BadSetting
from runtime.vault import Secret
from tests.fakes import png
from tests.fakes.botapi import ANY, BotApiServer, Fault

CHAT = 42
TEXT = "совершенно секретно"


@pytest.fixture
def server() -> Iterator[BotApiServer]:
    with BotApiServer() as running:
        running.user(CHAT).writes("/start")
        yield running


@pytest.fixture
def telegram(server: BotApiServer) -> Iterator[Telegram]:
    door = Telegram(Secret(server.token), server.url, read_timeout=5)
    yield door
    door.close()


# what is sent


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


def test_retry_after_is_handed_on_to_the_second_and_nothing_is_tried_again(
    server: BotApiServer, telegram: Telegram
) -> None:
    server.faults.next("sendMessage", Fault.status(429, retry_after=17))
    with pytest.raises(RetryAfter) as caught:
        telegram.send(CHAT, "x")
    assert caught.value.seconds == 17
    assert server.user(CHAT).messages == []
    assert len(server.faults.fired) == 1


# what goes wrong on the way


@pytest.mark.parametrize(
    ("fault", "delivered"),
    [
        (Fault.status(500), 0),
        (Fault.status(502), 0),
        (Fault.reset_before(), 0),
        (Fault.reset_after(), 1),
        (Fault.broken_json(), 1),
        (Fault.wrong_json(), 1),
    ],
)
def test_an_answer_that_is_lost_leaves_it_open_whether_the_message_was_delivered(
    server: BotApiServer, telegram: Telegram, fault: Fault, delivered: int
) -> None:
    server.faults.next("sendMessage", fault)
    with pytest.raises(Unreachable) as caught:
        telegram.send(CHAT, TEXT)
    assert caught.value.maybe_delivered
    assert len(server.user(CHAT).messages) == delivered, "nothing is sent twice"
    telegram.send(CHAT, "the next one passes")
    assert len(server.user(CHAT).messages) == delivered + 1


def test_an_answer_that_comes_too_late_is_not_waited_for(server: BotApiServer) -> None:
    hasty = Telegram(Secret(server.token), server.url, read_timeout=0.1)
    server.faults.next("sendMessage", Fault.late_answer(60))
    with pytest.raises(Unreachable) as caught:
        hasty.send(CHAT, TEXT)
    assert caught.value.maybe_delivered
    assert len(server.user(CHAT).messages) == 1
    hasty.close()


def test_in_an_outage_it_is_certain_that_nothing_was_delivered_and_afterwards_all_is_well(
    server: BotApiServer, telegram: Telegram
) -> None:
    telegram.send(CHAT, "before")
    with server.outage():
        telegram_errors = []
        for _ in range(2):
            with pytest.raises(Unreachable) as caught:
                telegram.send(CHAT, TEXT)
            telegram_errors.append(caught.value)
        assert not telegram_errors[-1].maybe_delivered
    telegram.send(CHAT, "after")
    assert [m.text for m in server.user(CHAT).messages] == ["before", "after"]


def test_a_proxy_that_is_not_there_delivers_nothing(server: BotApiServer) -> None:
    for proxy in ("http://user:hidden@127.0.0.1:1", "socks5h://user:hidden@127.0.0.1:1"):
        door = Telegram(Secret(server.token), server.url, proxy)
        with pytest.raises(Unreachable) as caught:
            door.send(CHAT, "x")
        assert not caught.value.maybe_delivered
        assert "hidden" not in str(caught.value)
        door.close()


def test_addresses_that_cannot_be_used_are_settings_that_are_wrong(server: BotApiServer) -> None:
    with pytest.raises(BadSetting, match="proxy"):
        Telegram(Secret(server.token), server.url, "ftp://127.0.0.1:1")
    for token in ("", "no token", "1:a/../b", "1:a\n"):
        with pytest.raises(BadSetting, match="token must look like"):
            Telegram(Secret(token), server.url)
    with pytest.raises(BadSetting, match="Bot API"):
        Telegram(Secret(server.token), "127.0.0.1:8081")


class _Portal(BaseHTTPRequestHandler):
    """What answers in an hotel instead of Telegram, and as a proxy: pages, and the wrong ones."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        page = b"<html>Pay for the network</html>"
        self.send_response(403)
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the base class's
        """Silent."""


def test_a_strange_page_is_not_taken_for_a_block_by_the_user(server: BotApiServer) -> None:
    portal = HTTPServer(("127.0.0.1", 0), _Portal)
    thread = threading.Thread(target=portal.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    door = Telegram(Secret(server.token), server.url, f"http://127.0.0.1:{portal.server_address[1]}")
    try:
        with pytest.raises(Unreachable):
            door.send(CHAT, "x")
    finally:
        door.close()
        portal.shutdown()
        portal.server_close()
        thread.join(5)


def _listener(serve: Callable[[socket.socket], object]) -> tuple[str, threading.Thread, socket.socket]:
    """A server of one connection; its address, its thread and its socket."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(20)

    def accept() -> None:
        connection, _ = listener.accept()
        with connection:
            serve(connection)

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    return f"http://127.0.0.1:{listener.getsockname()[1]}", thread, listener


def test_an_upload_that_is_taken_slowly_is_not_given_up(server: BotApiServer) -> None:
    size = 12 * 1024 * 1024

    def slow(connection: socket.socket) -> None:
        taken = 0
        while taken < size:
            taken += len(connection.recv(256 * 1024))
            threading.Event().wait(0.01)  # the slowness itself, not a way of waiting
        body = b'{"ok":true,"result":{"message_id":5}}'
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
        while connection.recv(256 * 1024):
            pass

    address, thread, listener = _listener(slow)
    door = Telegram(Secret(server.token), address, connect_timeout=0.25, read_timeout=10)
    try:
        assert door.send_document(CHAT, "big", bytes(size)) == 5
    finally:
        door.close()
        listener.close()
        thread.join(10)


def test_an_upload_that_nobody_takes_ends(server: BotApiServer) -> None:
    done = threading.Event()
    address, thread, listener = _listener(lambda _: done.wait(20))
    door = Telegram(Secret(server.token), address, connect_timeout=0.25, read_timeout=1)
    try:
        with pytest.raises(Unreachable) as caught:
            door.send_document(CHAT, "big", bytes(30 * 1024 * 1024))
        assert caught.value.maybe_delivered
    finally:
        done.set()
        door.close()
        listener.close()
        thread.join(10)


FAULTS = [
    Fault.status(500),
    Fault.status(429, 3),
    Fault.reset_before(),
    Fault.reset_after(),
    Fault.broken_json(),
    Fault.wrong_json(),
]


def test_neither_token_nor_text_stands_in_an_error_or_a_log(
    server: BotApiServer, telegram: Telegram, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    for name in ("urllib3.connectionpool", "TeleBot"):
        caplog.set_level(logging.DEBUG, logger=name)
    told = []

    def attempt() -> None:
        with pytest.raises(TelegramError) as caught:
            telegram.send(CHAT, TEXT)
        told.append(repr(caught.value) + "".join(traceback.format_exception(caught.value)))
        assert (caught.value.__context__, caught.value.__cause__) == (None, None)

    for fault in FAULTS:
        server.faults.next(ANY, fault)
        attempt()
    with server.outage():
        attempt()
    server.user(CHAT).blocks()
    attempt()
    assert len(told) == len(FAULTS) + 2
    for text in [*told, *(record.getMessage() for record in caplog.records)]:
        assert server.token not in text
        assert TEXT not in text


# how it is done


def test_connections_are_kept_alive(server: BotApiServer, telegram: Telegram) -> None:
    telegram.get_me()
    with server._lock:
        before = set(server._connections)
    for number in range(20):
        telegram.send(CHAT, str(number))
    with server._lock:
        assert server._connections == before


def test_two_bots_in_one_process_keep_apart_and_telebot_s_settings_untouched() -> None:
    with BotApiServer() as one, BotApiServer(token="5:other") as two:
        doors = []
        for server in (one, two):
            server.user(CHAT).writes("/start")
            doors.append(Telegram(Secret(server.token), server.url))
        with ThreadPoolExecutor(8) as pool:
            sent = [pool.submit(door.send, CHAT, str(number)) for number, door in enumerate(doors) for _ in range(20)]
            for each in sent:
                each.result(timeout=20)
        for number, server in enumerate((one, two)):
            assert [m.text for m in server.user(CHAT).messages] == [str(number)] * 20
            server.assert_nothing_refused()
        for door in doors:
            door.close()
    assert (telebot.apihelper.API_URL, telebot.apihelper.proxy) == (None, None)
