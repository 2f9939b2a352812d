"""Consistent copies of the database: made through SQLite's backup interface, checked, the newest few kept."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from runtime.errors import StoreError
from runtime.store_files import private_directory, said_by_the_system, sync_directory, sync_file
from runtime.store_health import check_copy, examine
from runtime.store_trouble import explain

KEPT = 5
_NAME = re.compile(r"(\d{8})-(\d{8}T\d{6}Z)\.db")
_STAMP = "%Y%m%dT%H%M%SZ"


@dataclass(frozen=True)
class Copy:
    file: Path
    number: int
    """Counts up: the newest copy has the highest, whatever the machine's clock did."""
    made_at: datetime


class Copies:
    """The copies in one directory. Not safe from several threads at once: `Store` makes one after the other."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def newest_first(self) -> list[Copy]:
        """What is there, unchecked."""
        if not self._directory.is_dir():
            return []
        found = [_parse(file) for file in self._directory.iterdir()]
        return sorted((copy for copy in found if copy is not None), key=lambda copy: copy.number, reverse=True)

    def good_ones(self) -> Iterator[Copy]:
        """Newest first, each checked when it is its turn."""
        return (copy for copy in self.newest_first() if examine(copy.file, alone=True) is None)

    def add(self, source: sqlite3.Connection, now: datetime) -> Copy:
        """Copy the database behind `source`, check the copy, drop the oldest over 5. StoreFull, StoreDamaged."""
        private_directory(self._directory)
        try:
            self._clear_partials()
            before = self.newest_first()
            number = before[0].number + 1 if before else 1
            file = self._directory / f"{number:08}-{now.astimezone(UTC):{_STAMP}}.db"
            copy_database(source, file)
            for old in before[KEPT - 1 :]:
                old.file.unlink(missing_ok=True)
        except OSError as error:
            raise said_by_the_system(error, f"the copies in {self._directory} cannot be changed") from error
        return Copy(file, number, now)

    def _clear_partials(self) -> None:
        """What a death in the middle of a copy left behind."""
        for left in self._directory.glob("*.partial*"):
            left.unlink(missing_ok=True)


def _parse(file: Path) -> Copy | None:
    match = _NAME.fullmatch(file.name)
    if match is None:
        return None
    try:
        made_at = datetime.strptime(match[2], _STAMP).replace(tzinfo=UTC)
    except ValueError:
        return None
    return Copy(file, int(match[1]), made_at)


def copy_database(source: sqlite3.Connection, file: Path) -> None:
    """One file with all that is committed in `source`: checked, durable, mode 0600, there whole or not at all.

    Writers go on meanwhile. Raises StoreFull, StoreDamaged, StoreError; a file that was there before is then untouched.
    """
    partial = file.with_name(f"{file.name}.partial")
    try:
        os.close(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
        with closing(sqlite3.connect(partial, isolation_level=None)) as target:
            target.execute("PRAGMA synchronous = OFF")  # synced once, below
            source.backup(target)
            target.execute("PRAGMA journal_mode = DELETE")  # one file by itself, without a log beside it
        check_copy(partial)
        sync_file(partial)
        os.replace(partial, file)
        sync_directory(file.parent)
    except sqlite3.Error as error:
        raise explain(error, "no copy of the database was made") from error
    except OSError as error:
        raise said_by_the_system(error, "no copy of the database was made") from error
    finally:
        for end in ("", "-journal", "-wal", "-shm"):
            partial.with_name(partial.name + end).unlink(missing_ok=True)


def put_in_place(copy: Path, database: Path) -> None:
    """Make a copy the database; whatever had its name must be gone, its log too. Raises StoreFull or StoreError."""
    fresh = database.with_name(f"{database.name}.restored")
    try:
        shutil.copyfile(copy, fresh)
        fresh.chmod(0o600)
        sync_file(fresh)
        damage = examine(fresh, alone=True)
        if damage is not None:
            raise StoreError(f"the copy {copy.name} was spoilt on its way: the database {damage}", "Check the disk.")
        os.replace(fresh, database)
        sync_directory(database.parent)
    except OSError as error:
        raise said_by_the_system(error, "the copy could not be put in place") from error
    finally:
        fresh.unlink(missing_ok=True)
