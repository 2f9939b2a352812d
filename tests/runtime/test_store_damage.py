"""Six kinds of damage: noticed at the start, kept aside, brought back from a copy, told once."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from runtime.errors import StoreDamaged
from runtime.store import Store

REPOSITORY = Path(__file__).parents[2]
PAGE = 4096


def truncated(database: Path) -> None:
    os.truncate(database, database.stat().st_size // 2 // PAGE * PAGE + 100)


def one_page_corrupted(database: Path) -> None:
    with database.open("r+b") as opened:
        opened.seek(database.stat().st_size // PAGE // 2 * PAGE)
        opened.write(b"\xa5" * PAGE)


def header_corrupted(database: Path) -> None:
    with database.open("r+b") as opened:
        opened.write(b"garbage, garbage" * 8)


def emptied(database: Path) -> None:
    os.truncate(database, 0)


def deleted(database: Path) -> None:
    database.unlink()


def rows_gone(database: Path) -> None:
    con = sqlite3.connect(database)
    with con:
        con.execute("DELETE FROM Cache")
    con.close()


KINDS = [truncated, one_page_corrupted, header_corrupted, emptied, deleted, rows_gone]


def _write_and_die(home: Path, *, clean: bool) -> None:
    """A service that filled the store, made a copy, wrote one more record and ended.

    Most lies in the database; the last record in its log, unless the end was `clean`.
    """
    program = (
        "import os, signal, sqlite3, sys; from pathlib import Path; from runtime.store import Store\n"
        "store = Store.open(Path(sys.argv[1]))\n"
        "with store.transaction():\n"
        "    for n in range(400): store.put(f'p/{n:03}', {'n': n, 'text': 'x' * 200})\n"
        "store.put('big', {'text': 'y' * 50000})\n"
        "store.keep_copy()\n"
        "sqlite3.connect(Path(sys.argv[1], 'cache.db')).execute('PRAGMA wal_checkpoint(TRUNCATE)').fetchall()\n"
        "store.put('late', {})\n"
        "store.close() if sys.argv[2] == 'clean' else os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program, str(home), "clean" if clean else "killed"], cwd=REPOSITORY, timeout=60
    )
    assert (ended.returncode == 0) == clean


@pytest.fixture(scope="module")
def ended_cleanly(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("clean") / "store"
    _write_and_die(home, clean=True)
    return home


@pytest.fixture(scope="module")
def ended_by_a_kill(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("killed") / "store"
    _write_and_die(home, clean=False)
    return home


@pytest.fixture(params=["ended_cleanly", "ended_by_a_kill"])
def home(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    if sys.platform == "win32" and request.param == "ended_by_a_kill":
        pytest.skip("SIGKILL is a signal of POSIX")
    shutil.copytree(request.getfixturevalue(request.param), tmp_path / "store")
    return tmp_path / "store"


@pytest.mark.parametrize("damage", KINDS)
def test_damage_is_noticed_put_aside_brought_back_and_told_once(home: Path, damage: Callable[[Path], None]) -> None:
    damage(home / "cache.db")
    left = (home / "cache.db").read_bytes() if (home / "cache.db").exists() else None
    notices: list[str] = []

    store = Store.open(home, on_notice=notices.append)
    assert store.count("p/") == 400
    assert store.get("p/399") == {"n": 399, "text": "x" * 200}
    assert store.get("big") is not None
    assert store.get("late") is None
    store.put("new", {"n": 1})
    store.close()

    assert len(notices) == 1
    assert "was restored" in notices[0]
    assert "is lost" in notices[0]
    kept = list((home / "aside").rglob("cache.db")) if (home / "aside").exists() else []
    assert [path.read_bytes() for path in kept] == ([] if left is None else [left])

    again = Store.open(home, on_notice=notices.append)
    assert again.get("new") == {"n": 1}
    again.close()
    assert len(notices) == 1


@pytest.mark.parametrize("damage", [truncated, one_page_corrupted])
def test_damage_that_the_log_makes_good_loses_nothing(tmp_path: Path, damage: Callable[[Path], None]) -> None:
    store = Store.open(tmp_path / "store")
    for number in range(100):
        store.put(f"p/{number:03}", {"text": "x" * 200})
    con = sqlite3.connect(tmp_path / "store" / "cache.db")
    log = (tmp_path / "store" / "cache.db-wal").read_bytes()
    con.execute("PRAGMA wal_checkpoint").fetchall()
    con.close()
    shutil.copytree(tmp_path / "store", tmp_path / "killed")
    (tmp_path / "killed" / "cache.db-wal").write_bytes(log)
    store.close()
    damage(tmp_path / "killed" / "cache.db")
    store = Store.open(tmp_path / "killed", on_notice=lambda words: pytest.fail(words))
    assert store.count("p/") == 100
    store.close()


@pytest.mark.parametrize("damage", KINDS)
def test_damage_without_any_good_copy_is_an_error_and_nothing_is_touched(
    home: Path, damage: Callable[[Path], None]
) -> None:
    for copy in (home / "copies").iterdir():
        copy.write_bytes(b"spoilt" * 1000)
    damage(home / "cache.db")
    before = {path.name: path.read_bytes() for path in home.glob("cache.db")}
    for _ in range(2):
        with pytest.raises(StoreDamaged, match="no good copy") as caught:
            Store.open(home)
        assert caught.value.hint
    assert {path.name: path.read_bytes() for path in home.glob("cache.db")} == before


def test_a_spoilt_copy_is_passed_over_for_an_older_good_one(tmp_path: Path) -> None:
    store = Store.open(tmp_path / "store")
    store.put("a", {"n": 1})
    store.keep_copy()
    store.put("a", {"n": 2})
    for spoil in (truncated, emptied, one_page_corrupted):
        spoil(store.keep_copy())
    store.close()
    deleted(tmp_path / "store" / "cache.db")
    notices: list[str] = []
    store = Store.open(tmp_path / "store", on_notice=notices.append)
    assert store.get("a") == {"n": 1}
    store.close()
    assert len(notices) == 1


def test_any_corrupted_page_is_noticed_or_harmless(ended_cleanly: Path, tmp_path: Path) -> None:
    """Each page in turn: after the start all that was there is there, from the database or from the copy."""
    pages = (ended_cleanly / "cache.db").stat().st_size // PAGE
    for page in range(0, pages, max(1, pages // 12)):
        home = tmp_path / str(page)
        shutil.copytree(ended_cleanly, home)
        with (home / "cache.db").open("r+b") as opened:
            opened.seek(page * PAGE)
            opened.write(os.urandom(PAGE))
        store = Store.open(home, on_notice=lambda _: None)
        assert store.count("p/") == 400
        assert [record["n"] for _, record in store.scan("p/")] == list(range(400))
        store.close()
