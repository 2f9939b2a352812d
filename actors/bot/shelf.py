"""Secrets between two steps of a conversation: in memory only, few, and not for long."""

from __future__ import annotations

import threading
from collections import OrderedDict

from runtime.clock import Clock
from runtime.vault import Secret

MOST = 100
KEPT_S = 1800.0


class Shelf:
    """One secret for each chat and purpose. Any thread. What is lost is asked for again."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[int, str], tuple[Secret, float]] = OrderedDict()

    def put(self, chat: int, what: str, secret: Secret) -> None:
        """Keep it; of more than a hundred the oldest goes."""
        with self._lock:
            self._kept.pop((chat, what), None)
            self._kept[chat, what] = (secret, self._clock.monotonic() + KEPT_S)
            while len(self._kept) > MOST:
                self._kept.popitem(last=False)

    def get(self, chat: int, what: str) -> Secret | None:
        """What is kept, None when it is not there (any more)."""
        with self._lock:
            found = self._kept.get((chat, what))
            if found is not None and found[1] < self._clock.monotonic():
                del self._kept[chat, what]
                return None
            return None if found is None else found[0]

    def drop(self, chat: int, what: str) -> None:
        """Forget it."""
        with self._lock:
            self._kept.pop((chat, what), None)
