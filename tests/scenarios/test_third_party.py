"""A stranger's repository in the chat, all the way: a real service, a real engine, git over HTTP, a strict server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from actors.engines.docker_calls import Docker
from tests.actors.engines.workshop import remove_all
from tests.fakes.botapi import BotApiServer, Message, User
from tests.fakes.docker_engine import docker, docker_engine
from tests.fakes.gitrepo import GitRepo
from tests.fakes.gitserver import GitServer
from tests.scenarios.service import Service, eventually

__all__ = ["docker", "docker_engine"]

pytestmark = pytest.mark.docker

ADMIN = 42
TOKEN = "ghp_" + "a1" * 18
SECRET = "a-long-secret-value"
LIMIT_S = 90.0
MAIN = """\
import os, time
print("TEXT", os.environ.get("API_KEY"), sorted(name for name in os.environ if "VANKA" in name), flush=True)
for number in range(40): print("line", number, flush=True)
while not os.path.exists("end"): time.sleep(0.1)
raise SystemExit(int(open("end").read()))
"""


@pytest.fixture
def telegram() -> Iterator[BotApiServer]:
    with BotApiServer() as server:
        yield server
        # the last poll of a service that was killed
        server.refused[:] = [it for it in server.refused if "terminated by other getUpdates" not in it.description]
        server.assert_nothing_refused()


@pytest.fixture
def service(tmp_path: Path, telegram: BotApiServer, docker: Docker) -> Iterator[Service]:
    running = Service(
        tmp_path, VANKA_TELEGRAM_TOKEN=telegram.token, VANKA_TELEGRAM_API=telegram.url, VANKA_ADMIN=str(ADMIN)
    )
    try:
        running.start()
        yield running
    finally:
        running.close()
        mark = running.home / "engine-id"
        if mark.exists():
            remove_all(docker, {"vanka.home": mark.read_text().strip()})


class Chat:
    """Somebody with the chat open: the panel, and the messages beside it."""

    def __init__(self, user: User) -> None:
        self.user = user

    def panel(self) -> Message | None:
        """The live panel: what has the way back, or the main menu."""
        found = [m for m in self.user.messages if m.keyboard and m.text.startswith("Menu")]
        return found[-1] if found else None

    def sees(self, text: str) -> str:
        """What the panel says, once that stands in it or on one of its buttons."""

        def shown() -> str:
            panel = self.panel()
            there = panel is not None and (text in panel.text or any(text in it for row in panel.labels for it in row))
            return panel.text if panel is not None and there else ""

        return eventually(shown, f"the panel shows {text!r}; it shows {self.panel()}", LIMIT_S)

    def presses(self, label: str, then: str) -> str:
        """Press a button of the panel; what it says once it holds `then`."""
        eventually(lambda: (panel := self.panel()) and label in str(panel.labels), f"{label}: {self.panel()}", LIMIT_S)
        self.user.presses(label, self.panel())
        return self.sees(then)

    def writes(self, text: str, then: str) -> str:
        """Send a text; what the panel says then."""
        self.user.writes(text)
        return self.sees(then)

    def is_told(self, text: str, *, after: Message | None = None) -> Message:
        """The message beside the panel that tells of it."""

        def told() -> Message | None:
            found = [m for m in self.user.messages if text in m.text and not m.text.startswith("Menu")]
            return found[-1] if found and (after is None or found[-1].id > after.id) else None

        seen = [message.text for message in self.user.messages]
        found = eventually(told, f"a message tells {text!r}; there are {seen}", LIMIT_S)
        assert found is not None
        return found


@pytest.fixture
def chat(telegram: BotApiServer, service: Service) -> Chat:
    """The administrator's, with the main menu in it."""
    chat = Chat(telegram.user(ADMIN, "en"))
    chat.writes("/start", "No projects yet")
    return chat


def begin(chat: Chat, hosting: GitServer) -> GitRepo:
    """A private repository with a variable, in production, watched; its program runs."""
    repo = hosting.repo("strange")
    repo.commit({"main.py": MAIN.replace("TEXT", "one")}, "one")
    hosting.token = TOKEN
    chat.presses("Third-party", "None is running")
    chat.presses("Run a new one", "Send the link")
    chat.writes(hosting.url("strange"), "access token")
    chat.writes(TOKEN, "Foreign code")
    chat.presses("Variables (0)", "never shown")
    chat.presses("Add", "Name (")
    chat.writes("API_KEY", "Value for API_KEY")
    chat.writes(SECRET, "saved (encrypted)")
    chat.presses("Back", "Variables (1)")
    chat.presses("Production", "● 🚀 Production")
    chat.presses("Interval: off", "How often")
    chat.writes("15s", "Interval: 15 s")
    chat.presses("▶️ Run", "strange")
    chat.sees("lines:")
    eventually(lambda: not any(word in text(chat) for word in (TOKEN, SECRET)), "what was secret is deleted")
    return repo


