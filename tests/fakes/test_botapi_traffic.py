"""The fake of Telegram: updates, files, limits of rate, faults."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import urllib3

from tests.fakes import png
from tests.fakes.botapi import ANY, BotApiServer, Fault
from tests.fakes.botapi_kit import CHAT, Bot, Clock, bot, button, clock, keyboard, server

__all__ = ["bot", "clock", "server"]


def test_updates_are_repeated_until_the_offset_confirms_them(server: BotApiServer, bot: Bot) -> None:
    anna = server.user(CHAT)
    for text in ("1", "2", "3"):
        anna.writes(text)
    first = bot.ok("getUpdates", limit=2)
    assert [u["message"]["text"] for u in first] == ["/start", "1"]
    assert bot.ok("getUpdates", limit=2) == first
    rest = bot.ok("getUpdates", offset=first[-1]["update_id"] + 1)
    assert [u["message"]["text"] for u in rest] == ["2", "3"]
    assert bot.ok("getUpdates", offset=rest[-1]["update_id"] + 1) == []
    bot.refused("getUpdates", limit=101)


def test_a_long_poll_ends_with_what_comes_in(server: BotApiServer, bot: Bot) -> None:
    seen = bot.ok("getUpdates")[-1]["update_id"]
    with ThreadPoolExecutor(1) as pool:
        poll = pool.submit(bot.ok, "getUpdates", offset=seen + 1, timeout=20)
        server.wait_for(lambda: server.world.poll == 2)
        server.user(CHAT).writes("now")
        assert [u["message"]["text"] for u in poll.result(timeout=10)] == ["now"]


def test_the_older_of_two_polls_is_told_of_the_conflict(server: BotApiServer, bot: Bot) -> None:
    seen = bot.ok("getUpdates")[-1]["update_id"]
    with ThreadPoolExecutor(1) as pool:
        older = pool.submit(bot.call, "getUpdates", offset=seen + 1, timeout=20)
        server.wait_for(lambda: server.world.poll == 2)
        assert bot.ok("getUpdates", offset=seen + 1, timeout=0) == []
        assert older.result(timeout=10)["error_code"] == 409


def test_only_the_kinds_of_updates_that_the_bot_asked_for_come(server: BotApiServer, bot: Bot) -> None:
    seen = bot.ok("getUpdates", allowed_updates=["callback_query"])[-1]["update_id"]
    anna = server.user(CHAT)
    anna.writes("not wanted")
    anna.presses_data("x")
    assert [list(u) for u in bot.ok("getUpdates", offset=seen + 1)] == [["update_id", "callback_query"]]


def test_in_a_group_the_bot_hears_commands_only(server: BotApiServer, bot: Bot) -> None:
    group = server.group()
    anna = server.user(CHAT)
    anna.writes("chatter", chat=group)
    anna.writes("/menu", chat=group)
    last = bot.ok("getUpdates")[-1]["message"]
    assert (last["text"], last["chat"]["type"]) == ("/menu", "supergroup")
    bot.ok("sendMessage", chat_id=group.id, text="x", reply_markup=keyboard([button()]))
    assert anna.presses("A", chat=group).chat_id == group.id


# files and commands


def test_files_are_kept_with_their_names_and_the_wrong_ones_refused(server: BotApiServer, bot: Bot) -> None:
    url = f"{server.url}/bot{server.token}/sendDocument"

    def send(name: str, content: bytes, **more: str) -> Any:
        fields: Any = {"chat_id": str(CHAT), "document": (name, content)} | more
        return json.loads(bot.http.request("POST", url, fields=fields).data)

    assert send("a.txt", b"content", caption="<b>log</b>", parse_mode="HTML")["ok"]
    assert server.user(CHAT).last.document == ("a.txt", b"content")
    assert server.user(CHAT).last.text == "log"
    assert not send("a.txt", b"")["ok"]
    assert "caption is too long" in send("a.txt", b"x", caption="x" * 1025)["description"]
    assert send("a.txt", bytes(50 * 1024 * 1024 + 1))["error_code"] == 413


def test_a_photo_has_to_be_a_whole_picture_of_a_sensible_size(server: BotApiServer, bot: Bot) -> None:
    url = f"{server.url}/bot{server.token}/sendPhoto"

    def send(content: bytes, **more: str) -> Any:
        fields: Any = {"chat_id": str(CHAT), "photo": ("picture.png", content)} | more
        return json.loads(bot.http.request("POST", url, fields=fields).data)

    good = png.plain(1280, 960)
    sizes = send(good, caption="<b>CPU</b>", parse_mode="HTML")["result"]["photo"]
    assert [(size["width"], size["height"]) for size in sizes] == [(1280, 960)]
    assert (server.user(CHAT).last.photo, server.user(CHAT).last.text) == (good, "CPU")
    for broken in (b"GIF89a", b"\x89PNG", good[:-12], good[:-1], good[:100] + b"x" + good[101:], png.SIGNATURE):
        assert "IMAGE_PROCESS_FAILED" in send(broken)["description"]
    for width, height in ((9000, 1001), (2100, 100)):
        assert "PHOTO_INVALID_DIMENSIONS" in send(png.plain(width, height))["description"]
    assert "caption is too long" in send(good, caption="x" * 1025)["description"]
    assert send(bytes(10 * 1024 * 1024 + 1))["error_code"] == 413
    assert not send(b"")["ok"]
    assert not send(good, width="1280")["ok"], "what the method does not have"


def test_a_file_that_a_person_sent_can_be_downloaded(server: BotApiServer, bot: Bot) -> None:
    server.user(CHAT).sends_document(".env", b"A=1")
    document = bot.ok("getUpdates")[-1]["message"]["document"]
    path = bot.ok("getFile", file_id=document["file_id"])["file_path"]
    assert bot.http.request("GET", f"{server.url}/file/bot{server.token}/{path}").data == b"A=1"
    assert bot.http.request("GET", f"{server.url}/file/bot{server.token}/no").status == 404
    bot.refused("getFile", file_id="unknown")


def test_commands_are_kept_by_scope_and_language_and_checked(server: BotApiServer, bot: Bot) -> None:
    commands = [{"command": "start", "description": "Меню"}]
    scope = {"type": "chat", "chat_id": CHAT}
    bot.ok("setMyCommands", commands=commands, language_code="ru", scope=scope)
    assert bot.ok("getMyCommands", language_code="ru", scope=scope) == commands
    bot.refused("setMyCommands", commands=[{"command": "Start", "description": "x"}])
    bot.refused("setMyCommands", commands=[{"command": "start", "description": ""}])
    bot.refused("setMyCommands", commands=commands, language_code="russian")
    bot.refused("setMyCommands", commands=commands, scope={"type": "galaxy"})


def test_the_rest_of_the_methods_answers(server: BotApiServer, bot: Bot) -> None:
    assert bot.ok("getMe")["username"] == "vanka_test_bot"
    assert bot.ok("getWebhookInfo")["url"] == ""
    assert bot.ok("getChat", chat_id=CHAT)["type"] == "private"
    assert bot.ok("sendChatAction", chat_id=CHAT, action="typing")
    bot.refused("sendChatAction", chat_id=CHAT, action="dancing")
    assert bot.ok("deleteWebhook", drop_pending_updates=True)
    assert bot.ok("getUpdates") == []


# rates and faults


def test_who_sends_too_fast_is_told_how_long_to_wait(server: BotApiServer, clock: Clock, bot: Bot) -> None:
    server.rates.on = True
    for _ in range(4):
        bot.ok("sendMessage", chat_id=CHAT, text="x")
    answer = bot.call("sendMessage", chat_id=CHAT, text="x")
    assert (answer["error_code"], answer["parameters"]) == (429, {"retry_after": 1})
    assert server.refused[-1].code == 429
    clock.seconds += 1
    bot.ok("sendMessage", chat_id=CHAT, text="x")


def test_a_group_takes_twenty_a_minute(server: BotApiServer, clock: Clock, bot: Bot) -> None:
    server.rates.on = True
    group = server.group()
    for _ in range(20):
        bot.ok("sendMessage", chat_id=group.id, text="x")
        clock.seconds += 1
    assert bot.call("sendMessage", chat_id=group.id, text="x")["parameters"] == {"retry_after": 40}


def test_ordered_faults_happen_as_often_as_ordered_and_are_not_the_bot_s(server: BotApiServer, bot: Bot) -> None:
    server.faults.next("sendMessage", Fault.status(429, retry_after=7))
    server.faults.next(ANY, Fault.status(502))
    assert bot.call("sendMessage", chat_id=CHAT, text="x")["parameters"] == {"retry_after": 7}
    assert bot.call("sendMessage", chat_id=CHAT, text="x")["error_code"] == 502
    bot.ok("sendMessage", chat_id=CHAT, text="x")
    assert len(server.user(CHAT).messages) == 1
    server.assert_nothing_refused()


@pytest.mark.parametrize(("fault", "delivered"), [(Fault.reset_before(), 0), (Fault.reset_after(), 1)])
def test_a_connection_is_cut_before_or_after_the_effect(
    server: BotApiServer, bot: Bot, fault: Fault, delivered: int
) -> None:
    server.faults.next("sendMessage", fault)
    with pytest.raises(urllib3.exceptions.ProtocolError):
        bot.call("sendMessage", chat_id=CHAT, text="x")
    assert len(server.user(CHAT).messages) == delivered


def test_broken_answers_are_broken(server: BotApiServer, bot: Bot) -> None:
    server.faults.next("sendMessage", Fault.broken_json())
    with pytest.raises(ValueError, match=r".+"):
        bot.call("sendMessage", chat_id=CHAT, text="x")
    assert len(server.user(CHAT).messages) == 1


def test_in_an_outage_nobody_is_there_and_what_people_do_waits(server: BotApiServer, bot: Bot) -> None:
    seen = bot.ok("getUpdates")[-1]["update_id"]
    with server.outage():
        server.user(CHAT).writes("are you there?")
        with pytest.raises(urllib3.exceptions.HTTPError):
            bot.call("getUpdates", offset=seen + 1)
    assert bot.ok("getUpdates", offset=seen + 1)[0]["message"]["text"] == "are you there?"


def test_waiting_ends_with_the_words_of_the_chat(server: BotApiServer, bot: Bot) -> None:
    bot.ok("sendMessage", chat_id=CHAT, text="Меню")
    anna = server.user(CHAT)
    assert anna.waits_for_text("Меню").text == "Меню"
    with pytest.raises(AssertionError, match="Меню"):
        anna.waits_for_text("Проекты", timeout=0.05)
