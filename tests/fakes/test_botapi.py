"""The strict Bot API server refuses what Telegram refuses and takes what Telegram takes."""

from __future__ import annotations

import json
from typing import Any

import pytest
import telebot

from tests.fakes.botapi import BotApiServer
from tests.fakes.botapi_kit import CHAT, Bot, Clock, bot, button, clock, keyboard, server

__all__ = ["bot", "clock", "server"]


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
