"""Clean-up frees the disk and never removes a way back, data, or what is not ours."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from actors.artifacts import disk, stored
from actors.artifacts.cleaner import GRACE_S, KEEP_LOGS, Cleaner, Wanted, to_keep, way_back
from actors.artifacts.environments import Environments
from actors.artifacts.releases import link_environment
from actors.errors import SwitchError
from actors.model.version import Commit, Version
from tests.actors.artifacts.workshop import WHEN, Shop, a_project, read, write


def version(number: int, *, pinned: bool = False, proven: bool = True, failed: bool = False) -> Version:
    commit = Commit("a" * 40, "subject", "author", WHEN)
    return Version(project="shop", number=number, commit=commit, pinned=pinned, proven=proven, failed=failed)


class Yard:
    """A project with many releases, each with an environment of its own, and a cleaner that lives a day later."""

    def __init__(self, root: Path, keep: int = 3) -> None:
        self.shop = Shop(root, changes={"keep": keep, "persist": ("*.db",)})
        self.environments = Environments(self.shop.layout, {})
        self.room = 0
        self.cleaner = self.at(time.time() + 24 * 3600)

    def at(self, now: float) -> Cleaner:
        return Cleaner(
            self.shop.layout,
            self.shop.releases,
            self.environments,
            self.shop.target,
            seconds=lambda: now,
            free=lambda _path: self.room,
        )

    def environment(self, number: int) -> Path:
        path = self.shop.layout.environments(self.shop.project) / f"{number:024x}"
        write(path, {"lib/module.py": "x" * 5000})
        stored.finish(path, {})
        return path

    def release(self, number: int) -> Path:
        staged = self.shop.releases.begin(self.shop.project, number)
        write(staged, {"main.py": str(number)})
        link_environment(staged, self.environment(number))
        return self.shop.releases.complete(self.shop.project, number, staged)

    def run(self, *numbers: int) -> None:
        for number in numbers:
            self.shop.target.switch(self.shop.project, self.shop.releases.path(self.shop.project, number))

    def wanted(self, versions: Sequence[Version] = (), previous: int | None = None) -> Wanted:
        return Wanted(self.shop.project, versions, previous)

    def left(self) -> list[int]:
        return self.shop.releases.versions(self.shop.project)

    def environments_left(self) -> list[int]:
        return [int(path.name, 16) for path in self.environments.directories(self.shop.project)]


@pytest.fixture
def yard(tmp_path: Path) -> Yard:
    made = Yard(tmp_path)
    for number in range(1, 9):
        made.release(number)
    return made


def test_the_last_ones_stay_and_so_do_current_previous_and_pinned(yard: Yard) -> None:
    yard.run(2, 3)
    report = yard.cleaner.tidy(yard.wanted([version(1, pinned=True)], previous=2))
    assert yard.left() == [1, 2, 3, 6, 7, 8]
    assert yard.environments_left() == [1, 2, 3, 6, 7, 8]
    assert report.bytes >= 2 * 5000
    assert yard.cleaner.tidy(yard.wanted([version(1, pinned=True)], previous=2)).removed == ()


def test_the_version_in_the_target_stays_whatever_the_records_say(yard: Yard) -> None:
    yard.run(1)
    yard.cleaner.tidy(yard.wanted(previous=None))
    assert 1 in yard.left()
    assert read(yard.shop.path)["main.py"] == "1"


def test_a_version_under_test_stays(yard: Yard) -> None:
    yard.cleaner.tidy(Wanted(yard.shop.project, testing=frozenset({2})))
    assert yard.left() == [2, 6, 7, 8]


def test_the_newest_proven_version_before_the_current_one_is_the_way_back() -> None:
    versions = [version(1), version(2), version(3, proven=False), version(4, failed=True), version(5), version(6)]
    wanted = Wanted(replace(a_project(Path("/srv/shop")), keep=1), versions)
    assert way_back(wanted, 5) == {2, 5}
    assert way_back(wanted, None) == {6}
    assert to_keep(wanted, 5, range(1, 10)) == {2, 5, 9}


def test_an_environment_that_was_just_made_stays_for_the_release_that_is_being_built(yard: Yard) -> None:
    yard.environment(99)
    yard.at(time.time()).tidy(yard.wanted())
    assert 99 in yard.environments_left()
    yard.cleaner.tidy(yard.wanted())
    assert 99 not in yard.environments_left()


def test_an_environment_of_a_staged_release_or_a_test_run_stays(yard: Yard) -> None:
    link_environment(yard.shop.releases.begin(yard.shop.project, 50), yard.environment(50))
    yard.shop.releases.copy_for_test(yard.shop.project, 1)
    yard.at(time.time() + GRACE_S / 2).tidy(yard.wanted())
    assert {1, 50} <= set(yard.environments_left())
    assert (yard.shop.layout.test_directory(yard.shop.project) / "venv" / "lib" / "module.py").exists()


def test_what_a_killed_build_left_goes_with_the_next_deployment_and_not_after_an_hour(yard: Yard) -> None:
    left = yard.shop.releases.begin(yard.shop.project, 50)
    yard.at(time.time()).tidy(yard.wanted())
    assert left.is_dir()  # somebody may be working in there
    yard.at(time.time()).tidy(replace(yard.wanted(), idle=True))
    assert not left.exists()


def test_what_crashed_builds_left_goes(yard: Yard) -> None:
    write(yard.shop.releases.begin(yard.shop.project, 77), {"half": "x"})
    half = yard.shop.layout.environments(yard.shop.project) / f"{88:024x}"
    write(half, {"bin/python": ""})
    yard.cleaner.tidy(yard.wanted())
    assert not [name for name in os.listdir(yard.shop.layout.releases(yard.shop.project)) if name.startswith(".")]
    assert not half.exists()


def test_an_older_directory_of_a_version_that_was_built_again_goes_unless_it_is_in_use(yard: Yard) -> None:
    yard.run(8)
    first = yard.shop.releases.path(yard.shop.project, 8)
    second = yard.release(8)
    yard.cleaner.tidy(yard.wanted())
    assert first.exists()
    yard.run(8)
    yard.cleaner.tidy(yard.wanted())
    assert not first.exists()
    assert second.exists()


def test_data_and_what_was_found_are_never_touched(yard: Yard) -> None:
    layout, project = yard.shop.layout, yard.shop.project
    write(layout.persist(project), {"rows.db": "rows", "not-named-any-more": "x"})
    write(layout.aside(project), {"2026/index.php": "old"})
    write(layout.replaced(project), {"rows.db": "older"})
    yard.run(8)
    yard.cleaner.tidy(yard.wanted())
    yard.cleaner.first_aid([yard.wanted()], 1 << 60)
    assert read(layout.persist(project)) == {"rows.db": "rows", "not-named-any-more": "x"}
    assert read(layout.aside(project)) == {"2026/index.php": "old"}
    assert read(layout.replaced(project)) == {"rows.db": "older"}


def test_what_is_not_ours_is_left_and_links_are_never_followed(yard: Yard, tmp_path: Path) -> None:
    write(tmp_path / "precious", {"a": "a"})
    releases = yard.shop.layout.releases(yard.shop.project)
    (releases / "1").rename(tmp_path / "moved away")
    (releases / "1").symlink_to(tmp_path / "precious")
    write(releases, {"notes.txt": "somebody's", "old/backup": "somebody's"})
    yard.cleaner.tidy(yard.wanted())
    assert read(tmp_path / "precious") == {"a": "a"}
    assert read(releases / "old") == {"backup": "somebody's"}
    assert (releases / "notes.txt").exists()


def test_nothing_is_removed_through_a_linked_folder(yard: Yard, tmp_path: Path) -> None:
    releases = yard.shop.layout.releases(yard.shop.project)
    releases.rename(tmp_path / "elsewhere")
    releases.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(SwitchError, match="not ours"):
        yard.shop.releases.remove_directory(yard.shop.project, releases / "1")
    assert (tmp_path / "elsewhere" / "1").is_dir()


def test_one_thing_that_cannot_be_removed_does_not_keep_the_others(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    remove = disk.remove_tree

    def stubborn(path: Path, *, inside: Path) -> int:
        if path.name == "1":
            raise PermissionError("not permitted")
        return remove(path, inside=inside)

    monkeypatch.setattr(disk, "remove_tree", stubborn)
    report = yard.cleaner.tidy(yard.wanted())
    assert yard.left() == [6, 7, 8]
    assert (yard.shop.layout.releases(yard.shop.project) / "1").exists()
    [problem] = report.problems
    assert "not permitted" in problem


def test_logs_of_old_deployments_go_and_the_last_ones_stay(yard: Yard) -> None:
    folder = yard.shop.layout.deployments(yard.shop.project)
    write(folder, {f"{number:05}.log": "x" for number in range(KEEP_LOGS + 5)})
    yard.cleaner.tidy(yard.wanted())
    assert sorted(os.listdir(folder)) == [f"{number:05}.log" for number in range(5, KEEP_LOGS + 5)]


def test_first_aid_takes_no_more_than_is_needed(yard: Yard) -> None:
    yard.run(7, 8)
    yard.room = 100
    assert yard.cleaner.first_aid([yard.wanted()], 100).removed == ()
    assert yard.left() == list(range(1, 9))


def test_first_aid_leaves_the_ways_back_of_every_project(yard: Yard) -> None:
    yard.run(7, 8)
    wanted = yard.wanted([version(2, pinned=True), version(5)], previous=7)
    report = yard.cleaner.first_aid([wanted], 1 << 60)
    assert yard.left() == [2, 5, 7, 8]
    assert yard.environments_left() == [2, 5, 7, 8]
    assert report.bytes > 0


def test_first_aid_leaves_a_release_that_was_just_built(yard: Yard) -> None:
    yard.run(7)
    yard.at(time.time()).first_aid([yard.wanted()], 1 << 60)
    assert 8 in yard.left()


def test_a_forgotten_project_leaves_its_data_where_a_person_finds_it(yard: Yard) -> None:
    write(yard.shop.layout.persist(yard.shop.project), {"rows.db": "rows"})
    yard.run(8)
    yard.shop.target.remove(yard.shop.project, keep_files=False)
    [kept] = yard.cleaner.forget(yard.shop.project)
    assert read(kept) == {"rows.db": "rows"}
    assert not yard.shop.layout.project(yard.shop.project).exists()
    assert yard.cleaner.forget(yard.shop.project) == ()
