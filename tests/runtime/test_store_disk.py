"""Nothing is unpickled, evicted or written to files."""

from __future__ import annotations

import os
import pickle
import sqlite3
from pathlib import Path

import pytest

from runtime.errors import StoreDamaged
from runtime.store import Store
from runtime.store_disk import Shelf, TextDisk

# -- nothing is unpickled --------------------------------------------------------------------------------------------


class _Trap:
    """Makes a file when it is unpickled."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> tuple[object, tuple[str, int]]:
        return os.open, (str(self.file), os.O_CREAT | os.O_WRONLY)


def _plant(home: Path, key: object, raw: int, mode: int, value: object, filename: str | None = None) -> None:
    con = sqlite3.connect(home / "cache.db")
    with con:
        con.execute(
            "INSERT OR REPLACE INTO Cache (key, raw, mode, filename, value, size) VALUES (?, ?, ?, ?, ?, 0)",
            (key, raw, mode, filename, value),
        )
    con.close()


def test_a_pickled_value_is_refused_on_get_and_on_scan(store: Store, home: Path, tmp_path: Path) -> None:
    trap = pickle.dumps(_Trap(tmp_path / "sprung"))
    _plant(home, "evil", 1, 4, trap)
    with pytest.raises(StoreDamaged, match="not decoded"):
        store.get("evil")
    with pytest.raises(StoreDamaged, match="not decoded"):
        list(store.scan(""))
    assert not (tmp_path / "sprung").exists()


def test_a_pickled_value_in_a_file_is_refused_and_the_file_left_alone(store: Store, home: Path, tmp_path: Path) -> None:
    (tmp_path / "outside").write_bytes(pickle.dumps(_Trap(tmp_path / "sprung")))
    _plant(home, "evil", 1, 4, None, "../outside")
    with pytest.raises(StoreDamaged):
        store.get("evil")
    assert store.delete("evil") is True
    assert (tmp_path / "outside").exists()
    assert not (tmp_path / "sprung").exists()


def test_a_pickled_key_is_refused_on_iteration(store: Store, home: Path, tmp_path: Path) -> None:
    trap = pickle.dumps(_Trap(tmp_path / "sprung"))
    _plant(home, trap, 0, 1, "{}")
    _plant(home, "evil", 0, 1, "{}")
    with pytest.raises(StoreDamaged, match="not decoded"):
        list(store.scan("e"))
    shelf = Shelf(home)
    with shelf.borrowed(), pytest.raises(StoreDamaged, match="not decoded"):
        list(shelf)
    with shelf.borrowed(), pytest.raises(StoreDamaged, match="not decoded"):
        list(shelf.iterkeys())
    shelf.close()
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize("value", ["not json", "[1]", "1", b"{}", 5, None])
def test_a_value_that_is_no_json_object_is_a_clear_error(store: Store, home: Path, value: object) -> None:
    _plant(home, "odd", 1, 1, value)
    with pytest.raises(StoreDamaged):
        store.get("odd")


def test_the_disk_writes_no_files_and_takes_no_other_types(tmp_path: Path) -> None:
    disk = TextDisk(str(tmp_path))
    for refused in (
        lambda: disk.put(1),
        lambda: disk.put(b"a"),
        lambda: disk.store("text", False),
        lambda: disk.store({}, True),
        lambda: disk.filename(),
    ):
        with pytest.raises(TypeError):
            refused()


def test_nothing_is_ever_evicted(store: Store, home: Path) -> None:
    con = sqlite3.connect(home / "cache.db")
    settings = dict(con.execute("SELECT key, value FROM Settings").fetchall())
    con.close()
    assert settings["eviction_policy"] == "none"
    assert settings["cull_limit"] == 0
    assert settings["size_limit"] >= 2**62
    assert settings["sqlite_synchronous"] == 2
