"""Homes that earlier versions wrote: today's service opens them, and their projects run."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.fakes.botapi import BotApiServer
from tests.fakes.gitrepo import git
from tests.homes.record import ADMIN, HERE, HOMES, KEY, VALUE
from tests.scenarios.service import Service, eventually

RECORDED = sorted(HOMES.glob("*.sql"))
ANSWERED = 5
"""More updates than the recorded bot had answered."""


@pytest.fixture(params=RECORDED, ids=lambda path: path.stem)
def home(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """The directory of a recorded home: its records and its repository, nothing that was built."""
    recorded: Path = request.param
    (tmp_path / "home" / "store").mkdir(parents=True, mode=0o700)
    with closing(sqlite3.connect(tmp_path / "home" / "store" / "cache.db")) as database:
        database.executescript(recorded.read_text(encoding="utf-8").replace(HERE, str(tmp_path)))
    git("init", "-q", "--bare", "-b", "main", str(tmp_path / "repos" / "shop.git"))
    git(
        "-C",
        str(tmp_path / "repos" / "shop.git"),
        "fast-import",
        "--quiet",
        stdin=recorded.with_suffix(".git").read_bytes(),
    )
    return tmp_path


@pytest.fixture
def telegram() -> Iterator[BotApiServer]:
    """A Bot API server where the recorded administrator has a chat."""
    with BotApiServer() as server:
        server.user(ADMIN, "ru").writes("/menu")
        yield server
        server.assert_nothing_refused()


@pytest.fixture
def service(home: Path, telegram: BotApiServer) -> Iterator[Service]:
    """Today's service in that home. Who the administrator is, it has to remember."""
    running = Service(home, VANKA_SECRET_KEY=KEY, VANKA_TELEGRAM_TOKEN=telegram.token, VANKA_TELEGRAM_API=telegram.url)
    try:
        running.start()
        yield running
    finally:
        running.close()


def test_records_of_an_earlier_version_are_all_read(service: Service, telegram: BotApiServer) -> None:
    assert [(it["name"], it["version"]) for it in service.ask("status")] == [("shop", 2), ("site", None)]
    assert service.status("site")["paused"] is True
    versions = service.ask("versions", name="shop")
    assert [it["subject"] for it in versions] == ["Four", "Three is broken", "Two", "One"]
    assert [(it["pinned"], it["current"]) for it in versions][2:] == [(False, True), (True, False)]
    history = service.ask("history", name="shop")
    assert [it["state"] for it in history if it["asked_by"] != "vanka"] == [
        *("succeeded", "succeeded", "rolled back", "succeeded", "succeeded")
    ]
    assert [it["name"] for test in (False, True) for it in service.ask("vars", name="shop", test=test)] == [
        *("GREETING", "GREETING")
    ]
    assert len(service.ask("notifications")) >= 9
    person = telegram.user(ADMIN)
    for _ in range(ANSWERED):
        person.writes("/menu")  # this server counts from the beginning again: these are taken for answered ones
    eventually(lambda: any("Projects: 2" in it.text for it in person.messages), "the panel, in the language he chose")


def test_project_of_an_earlier_version_is_built_and_run_with_its_secrets(service: Service) -> None:
    service.cli("deploy", "shop")
    assert service.status("shop")["state"] == "running"
    assert f"up with {len(VALUE)}" in service.cli("logs", "shop")
    service.cli("rollback", "shop", "1")
    assert service.status("shop")["version"] == 1
    service.cli("deploy", "site", code=1)  # it has no GREETING
    service.cli("rekey")
    numbers = [int(it["id"][1:]) for it in service.ask("history", name="shop")]
    assert numbers == sorted(set(numbers), reverse=True)
