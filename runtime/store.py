"""Door to diskcache: versioned plain records, durable when put, opened by one factory only."""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias

from runtime.clock import Clock, SystemClock
from runtime.errors import StoreBusy, StoreDamaged, StoreError, StoreFull
from runtime.store_copies import Copies, copy_database
from runtime.store_disk import DATABASE, Shelf
from runtime.store_files import private_directory, sync_directory
from runtime.store_health import SENTINEL, check_copy
from runtime.store_lock import HomeLock
from runtime.store_plain import RESERVED, check_key, check_record
from runtime.store_recovery import Recovery
from runtime.store_reserve import Reserve
from runtime.store_scan import count, walk
from runtime.store_trouble import explain

Json: TypeAlias = Any
"""None, bool, int, float, str, or lists and dicts (with text keys) of these; `Store.put` refuses everything else."""
Record: TypeAlias = dict[str, Json]

_COPY_S = 60.0
_LOG = logging.getLogger(__name__)


class Store:
    """Records by key, in one directory, for one process. Every method is safe from any thread.

    Besides what each method names they raise StoreDamaged (what was asked for cannot be read), StoreBusy (another
    writer did not end within 30 s) and StoreError (the store is closed, or the system refused).
    """

    @classmethod
    def open(
        cls, directory: Path, *, on_notice: Callable[[str], None] | None = None, clock: Clock | None = None
    ) -> Store:
        """The only way to a store: takes the home, examines the database, brings back a copy if it must, makes a copy.

        `on_notice` hears, in one sentence, what was wrong and what was lost; without it the log does. Mostly that is
        here; a database removed while the service runs is told from the thread that wrote, which must not write in it.
        Raises StoreBusy when a service runs there, StoreDamaged when nothing good is left, StoreFull, StoreError.
        """
        return cls(Path(directory).absolute(), on_notice or _LOG.warning, clock or SystemClock())

    def __init__(self, directory: Path, on_notice: Callable[[str], None], clock: Clock) -> None:
        self._notice = on_notice
        self.brought_back = False  # what was put last may be missing: an older copy took the database's place
        self._clock = clock
        self._copies = Copies(directory / "copies")
        self._copying = threading.Lock()
        self._reserve = Reserve(directory / "reserve")
        private_directory(directory)
        self._lock = HomeLock(directory / "lock")
        try:
            self._shelf = self._open_shelf(directory)
        except BaseException:
            self._lock.release()
            raise
        self._first_care()

    def get(self, key: str) -> Record | None:
        """The record as it was put, a dict of the caller's own; None when there is none."""
        check_key(key)
        try:
            with self._shelf.borrowed():
                record: Record | None = self._shelf.get(key)
                return record
        except sqlite3.Error as error:
            raise explain(error, f"{key} was not read") from error

    def put(self, key: str, record: Record) -> None:
        """Durable when it returns (outside a transaction; inside one, when that ends). StoreFull: nothing was changed.

        TypeError for a record that would not come back the same: tuples, field names that are not text, objects.
        """
        check_key(key)
        check_record(record)
        with _said(f"{key} was not saved"):
            self._shelf.set(key, record)

    def delete(self, key: str) -> bool:
        """Whether there was one; durable as with `put`. On a full disk the space put by for it is used."""
        check_key(key)
        try:
            return self._delete(key)
        except StoreFull:
            if self._shelf.inside_transaction() or not self._reserve.use():
                raise
            return self._delete(key)

    def scan(
        self, prefix: str, *, newest_first: bool = False, limit: int | None = None
    ) -> Iterator[tuple[str, Record]]:
        """Keys that begin with `prefix` and their records, in the order of the keys (by code point), or backwards.

        An index range: its cost is that of what it returns. Records put while it runs may or may not be seen.
        """
        with _said(f"the records under {prefix!r} were not read"):
            yield from walk(self._shelf, prefix, newest_first, limit)

    def count(self, prefix: str) -> int:
        """How many keys begin with `prefix`."""
        with _said(f"the records under {prefix!r} were not counted"):
            return count(self._shelf, prefix)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All writes of this thread in the block, or none: an exception undoes them and goes on. Keep it short.

        Other writers wait, readers see what was before. Inside another transaction it is a part of that one, which can
        fail as a whole without it.
        """
        with _said("the changes were not saved"), self._shelf.all_or_nothing():
            yield

    def next_number(self, key: str) -> int:
        """1, 2, 3 ... for each `key`; durable when it returns, never given twice in the life of this database.

        After a copy was restored it goes on from what the copy knew: see `skip_numbers`.
        """
        check_key(key)
        place = f"{RESERVED}number/{key}"
        with _said(f"no number was taken from {key}"), self._shelf.all_or_nothing():
            last = self._shelf.get(place) or {"last": 0}
            number = int(last["last"]) + 1
            self._shelf.set(place, {"last": number})
        return number

    def skip_numbers(self, key: str, last: int) -> bool:
        """Whether numbers up to `last` might have been given again; none of them will be from now on.

        For whoever finds one in use that these records do not know, because a copy was restored.
        """
        check_key(key)
        place = f"{RESERVED}number/{key}"
        with _said(f"no number was skipped of {key}"), self._shelf.all_or_nothing():
            behind = int((self._shelf.get(place) or {"last": 0})["last"]) < last
            if behind:
                self._shelf.set(place, {"last": last})
        return behind

    def copy_to(self, file: Path) -> None:
        """All that is committed, as one checked file of mode 0600, whole or not at all. Blocks; writers go on."""
        with _said(f"{file} was not written"), self._shelf.separate() as con:
            copy_database(con, Path(file).absolute())

    def keep_copy(self) -> Path:
        """Add a copy to the newest five that a damaged database is brought back from; where it is. Blocks."""
        with self._one_copy_at_a_time():
            with _said("no copy was kept"), self._shelf.separate() as con:
                # the log is merged first: the database alone is then never older than its copies
                con.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
                kept = self._copies.add(con, self._clock.now())
            self._reserve.put_by()
        return kept.file

    def close(self) -> None:
        """Wait for the write and the copy that are on, then give the home free. Twice is once; all else then raises."""
        self._shelf.close()
        try:
            with self._one_copy_at_a_time():
                pass
        finally:
            self._lock.release()

    def _open_shelf(self, directory: Path) -> Shelf:
        recovery = Recovery(directory, directory / DATABASE, self._lost, self._clock.now)
        try:
            return _open_shelf(recovery, directory, self._clock, self._rescue)
        except StoreFull:
            if not self._reserve.use():
                raise
            return _open_shelf(recovery, directory, self._clock, self._rescue)

    def _lost(self, notice: str) -> None:
        self.brought_back = True
        self._notice(notice)

    def _first_care(self) -> None:
        """A copy of what was just found good. That none can be made must not keep the service from starting."""
        try:
            self.keep_copy()
        except StoreError as error:
            self._notice(f"At the start no copy of the database was made: {error}.")
        except BaseException:
            self.close()
            raise

    @contextmanager
    def _one_copy_at_a_time(self) -> Iterator[None]:
        if not self._copying.acquire(timeout=_COPY_S):
            raise StoreBusy(f"a copy of the database has taken over {_COPY_S:.0f} s", "Check the disk.")
        try:
            yield
        finally:
            self._copying.release()

    def _rescue(self, con: sqlite3.Connection) -> None:
        """The file was deleted under us, but we still hold it open: the copy made now loses nothing."""
        try:
            with self._one_copy_at_a_time():
                self._copies.add(con, self._clock.now())
        except StoreError as error:
            self._notice(f"The database was removed while the service ran, and no copy could be made: {error}.")
        else:
            self._notice("The database was removed while the service ran; a copy was saved for the next start.")

    def _delete(self, key: str) -> bool:
        with _said(f"{key} was not deleted"):
            return bool(self._shelf.delete(key))


def restore(directory: Path, file: Path, *, clock: Clock | None = None) -> None:
    """Make `file`, written by `copy_to`, the database of a home that no service runs on. What was there is put aside.

    Raises StoreBusy, StoreFull, and StoreError when `file` is no good copy: nothing is changed then.
    """
    directory, file, time = Path(directory).absolute(), Path(file).absolute(), clock or SystemClock()
    private_directory(directory)
    lock = HomeLock(directory / "lock")
    try:
        check_copy(file)
        Recovery(directory, directory / DATABASE, _LOG.warning, time.now).replace_with(file)
    finally:
        lock.release()


def _open_shelf(
    recovery: Recovery, directory: Path, clock: Clock, on_lost: Callable[[sqlite3.Connection], None]
) -> Shelf:
    recovery.prepare()
    try:
        return _used(recovery, directory, clock, on_lost)
    except StoreDamaged as error:
        recovery.not_usable(error)
        return _used(recovery, directory, clock, on_lost)


def _used(recovery: Recovery, directory: Path, clock: Clock, on_lost: Callable[[sqlite3.Connection], None]) -> Shelf:
    with _said("the store was not opened"):
        shelf = Shelf(directory, on_lost)
        try:
            with shelf.borrowed() as con:
                if shelf.get(SENTINEL) is None:
                    shelf.set(SENTINEL, {"made_at": clock.now().isoformat(), "schema": 1})
                # all into the database: a new log begins, without what a death left in the old one
                con.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            (directory / DATABASE).chmod(0o600)
            sync_directory(directory)
            recovery.mark_started()
        except BaseException:
            shelf.close()
            raise
    return shelf


@contextmanager
def _said(what: str) -> Iterator[None]:
    """SQLite's errors in the store's words; all others pass as they are."""
    try:
        yield
    except sqlite3.Error as error:
        raise explain(error, what) from error
