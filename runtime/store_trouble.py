"""What SQLite says, in the store's own words."""

from __future__ import annotations

import sqlite3

from runtime.errors import StoreBusy, StoreDamaged, StoreError, StoreFull

# extended codes by number: Python names them from 3.11 on, but not all of them on every build
_SHORT_READ, _READ, _WRITE, _SHM_SIZE, _CORRUPT_FS = 522, 266, 778, 4874, 8458
_NO_ROOM = frozenset({sqlite3.SQLITE_FULL, _WRITE, _SHM_SIZE})
_DAMAGE = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, _SHORT_READ, _READ, _CORRUPT_FS})
_BUSY = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL})


def _codes(error: sqlite3.Error) -> tuple[int, int]:
    """The extended code and the plain one; 0 when the error is sqlite3's own and not SQLite's."""
    code = int(getattr(error, "sqlite_errorcode", 0) or 0)
    return code, code & 0xFF


def is_damage(error: sqlite3.Error) -> bool:
    """Whether the file itself is broken: never true for a full disk, a lock or a lack of rights."""
    extended, plain = _codes(error)
    return extended in _DAMAGE or plain in _DAMAGE or "decode to UTF-8" in str(error)


def explain(error: sqlite3.Error, what: str) -> StoreError:
    """The store's error for SQLite's; `what` begins the sentence ("the record projects/1 was not saved")."""
    extended, plain = _codes(error)
    if extended in _NO_ROOM or plain == sqlite3.SQLITE_FULL:
        return StoreFull(f"{what}: no space is left on the disk", "Free some space; nothing that was saved is lost.")
    if is_damage(error):
        return StoreDamaged(f"{what}: the database is damaged ({error})", "Restart: the newest good copy is restored.")
    if plain in _BUSY:
        return StoreBusy(f"{what}: another program holds the database", "Close what has it open.")
    return StoreError(f"{what}: {error}", "Check the disk and who owns the directory.")
