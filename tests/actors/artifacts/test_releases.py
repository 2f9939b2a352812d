"""Releases are complete or not there, and tell when a program wrote into them."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from actors.artifacts import stored
from actors.artifacts.interpreter import python_in
from actors.artifacts.persist import Persist
from actors.artifacts.releases import link_environment
from actors.errors import NoSuchVersion
from actors.model.version import Commit
from tests.actors.artifacts.workshop import WHEN, Shop, read, write


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path, changes={"persist": ("*.db",)})


def test_a_staged_release_is_not_whole_until_it_is_completed(shop: Shop) -> None:
    staged = shop.releases.begin(shop.project, 1)
    write(staged, {"main.py": "print()"})
    assert not shop.releases.is_whole(shop.project, 1)
    release = shop.releases.complete(shop.project, 1, staged)
    assert shop.releases.is_whole(shop.project, 1)
    assert release == shop.releases.path(shop.project, 1)
    assert read(release) == {"main.py": "print()"}
    assert not staged.exists()


def test_a_release_holds_nothing_of_ours_but_its_venv(shop: Shop) -> None:
    environment = shop.layout.environments(shop.project) / "abc"
    environment.mkdir(parents=True)
    staged = shop.releases.begin(shop.project, 1)
    write(staged, {"main.py": ""})
    assert not link_environment(staged, environment)
    release = shop.releases.complete(shop.project, 1, staged)
    assert sorted(os.listdir(release)) == ["main.py", "venv"]
    assert os.path.samefile(release / "venv", environment)


def test_a_venv_that_the_commit_brings_makes_room_for_the_stored_environment(shop: Shop) -> None:
    environment = shop.layout.environments(shop.project) / "abc"
    write(environment, {"pyvenv.cfg": "ours"})
    staged = shop.releases.begin(shop.project, 1)
    write(staged, {"venv/pyvenv.cfg": "theirs"})
    assert link_environment(staged, environment)
    assert (staged / "venv" / "pyvenv.cfg").read_text() == "ours"


def test_a_release_whose_environment_is_gone_is_not_whole(shop: Shop) -> None:
    environment = shop.layout.environments(shop.project) / "abc"
    environment.mkdir(parents=True)
    staged = shop.releases.begin(shop.project, 1)
    link_environment(staged, environment)
    shop.releases.complete(shop.project, 1, staged)
    environment.rmdir()
    assert not shop.releases.is_whole(shop.project, 1)


def test_what_a_crashed_build_left_is_gone_when_the_next_one_begins(shop: Shop) -> None:
    write(shop.releases.begin(shop.project, 1), {"half.py": ""})
    assert read(shop.releases.begin(shop.project, 1)) == {}


@pytest.mark.parametrize("change", ["write", "add", "remove", "relink"])
def test_a_release_that_a_program_wrote_into_is_not_pristine(shop: Shop, change: str) -> None:
    staged = shop.releases.begin(shop.project, 1)
    write(staged, {"main.py": "one", "pkg/code.py": "two"})
    (staged / "link").symlink_to("main.py")
    release = shop.releases.complete(shop.project, 1, staged)
    assert shop.releases.is_pristine(shop.project, 1)
    match change:
        case "write":
            (release / "pkg" / "code.py").write_text("twO")
        case "add":
            (release / "pkg" / "new.txt").write_text("")
        case "remove":
            (release / "main.py").unlink()
        case _:
            (release / "link").unlink()
            (release / "link").symlink_to("pkg")
    assert not shop.releases.is_pristine(shop.project, 1)
    assert shop.releases.is_whole(shop.project, 1)


def test_bytecode_and_persistent_paths_leave_a_release_pristine(shop: Shop) -> None:
    release = shop.release(1, {"seed.db": "rows"})
    write(release, {"__pycache__/main.pyc": "", "new.db": "rows", "seed.db": "more rows", "seed.db-wal": "log"})
    assert shop.releases.is_pristine(shop.project, 1)


def test_a_version_that_is_built_again_gets_a_directory_of_its_own(shop: Shop) -> None:
    first = shop.release(1)
    second = shop.release(1)
    assert second != first
    assert first.is_dir()
    assert shop.releases.path(shop.project, 1) == second
    assert shop.releases.versions(shop.project) == [1]


def test_a_removed_release_leaves_nothing_behind(shop: Shop) -> None:
    shop.release(1)
    shop.release(1)
    shop.release(2)
    assert shop.releases.remove(shop.project, 1) > 0
    assert not shop.releases.is_whole(shop.project, 1)
    assert not [name for name in os.listdir(shop.layout.releases(shop.project)) if name.startswith(("1", "."))]
    assert shop.releases.versions(shop.project) == [2]


def test_a_test_run_gets_a_copy_that_shares_nothing_but_the_environment(shop: Shop) -> None:
    environment = shop.layout.environments(shop.project) / "abc"
    write(environment, {"pyvenv.cfg": "", python_in(Path()).as_posix(): ""})
    stored.finish(environment, {})
    staged = shop.releases.begin(shop.project, 1)
    write(staged, {"main.py": "one", "seed.db": "from the commit", "__pycache__/x.pyc": ""})
    link_environment(staged, environment)
    release = shop.releases.complete(shop.project, 1, staged)
    shop.project = replace(shop.project, persist=("*.db", "uploads/"))
    write(shop.data(), {"seed.db": "production", "more.db": "production"})
    Persist(shop.layout).attach(shop.project, release)
    assert read(release)["seed.db"] == "production"

    place = shop.releases.copy_for_test(shop.project, 1)
    assert place == shop.layout.test_directory(shop.project)
    assert {k: v for k, v in read(place).items() if not k.startswith("venv/")} == {
        "main.py": "one",
        "seed.db": "from the commit",
    }
    assert os.path.samefile(place / "venv", environment)
    write(place, {"main.py": "changed", "seed.db": "test", "uploads/a": "test"})
    assert read(release)["main.py"] == "one"
    assert read(shop.data()) == {"seed.db": "production", "more.db": "production"}

    assert read(shop.releases.copy_for_test(shop.project, 1))["main.py"] == "one"
    shop.releases.remove_test(shop.project)
    assert not place.exists()
    shop.releases.remove_test(shop.project)
    assert shop.releases.is_pristine(shop.project, 1)

    write(environment, {"lib/installed-by-hand.py": ""})
    assert not shop.releases.is_pristine(shop.project, 1)


def test_a_release_that_is_not_whole_cannot_be_tested(shop: Shop) -> None:
    with pytest.raises(NoSuchVersion):
        shop.releases.copy_for_test(shop.project, 5)


def test_release_says_of_which_commit_it_is_and_for_what_settings_it_was_made(shop: Shop) -> None:
    commit = Commit("c" * 40, "Заголовок", "Иван", WHEN)
    staged = shop.releases.begin(shop.project, 1)
    shop.releases.complete(shop.project, 1, staged, commit)
    assert shop.releases.commit(shop.project, 1) == commit
    assert shop.releases.commit(shop.project, 2) is None
    other_main, other_engine = replace(shop.project, main="serve.py"), replace(shop.project, engine="container")
    assert shop.releases.is_made_for(shop.project, 1, exactly=True)
    assert not shop.releases.is_made_for(other_main, 1, exactly=True)
    assert shop.releases.is_made_for(other_main, 1, exactly=False)
    assert not shop.releases.is_made_for(other_engine, 1, exactly=False)
    assert shop.releases.main(other_main, 1) == "main.py"


def test_release_of_an_older_vanka_that_does_not_say_it_is_taken_as_it_is(shop: Shop) -> None:
    shop.release(1)
    marker = next(path for path in shop.layout.releases(shop.project).iterdir() if path.name.startswith("1.vanka"))
    told = json.loads(marker.read_text())
    marker.write_text(json.dumps({name: told[name] for name in ("schema", "version", "directory")}))
    assert shop.releases.is_whole(shop.project, 1)
    assert shop.releases.commit(shop.project, 1) is None
    assert shop.releases.is_made_for(replace(shop.project, main="serve.py"), 1, exactly=True)
