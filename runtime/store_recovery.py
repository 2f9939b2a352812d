"""What is done about a store before it is opened: a first start, a good one, or one that must be brought back."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from runtime.errors import StoreDamaged
from runtime.store_copies import Copies, Copy, put_in_place
from runtime.store_files import private_directory, said_by_the_system, sync_directory, write_durably
from runtime.store_health import Damage, Kind, examine
from runtime.store_log import log_is_damaged

_ASIDE_KEPT = 5
_UNITS = ((86400, "day"), (3600, "hour"), (60, "minute"), (1, "second"))
_UNFINISHED = frozenset({Kind.MISSING, Kind.EMPTY, Kind.NO_SENTINEL})


class Recovery:
    """Looks at the database before anything opens it for writing; the caller holds the home's lock.

    A marker file outside the database, written when the first start is complete, tells an empty home from a lost
    database.
    """

    def __init__(
        self, directory: Path, database: Path, notice: Callable[[str], None], now: Callable[[], datetime]
    ) -> None:
        self._directory = directory
        self._database = database
        self._marker = directory / "started"
        self._aside = directory / "aside"
        self._copies = Copies(directory / "copies")
        self._notice = notice
        self._now = now

    def prepare(self) -> None:
        """After it the database is good, or this is a first start. StoreDamaged: there is nothing to go back to."""
        damage = examine(self._database)
        if damage is None:
            self._look_at_the_log()
        elif damage.kind not in _UNFINISHED or self._was_started():
            self._bring_back(damage)

    def not_usable(self, error: StoreDamaged) -> None:
        """The database looked good and then failed when it was used: the same is done about it."""
        self._bring_back(Damage(Kind.BROKEN, str(error)))

    def mark_started(self) -> None:
        """From now on a missing or empty database is a loss. The sentinel must be durable before. StoreFull."""
        if self._marker.exists():
            return
        try:
            write_durably(self._marker, f"{self._now().isoformat()}\n")
        except OSError as error:
            raise said_by_the_system(error, "the first start was not completed") from error

    def replace_with(self, copy: Path) -> None:
        """Put what is there aside and `copy` in its place; it was checked before."""
        self._set_aside()
        put_in_place(copy, self._database)
        self.mark_started()

    def _was_started(self) -> bool:
        return self._marker.exists() or bool(self._copies.newest_first())

    def _bring_back(self, damage: Damage) -> None:
        copy = next(self._copies.good_ones(), None)
        if copy is None:
            raise StoreDamaged(
                f"the database {damage}, and there is no good copy of it in {self._directory / 'copies'}",
                f"Restore a backup; or, to start anew, move {self._directory} away.",
            )
        kept = self._set_aside()
        put_in_place(copy.file, self._database)
        self._notice(_words(damage, copy, self._now(), kept))

    def _look_at_the_log(self) -> None:
        """A log with a damaged place: the database is whole and newer than any copy, but lacks what came after it."""
        log = self._database.with_name(f"{self._database.name}-wal")
        try:
            if not log_is_damaged(log):
                return
            private_directory(self._aside)
            kept = self._free_name()
            kept.mkdir(mode=0o700)
            shutil.copyfile(log, kept / log.name)
            self._forget_the_oldest()
        except OSError as error:
            raise said_by_the_system(error, "the damaged log could not be put aside") from error
        self._notice(
            "The database's log was damaged: the database is whole, but what was saved last before the service ended "
            f"is lost. The log is kept in {kept}."
        )

    def _set_aside(self) -> Path | None:
        """Move the database and its log into a directory named after now; the log must never meet another database."""
        # the database goes first: a log that a death here leaves alone is moved the next time
        parts = [self._database.with_name(self._database.name + end) for end in ("", "-wal", "-shm")]
        if not any(part.exists() for part in parts):
            return None
        try:
            private_directory(self._aside)
            kept = self._free_name()
            kept.mkdir(mode=0o700)
            for part in parts:
                if part.exists():
                    part.rename(kept / part.name)
            sync_directory(kept)
            sync_directory(self._aside)
            sync_directory(self._directory)
            self._forget_the_oldest()
        except OSError as error:
            raise said_by_the_system(error, "the damaged database could not be put aside") from error
        return kept

    def _free_name(self) -> Path:
        stamp = f"{self._now():%Y%m%dT%H%M%SZ}"
        names = [stamp, *(f"{stamp}-{number}" for number in range(2, 100))]
        return next(path for name in names if not (path := self._aside / name).exists())

    def _forget_the_oldest(self) -> None:
        for old in sorted(self._aside.iterdir())[:-_ASIDE_KEPT]:
            shutil.rmtree(old)


def _words(damage: Damage, copy: Copy, now: datetime, kept: Path | None) -> str:
    where = f" What was left of it is kept in {kept}." if kept is not None else ""
    return (
        f"The database {damage}. The copy of {copy.made_at:%Y-%m-%d %H:%M:%S} UTC was restored: "
        f"what was saved in the {_span(now - copy.made_at)} after it is lost.{where}"
    )


def _span(age: timedelta) -> str:
    seconds = max(1, round(age.total_seconds()))
    size, unit = next(pair for pair in _UNITS if seconds >= pair[0])
    number = seconds // size
    return f"{number} {unit}{'s' if number > 1 else ''}"
