"""Records a home in today's format, as text: `.venv/bin/python -m tests.homes.record NAME` writes tests/homes/NAME.*.

Run it when a version is published; what was recorded is never made anew. Nothing of this machine is in it: the
directory is written as @HERE@, and all secrets are made up.
"""

from __future__ import annotations

import sqlite3
import sys
import tempfile
from contextlib import closing
from pathlib import Path

from tests.fakes.botapi import BotApiServer
from tests.fakes.gitrepo import GitRepo, git
from tests.scenarios.service import Service, eventually

HOMES = Path(__file__).parent
HERE = "@HERE@"
KEY = "dGhlIGtleSBvZiBhIGhvbWUgdGhhdCB3YXMgcmVjb3I="
VALUE = "made-up-value-4711"
TOKEN = "ghp_madeUpTokenOfNobody0123456789abcdef"
ADMIN = 42
PROGRAM = """\
import os, pathlib, threading
pathlib.Path("data").mkdir(exist_ok=True)
print("up with", len(os.environ["GREETING"]), flush=True)
open("ready", "w").close()
threading.Event().wait(600)
"""


def record(directory: Path, name: str) -> None:
    """Live a short life in that directory, and write down what is stored of it."""
    with BotApiServer() as telegram:
        service = Service(
            directory,
            VANKA_SECRET_KEY=KEY,
            VANKA_TELEGRAM_TOKEN=telegram.token,
            VANKA_TELEGRAM_API=telegram.url,
            VANKA_ADMIN=str(ADMIN),
        )
        try:
            service.start()
            repo = GitRepo.in_directory(directory / "repos", "shop")
            live(service, repo)
            person = telegram.user(ADMIN, "ru")
            for said in ("/start", "/lang en"):
                person.writes(said)
            eventually(lambda: any("Projects: " in message.text for message in person.messages), "the menu in English")
            service.cli("backup", str(directory / "home.bak"))
        finally:
            service.close()
    with closing(sqlite3.connect(directory / "home.bak")) as database:
        text = "\n".join(database.iterdump()).replace(str(directory), HERE)
    (HOMES / f"{name}.sql").write_text(text + "\n", encoding="utf-8")
    (HOMES / f"{name}.git").write_text(git("-C", str(repo.bare), "fast-export", "--all") + "\n", encoding="utf-8")


def live(service: Service, repo: GitRepo) -> None:
    """Deployed, changed, broken and rolled back, tested, pinned; one project running, one never deployed."""
    repo.commit({"main.py": PROGRAM}, "One")
    url, apps = str(repo.bare), service.directory / "apps"
    options = ("--probe", "test -f ready", "--interval", "7d", "--policy", "notify", "--persist", "data/")
    service.cli("add", "shop", url, "--path", str(apps / "shop"), "--branch", "main", *options)
    service.cli("set", "shop", f"GREETING={VALUE}")
    service.cli("set", "shop", "GREETING=of tests", "--test")
    service.cli("deploy", "shop")
    repo.commit({"more": "2"}, "Two")
    service.cli("deploy", "shop")
    repo.commit({"main.py": "raise SystemExit(3)\n"}, "Three is broken")
    service.cli("deploy", "shop", code=1)
    repo.commit({"main.py": PROGRAM}, "Four")
    service.cli("test", "shop", "--for", "1s")
    service.cli("discard", "shop")
    service.cli("pin", "shop", "1")
    service.cli("restart", "shop")
    service.cli("hook", "shop")
    token = service.directory / "token"
    token.write_text(TOKEN)
    service.cli("add", "site", url, "--path", str(apps / "site"), "--token", str(token), "--interval", "7d")
    service.cli("edit", "site", "--pause")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made:
        record(Path(made), sys.argv[1])
