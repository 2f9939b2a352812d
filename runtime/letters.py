"""Dead letters: counted by reason, the latest kept, logged without flooding the log."""

from __future__ import annotations

import logging
import threading
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from runtime.clock import Clock

log = logging.getLogger("runtime.letters")


@dataclass(frozen=True)
class DeadLetter:
    """A message that no actor will handle, where it was meant to go, and why it cannot."""

    path: str
    message: Any
    reason: str


class Gate:
    """Lets `limit` lines a second through and tells, with the next one after that, how many it held back."""

    def __init__(self, clock: Clock, limit: int = 20) -> None:
        self._clock = clock
        self._limit = limit
        self._second = -1.0
        self._passed = 0
        self._held = 0

    def passes(self) -> tuple[bool, int]:
        """Whether this line may be written, and how many were held back before it. Callers hold their own lock."""
        now = self._clock.monotonic()
        if now - self._second >= 1.0:
            held, self._held = self._held, 0
            self._second, self._passed = now, 1
            return True, held
        if self._passed < self._limit:
            self._passed += 1
            return True, 0
        self._held += 1
        return False, 0


class DeadLetters:
    """Safe from any thread; `add` never raises."""

    def __init__(self, clock: Clock, kept: int = 100) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()
        self._latest: deque[DeadLetter] = deque(maxlen=kept)
        self._gate = Gate(clock)
        self._listener: Callable[[DeadLetter], None] | None = None

    def add(self, path: str, message: Any, reason: str) -> None:
        """Count one."""
        letter = DeadLetter(path, message, reason)
        with self._lock:
            self._counts[reason] += 1
            self._latest.append(letter)
            passes, held = self._gate.passes()
            listener = self._listener
        if passes:
            more = f" ({held} more were not shown)" if held else ""
            log.warning("dead letter: %s to %s: %s%s", type(message).__name__, path, reason, more)
        if listener is not None:
            listener(letter)

    def listen(self, listener: Callable[[DeadLetter], None] | None) -> None:
        """Hand each further one to `listener`, in the thread that lost it; it must be quick and must not raise."""
        with self._lock:
            self._listener = listener

    @property
    def total(self) -> int:
        """How many there were since the start."""
        with self._lock:
            return self._counts.total()

    def counts(self) -> dict[str, int]:
        """How many there were, by reason."""
        with self._lock:
            return dict(self._counts)

    def latest(self) -> list[DeadLetter]:
        """The last hundred, oldest first."""
        with self._lock:
            return list(self._latest)
