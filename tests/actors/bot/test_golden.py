"""One conversation a language, from pairing to removal, as a person sees it: kept as files that read well.

`VANKA_GOLDEN=write` writes them anew; what changed is then to be read before it is kept.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from actors.bot.texts import Words, as_language
from tests.actors.bot.fake_control import FakeControl
from tests.actors.bot.front import ADMIN, Front, front
from tests.actors.bot.kept import reads_as_kept
from tests.fakes.botapi import Message, User
from tests.fakes.clock import FakeClock


class Scribe:
    """Talks to the bot and writes down what was said."""

    def __init__(self, bot: Front, user: User, language: str) -> None:
        self.bot, self.user = bot, user
        known = as_language(language)
        assert known is not None
        self.words = Words(known)
        self.lines: list[str] = []
        self._last = ""

    def b(self, key: str, **values: object) -> str:
        return self.words.label(key, **values)

    def writes(self, text: str, *, until: str, shown: str = "") -> Message:
        before = [(m.id, m.text, m.labels) for m in self.user.messages]
        message = self.user.writes(text)
        self.lines += ["", f"✎ {shown or text}"]
        self._wait(until, before)
        return message

    def presses(self, label: str, *, until: str) -> None:
        self.user.wait_for(lambda u: [it for row in u.panel.labels for it in row if label in it])
        before = [(m.id, m.text, m.labels) for m in self.user.messages]
        press = self.user.presses(label)
        self.user.waits_for_answer(press)
        self.lines += ["", f"▶ [{label}]" + (f" — {press.toast}" if press.toast else "")]
        self._wait(until, before)

    def _wait(self, until: str, before: list[tuple[int, str, list[list[str]]]]) -> None:
        self.user.wait_for(lambda u: until in u.last.text and (u.last.id, u.last.text, u.last.labels) not in before)
        last = self.user.last
        self.lines += ["", *(f"    {line}" for line in last.text.splitlines())]
        if last.document:
            self.lines.append(f"    📎 {last.document[0]}")
        if last.keyboard:
            self.lines += ["", *("    " + " ".join(f"[{label}]" for label in row) for row in last.labels)]


@pytest.mark.parametrize("language", ["ru", "en"])
def test_the_whole_walk_reads_well(tmp_path: Path, language: str) -> None:
    control = FakeControl()
    with front(tmp_path, control, FakeClock(), admins=()) as bot:
        scribe = Scribe(bot, bot.server.user(ADMIN, language, "Anna"), language)
        enters(scribe)
        adds_a_project(scribe)
        sets_a_variable(scribe)
        tries_and_promotes(scribe)
        breaks_and_rolls_back(scribe)
        looks_round(scribe)
        removes_it(scribe)
    reads_as_kept(f"conversation.{language}.txt", "\n".join(scribe.lines).strip() + "\n")


def enters(scribe: Scribe) -> None:
    scribe.writes("/start", until="👋")
    code = scribe.bot.access.pairing_code()
    assert code is not None
    scribe.writes(f"/start {code}", until=scribe.words.label("home_empty"), shown="/start <code>")


def adds_a_project(scribe: Scribe) -> None:
    b = scribe.b
    scribe.presses(b("b_add_project"), until=b("add_title", n=1))
    scribe.writes("my shop!", until="⚠️")
    scribe.writes("shop", until=b("add_title", n=2))
    scribe.writes("https://github.com/anna/shop.git", until=b("add_title", n=3))
    scribe.presses(b("b_accept"), until=b("add_title", n=4))
    scribe.presses("main", until=b("add_title", n=5))
    scribe.presses(f"● {scribe.words.duration(300)}", until=b("add_check"))
    scribe.presses(b("b_policy_test"), until=b("add_check"))
    scribe.presses(b("b_create"), until=b("note_added", name="shop"))


def sets_a_variable(scribe: Scribe) -> None:
    b = scribe.b
    scribe.presses(b("b_variables"), until=b("vars_title"))
    scribe.presses(b("b_add"), until=b("var_name_of", kind=b("kind_vars_run")).split(" (")[0])
    scribe.presses("API_KEY", until="API_KEY")
    secret = scribe.writes("a-long-secret-value", until="🔒 API_KEY", shown="(the value; the bot deletes this message)")
    scribe.bot.server.wait_for(lambda: secret.deleted)
    assert "secret-value" not in "".join(m.text for m in scribe.user.history)
    scribe.presses(b("b_back"), until="shop")


def tries_and_promotes(scribe: Scribe) -> None:
    b, control = scribe.b, scribe.bot.control
    scribe.presses(b("b_run"), until=b("run_title"))
    scribe.presses(b("b_test_run"), until=b("test_title"))
    scribe.presses(scribe.words.duration(60), until=b("test_title"))
    control.hold = True
    scribe.presses(b("b_begin"), until=scribe.words.clock(60))
    control.finish("shop")
    control.hold = False
    scribe.writes("/menu", until=b("home_waiting", k=1).replace("<b>", "").replace("</b>", ""))
    scribe.presses(b("b_waiting", k=1), until=b("waiting_text"))
    scribe.presses("shop", until=b("test_over"))
    scribe.presses(b("b_promote"), until=b("kind_promote"))


def breaks_and_rolls_back(scribe: Scribe) -> None:
    b, control = scribe.b, scribe.bot.control
    control.fail_next = True
    scribe.writes("/run shop prod", until=b("deploy_title"))
    scribe.presses(b("b_deploy"), until="↩️")
    scribe.writes("/run shop prod", until=b("deploy_title"))
    scribe.presses(b("b_deploy"), until="✅")
    scribe.presses(b("b_rollback"), until=b("versions"))
    scribe.writes("№1", until=b("rollback_title"))
    scribe.presses(b("b_rollback_now"), until="✅")


def looks_round(scribe: Scribe) -> None:
    b = scribe.b
    scribe.writes("/logs shop", until=b("log_title"))
    scribe.presses(b("b_back"), until="shop")
    scribe.presses(b("b_menu"), until=b("menu"))
    scribe.presses(b("b_status"), until=b("status_title"))
    scribe.presses(b("b_menu"), until=b("home_counts", n=1, up=1, busy=0, bad=0))
    scribe.presses(b("b_load"), until=b("load_title"))
    scribe.presses(b("b_by_project"), until=b("load_title_projects"))
    scribe.presses("shop", until="RAM: ")
    scribe.presses(b("b_back"), until=b("load_title_projects"))
    scribe.presses(b("b_back"), until=b("load_at", time="12:00:00", zone="UTC"))
    scribe.presses(b("b_thresholds"), until=b("thresholds_title"))
    scribe.presses(b("resource_cpu"), until=b("thresholds_title"))
    scribe.presses("80%", until="CPU: 80%")
    scribe.presses(b("b_menu"), until=b("home_counts", n=1, up=1, busy=0, bad=0))
    scribe.presses(b("b_interval"), until=b("interval_title"))
    scribe.presses("shop", until="shop")
    scribe.presses(scribe.words.duration(3600), until=scribe.words.duration(3600))
    scribe.writes("/journal", until=b("journal_title"))


def removes_it(scribe: Scribe) -> None:
    b = scribe.b
    scribe.writes("shop", until="🟢")
    scribe.presses(b("b_settings"), until=b("settings_title"))
    scribe.presses(b("b_delete_project"), until=b("delete_title"))
    scribe.presses(b("b_delete_all"), until="shop")
    scribe.writes("shop", until=b("note_deleted", name="shop"))
