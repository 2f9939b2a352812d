"""Whatever Telegram, or somebody in its place, sends: every update comes out, none raises."""

from __future__ import annotations

import copy
import random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from actors.bot.wire import MessageIn, OtherIn, PressIn
from actors.bot.wire_updates import MAX_TEXT, parse_updates

MESSAGE: dict[str, Any] = {
    "update_id": 10,
    "message": {
        "message_id": 5,
        "date": 1700000000,
        "chat": {"id": 42, "type": "private", "first_name": "Anna"},
        "from": {"id": 42, "is_bot": False, "first_name": "Anna", "username": "anna", "language_code": "ru"},
        "text": "/start",
        "document": {"file_id": "F", "file_name": "a.txt", "file_size": 3},
    },
}
PRESS: dict[str, Any] = {
    "update_id": 11,
    "callback_query": {
        "id": "77",
        "from": {"id": 42, "is_bot": False, "first_name": "Anna", "language_code": "en"},
        "message": {"message_id": 5, "date": 0, "chat": {"id": 42, "type": "private"}},
        "data": "p:1",
    },
}
STRANGE: list[Any] = [
    None, True, -1, 0, 10**40, 1.5, "", "x" * 100_000, "\ud800", "\u202e\x00", [], {}, [[[]]], {"id": {}}, float("nan"),
]  # fmt: skip


def test_a_press_on_an_old_message_is_a_press() -> None:
    (press,) = parse_updates([PRESS])
    assert press == PressIn(11, "77", 42, "private", 42, "Anna", "en", 5, "p:1")


def test_a_press_without_its_message_can_still_be_answered() -> None:
    broken = copy.deepcopy(PRESS)
    del broken["callback_query"]["message"]
    assert parse_updates([broken]) == (OtherIn(11, "77"),)


def test_an_update_without_a_number_is_confirmed_with_the_one_before_it() -> None:
    updates = parse_updates([MESSAGE, {"message": {}}, "?"], offset=10)
    assert [update.update_id for update in updates] == [10, 11, 12]
    assert [update.update_id for update in parse_updates(["?"], offset=50)] == [50]


def test_a_number_beyond_all_reason_does_not_become_the_offset() -> None:
    assert parse_updates([MESSAGE | {"update_id": 10**30}], offset=7)[0].update_id == 7


def test_half_a_surrogate_pair_is_replaced_and_a_huge_text_is_cut() -> None:
    (message,) = parse_updates([MESSAGE | {"message": MESSAGE["message"] | {"text": "\ud800" + "я" * 100_000}}])
    assert isinstance(message, MessageIn)
    assert message.text.startswith("?я")
    assert len(message.text) == MAX_TEXT


def test_what_is_not_a_list_holds_no_updates() -> None:
    strange: list[Any] = [None, {}, "x", 5, True]
    assert [parse_updates(raw) for raw in strange] == [()] * 5


def test_any_field_may_be_missing_or_of_any_type() -> None:
    chance = random.Random(1)
    for _ in range(20_000):
        raw: dict[str, Any] = copy.deepcopy(chance.choice((MESSAGE, PRESS)))
        for _ in range(chance.randint(1, 3)):
            damage(raw, chance)
        (update,) = parse_updates([raw], offset=3)
        assert update.update_id in (3, 0, 10, 11)
        if isinstance(update, MessageIn | PressIn):
            assert isinstance(update.chat_id, int)
            assert isinstance(update.user_id, int)
            repr(update).encode()
        elif "message" not in raw and isinstance(raw.get("callback_query"), dict):
            assert (update.callback_id == "77") == (raw["callback_query"].get("id") == "77"), "it can be answered"


def damage(raw: dict[str, Any], chance: random.Random) -> None:
    """Drops or replaces one field somewhere."""
    where: dict[str, Any] = raw
    while True:
        name = chance.choice(list(where) or ["x"])
        inner = where.get(name)
        if isinstance(inner, dict) and inner and chance.random() < 0.8:
            where = inner
            continue
        if chance.random() < 0.4:
            where.pop(name, None)
        else:
            where[name] = chance.choice(STRANGE)
        return


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from([*MESSAGE, *PRESS, "id"]), inner),
    max_leaves=20,
)


@settings(max_examples=200, deadline=None, database=None)
@given(JSON)
def test_any_json_at_all_is_survived(raw: Any) -> None:
    assert len(parse_updates([raw])) == 1
    parse_updates(raw)
