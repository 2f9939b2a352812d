"""Random updates: any field missing, any type wrong, forged presses, huge texts, strange letters."""

from __future__ import annotations

import copy
import random
from typing import Any

from actors.bot.screens import SCREENS
from tests.actors.bot.front import ADMIN

STRANGE = [
    *("", " ", "\0", "\u202etxet", "🇷🇺" * 50, "𝔘𝔫𝔦", "a" * 5000),
    *("<b>&amp;</i>", "\ud800", "/", "/start", "/run", "%s{0}{x}"),
]
WORDS = ["shop", "9999999999999", "-1", "№2", "10m", "../..", "C5:1::", "null", "true", "0x", "inv_" + "A" * 22]
COMMANDS = [
    "/status",
    "/logs",
    "/versions",
    "/journal",
    "/load",
    "/help",
    "/id",
    "/cancel",
    "/start",
    "/menu",
    "/x" * 40,
]


class Fuzz:
    """A stream of them, the same for the same seed. What people of rights type is never a command that changes."""

    def __init__(self, seed: random.Random) -> None:
        self._random = seed
        self._number = 0

    def updates(self, count: int) -> list[dict[str, Any]]:
        """So many."""
        return [self._update() for _ in range(count)]

    def _update(self) -> dict[str, Any]:
        pick = self._random
        self._number += 1
        made = self._press() if pick.random() < 0.6 else self._message()
        for _ in range(pick.choice([0, 0, 1, 1, 2, 5])):
            made = self._broken(made)
        return made

    def _press(self) -> dict[str, Any]:
        pick = self._random
        user = pick.choice([ADMIN, 8, 9, 10])
        chat = {"id": pick.choice([user, ADMIN, -1001]), "type": pick.choice(["private", "supergroup"])}
        message = {"message_id": pick.randrange(1, 50), "date": 0, "chat": chat}
        return {
            "callback_query": {
                "id": f"fuzz{self._number}",
                "from": {
                    "id": user,
                    "is_bot": False,
                    "first_name": "F",
                    "language_code": pick.choice("rex"),
                },
                "message": message,
                "chat_instance": "1",
                "data": self._data(),
            }
        }

    def _data(self) -> str:
        pick = self._random
        screen = pick.choice([*SCREENS, "ZZ", "R9", ""])
        no = pick.choice(["", "1", "2", "zz", "zzzzzzzzzzz", "-1"])
        arg = pick.choice(["", "1", "99999", "d00000001", "t", "l0", "x" * 24, "k", "0,1", "stop", "e", "r" * 13])
        nonce = pick.choice(["", "", "abcdef", "000000"])
        return pick.choice([f"{screen}:{no}:{arg}:{nonce}"] * 8 + [pick.choice(STRANGE), "x" * 64])

    def _message(self) -> dict[str, Any]:
        pick = self._random
        user = pick.choice([ADMIN, 8, 9, 10])
        text = pick.choice(
            [pick.choice(STRANGE), f"{pick.choice(COMMANDS)} {pick.choice(WORDS)} {pick.choice(STRANGE)}"]
        )
        return {
            "message": {
                "message_id": 10_000 + self._number,
                "date": 0,
                "chat": {"id": user, "type": "private"},
                "from": {"id": user, "is_bot": False, "first_name": "F", "language_code": "ru"},
                "text": text,
            }
        }

    def _broken(self, value: dict[str, Any]) -> dict[str, Any]:
        """One field somewhere is gone or of another kind."""
        changed = copy.deepcopy(value)
        at: Any = changed
        while True:
            key = self._random.choice(list(at))
            if isinstance(at[key], dict) and at[key] and self._random.random() < 0.8:
                at = at[key]
                continue
            if self._random.random() < 0.4:
                del at[key]
            else:
                at[key] = self._random.choice([None, 0, -1, 2**70, "", "x", [], {}, True, 1.5, *STRANGE[:4]])
            return changed if changed else value


def answerable(update: dict[str, Any]) -> bool:
    """Whether it is a press that the wire lets through with an id that can be answered."""
    press = update.get("callback_query")
    number = press.get("id") if isinstance(press, dict) else None
    return isinstance(number, str) and number.startswith("fuzz") and "message" not in update
