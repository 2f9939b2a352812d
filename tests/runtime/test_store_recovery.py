"""Before and after a loss: first starts, notices, copies in turn, and damage to a store that is open."""

from __future__ import annotations

import os
import shutil
import sqlite3
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from runtime.clock import SystemClock
from runtime.errors import StoreDamaged, StoreError
from runtime.store import Store

PAGE = 4096


class _Clock(SystemClock):
    """A wall clock that is set by hand."""

    def __init__(self) -> None:
        self.time = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self.time


@pytest.mark.parametrize(
    ("age", "words"),
    [(timedelta(seconds=1), "1 second "), (timedelta(minutes=61), "1 hour "), (timedelta(days=3), "3 days ")],
)
def test_the_notice_says_what_was_wrong_how_old_the_copy_is_and_where_the_rest_lies(
    tmp_path: Path, age: timedelta, words: str
) -> None:
    clock, notices = _Clock(), list[str]()
    Store.open(tmp_path / "store", clock=clock).close()
    os.truncate(tmp_path / "store" / "cache.db", 0)
    clock.time += age
    store = Store.open(tmp_path / "store", on_notice=notices.append, clock=clock)
    assert store.brought_back
    store.close()
    (kept,) = (tmp_path / "store" / "aside").iterdir()
    assert notices == [
        "The database was an empty file. The copy of 2026-03-01 12:00:00 UTC was restored: what was saved in the "
        f"{words}after it is lost. What was left of it is kept in {kept}."
    ]


def test_the_newest_copy_is_the_one_made_last_even_if_the_clock_was_set_back(tmp_path: Path) -> None:
    clock = _Clock()
    store = Store.open(tmp_path / "store", clock=clock)
    for number in range(7):
        clock.time -= timedelta(days=1)
        store.put("a", {"n": number})
        store.keep_copy()
    store.close()
    (tmp_path / "store" / "cache.db").unlink()
    store = Store.open(tmp_path / "store", on_notice=lambda _: None, clock=clock)
    assert store.get("a") == {"n": 6}
    store.close()


def test_the_first_start_of_an_empty_home_is_no_damage(tmp_path: Path) -> None:
    notices: list[str] = []
    Store.open(tmp_path / "store", on_notice=notices.append).close()
    assert notices == []


@pytest.mark.parametrize("left", ["nothing", "an empty file", "no sentinel"])
def test_a_first_start_that_was_cut_short_is_finished(tmp_path: Path, left: str) -> None:
    home = tmp_path / "store"
    home.mkdir()
    if left == "an empty file":
        (home / "cache.db").touch()
    if left == "no sentinel":
        con = sqlite3.connect(home / "cache.db")
        con.execute("CREATE TABLE Settings (key TEXT NOT NULL UNIQUE, value)")
        con.close()
    notices: list[str] = []
    store = Store.open(home, on_notice=notices.append)
    store.put("a", {})
    store.close()
    assert notices == []


def test_a_good_store_whose_marker_was_lost_goes_on(tmp_path: Path) -> None:
    home = tmp_path / "store"
    store = Store.open(home)
    store.put("a", {})
    store.close()
    (home / "started").unlink()
    store = Store.open(home, on_notice=lambda words: pytest.fail(words))
    assert store.get("a") == {}
    store.close()
    assert (home / "started").exists()


@pytest.mark.parametrize("value", ['{"n": ', "[1]", "", None, 5, b"{}", '{"n": "ж"}'])
def test_a_record_that_went_bad_on_the_disk_brings_the_copy_back_at_the_next_start(
    tmp_path: Path, value: object
) -> None:
    home = tmp_path / "store"
    store = Store.open(home)
    store.put("a", {"n": 1})
    store.keep_copy()
    con = sqlite3.connect(home / "cache.db")
    with con:
        con.execute("UPDATE Cache SET value = ? WHERE key = 'a'", (value,))
    con.close()
    store.close()
    notices: list[str] = []
    store = Store.open(home, on_notice=notices.append)
    assert store.get("a") == {"n": 1}
    store.close()
    assert len(notices) == 1


def test_a_page_that_goes_bad_while_the_service_runs_is_a_clear_error(tmp_path: Path) -> None:
    database = tmp_path / "store" / "cache.db"
    store = Store.open(tmp_path / "store")
    with store.transaction():
        for number in range(200):
            store.put(f"p/{number:03}", {"text": "x" * 200})
    store.close()
    store = Store.open(tmp_path / "store")
    with database.open("r+b") as opened:
        opened.seek(PAGE)
        opened.write(b"\xa5" * (database.stat().st_size - PAGE))
    with pytest.raises(StoreDamaged):
        list(store.scan("p/"))
    store.close()


