"""SQLite's errors in the store's words: each made by SQLite itself."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from runtime.errors import StoreBusy, StoreDamaged, StoreError, StoreFull
from runtime.store_trouble import explain, is_damage


@pytest.fixture
def database(tmp_path: Path) -> Path:
    file = tmp_path / "some.db"
    with closing(sqlite3.connect(file)) as con, con:
        con.execute("CREATE TABLE t (x)")
        con.executemany("INSERT INTO t VALUES (?)", [("x" * 500,)] * 100)
    return file


def _locked(file: Path) -> None:
    with closing(sqlite3.connect(file, isolation_level=None)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        with closing(sqlite3.connect(file, timeout=0.01)) as other:
            other.execute("INSERT INTO t VALUES (1)")


def _full(file: Path) -> None:
    with closing(sqlite3.connect(file)) as con:
        con.execute("PRAGMA max_page_count = 1").fetchall()
        con.executemany("INSERT INTO t VALUES (?)", [("x" * 5000,)] * 100)


def _no_database(file: Path) -> None:
    file.write_bytes(b"garbage " * 1000)
    _read_all(file)


def _bad_page(file: Path) -> None:
    with file.open("r+b") as opened:
        opened.seek(4096)
        opened.write(b"\xa5" * 40960)
    _read_all(file)


def _read_all(file: Path) -> None:
    with closing(sqlite3.connect(file)) as con:
        con.execute("SELECT * FROM t").fetchall()


def _read_only(file: Path) -> None:
    with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True)) as con:
        con.execute("INSERT INTO t VALUES (1)")


def _missing(file: Path) -> None:
    file.unlink()
    with closing(sqlite3.connect(f"{file.as_uri()}?mode=rw", uri=True)) as con:
        con.execute("SELECT * FROM t")


@pytest.mark.parametrize(
    ("trouble", "kind", "damage"),
    [
        (_locked, StoreBusy, False),
        (_full, StoreFull, False),
        (_no_database, StoreDamaged, True),
        (_bad_page, StoreDamaged, True),
        (_read_only, StoreError, False),
        (_missing, StoreError, False),
    ],
)
def test_each_trouble_has_its_own_error_with_a_hint(
    database: Path, trouble: Callable[[Path], None], kind: type[StoreError], damage: bool
) -> None:
    with pytest.raises(sqlite3.Error) as caught:
        trouble(database)
    told = explain(caught.value, "a was not saved")
    assert type(told) is kind
    assert str(told).startswith("a was not saved: ")
    assert told.hint
    assert is_damage(caught.value) is damage
