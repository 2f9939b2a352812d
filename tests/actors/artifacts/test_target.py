"""A target changes in one step where it can, and what others put there is never lost."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from actors.artifacts.exchange import FileSystem
from actors.errors import SwitchError, TargetOccupied
from tests.actors.artifacts.workshop import MountPoint, Shop, WithoutExchange, WithoutLinks, read, write


def test_the_target_holds_exactly_the_release_after_each_switch(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    assert shop.target.current(shop.project) is None
    first = shop.target.switch(shop.project, shop.release(1, {"gone.py": ""}))
    assert (first.atomic, read(shop.path)) == (True, {"main.py": "version 1", "gone.py": ""})
    second = shop.target.switch(shop.project, shop.release(2))
    assert (second.atomic, read(shop.path)) == (True, {"main.py": "version 2"})
    assert shop.target.current(shop.project) == 2
    assert os.listdir(shop.path.parent) == ["shop"]


def test_the_way_back_is_whole_after_a_switch(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    shop.target.switch(shop.project, shop.release(1))
    shop.target.switch(shop.project, shop.release(2))
    assert shop.releases.is_pristine(shop.project, 1)
    shop.target.switch(shop.project, shop.releases.path(shop.project, 1))
    assert shop.target.current(shop.project) == 1


def test_the_program_is_stopped_after_all_is_prepared_and_before_the_target_changes(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    shop.target.switch(shop.project, shop.release(1))
    seen: list[int | None] = []
    shop.target.switch(shop.project, shop.release(2), stop=lambda: seen.append(shop.target.current(shop.project)))
    assert seen == [1]


def test_an_empty_directory_is_taken(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    shop.path.mkdir(parents=True)
    assert shop.target.switch(shop.project, shop.release(1)).aside is None
    assert shop.path.is_symlink()


@pytest.mark.parametrize("kind", ["files", "link", "file"])
def test_a_target_that_holds_something_is_refused_and_left_alone(tmp_path: Path, kind: str) -> None:
    shop = Shop(tmp_path)
    shop.path.parent.mkdir(parents=True)
    if kind == "files":
        write(shop.path, {"index.php": "old site"})
    elif kind == "link":
        write(tmp_path / "real", {"index.php": "old site"})
        shop.path.symlink_to(tmp_path / "real")
    else:
        shop.path.write_text("notes")
    release = shop.release(1)
    stopped: list[str] = []
    with pytest.raises(TargetOccupied):
        shop.target.switch(shop.project, release, stop=lambda: stopped.append(""))
    assert not stopped
    assert read(tmp_path / "srv") in ({"shop/index.php": "old site"}, {"shop": "notes"})
    assert not shop.layout.switch_journal(shop.project).exists()


@pytest.mark.parametrize(
    "files", [FileSystem(), WithoutExchange(), MountPoint()], ids=lambda files: type(files).__name__
)
def test_an_adopted_directory_is_kept_aside_whole(tmp_path: Path, files: FileSystem) -> None:
    shop = Shop(tmp_path, files, changes={"adopt": True})
    write(shop.path, {"index.php": "old site", "lib/a": "a"})
    (shop.path / "here").symlink_to("lib")
    report = shop.target.switch(shop.project, shop.release(1))
    assert read(shop.path) == {"main.py": "version 1"}
    assert report.aside is not None
    assert read(report.aside) == {"index.php": "old site", "lib/a": "a", "here/a": "a"}
    assert report.atomic is (type(files) is FileSystem)


def test_what_there_is_no_room_for_elsewhere_is_kept_beside_the_target(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = Shop(tmp_path, changes={"adopt": True})
    write(shop.path, {"index.php": "old site"})

    def full(_source: Path, _to: Path) -> None:
        raise OSError(errno.ENOSPC, "no space left")

    monkeypatch.setattr("actors.artifacts.change.move", full)
    report = shop.target.switch(shop.project, shop.release(1))
    assert report.aside is not None
    assert report.aside.parent == shop.path.parent
    assert read(report.aside) == {"index.php": "old site"}
    assert read(shop.path) == {"main.py": "version 1"}
    assert shop.target.recover(shop.project) is None


def test_an_adopted_link_is_kept_aside_and_what_it_leads_to_is_not_touched(tmp_path: Path) -> None:
    shop = Shop(tmp_path, changes={"adopt": True})
    write(tmp_path / "real", {"index.php": "old site"})
    shop.path.parent.mkdir(parents=True)
    shop.path.symlink_to(tmp_path / "real")
    report = shop.target.switch(shop.project, shop.release(1))
    assert read(tmp_path / "real") == {"index.php": "old site"}
    assert report.aside is not None
    assert os.readlink(report.aside) == str(tmp_path / "real")


def test_a_link_that_leads_nowhere_holds_nothing(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    shop.path.parent.mkdir(parents=True)
    shop.path.symlink_to(tmp_path / "old home" / "releases" / "9")
    shop.target.switch(shop.project, shop.release(1))
    assert read(shop.path) == {"main.py": "version 1"}


def test_a_mount_point_is_filled_entry_by_entry_and_the_report_says_so(tmp_path: Path) -> None:
    shop = Shop(tmp_path, MountPoint())
    shop.path.mkdir(parents=True)
    report = shop.target.switch(shop.project, shop.release(1, {"old/x": "x", "same": "1"}))
    assert not report.atomic
    assert "not atomic" in report.how
    inode = shop.path.stat().st_ino
    write(shop.path, {"made-by-program": "1"})
    shop.target.switch(shop.project, shop.release(2, {"new/y": "y", "same": "2"}))
    assert read(shop.path) == {"main.py": "version 2", "new/y": "y", "same": "2"}
    assert shop.path.stat().st_ino == inode
    assert shop.target.current(shop.project) == 2
    assert read(shop.releases.path(shop.project, 1))["made-by-program"] == "1"


def test_without_links_files_are_copied_and_persistent_ones_stay_where_they_are(tmp_path: Path) -> None:
    shop = Shop(tmp_path, WithoutLinks(), changes={"persist": ("uploads/", "*.db")})
    report = shop.target.switch(shop.project, shop.release(1, {"a/b": "1", "seed.db": "seed", "x": "file"}))
    assert not report.atomic
    assert not any(path.is_symlink() for path in shop.path.rglob("*"))
    write(shop.path, {"uploads/cat": "cat", "seed.db": "rows", "made": "1"})
    shop.target.switch(shop.project, shop.release(2, {"a": "now a file", "seed.db": "seed 2", "x/y": "now a folder"}))
    expected = {
        "main.py": "version 2",
        "a": "now a file",
        "x/y": "now a folder",
        "uploads/cat": "cat",
        "seed.db": "rows",
    }
    assert read(shop.path) == expected
    assert shop.target.current(shop.project) == 2
    shop.target.remove(shop.project, keep_files=False)
    assert read(shop.path) == {"uploads/cat": "cat", "seed.db": "rows"}


def test_a_removed_project_leaves_no_link(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    shop.target.switch(shop.project, shop.release(1))
    shop.target.remove(shop.project, keep_files=False)
    assert not os.path.lexists(shop.path)
    shop.target.remove(shop.project, keep_files=False)


@pytest.mark.parametrize(
    "files", [FileSystem(), WithoutExchange(), MountPoint()], ids=lambda files: type(files).__name__
)
def test_a_removed_project_may_leave_plain_files(tmp_path: Path, files: FileSystem) -> None:
    shop = Shop(tmp_path, files, changes={"persist": ("*.db",)})
    shop.path.mkdir(parents=True)
    shop.target.switch(shop.project, shop.release(1, {"lib/a": "a"}))
    write(shop.path, {"rows.db": "rows"})
    shop.target.switch(shop.project, shop.release(2, {"lib/a": "a"}))
    shop.target.remove(shop.project, keep_files=True)
    assert read(shop.path) == {"main.py": "version 2", "lib/a": "a", "rows.db": "rows"}
    assert not any(path.is_symlink() for path in (shop.path, *shop.path.rglob("*")))


def test_a_target_that_somebody_else_took_is_not_removed(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    shop.target.switch(shop.project, shop.release(1))
    shop.path.unlink()
    write(shop.path, {"mine": "mine"})
    shop.target.remove(shop.project, keep_files=False)
    assert read(shop.path) == {"mine": "mine"}


def test_a_target_that_cannot_be_written_is_an_error_and_the_program_was_not_stopped(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    shop.path.parent.parent.mkdir(exist_ok=True)
    shop.path.parent.write_text("a file where a folder is needed")
    stopped: list[str] = []
    with pytest.raises(SwitchError):
        shop.target.switch(shop.project, shop.release(1), stop=lambda: stopped.append(""))
    assert not stopped
