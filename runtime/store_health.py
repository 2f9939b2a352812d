"""Is this file a store, whole and readable? Looked at from outside, without changing it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from runtime.errors import StoreError
from runtime.store_files import said_by_the_system
from runtime.store_trouble import explain, is_damage

SENTINEL = "!store/sentinel"
"""The key of the record that every store has from its first start on."""

_HEADER = b"SQLite format 3\0"
_READABLE = (
    "raw = 1 AND mode = 1 AND filename IS NULL AND typeof(key) = 'text' AND typeof(value) = 'text'"
    # records are written as JSON in printable ASCII: any other byte came from elsewhere
    " AND value NOT GLOB '*[^ -~]*' AND substr(value, 1, 1) = '{' AND json_valid(value)"
)


class Kind(StrEnum):
    """What is wrong; the value completes the sentence "the database ..."."""

    MISSING = "was missing"
    EMPTY = "was an empty file"
    HEADER = "was not a database any more (its header is gone)"
    BROKEN = "had damaged pages"
    FOREIGN = "held records that cannot be read"
    NO_SENTINEL = "had lost its records"


@dataclass(frozen=True)
class Damage:
    kind: Kind
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.kind}: {self.detail}" if self.detail else str(self.kind)


def examine(file: Path, *, alone: bool = False) -> Damage | None:
    """What is wrong with the database in `file`, None when all is well. Reads all of it: about a second for 500 MB.

    Its write-ahead log is read with it, and neither is changed. `alone`: a copy, that has no log and is only read.
    Raises StoreFull, StoreBusy or StoreError when it cannot be told; that is never reported as damage.
    """
    try:
        with file.open("rb") as opened:
            header = opened.read(len(_HEADER))
    except FileNotFoundError:
        return Damage(Kind.MISSING)
    except OSError as error:
        raise said_by_the_system(error, f"{file.name} cannot be read") from error
    if not header:
        return Damage(Kind.EMPTY)
    if header != _HEADER:
        return Damage(Kind.HEADER)
    try:
        with closing(_read_only(file, alone)) as con:
            return _pages(con) or _records(con)
    except sqlite3.Error as error:
        if is_damage(error):
            return Damage(Kind.BROKEN, str(error))
        raise explain(error, f"{file.name} cannot be examined") from error


def _read_only(file: Path, alone: bool) -> sqlite3.Connection:
    # a read-only connection sees the log but does not merge it into the file: what is damaged is kept as it was
    mode = "mode=ro&immutable=1" if alone else "mode=ro"
    con = sqlite3.connect(f"{file.absolute().as_uri()}?{mode}", uri=True, timeout=10.0, isolation_level=None)
    con.text_factory = lambda raw: raw.decode("utf-8", "replace")  # its words may quote what is damaged
    return con


def _pages(con: sqlite3.Connection) -> Damage | None:
    # quick_check and more: an index that does not fit its table is found here and not by the next write
    ((found,),) = con.execute("PRAGMA integrity_check(1)").fetchall()
    return None if found == "ok" else Damage(Kind.BROKEN, str(found))


def _records(con: sqlite3.Connection) -> Damage | None:
    if not con.execute("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'Cache'").fetchall():
        return Damage(Kind.NO_SENTINEL)
    if not con.execute("SELECT 1 FROM Cache WHERE key = ? AND raw = 1", (SENTINEL,)).fetchall():
        return Damage(Kind.NO_SENTINEL)
    ((bad,),) = con.execute(
        f"SELECT count(*) FROM Cache WHERE NOT coalesce({_READABLE}, 0)"  # noqa: S608  # a constant
    ).fetchall()
    return Damage(Kind.FOREIGN, f"{bad} of them") if bad else None


def check_copy(file: Path) -> None:
    """Raises StoreError when `file` is not a whole store by itself."""
    damage = examine(file, alone=True)
    if damage is not None:
        raise StoreError(f"{file} is no good copy: the database {damage}")
