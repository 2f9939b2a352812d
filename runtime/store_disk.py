"""Door to diskcache: text in, text out, no pickles; few connections, safe from any thread."""

from __future__ import annotations

import json
import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import diskcache
from diskcache.core import DBNAME, MODE_RAW

from runtime.errors import StoreBusy, StoreDamaged, StoreError

DATABASE = str(DBNAME)
"""The name of the database file inside the store's directory."""

_BUSY_S = 30.0
_IDLE_CONNECTIONS = 8
_GONE = "The service must be restarted: the newest good copy is then restored."

# mmap is off: a page that cannot be read is then an error and not a SIGBUS that ends the process.
# auto_vacuum is off: freed pages are used again, and a delete does not move others about.
# trusted_schema and cell_size_check: who can write the file gets no functions to run, and broken cells are noticed.
_CONNECTION_PRAGMAS = (
    "PRAGMA synchronous = FULL",
    "PRAGMA mmap_size = 0",
    "PRAGMA cache_size = 8192",
    "PRAGMA journal_size_limit = 16777216",
    "PRAGMA trusted_schema = OFF",
    "PRAGMA cell_size_check = ON",
)

# FULL commits are synced once each; nothing is ever evicted, culled or expired.
_SETTINGS = {
    "statistics": 0,
    "tag_index": 0,
    "eviction_policy": "none",
    "size_limit": 2**62,
    "cull_limit": 0,
    "sqlite_auto_vacuum": 0,
    "sqlite_cache_size": 8192,
    "sqlite_journal_mode": "wal",
    "sqlite_mmap_size": 0,
    "sqlite_synchronous": 2,
}

_encode = json.JSONEncoder(allow_nan=False, separators=(",", ":")).encode
_decode = json.JSONDecoder().decode


class TextDisk(diskcache.Disk):  # type: ignore[misc]  # diskcache publishes no types
    """Keys are text, values are JSON objects as text, both inside the database. Everything else is refused.

    What diskcache would unpickle (a value of mode 4, a key with raw = 0) is never decoded: StoreDamaged.
    Values of all sizes stay in the database, so that a copy of it is whole. Measured against a synced file: 100 KB are
    put in two thirds of the time, 1 MB in one and a half of it.
    """

    def __init__(self, directory: str, **_settings: object) -> None:
        super().__init__(directory)

    def put(self, key: object) -> tuple[str, bool]:
        if type(key) is not str:
            raise TypeError(f"a key is text, not {type(key).__name__}")
        return key, True

    def get(self, key: object, raw: object) -> str:
        if raw != 1 or type(key) is not str:
            raise StoreDamaged("a key in the database is not text: it was not decoded", _GONE)
        return key

    def store(
        self,
        value: object,
        read: bool,
        key: object = None,  # noqa: ARG002  # diskcache passes it by name
    ) -> tuple[int, int, None, str]:
        if read or type(value) is not dict:
            raise TypeError(f"a record is a dict, not {type(value).__name__}")
        return 0, MODE_RAW, None, _encode(value)

    def fetch(self, mode: object, filename: object, value: object, read: bool) -> dict[str, Any]:
        if mode != MODE_RAW or filename is not None or read or type(value) is not str:
            raise StoreDamaged("a record in the database is not text: it was not decoded", _GONE)
        try:
            record = _decode(value)
        except ValueError as error:
            raise StoreDamaged("a record in the database is not JSON", _GONE) from error
        if type(record) is not dict:
            raise StoreDamaged("a record in the database is not a JSON object", _GONE)
        return record

    def filename(self, *_key_and_value: object) -> tuple[str, str]:
        raise TypeError("no value is kept in a file")

    def remove(self, file_path: str) -> None:
        """Do nothing: we keep no files, and a path that a foreign row names must not be deleted."""


def _nothing_to_clean(_filename: object) -> None:
    """What diskcache calls with the file of a value that was replaced: there are none."""


