"""What is written is whole, what is copied is complete, and only what is ours is removed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from actors.artifacts import disk
from actors.errors import SwitchError
from tests.actors.artifacts.workshop import read, write


def test_a_record_is_read_as_it_was_written_and_a_broken_one_is_none(tmp_path: Path) -> None:
    file = tmp_path / "record.json"
    assert disk.read_record(file) is None
    disk.write_record(file, {"a": [1, "я"]})
    assert disk.read_record(file) == {"a": [1, "я"]}
    assert os.listdir(tmp_path) == ["record.json"]
    file.write_text('{"a": [1,')
    assert disk.read_record(file) is None
    disk.forget_record(file)
    disk.forget_record(file)


def test_a_whole_copy_keeps_links_modes_and_times(tmp_path: Path) -> None:
    write(tmp_path / "from", {"a/b": "text"})
    (tmp_path / "from" / "link").symlink_to("nowhere")
    (tmp_path / "from" / "a" / "b").chmod(0o640)
    os.utime(tmp_path / "from" / "a" / "b", (1, 1))
    os.mkfifo(tmp_path / "from" / "pipe")
    disk.copy_whole(tmp_path / "from", tmp_path / "to")
    copy = (tmp_path / "to" / "a" / "b").stat()
    assert (copy.st_mode & 0o777, copy.st_mtime) == (0o640, 1)
    assert os.readlink(tmp_path / "to" / "link") == "nowhere"
    assert (tmp_path / "to" / "pipe").is_fifo()


def test_removal_takes_a_link_and_not_what_it_leads_to(tmp_path: Path) -> None:
    write(tmp_path / "other", {"a": "a"})
    (tmp_path / "ours").mkdir()
    (tmp_path / "ours" / "link").symlink_to(tmp_path / "other")
    write(tmp_path / "ours" / "tree", {"b": "b"})
    (tmp_path / "ours" / "tree" / "inner").symlink_to(tmp_path / "other")
    for name in ("link", "tree", "never there"):
        disk.remove_tree(tmp_path / "ours" / name, inside=tmp_path / "ours")
    assert os.listdir(tmp_path / "ours") == []
    assert read(tmp_path / "other") == {"a": "a"}


@pytest.mark.parametrize("path", ["deep/er", "..", "../other"])
def test_what_is_not_an_entry_of_the_folder_is_not_removed(tmp_path: Path, path: str) -> None:
    write(tmp_path / "ours", {"deep/er": ""})
    write(tmp_path / "other", {"a": "a"})
    with pytest.raises(SwitchError):
        disk.remove_tree(tmp_path / "ours" / path, inside=tmp_path / "ours")
    assert (tmp_path / "ours" / "deep" / "er").exists()


def test_folders_that_forbid_writing_are_removed_all_the_same(tmp_path: Path) -> None:
    write(tmp_path / "tree", {"cache/x/y": "z"})
    (tmp_path / "tree" / "cache" / "x").chmod(0o500)
    disk.remove_tree(tmp_path / "tree", inside=tmp_path)
    assert os.listdir(tmp_path) == []


def test_syncing_a_tree_works_file_by_file_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, {"a/b": "x"})
    (tmp_path / "link").symlink_to("a")
    disk.sync_tree(tmp_path)
    monkeypatch.setattr(disk, "_syncfs", lambda _directory: False)
    disk.sync_tree(tmp_path)
