"""Every screen is shown and every button pressed, over the real service; every message is read as a person would."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from actors.bot.links import base36
from actors.bot.screens import SCREENS
from tests.fakes.botapi import BotApiServer
from tests.fakes.docker_engine import why_not
from tests.scenarios.chat_walk import Walk, panel
from tests.scenarios.lived import Lived
from tests.scenarios.service import eventually

# they need a Docker engine, and have tests of their own
STRANGERS = {screen for screen in SCREENS if screen.startswith("T")} - {"T0", "T1"}


# a button of theirs is there or another one in its place; and who takes another language reads another test's
TOGGLES = {"P2", "I1", "X2"}
STRANGER = 7777
SAID = (
    "new-one",
    "newer",
    "user@host",
    "relative",
    "no such",
    "ftp://x",
    "many",
    "NOT A NAME",
    "soon",
    "zzz",
    "never",
    "renamed",
    "плохое имя",
)
STRANGER_36 = base36(STRANGER)


@pytest.fixture
def telegram() -> Iterator[BotApiServer]:
    with BotApiServer() as server:
        yield server


@pytest.mark.parametrize("language", ["ru", "en"])
def test_every_button_leads_on_and_every_message_reads_well(
    tmp_path: Path, telegram: BotApiServer, language: str
) -> None:
    if reason := why_not():
        pytest.skip(f"the screens of third-party repositories want a Docker engine: {reason}")
    house = Lived(tmp_path, telegram)
    walk = Walk(telegram, language, [*house.names, *house.subjects, *SAID])
    try:
        house.service.start()
        walk.gather()
        house.furnish()
        walk.sees_everything()
        is_reminded_later(walk)
        adds_a_project(walk, house)
        types_nonsense(walk)
        lets_somebody_in(walk)
        walk.presses_everything()
        looks_at_what_went_wrong(walk, house)
        walk.presses_the_rest(house.prepares)
        walk.reads_the_notices()
    finally:
        house.service.close()
        if os.environ.get("VANKA_READ"):
            Path(os.environ["VANKA_READ"]).with_suffix(f".{language}.txt").write_text("\n\n".join(walk.read))
    assert not walk.wrong, "\n\n".join(walk.wrong[:40])
    assert set(SCREENS) - walk.screens - STRANGERS == set()
    assert {screen for screen, _ in set(walk.acts) - walk.pressed} <= TOGGLES
    # a bot that is restarted on purpose may answer a press that its life before had answered
    refused = [it for it in telegram.refused if "query is too old" not in it.description]
    assert not refused, "\n".join(map(str, refused))
    logged = [line for line in house.service.log.read_text().splitlines() if '"level": "error"' in line]
    assert not [line for line in logged if "Drill" not in line], logged


def is_reminded_later(walk: Walk) -> None:
    """A button of the notice that a test is over."""
    with walk.somebody() as turn:
        over = eventually(
            lambda: [m for m in turn.user.messages if "R4l:" in str(m.keyboard)], "the test's end is told"
        )
        data = next(it["callback_data"] for row in over[0].keyboard for it in row if "R4l:" in it["callback_data"])
        walk.goes(turn.user, data)


def adds_a_project(walk: Walk, house: Lived) -> None:
    """The wizard, with a wrong turn at each step."""
    with walk.somebody() as turn:
        anna = turn.user
        walk.goes(anna, "A1:::")
        walk.types(anna, "плохое имя")
        walk.types(anna, "shop")
        walk.types(anna, "new-one")
        walk.types(anna, "nowhere")
        walk.types(anna, "http://127.0.0.1:9/x.git")
        for screen in ("A2t", "A2k", "A2"):
            walk.goes(anna, f"{screen}:::")
        walk.types(anna, str(house.directory / "shop.git"))
        walk.types(anna, "/etc")
    with walk.somebody() as turn:
        anna = turn.user
        for screen in ("A1", "A6"):
            walk.goes(anna, f"{screen}:::")
        walk.goes(anna, "A1:::")
        walk.types(anna, "newer")
        walk.types(anna, str(house.directory / "shop.git"))
        walk.presses(anna, "✅")
        walk.presses(anna, "🐳")
        walk.presses(anna, "🐍")
        for wrong in ("..", "zzz"):
            assert "main" in str(walk.types(anna, wrong).labels)
        walk.presses(anna, "main")
        walk.types(anna, "never")
        walk.presses(anna, "● 5")
        walk.presses(anna, "✅ Создать" if walk.language == "ru" else "✅ Create")


def types_nonsense(walk: Walk) -> None:
    """What every screen says that wanted something else."""
    nonsense = {
        "P2e:1:name:": "a b",
        "P2e:4:name:": "renamed",
        "P2e:1:url:": "--upload-pack=x",
        "P2e:1:path:": "relative",
        "P2e:1:branch:": "no such",
        "P2e:1:subdir:": "../up",
        "P2e:1:main:": "/main.py",
        "P2e:1:probe:": "ftp://x",
        "P2e:1:keep:": "many",
        "P2k:1::": "not-a-token",
        "P4:1::": "/etc",
        "D2:1::": "another",
        "C3:1::": "NOT A NAME",
        "C5:1::": "nothing here",
        "I2:1::": "soon",
        "R2:1::": "0",
        "B1:1::": "99",
        "N3:::": "25-99",
        "P0s::R0:": "zzz",
        "T1:::": "nowhere",
    }
    for data, text in nonsense.items():
        with walk.somebody() as turn:
            walk.goes(turn.user, data)
            walk.types(turn.user, text)


def lets_somebody_in(walk: Walk) -> None:
    """A stranger asks, becomes an operator, and is shown the door."""
    stranger = walk.telegram.user(STRANGER, walk.language, "Boris")
    stranger.writes("hello")
    with walk.somebody() as turn:
        anna = turn.user
        asked = eventually(lambda: [m for m in anna.messages if "7777" in m.text], "the administrator is asked")
        walk.reads(asked[0])
        for choice in ("block", "viewer", "operator"):
            walk.goes(anna, f"U1:{STRANGER_36}:{choice}:")
        walk.presses(anna, "✅")
        walk.reads(eventually(lambda: stranger.messages[1:], "the stranger is told")[0])
        walk.goes(anna, f"X4a:{STRANGER_36}::")
        walk.goes(anna, f"X4x:{STRANGER_36}:block:")
        walk.goes(anna, f"X4x:{STRANGER_36}:remove:")
        walk.presses(anna, "🗑")
    stranger.writes("/start")
    assert panel(stranger) is None


def looks_at_what_went_wrong(walk: Walk, house: Lived) -> None:
    """An error is on record, and so is the deployment that failed."""
    house.service.ask("drill", actors=["keeper"])
    with walk.somebody() as turn:
        shown = walk.goes(turn.user, "X3:::")
        first = next(it["callback_data"] for row in shown.keyboard for it in row if "×" in it["text"])
        assert "keeper" in shown.text
        walk.goes(turn.user, first)
        walk.presses(turn.user, "✅")
        walk.goes(turn.user, "R6:1:d00000003:")
        walk.goes(turn.user, "R6x:1:d00000003:")
