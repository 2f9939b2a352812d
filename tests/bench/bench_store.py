"""The store: reads, durable writes against bare SQLite, kills and damage survived."""

from __future__ import annotations

import json
import os
import random
import shutil
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from runtime.store import Store
from tests.bench.row import Row
from tests.chaos.test_store_kill import LONG, kill_writers
from tests.runtime.test_store_damage import KINDS

READS_A_SECOND = 20_000
WRITES_OF_BARE = 0.6
_RECORDS = 2_000
_ROUNDS = 7
_WRITES = 300


def measure() -> list[Row]:
    """About a minute and a half: 500 kills take most of it (VANKA_STORE_KILLS sets another number)."""
    with tempfile.TemporaryDirectory(prefix="vanka-bench-") as scratch:
        home = Path(scratch)
        rows = [*_speed(home), _damage(home)]
        if sys.platform != "win32":
            rows.append(_kills(home))
    return rows


def _record(number: int) -> dict[str, object]:
    return {
        "schema": 1,
        "no": number,
        "name": f"project-{number}",
        "url": "https://example.org/x.git",
        "tags": ["a", "b"],
    }


class _Bare:
    """SQLite alone: one table, one statement a write, the same journal and synchronous settings."""

    def __init__(self, file: Path) -> None:
        self._con = sqlite3.connect(file, isolation_level=None)
        self._con.execute("PRAGMA journal_mode = WAL").fetchall()
        self._con.execute("PRAGMA synchronous = FULL")
        self._con.execute("CREATE TABLE records (key TEXT PRIMARY KEY, value TEXT)")

    def put(self, key: str, record: dict[str, object]) -> None:
        self._con.execute("INSERT OR REPLACE INTO records VALUES (?, ?)", (key, json.dumps(record)))

    def get(self, key: str) -> object:
        rows = self._con.execute("SELECT value FROM records WHERE key = ?", (key,)).fetchall()
        return json.loads(rows[0][0])

    def close(self) -> None:
        self._con.close()


def _speed(home: Path) -> list[Row]:
    store, bare = Store.open(home / "speed"), _Bare(home / "bare.db")
    try:
        for number in range(_RECORDS):
            store.put(f"p/{number:06}", _record(number))
            bare.put(f"p/{number:06}", _record(number))
        # turns in one run: what else the machine does slows down both
        writes = [(_puts(store.put, turn), _puts(bare.put, turn)) for turn in range(_ROUNDS)]
        reads = [(_gets(store.get), _gets(bare.get)) for _ in range(_ROUNDS)]
    finally:
        store.close()
        bare.close()
    read, bare_read = (statistics.median(each) for each in zip(*reads, strict=True))
    write, bare_write = (statistics.median(each) for each in zip(*writes, strict=True))
    ratio = statistics.median(ours / theirs for ours, theirs in writes)
    return [
        Row(
            "store: reads",
            f"{READS_A_SECOND:,}/s",
            f"{read:,.0f}/s",
            f"bare SQLite {bare_read:,.0f}/s",
            read / bare_read,
            read >= READS_A_SECOND,
        ),
        Row(
            "store: durable writes",
            f"{WRITES_OF_BARE}x bare SQLite",
            f"{write:,.0f}/s",
            f"bare SQLite, synchronous FULL {bare_write:,.0f}/s",
            ratio,
            ratio >= WRITES_OF_BARE,
        ),
    ]


def _puts(put: Callable[[str, dict[str, object]], None], turn: int) -> float:
    """Writes a second: half of them new keys, half changed records."""
    began = time.perf_counter()
    for number in range(_WRITES):
        place = number if number % 2 else _RECORDS + turn * _WRITES + number
        put(f"p/{place:06}", _record(number))
    return _WRITES / (time.perf_counter() - began)


def _gets(get: Callable[[str], object]) -> float:
    began = time.perf_counter()
    for number in range(_RECORDS):
        get(f"p/{number:06}")
    return _RECORDS / (time.perf_counter() - began)


def _damage(home: Path) -> Row:
    """Each kind done to a store of its own; survived: noticed, told once, everything back."""
    whole = home / "whole"
    store = Store.open(whole)
    with store.transaction():
        for number in range(500):
            store.put(f"p/{number:06}", _record(number))
    store.keep_copy()
    store.close()
    survived = sum(_survives(whole, home / kind.__name__, kind) for kind in KINDS)
    return Row("store: kinds of damage survived", "6", str(survived), f"of {len(KINDS)} tried", None, survived >= 6)


def _survives(whole: Path, home: Path, kind: Callable[[Path], None]) -> bool:
    shutil.copytree(whole, home)
    kind(home / "cache.db")
    notices: list[str] = []
    store = Store.open(home, on_notice=notices.append)
    try:
        return len(notices) == 1 and [dict(record) for _, record in store.scan("p/")] == [
            _record(n) for n in range(500)
        ]
    finally:
        store.close()


def _kills(home: Path) -> Row:
    kills = int(os.environ.get("VANKA_STORE_KILLS", str(LONG)))
    tally = kill_writers(home / "killed", kills, random.SystemRandom().randrange(2**32))
    lost = len(tally.lost) + len(tally.notices)
    return Row(
        "store: acknowledged writes lost",
        f"0 in {LONG} SIGKILLs",
        f"{lost} in {tally.kills} SIGKILLs",
        f"of {tally.acknowledged:,} acknowledged",
        None,
        lost == 0,
    )
