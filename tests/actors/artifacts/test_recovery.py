"""Killed at any step of any way to switch: the next start ends with one complete release, and says which."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from actors.artifacts.exchange import FileSystem
from tests.actors.artifacts.workshop import Killer, MountPoint, Shop, WithoutExchange, WithoutLinks, killed, read, write

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")

COMMITTED = {"app/code.py": "code", "db.sqlite3": "from the commit"}
DATA = {"db.sqlite3": "orders", "db.sqlite3-wal": "more orders", "uploads/cat.jpg": "cat"}


@dataclass(frozen=True)
class Case:
    """One way to switch: what is there before, with which file system."""

    name: str
    files: FileSystem = field(default_factory=FileSystem)
    found: dict[str, str] | None = None
    running: bool = False
    adopt: bool = False
    data_in_target: bool = False


CASES = [
    Case("nothing is there"),
    Case("an empty directory is there", found={}),
    Case("a link of ours is flipped", running=True),
    Case("a directory is adopted", found={"index.php": "old site", **DATA}, adopt=True),
    Case(
        "a directory is adopted without exchange",
        WithoutExchange(),
        found={"index.php": "old site", **DATA},
        adopt=True,
    ),
    Case("a mount point is filled first", MountPoint(), found={}),
    Case("a mount point is adopted", MountPoint(), found={"index.php": "old site", **DATA}, adopt=True),
    Case("a mount point is filled again", MountPoint(), found={}, running=True),
    Case("a memory card is filled again", WithoutLinks(), found={}, running=True, data_in_target=True),
]


def build(root: Path, case: Case, step: Callable[[str], None]) -> Shop:
    """The state right before the switch to version 2."""
    options: dict[str, Any] = {"persist": ("*.sqlite3", "uploads/"), "adopt": case.adopt}
    quiet = Shop(root, case.files, changes=options)
    quiet.path.parent.mkdir(parents=True)
    if case.found is not None:
        write(quiet.path, case.found)
        quiet.path.mkdir(exist_ok=True)
    if case.running:
        quiet.target.switch(quiet.project, quiet.release(1, {"gone.py": "old code"}))
        write(quiet.path, DATA)
    quiet.release(2, COMMITTED)
    return Shop(root, case.files, step, options)


def complete(shop: Shop, version: int) -> None:
    """The target holds that version, all of it, and the data that was there before."""
    there = read(shop.path)
    assert there["main.py"] == f"version {version}"
    assert ("app/code.py" in there) is (version == 2)
    assert ("gone.py" in there) is (version == 1)


def data_is_whole(shop: Shop, case: Case) -> None:
    """A program that opens its database by the target finds the log of the database beside it, as SQLite would."""
    if not case.running and not case.found:
        return
    database = Path(os.path.realpath(shop.path / "db.sqlite3"))
    assert database.read_text() == "orders"
    assert database.with_name("db.sqlite3-wal").read_text() == "more orders"
    assert (shop.path / "uploads" / "cat.jpg").read_text() == "cat"
    assert (shop.data() in database.parents) is not case.data_in_target


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_killed_at_every_step_the_target_ends_with_one_complete_release(case: Case, tmp_path: Path) -> None:
    steps: list[str] = []
    whole = build(tmp_path / "whole", case, steps.append)
    whole.target.switch(whole.project, whole.releases.path(whole.project, 2))
    complete(whole, 2)
    data_is_whole(whole, case)
    assert len(steps) >= 4

    for number, name in enumerate(steps):
        shop = build(tmp_path / str(number), case, Killer(number))
        release = shop.releases.path(shop.project, 2)
        assert killed(partial(shop.target.switch, shop.project, release)), name

        again = Shop(shop.root, case.files, changes=shop.changes)
        said = again.target.recover(again.project)
        current = again.target.current(again.project)
        if said is not None and current is not None:
            assert f"the target holds version {current}" in said, name
        if current is not None:
            complete(again, current)
            data_is_whole(again, case)
        elif case.found:
            assert read(again.path)["index.php"] == "old site", name
            if said is not None:
                assert "the target holds what it held before" in said
                data_is_whole(again, case)
        assert again.target.recover(again.project) is None

        again.target.switch(again.project, release)
        complete(again, 2)
        data_is_whole(again, case)
        if case.adopt:
            [aside] = again.layout.aside(again.project).iterdir()
            assert read(aside)["index.php"] == "old site", name
        assert not [path for path in again.path.parent.iterdir() if path.name.startswith(".")], name


def test_killed_while_it_recovers_the_next_recovery_ends_it(tmp_path: Path) -> None:
    case = next(case for case in CASES if case.name == "a directory is adopted without exchange")
    steps: list[str] = []
    whole = build(tmp_path / "whole", case, steps.append)
    whole.target.switch(whole.project, whole.releases.path(whole.project, 2))
    half = steps.index("half renamed")
    for number in range(3):
        shop = build(tmp_path / str(number), case, Killer(half))
        release = shop.releases.path(shop.project, 2)
        assert killed(partial(shop.target.switch, shop.project, release))
        second = Shop(shop.root, case.files, Killer(number), shop.changes)
        assert killed(partial(second.target.recover, second.project))
        third = Shop(shop.root, case.files, changes=shop.changes)
        assert "finished: the target holds version 2" in str(third.target.recover(third.project))
        complete(third, 2)
        data_is_whole(third, case)


def test_random_kills_leave_a_complete_release_each_time(tmp_path: Path) -> None:
    shop = Shop(tmp_path, changes={"persist": ("*.sqlite3",)})
    shop.path.parent.mkdir(parents=True)
    releases = {number: shop.release(number, {"gone.py": ""} if number == 1 else COMMITTED) for number in (1, 2)}
    shop.target.switch(shop.project, releases[1])
    write(shop.path, {"db.sqlite3": "orders"})
    chance = random.Random(7)
    for _ in range(30):
        child = os.fork()
        if child == 0:
            while True:
                shop.target.switch(shop.project, releases[2])
                shop.target.switch(shop.project, releases[1])
        time.sleep(chance.uniform(0.001, 0.06))  # the moment of the kill, not a wait for anything
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        shop.target.recover(shop.project)
        current = shop.target.current(shop.project)
        assert current in (1, 2)
        complete(shop, current)
        assert read(shop.path)["db.sqlite3"] == "orders"
