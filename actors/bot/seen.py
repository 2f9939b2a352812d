"""Which errors of the log an administrator has seen: in memory, as the errors themselves are."""

from __future__ import annotations

import threading
from datetime import datetime

Key = tuple[str, str, str]  # where, what was logged, the exception's last line
MOST = 500


class SeenErrors:
    """Errors of the same words count as seen until they happen again. Any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._until: dict[Key, datetime] = {}

    def mark(self, key: Key, at: datetime) -> None:
        """What happened up to then was seen."""
        with self._lock:
            if len(self._until) >= MOST:
                self._until.clear()
            self._until[key] = at

    def has(self, key: Key, at: datetime) -> bool:
        """Whether an error of those words at that time was seen."""
        until = self._until.get(key)
        return until is not None and at <= until