class Shelf(diskcache.Cache):  # type: ignore[misc]  # diskcache publishes no types
    """diskcache.Cache with pooled connections in place of one a thread, transactions that survive a full disk.

    All methods are safe from any thread. They raise what sqlite3 raises; `Store` puts it into the store's words.
    """

    def __init__(self, directory: Path, on_lost: Callable[[sqlite3.Connection], None] | None = None) -> None:
        """`on_lost` gets a connection that still sees everything when the database's file has vanished, once."""
        if os.path.expandvars(os.path.expanduser(directory)) != str(directory):
            raise StoreError(f"the directory {directory} has a name that diskcache would change", "Choose another.")
        self._file = directory / DATABASE
        self._pool: list[sqlite3.Connection] = []
        self._pool_lock = threading.Lock()
        self._writing = threading.RLock()
        self._closed = False
        self._on_lost = on_lost
        self._inode = 0  # not known yet
        try:
            super().__init__(str(directory), timeout=_BUSY_S, disk=TextDisk, **_SETTINGS)
        finally:
            super().close()  # the opening thread's connection: from now on they are borrowed
        # a connection that stays open pins the file's number, also where file systems give numbers for a while only
        self._give_back(self.connect())
        self._inode = self._file.stat().st_ino

    # -- connections -------------------------------------------------------------------------------------------------

    def connect(self) -> sqlite3.Connection:
        """A connection of the caller's own, to be closed by the caller."""
        # once the store is open a missing database is an error: SQLite would make an empty one in its place
        name = f"{self._file.as_uri()}?mode={'rw' if self._inode else 'rwc'}"
        con = sqlite3.connect(name, uri=True, timeout=self._timeout, isolation_level=None, check_same_thread=False)
        try:
            for pragma in _CONNECTION_PRAGMAS:
                con.execute(pragma)
        except BaseException:
            con.close()
            raise
        return con

    @contextmanager
    def separate(self) -> Iterator[sqlite3.Connection]:
        """A connection of its own for the block: also inside a transaction it sees only what is committed."""
        with self._pool_lock:
            self._open_only()
        with closing(self.connect()) as con:
            yield con

    @property
    def _con(self) -> sqlite3.Connection:
        """What the methods of diskcache work on: the connection that this thread has borrowed."""
        con: sqlite3.Connection | None = getattr(self._local, "con", None)
        if con is None:
            con = self._local.con = self.connect()
        return con

    @contextmanager
    def borrowed(self) -> Iterator[sqlite3.Connection]:
        """A connection for this thread inside the block; the one it already has, if it has one."""
        local = self._local
        con: sqlite3.Connection | None = getattr(local, "con", None)
        if con is not None:
            yield con
            return
        con = local.con = self._borrow()
        try:
            yield con
        finally:
            local.con = None
            self._give_back(con)

    def _borrow(self) -> sqlite3.Connection:
        with self._pool_lock:
            self._open_only()
            if self._pool:
                return self._pool.pop()
        return self.connect()

    def _open_only(self) -> None:
        if self._closed:
            raise StoreError("the store is closed")

    def _give_back(self, con: sqlite3.Connection) -> None:
        with self._pool_lock:
            if not self._closed and not con.in_transaction and len(self._pool) < _IDLE_CONNECTIONS:
                self._pool.append(con)
                return
        con.close()

    def close(self) -> None:
        """Wait for the write that is on (at most 30 s), refuse what comes later, close all connections.

        A read that is on in another thread ends as it should and closes its own.
        """
        if not hasattr(self, "_disk") or self._timeout == 0:
            super().close()  # diskcache itself, in its __init__
            return
        waited = self._writing.acquire(timeout=_BUSY_S)
        try:
            with self._pool_lock:
                self._closed = True
                pool, self._pool = self._pool, []
            for con in pool:
                con.close()
        finally:
            if waited:
                self._writing.release()

    # -- transactions ------------------------------------------------------------------------------------------------

    @contextmanager
    def _transact(
        self,
        retry: bool = False,  # noqa: ARG002  # diskcache passes it by name; SQLite itself waits
        filename: str | None = None,  # noqa: ARG002  # likewise; there are no files
    ) -> Iterator[tuple[Callable[..., sqlite3.Cursor], Callable[[object], None]]]:
        """diskcache's own hides the error when SQLite has rolled back, and stays inside after a failed COMMIT."""
        with self.borrowed() as con, self._alone():
            if self.inside_transaction():
                self._still_open(con)
                yield con.execute, _nothing_to_clean
                return
            self._same_file(con)
            con.execute("BEGIN IMMEDIATE")
            self._local.inside = True
            try:
                yield con.execute, _nothing_to_clean
                self._still_open(con)
                con.execute("COMMIT")
            except BaseException:
                # a connection that cannot even roll back is closed when it is given back
                with suppress(sqlite3.Error):
                    if con.in_transaction:
                        con.execute("ROLLBACK")
                raise
            finally:
                self._local.inside = False

    def inside_transaction(self) -> bool:
        """Whether this thread is in one."""
        return bool(getattr(self._local, "inside", False))

    @contextmanager
    def all_or_nothing(self) -> Iterator[None]:
        """A transaction over this thread's writes in the block; inside another one, a part that fails as a whole."""
        if not self.inside_transaction():
            with self._transact():
                yield
            return
        con = self._con
        self._still_open(con)
        con.execute("SAVEPOINT part")
        try:
            yield
            self._still_open(con)
        except BaseException:
            if con.in_transaction:
                con.execute("ROLLBACK TO part")
                con.execute("RELEASE part")
            raise
        con.execute("RELEASE part")

    @contextmanager
    def _alone(self) -> Iterator[None]:
        if not self._writing.acquire(timeout=_BUSY_S):
            raise StoreBusy(f"another thread has been writing for {_BUSY_S:.0f} s", "Keep transactions short.")
        try:
            self._open_only()  # it may have been closed while this thread waited
            yield
        finally:
            self._writing.release()

    @staticmethod
    def _still_open(con: sqlite3.Connection) -> None:
        """SQLite ends a transaction by itself when the disk is full: what follows must not be written on its own."""
        if not con.in_transaction:
            raise StoreError("the transaction was undone by an earlier error inside it", "Start it again.")

    def _same_file(self, con: sqlite3.Connection) -> None:
        """A database deleted under the running service still takes writes, into a file that nobody will find."""
        try:
            found = self._file.stat().st_ino
        except OSError:
            found = -1
        if found != self._inode:
            rescue, self._on_lost = self._on_lost, None
            if rescue is not None:
                rescue(con)
            raise StoreDamaged("the database was removed or replaced while the service ran", _GONE)