def text(chat: Chat) -> str:
    """All that is to be read in the chat, the person's own messages too."""
    world = chat.user._world
    return "\n".join(message.text for message in world.in_chat(chat.user.id) if not message.deleted)


def test_a_private_repository_in_production_from_its_link_to_a_project(
    chat: Chat, service: Service, hosting: GitServer, docker: Docker
) -> None:
    repo = begin(chat, hosting)
    chat.sees("line 39")
    assert SECRET not in text(chat), "the program printed it; nobody is shown it"

    chat.presses("⌨️ Command", "Send a command")
    chat.writes("seq 1 40; sleep 2; exit 4", "$ seq 1 40")
    chat.presses("Lines: 30", "Show what")  # nobody waits for the command
    chat.presses("10", "● 10")
    chat.presses("Back", "running")
    told = chat.is_told("$ seq 1 40")
    assert "code 4" in told.text
    assert told.text.count("\n") == 11, "the head, how it ended, ten lines"
    assert told.silent
    chat.user.presses("Full output", told)
    file = eventually(lambda: [m.document for m in chat.user.messages if m.document], "the file comes", LIMIT_S)[0]
    assert file is not None
    assert file[1].decode().splitlines() == ["$ seq 1 40; sleep 2; exit 4", *map(str, range(1, 41))]

    mine = {"vanka.home": (service.home / "engine-id").read_text().strip()}
    (before,) = docker.containers(mine)
    service.kill()
    assert docker.containers(mine) == [before]
    chat.writes("/repo", "Which one?")
    chat.presses("🟢 strange", "line 39")

    newer = repo.commit({"main.py": MAIN.replace("TEXT", "two")}, "two")
    assert "is run in place of" in chat.is_told("new commit").text
    chat.sees(newer[:7])
    chat.sees("line 39")

    def replaced() -> bool:
        there = docker.containers(mine)
        return len(there) == 1 and there != [before]

    eventually(replaced, "the old one is gone", LIMIT_S)

    chat.presses("⌨️ Command", "Send a command")
    chat.writes("echo 3 >end", "$ echo 3")
    down = chat.is_told("ended with code 3")
    assert "Next start in" in down.text
    assert "two" in down.text
    assert not down.silent
    chat.sees("Restarts: ")

    chat.presses("Turn into a project", "Variables taken along: 1")
    chat.presses("✅ Create", "never deployed")
    variables = service.ask("vars", name="strange")
    assert [it["name"] for it in variables] == ["API_KEY"]
    assert service.ask("check", name="strange")["commit"]
    chat.writes("/repo", "Which one?")
    chat.presses("strange", "Restarts")
    chat.presses("Remove", "will be lost")
    chat.presses("Remove", "None is running")
    assert docker.containers(mine) == []
    assert TOKEN not in service.log.read_text()
    assert SECRET not in service.log.read_text()


def test_a_test_ends_by_its_time_and_output_that_is_off_stays_off(
    chat: Chat, service: Service, hosting: GitServer
) -> None:
    repo = hosting.repo("tool")
    repo.commit({"main.py": "import time\nprint('on', flush=True)\ntime.sleep(600)\n"}, "one")
    chat.writes(f"/repo {hosting.url('tool')}", "Foreign code")
    chat.presses("Time: 5 min", "How long")
    chat.writes("20s", "Time: 20 s")
    chat.presses("Network: on", "Network: off")
    chat.presses("▶️ Run", "tool")
    chat.sees("lines:")
    chat.presses("Output off", "Output to the chat is off")
    chat.presses("⌨️ Command", "Send a command")
    chat.writes("echo quiet", "$ echo quiet")
    chat.sees("code 0")
    passed = chat.is_told("the test of the third-party repository has passed")
    assert passed.silent
    assert "ended by its time limit" in passed.text
    assert "\non" not in passed.text
    assert not [m for m in chat.user.messages if "$ echo quiet" in m.text and not m.text.startswith("Menu")]


def test_a_failing_test_is_told_loudly(chat: Chat, service: Service, hosting: GitServer) -> None:
    hosting.repo("bad").commit({"main.py": "print('why')\nraise SystemExit(9)\n"}, "one")
    chat.writes(f"/repo {hosting.url('bad')}", "Foreign code")
    chat.presses("▶️ Run", "bad")
    told = chat.is_told("ended with code 9")
    assert not told.silent
    assert "why" in told.text
    chat.user.presses("Open", told)
    chat.sees("🔴 failed")
