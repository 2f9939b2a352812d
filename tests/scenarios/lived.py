"""A house where much has happened: projects in every state, for people who walk through its chat."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from actors.errors import VankaError
from tests.fakes.botapi import BotApiServer
from tests.fakes.gitrepo import GitRepo
from tests.scenarios.service import Service, eventually, free_port, program

PEOPLE = 24  # Telegram takes one message a second from each chat: many people walk at the same time
FIRST = 101  # the first one's number
MORE = 13  # projects that make lists long


class Lived:
    """A service with projects in every state, made quickly: the programs answer at once."""

    def __init__(self, directory: Path, telegram: BotApiServer) -> None:
        self.directory = directory
        admins = ",".join(str(FIRST + number) for number in range(PEOPLE))
        settings = {"VANKA_TELEGRAM_TOKEN": telegram.token, "VANKA_TELEGRAM_API": telegram.url, "VANKA_ADMIN": admins}
        self.service = Service(directory, **settings)
        self.subjects = ("data/", "Fix <prices> & sums", "Broken", "Four", "The first of", "Ivan")
        self.names = ["shop", "tried", "trial", "gone", "spare", *(f"more-{number}" for number in range(MORE))]

    def furnish(self) -> None:
        """Projects that run, failed, are tested, wait for a decision, and one whose repository is away."""
        service, shop = self.service, self._project("shop", persist=["data/"], policy="notify")
        self.prepares("C2")
        service.ask("set", name="shop", key="PORT", value=str(free_port()), test=True)
        service.ask("deploy", name="shop")
        shop.commit({"main.py": program("two")}, "Fix <prices> & sums")
        service.ask("deploy", name="shop")
        shop.commit({"main.py": "print('this Error is meant')\nraise SystemExit(7)\n"}, "Broken")
        service.ask("deploy", name="shop")
        shop.commit({"main.py": program("four")}, "Four")
        service.ask("check", name="shop")
        self._project("tried", interval_s=60, policy="test")
        service.ask("test", name="tried", for_s=1, detach=True)
        self._project("trial", policy="notify")
        self.prepares("R3")
        gone = self._project("gone", policy="notify")
        shutil.move(gone.bare, self.directory / "moved.git")
        _refused(lambda: service.ask("check", name="gone"))
        self._project("spare", policy="notify")
        service.ask("test", name="spare", for_s=1, detach=True)
        for name in self.names[5:]:
            service.ask(
                "add", name=name, url=str(shop.bare), path=str(self.directory / "apps" / name), interval_s=86_400
            )
        for name in ("tried", "spare"):
            eventually(
                lambda name=name: service.status(name)["last_deployment"]["ended_at"], f"the test of {name} ends"
            )

    def prepares(self, screen: str) -> None:
        """Give back what an act of that screen needs, for one before it may have taken it: a variable, a test."""
        service = self.service
        if screen.startswith("C2"):
            service.ask("set", name="shop", key="API_KEY", value="a-long-secret-value", test=False)
        if screen.startswith("R3") and service.status("trial")["state"] != "testing":
            service.ask("test", name="trial", for_s=600, detach=True)
            eventually(lambda: service.status("trial")["state"] == "testing", "the test of trial is on")

    def _project(self, name: str, **options: Any) -> GitRepo:
        repo, port = GitRepo.in_directory(self.directory, name), free_port()
        repo.commit({"main.py": program(name)}, f"The first of {name}")
        given = {"path": str(self.directory / "apps" / name), "interval_s": 86_400, **options}
        self.service.ask("add", name=name, url=str(repo.bare), probe=f"http://127.0.0.1:{port}/", **given)
        self.service.ask("set", name=name, key="PORT", value=str(port), test=False)
        return repo


def _refused(work: Callable[[], object]) -> None:
    try:
        work()
    except VankaError:
        return
    raise AssertionError("this was to be refused")
