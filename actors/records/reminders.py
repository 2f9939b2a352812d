"""Who wants to be told again that a test waits for a decision, and when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from actors.records.codec import time_in, time_out
from runtime.store import Store
from runtime.table import Table


@dataclass(frozen=True)
class Reminder:
    """One person's wish about one test; a later wish takes its place."""

    chat: int
    project_no: int
    deployment: str
    due: datetime

    @property
    def key(self) -> str:
        """Where it is kept."""
        return f"{self.chat:d}/{self.deployment}"


class Reminders:
    """Any thread."""

    def __init__(self, store: Store) -> None:
        self._all = Table(store, "reminder", schema=1, encode=_out, decode=_in)

    def put(self, reminder: Reminder) -> None:
        """Durable when it returns; raises StoreFull."""
        self._all.put(reminder.key, reminder)

    def get(self, key: str) -> Reminder | None:
        """The one that is kept there."""
        return self._all.get(key)

    def all(self) -> list[Reminder]:
        """Those that are not over."""
        return [reminder for _key, reminder in self._all.scan()]

    def forget(self, reminder: Reminder) -> None:
        """It was told, or nothing waits any more."""
        self._all.delete(reminder.key)


def _out(reminder: Reminder) -> dict[str, Any]:
    return {**vars(reminder), "due": time_out(reminder.due)}


def _in(plain: dict[str, Any]) -> Reminder:
    return Reminder(**{**plain, "due": time_in(plain["due"])})
