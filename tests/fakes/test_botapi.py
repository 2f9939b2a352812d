"""The strict Bot API server refuses what Telegram refuses and takes what Telegram takes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import telebot
import urllib3

from tests.fakes import png
from tests.fakes.botapi import ANY, BotApiServer, Fault

CHAT = 42


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def monotonic(self) -> float:
        return self.seconds

    def now(self) -> datetime:
        return datetime(2030, 1, 1, tzinfo=UTC) + timedelta(seconds=self.seconds)


class Bot:
    """Plain HTTP, as any bot might speak it."""

    def __init__(self, server: BotApiServer) -> None:
        self.server = server
        self.http = urllib3.PoolManager(maxsize=8)

    def call(self, method: str, token: str | None = None, **params: Any) -> dict[str, Any]:
        url = f"{self.server.url}/bot{token or self.server.token}/{method}"
        answer: dict[str, Any] = json.loads(self.http.request("POST", url, json=params, retries=False).data)
        return answer

    def ok(self, method: str, **params: Any) -> Any:
        answer = self.call(method, **params)
        assert answer["ok"], answer
        return answer["result"]

    def refused(self, method: str, **params: Any) -> str:
        answer = self.call(method, **params)
        assert not answer["ok"], answer
        assert self.server.refused[-1].description == answer["description"]
        return str(answer["description"])


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def server(clock: Clock) -> Iterator[BotApiServer]:
    with BotApiServer(clock=clock) as running:
        running.user(CHAT).writes("/start")
        yield running


@pytest.fixture
def bot(server: BotApiServer) -> Iterator[Bot]:
    bot = Bot(server)
    yield bot
    bot.http.clear()


def keyboard(*rows: list[dict[str, Any]]) -> dict[str, Any]:
    return {"inline_keyboard": list(rows)}


def button(**more: Any) -> dict[str, Any]:
    return {"text": "A"} | (more or {"callback_data": "a"})


# who calls what


def test_a_wrong_token_an_unknown_method_and_a_strange_path_are_refused(bot: Bot) -> None:
    assert bot.call("getMe", token="1:wrong")["error_code"] == 401
    assert bot.call("getNothing")["error_code"] == 404
    assert bot.call("getMe", token="no-token")["error_code"] == 404
    assert [r.code for r in bot.server.forgive()] == [401, 404, 404]
    bot.server.assert_nothing_refused()


def test_parameters_are_taken_from_the_address_a_form_json_and_a_multipart_body(server: BotApiServer, bot: Bot) -> None:
    url = f"{server.url}/bot{server.token}/sendMessage"
    fields = {"chat_id": str(CHAT), "text": "Привет"}
    bot.http.request("GET", url, fields=fields)
    bot.http.request("POST", url, fields=fields, encode_multipart=False)
    bot.http.request("POST", url, fields=fields, encode_multipart=True)
    bot.ok("sendMessage", **fields)
    assert [m.text for m in server.user(CHAT).messages] == ["Привет"] * 4


def test_telebot_as_it_comes_is_understood(server: BotApiServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telebot.apihelper, "API_URL", server.url + "/bot{0}/{1}")
    monkeypatch.setattr(telebot.apihelper, "CUSTOM_REQUEST_SENDER", None)
    monkeypatch.setattr(telebot.apihelper, "SESSION_TIME_TO_LIVE", None)
    with telebot.apihelper._get_req_session(reset=True):  # type: ignore[no-untyped-call]  # telebot is half typed
        plain = telebot.TeleBot(server.token, threaded=False)
        markup = telebot.types.InlineKeyboardMarkup([[telebot.types.InlineKeyboardButton("A", callback_data="a")]])
        sent = plain.send_message(CHAT, "<b>x</b>", parse_mode="HTML", reply_markup=markup, disable_notification=True)
        plain.edit_message_text("y", CHAT, sent.message_id)
        plain.send_document(CHAT, b"content", visible_file_name="лог работы.txt", caption="all of it")
        assert [u.message and u.message.text for u in plain.get_updates(timeout=1, long_polling_timeout=1)] == [
            "/start"
        ]
        anna = server.user(CHAT)
        assert (anna.messages[0].text, anna.messages[0].silent) == ("y", True)
        assert anna.last.document == ("лог работы.txt", b"content")
        server.assert_nothing_refused()


@pytest.mark.parametrize(
    "params",
    [
        {"text": "x"},
        {"chat_id": CHAT},
        {"chat_id": CHAT, "text": "x", "disable_web_page_preview": True},
        {"chat_id": CHAT, "text": 5},
        {"chat_id": 1.5, "text": "x"},
        {"chat_id": CHAT, "text": "x", "disable_notification": "perhaps"},
        {"chat_id": CHAT, "text": "x", "reply_markup": "{broken"},
        {"chat_id": CHAT, "text": "x", "reply_markup": {"inline_keyboard": [["A"]]}},
        {"chat_id": CHAT, "text": "x", "reply_markup": {"inline_keyboard": [[{"callback_data": "a"}]]}},
        {"chat_id": CHAT, "text": "x", "reply_markup": {"inline_keyboard": [[{"text": "A", "color": "red"}]]}},
        {"chat_id": CHAT, "text": "x", "parse_mode": "Wiki"},
    ],
)
def test_missing_unknown_and_mistyped_parameters_are_refused(bot: Bot, params: dict[str, Any]) -> None:
    assert bot.refused("sendMessage", **params).startswith("Bad Request")


def test_only_people_who_started_the_bot_and_did_not_block_it_can_be_written_to(server: BotApiServer, bot: Bot) -> None:
    anna = server.user(CHAT)
    server.user(7)
    assert "chat not found" in bot.refused("sendMessage", chat_id=99, text="x")
    assert "can't initiate conversation" in bot.refused("sendMessage", chat_id=7, text="x")
    anna.blocks()
    assert bot.refused("sendMessage", chat_id=CHAT, text="x") == "Forbidden: bot was blocked by the user"
    anna.blocks(False)
    bot.ok("sendMessage", chat_id=CHAT, text="x")


# texts


@pytest.mark.parametrize("text", ["x" * 4096, "я" * 4096, "😀" * 2048, "<b>" + "x" * 4096 + "</b>", "&lt;" * 4096])
def test_texts_up_to_the_limit_are_taken(bot: Bot, text: str) -> None:
    bot.ok("sendMessage", chat_id=CHAT, text=text, parse_mode="HTML")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "empty"),
        ("  \n ", "empty"),
        ("<b> </b>", "empty"),
        ("x" * 4097, "too long"),
        ("😀" * 2049, "too long"),
        ("<b>x", "Can't find end tag"),
        ("x</b>", "Unexpected end tag"),
        ("<b><i>x</b></i>", "Unmatched end tag"),
        ("a<br>b", 'Unsupported start tag "br"'),
        ("1 < 2", 'Unsupported start tag ""'),
        ("<b", "Unclosed start tag"),
        ("<span>x</span>", "tg-spoiler"),
        ("<a href=>x</a>", "Expected an attribute"),
        ("&nbsp;", "entity"),
        ("R&D", "entity"),
        ("&#0;", "character"),
        ("<b>x</b>" * 101, "entities"),
    ],
)
def test_texts_that_telegram_would_not_take_are_refused(bot: Bot, text: str, why: str) -> None:
    assert why in bot.refused("sendMessage", chat_id=CHAT, text=text, parse_mode="HTML")


def test_markup_becomes_plain_text_and_entities_counted_in_utf_16(bot: Bot) -> None:
    text = '😀 <b>Меню › <i>shop</i></b> &lt;x&gt; <a href="https://a.example/?a=1&amp;b=2">l</a><pre>1\n2</pre>'
    sent = bot.ok("sendMessage", chat_id=CHAT, text=text, parse_mode="HTML")
    assert sent["text"] == "😀 Меню › shop <x> l1\n2"
    found = {(e["type"], e["offset"], e["length"]) for e in sent["entities"]}
    assert found == {("bold", 3, 11), ("italic", 10, 4), ("text_link", 19, 1), ("pre", 20, 3)}
    assert next(e["url"] for e in sent["entities"] if "url" in e) == "https://a.example/?a=1&b=2"


def test_without_a_parse_mode_markup_is_only_text(bot: Bot) -> None:
    assert bot.ok("sendMessage", chat_id=CHAT, text="1 < 2 & <b>")["text"] == "1 < 2 & <b>"


# keyboards


def test_keyboards_within_the_limits_are_taken_and_empty_rows_are_dropped(server: BotApiServer, bot: Bot) -> None:
    rows = [[button() for _ in range(8)] for _ in range(12)]
    bot.ok("sendMessage", chat_id=CHAT, text="x", reply_markup=keyboard(*rows, []))
    assert len(server.user(CHAT).panel.keyboard) == 12
    kinds = [
        button(callback_data="я" * 32, style="danger"),
        button(url="https://t.me/bot?start=p_1"),
        button(copy_text={"text": "x" * 256}),
    ]
    bot.ok("sendMessage", chat_id=CHAT, text="x", reply_markup=json.dumps(keyboard(kinds)))
    assert server.user(CHAT).panel.labels == [["A", "A", "A"]]
    assert "reply_markup" not in bot.ok("sendMessage", chat_id=CHAT, text="x", reply_markup=keyboard())


@pytest.mark.parametrize(
    "rows",
    [
        [[button() for _ in range(9)]],
        [[button() for _ in range(8)]] * 13,
        [[button(callback_data="")]],
        [[button(callback_data="я" * 33)]],
        [[button(callback_data="a", url="https://a.example")]],
        [[{"text": "A"}]],
        [[button(text=" ", callback_data="a")]],
        [[button(callback_data="a", style="green")]],
        [[button(copy_text={"text": "x" * 257})]],
        [[button(copy_text="x")]],
        [[button(url="http://localhost/")]],
        [[button(url="ftp://a.example/")]],
        [[button(text="x" * 200, callback_data="a")]] * 60,
    ],
)
def test_keyboards_beyond_the_limits_are_refused(bot: Bot, rows: list[Any]) -> None:
    bot.refused("sendMessage", chat_id=CHAT, text="x", reply_markup=keyboard(*rows))


# editing and deleting


def test_an_edit_replaces_text_and_keyboard_and_the_history_is_kept(server: BotApiServer, bot: Bot) -> None:
    number = bot.ok("sendMessage", chat_id=CHAT, text="1", reply_markup=keyboard([button()]))["message_id"]
    bot.ok("editMessageText", chat_id=CHAT, message_id=number, text="2", reply_markup=keyboard([button()]))
    bot.ok("editMessageReplyMarkup", chat_id=CHAT, message_id=number)
    message = server.user(CHAT).last
    assert (message.text, message.keyboard) == ("2", [])
    assert [(v.text, bool(v.keyboard)) for v in message.edits] == [("1", True), ("2", True)]


def test_edits_that_change_nothing_or_what_is_not_ours_are_refused(server: BotApiServer, bot: Bot) -> None:
    anna = server.user(CHAT)
    number = bot.ok("sendMessage", chat_id=CHAT, text="<b>1</b>", parse_mode="HTML")["message_id"]
    same = {"chat_id": CHAT, "message_id": number, "text": "<b>1</b>", "parse_mode": "HTML"}
    assert "message is not modified" in bot.refused("editMessageText", **same)
    assert "message is not modified" in bot.refused("editMessageReplyMarkup", chat_id=CHAT, message_id=number)
    bot.ok("editMessageText", chat_id=CHAT, message_id=number, text="1")
    theirs = anna.writes("mine")
    assert "can't be edited" in bot.refused("editMessageText", chat_id=CHAT, message_id=theirs.id, text="x")
    assert "message to edit not found" in bot.refused("editMessageText", chat_id=CHAT, message_id=999, text="x")
    anna.deletes(anna.last)
    assert "message to edit not found" in bot.refused("editMessageText", chat_id=CHAT, message_id=number, text="x")


def test_messages_can_be_deleted_for_48_hours_and_once(server: BotApiServer, clock: Clock, bot: Bot) -> None:
    anna = server.user(CHAT)
    secret = anna.writes("password")
    old = bot.ok("sendMessage", chat_id=CHAT, text="x")["message_id"]
    bot.ok("deleteMessage", chat_id=CHAT, message_id=secret.id)
    assert secret.deleted
    assert "message to delete not found" in bot.refused("deleteMessage", chat_id=CHAT, message_id=secret.id)
    clock.seconds += 49 * 3600
    assert "message can't be deleted" in bot.refused("deleteMessage", chat_id=CHAT, message_id=old)


# presses


def test_a_press_is_answered_once_and_soon_with_a_short_text(server: BotApiServer, clock: Clock, bot: Bot) -> None:
    anna = server.user(CHAT)
    bot.ok("sendMessage", chat_id=CHAT, text="x", reply_markup=keyboard([button()]))
    press = anna.presses("A")
    update = bot.ok("getUpdates")[-1]
    assert (update["callback_query"]["id"], update["callback_query"]["data"]) == (press.id, "a")
    assert "MESSAGE_TOO_LONG" in bot.refused("answerCallbackQuery", callback_query_id=press.id, text="x" * 201)
    bot.ok("answerCallbackQuery", callback_query_id=press.id, text="Готово", show_alert=True)
    assert anna.waits_for_answer(press).toast == "Готово"
    assert press.alert
    assert "query is too old" in bot.refused("answerCallbackQuery", callback_query_id=press.id)
    late = anna.presses_data("forged")
    clock.seconds += 60
    assert "query is too old" in bot.refused("answerCallbackQuery", callback_query_id=late.id)
    assert "query is too old" in bot.refused("answerCallbackQuery", callback_query_id="unknown")


def test_a_person_finds_buttons_by_label_part_or_predicate_and_only_those_that_are_there(
    server: BotApiServer, bot: Bot
) -> None:
    anna = server.user(CHAT)
    row = [button(text="📦 Проекты", callback_data="p"), button(text="Сайт", url="https://t.me/b?start=p_1")]
    bot.ok("sendMessage", chat_id=CHAT, text="x", reply_markup=keyboard(row))
    assert anna.presses("📦 Проекты").data == anna.presses("Проекты").data == "p"
    assert anna.presses(lambda b: b.get("callback_data") == "p").data == "p"
    with pytest.raises(AssertionError, match="Проекты"):
        anna.presses("Нет такой")
    with pytest.raises(AssertionError, match="not a button that tells"):
        anna.presses("Сайт")
    assert anna.opens("Сайт").text == "/start p_1"


# updates


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
