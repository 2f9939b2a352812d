"""The door to Telegram when Telegram, or the way there, is not well."""

from __future__ import annotations

import logging
import socket
import threading
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
import telebot

from actors.bot.telegram import Telegram
from actors.bot.wire import (
    RetryAfter,
    TelegramError,
    Unreachable,
)
from actors.errors import BadSetting
from runtime.vault import Secret
from tests.actors.bot.telegram_door import CHAT, TEXT, server, telegram
from tests.fakes.botapi import ANY, BotApiServer, Fault

__all__ = ["server", "telegram"]


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