@pytest.mark.skipif(sys.platform == "win32", reason="an open file cannot be deleted there")
@pytest.mark.parametrize("replaced", [False, True])
def test_a_database_deleted_under_the_running_service_loses_nothing(tmp_path: Path, replaced: bool) -> None:
    database = tmp_path / "store" / "cache.db"
    notices: list[str] = []
    store = Store.open(tmp_path / "store", on_notice=notices.append)
    store.put("a", {"n": 1})
    database.unlink()
    if replaced:
        database.write_bytes(b"")
    for _ in range(2):
        with pytest.raises(StoreDamaged, match="removed"):
            store.put("a", {"n": 2})
        with pytest.raises(StoreDamaged, match="removed"):
            store.delete("a")
    assert store.get("a") == {"n": 1}
    assert len(notices) == 1
    with ThreadPoolExecutor(4) as threads, pytest.raises(StoreError):
        list(threads.map(lambda _: store.keep_copy(), range(4)))
    store.close()
    store = Store.open(tmp_path / "store", on_notice=notices.append)
    assert store.get("a") == {"n": 1}
    store.close()
    assert len(notices) == 2


def test_only_the_last_few_damaged_databases_are_kept(tmp_path: Path) -> None:
    for _ in range(8):
        Store.open(tmp_path / "store", on_notice=lambda _: None).close()
        (tmp_path / "store" / "cache.db").write_bytes(b"garbage, garbage" * 1000)
    assert len(list((tmp_path / "store" / "aside").iterdir())) <= 5


def _killed(tmp_path: Path) -> Path:
    """A home as a killed service leaves it: ten records in the log alone."""
    store = Store.open(tmp_path / "store")
    for number in range(10):
        store.put(f"p/{number}", {"n": number})
    shutil.copytree(tmp_path / "store", tmp_path / "killed")
    store.close()
    return tmp_path / "killed"


@pytest.mark.parametrize("place", [0, 20, 56 + 100, 32 + 4 * (4096 + 24)])
def test_a_log_damaged_before_its_end_is_told_once_and_the_rest_is_kept(tmp_path: Path, place: int) -> None:
    home = _killed(tmp_path)
    log = home / "cache.db-wal"
    with log.open("r+b") as opened:
        opened.seek(place)
        opened.write(b"\xa5" * 8)
    left = log.read_bytes()
    notices: list[str] = []
    for _ in range(2):
        store = Store.open(home, on_notice=notices.append)
        assert store.count("p/") < 10
        store.put("new", {})
        shutil.copytree(home, tmp_path / "again")  # as if killed again
        store.close()
        shutil.rmtree(home)
        (tmp_path / "again").rename(home)
    assert len(notices) == 1
    assert "log was damaged" in notices[0]
    (kept,) = (home / "aside").iterdir()
    assert (kept / log.name).read_bytes() == left


@pytest.mark.parametrize("cut", [1, 100, 4096 + 23])
def test_a_log_cut_in_its_last_transaction_is_what_any_death_may_leave(tmp_path: Path, cut: int) -> None:
    home = _killed(tmp_path)
    log = home / "cache.db-wal"
    os.truncate(log, log.stat().st_size - cut)
    store = Store.open(home, on_notice=lambda words: pytest.fail(words))
    assert [key for key, _ in store.scan("p/")] == [f"p/{number}" for number in range(9)]
    store.close()


def test_text_that_was_damaged_on_the_disk_is_a_clear_error_and_brings_the_copy_back(tmp_path: Path) -> None:
    store = Store.open(tmp_path / "store")
    store.put("a", {"n": 1})
    store.keep_copy()
    con = sqlite3.connect(tmp_path / "store" / "cache.db")
    with con:
        con.execute("UPDATE Cache SET value = CAST(x'7b22c3223a317d' AS TEXT) WHERE key = 'a'")
    con.close()
    with pytest.raises(StoreDamaged):
        store.get("a")
    store.close()
    notices: list[str] = []
    store = Store.open(tmp_path / "store", on_notice=notices.append)
    assert store.get("a") == {"n": 1}
    store.close()
    assert len(notices) == 1
