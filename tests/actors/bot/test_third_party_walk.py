"""The whole conversation about a third-party repository, kept as a golden file in both languages."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from actors.bot.texts.notices_en import TEXTS as ENGLISH
from actors.bot.texts.notices_ru import TEXTS as RUSSIAN
from actors.model.guest import GuestState
from tests.actors.bot.fake_control import FakeControl
from tests.actors.bot.fake_sandbox import FakeSandbox
from tests.actors.bot.front import ADMIN, front
from tests.actors.bot.kept import reads_as_kept
from tests.actors.bot.test_golden import Scribe
from tests.fakes.botapi import Message, User
from tests.fakes.clock import FakeClock

URL = "https://example.org/strange.git"


class Chronicler(Scribe):
    """Writes down the panel, and each message beside it."""

    def _panel(self) -> Message:
        title = self.words.label("menu")
        found = [m for m in self.user.messages if m.keyboard and m.text.startswith(title)]
        assert found, "no panel"
        return found[-1]

    def presses(self, label: str, *, until: str, message: Message | None = None) -> None:
        self.user.wait_for(lambda _u: [it for row in (message or self._panel()).labels for it in row if label in it])
        before = [(m.id, m.text, m.labels) for m in self.user.messages]
        press = self.user.presses(label, message or self._panel())
        self.user.waits_for_answer(press)
        self.lines += ["", f"▶ [{label}]" + (f" — {press.toast}" if press.toast else "")]
        self._wait(until, before)

    def hears(self, text: str, happens: Callable[[], object]) -> Message:
        """Something happens, and a message tells of it."""
        before = {message.id for message in self.user.messages}
        happens()
        told = self.user.wait_for(
            lambda u: next((m for m in u.messages if m.id not in before and text in m.text), None)
        )
        assert told is not None
        self._write("🔔 " + ("silent" if told.silent else "loud"), told)
        return told

    def _wait(self, until: str, before: list[tuple[int, str, list[list[str]]]]) -> None:
        def there(_user: User) -> Message | None:
            found = self._panel()
            return found if until in found.text and (found.id, found.text, found.labels) not in before else None

        panel = self.user.wait_for(there)
        assert panel is not None
        known = {number for number, _text, _labels in before}
        for message in self.user.messages:
            if message.document and message.id not in known:
                self.lines.append(f"    📎 {message.document[0]}")
        self._write("", panel)

    def _write(self, head: str, message: Message) -> None:
        self.lines += ["", *([head] if head else []), *(f"    {line}" for line in message.text.splitlines())]
        self.lines += ["", *("    " + " ".join(f"[{label}]" for label in row) for row in message.labels)]


@pytest.mark.parametrize("language", ["ru", "en"])
def test_the_walk_of_a_third_party_run_reads_well(tmp_path: Path, language: str) -> None:
    with front(tmp_path, FakeControl(), FakeClock(), tells=True) as bot:
        scribe = Chronicler(bot, bot.server.user(ADMIN, language, "Anna"), language)
        _begins(scribe)
        _hears_of_its_commands(scribe)
        _sends_a_command_and_ends_it(scribe)
        _hears_of_its_end(scribe)
        _makes_a_project_of_it(scribe)
    reads_as_kept(f"third_party.{language}.txt", "\n".join(scribe.lines).strip() + "\n")


def _begins(scribe: Chronicler) -> None:
    b, control = scribe.b, scribe.bot.control
    control.private = True
    scribe.writes("/menu", until=b("home_empty"))
    scribe.presses(b("b_third_party"), until=b("tp_none"))
    scribe.presses(b("b_tp_new"), until="https://github.com/user/repo.git")
    scribe.writes(f"{URL} develop", until="🔑")
    secret = scribe.writes("ghp_secret", until=b("tp_foreign"), shown="(the token; the bot deletes this message)")
    scribe.bot.server.wait_for(lambda: secret.deleted)
    scribe.presses(b("b_tp_time", time=scribe.words.duration(300)), until=b("tp_time"))
    scribe.presses(scribe.words.duration(600), until=b("tp_foreign"))
    scribe.presses(b("b_tp_net_on"), until=b("tp_foreign"))
    scribe.presses(b("b_tp_variables", n=0), until=b("tp_variables"))
    scribe.presses(b("b_add"), until=b("var_name").split(" (")[0])
    scribe.presses("API_KEY", until="API_KEY")
    secret = scribe.writes("a-long-secret-value", until="🔒 API_KEY", shown="(the value; the bot deletes this message)")
    scribe.bot.server.wait_for(lambda: secret.deleted)
    scribe.presses("API_KEY ••••", until="API_KEY")
    scribe.presses(b("b_back"), until=b("tp_variables"))
    scribe.presses(b("b_back"), until=b("tp_foreign"))
    scribe.presses(b("b_tp_every", time=b("tp_every_off")), until="90s")
    scribe.presses(scribe.words.duration(900), until=b("tp_foreign"))
    scribe.presses(b("b_tp_run"), until=b("tp_is_preparing"))
    assert "secret" not in "".join(m.text for m in scribe.user.history)


def _guest(scribe: Chronicler) -> tuple[FakeSandbox, str]:
    return scribe.bot.sandbox, scribe.bot.sandbox.all()[0].id


def _hears_of_its_commands(scribe: Chronicler) -> None:
    b, (sandbox, number) = scribe.b, _guest(scribe)
    install = "pip install -r requirements.txt"
    sandbox.goes_on(number, install)
    told = scribe.hears(install, lambda: sandbox.ended(number, install, [f"Collecting part {n}" for n in range(212)]))
    assert told.silent
    sandbox.goes_on(number, "python main.py")
    sandbox.last = (("listening on 8080", "GET / 200"), 2)
    scribe.presses(label_of("b_guest_file", scribe), until="$ pip install", message=told)
    scribe.presses(b("b_tp_lines", lines=30), until=b("tp_output"))
    scribe.presses("10", until=b("tp_output"))
    scribe.presses(b("b_back"), until="212")
    scribe.presses(b("b_tp_quiet"), until=b("tp_output_is_off"))
    scribe.presses(b("b_tp_loud"), until="212")


def _sends_a_command_and_ends_it(scribe: Chronicler) -> None:
    b, (sandbox, number) = scribe.b, _guest(scribe)
    scribe.presses(b("b_tp_command"), until=b("tp_command"))
    scribe.writes("seq 1 40; exit 2", until="$ seq 1 40")
    scribe.hears("seq 1 40", lambda: sandbox.ended(number, "seq 1 40; exit 2", [str(n) for n in range(1, 41)], 2, 1.0))
    scribe.presses(b("b_stop"), until="strange")
    scribe.presses(b("b_stop"), until=b("tp_is_ended"))


def _hears_of_its_end(scribe: Chronicler) -> None:
    b, (sandbox, number) = scribe.b, _guest(scribe)
    sandbox.goes_on(number, "python main.py")
    assert scribe.hears("strange", lambda: sandbox.over(number, lines=["done"])).silent
    sandbox.goes_on(number, "python main.py")
    failing = ["Traceback (most recent call last):", "  boom <x>"]
    told = scribe.hears("strange", lambda: sandbox.over(number, GuestState.FAILED, lines=failing, code=1))
    assert not told.silent
    scribe.presses(label_of("b_guest", scribe), until=b("tp_is_failed"), message=told)


def _makes_a_project_of_it(scribe: Chronicler) -> None:
    b = scribe.b
    scribe.presses(b("b_tp_project"), until=b("add_check"))
    scribe.presses(b("b_create"), until=b("note_added", name="strange"))
    scribe.writes("/repo", until=b("tp_choose"))
    scribe.presses("strange", until=b("tp_is_failed"))
    scribe.presses(b("b_tp_remove"), until="strange")
    scribe.presses(b("b_tp_remove"), until=b("tp_none"))


def label_of(key: str, scribe: Scribe) -> str:
    """What stands on a notice's button."""
    return (ENGLISH if scribe.words.language == "en" else RUSSIAN)[key]
