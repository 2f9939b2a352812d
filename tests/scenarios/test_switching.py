"""The target: complete at every moment, with nothing lost that belongs to the user."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from actors.errors import TargetOccupied
from actors.model.deployment import State
from tests.fakes.gitrepo import GitRepo
from tests.scenarios.inside import Inside
from tests.scenarios.service import answer_of, eventually, program

DATABASE = """\
import pathlib
pathlib.Path("blog/db").mkdir(parents=True, exist_ok=True)
with open("blog/db/posts.txt", "a") as posts:
    posts.write("@TEXT@\\n")
"""


@pytest.fixture
def repo(tmp_path: Path) -> GitRepo:
    made = GitRepo.in_directory(tmp_path, "shop")
    made.commit({"main.py": program("one")}, "One")
    made.push()
    return made


def test_persistent_paths_outlive_deployments_rollbacks_and_failures(house: Inside, repo: GitRepo) -> None:
    def push(text: str, *, broken: bool = False) -> None:
        main = DATABASE.replace("@TEXT@", text) + ("raise SystemExit(3)\n" if broken else program(text))
        repo.commit({"main.py": main}, text)
        repo.push()

    push("one")
    port = house.add(repo, persist=("blog/db", "*.sqlite3"))
    house.control.edit("shop", "ann", probe=f"http://127.0.0.1:{port}/")
    target = Path(house.control.project("shop").path)
    assert house.deploy().state is State.SUCCEEDED
    (target / "users.sqlite3").write_text("ann")

    push("two")
    assert house.deploy().state is State.SUCCEEDED
    push("three", broken=True)
    assert house.deploy().state is State.ROLLED_BACK
    assert house.end_of(house.control.rollback("shop", "ann")).version == 1
    eventually(lambda: answer_of(port) == "one v1", "the first version answers")
    assert (target / "users.sqlite3").read_text() == "ann"
    posts = (target / "blog/db/posts.txt").read_text().split()
    assert posts == ["one", "two", "three", "two", "one"]


def test_directory_that_holds_something_is_refused_until_it_is_adopted_and_then_all_of_it_is_kept(
    house: Inside, repo: GitRepo, tmp_path: Path
) -> None:
    target = tmp_path / "apps" / "shop"
    target.mkdir(parents=True)
    (target / "precious.txt").write_text("mine")
    with pytest.raises(TargetOccupied):
        house.add(repo)
    assert (target / "precious.txt").read_text() == "mine"
    house.add(repo, adopt=True, probe="true")
    ended = house.deploy()
    assert ended.state is State.SUCCEEDED
    assert (target / "main.py").is_file()
    said = "\n".join(house.control.log_tail("shop", 100, deployment_id=ended.id))
    kept = Path(next(line for line in said.splitlines() if "is kept in" in line).rpartition("is kept in ")[2])
    assert (kept / "precious.txt").read_text() == "mine"


def test_reader_finds_a_complete_release_during_every_switch(house: Inside, repo: GitRepo) -> None:
    for number in range(2, 4):
        repo.commit({"main.py": program(f"v{number}"), "part.txt": f"v{number}"}, f"v{number}")
        repo.push()
    house.add(repo, probe="true")
    house.deploy()
    repo.commit({"main.py": program("last"), "part.txt": "last"}, "last")
    repo.push()
    house.deploy()
    target, over = Path(house.control.project("shop").path), threading.Event()
    missed: list[str] = []

    def read() -> None:
        while not over.is_set():
            try:
                here = os.open(target, os.O_RDONLY | os.O_DIRECTORY)
            except OSError as error:
                missed.append(str(error))
                continue
            try:
                main = Path(f"/proc/self/fd/{here}/main.py").read_text() if os.name == "posix" else ""
                part = Path(f"/proc/self/fd/{here}/part.txt").read_text() if os.name == "posix" else ""
                if program(part) != main:
                    missed.append("a mixture")
            except OSError as error:
                missed.append(str(error))
            finally:
                os.close(here)

    reader = threading.Thread(target=read)
    reader.start()
    try:
        for number in (1, 2, 1, 2, 1):
            assert house.end_of(house.control.rollback("shop", "ann", number)).state is State.SUCCEEDED
    finally:
        over.set()
        reader.join(10)
    assert missed == []


def test_version_whose_release_was_cleaned_up_is_not_called_kept_any_more_until_it_is_built_again(
    house: Inside, repo: GitRepo
) -> None:
    house.add(repo, probe="true")
    house.control.edit("shop", "test", keep=1)
    for word in ("one", "two", "three"):
        repo.commit({"main.py": program(word)}, word)
        repo.push()
        house.deploy()

    def on_disk() -> list[int]:
        return [version.number for version in house.control.versions("shop") if version.built]

    eventually(lambda: on_disk() == [3, 2], "the first one is gone")
    house.end_of(house.control.rollback("shop", "test", 1))
    assert 1 in on_disk()
