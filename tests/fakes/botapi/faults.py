"""What can go wrong between a bot and Telegram, ordered by the tests: errors, resets, lateness, broken answers."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass
from enum import Enum, auto

ANY = "*"


class Kind(Enum):
    """How a call goes wrong."""

    STATUS = auto()  # an error answer, nothing done
    RESET_BEFORE = auto()  # the connection is cut, nothing done
    RESET_AFTER = auto()  # done, then the connection is cut: the bot cannot know
    LATE_ANSWER = auto()  # done at once, the answer comes `seconds` later
    LATENCY = auto()  # done and answered `seconds` later
    BROKEN_JSON = auto()  # done, the answer is cut in the middle
    WRONG_JSON = auto()  # done, the answer is JSON of another shape


@dataclass(frozen=True)
class Fault:
    """One way of going wrong; make it with the class methods."""

    kind: Kind
    code: int = 200
    retry_after: int = 0
    seconds: float = 0.0

    @classmethod
    def status(cls, code: int, retry_after: int = 0) -> Fault:
        """429 (with `retry_after`), 500, 502 ... in place of the answer; nothing is done."""
        return cls(Kind.STATUS, code=code, retry_after=retry_after)

    @classmethod
    def reset_before(cls) -> Fault:
        """The connection is cut before anything is done."""
        return cls(Kind.RESET_BEFORE)

    @classmethod
    def reset_after(cls) -> Fault:
        """Done (the message is delivered), then the connection is cut."""
        return cls(Kind.RESET_AFTER)

    @classmethod
    def late_answer(cls, seconds: float) -> Fault:
        """Done at once, answered later: longer than the bot waits, and the bot cannot know."""
        return cls(Kind.LATE_ANSWER, seconds=seconds)

    @classmethod
    def latency(cls, seconds: float) -> Fault:
        """The whole call takes so long."""
        return cls(Kind.LATENCY, seconds=seconds)

    @classmethod
    def broken_json(cls) -> Fault:
        """Done, but the answer breaks off."""
        return cls(Kind.BROKEN_JSON)

    @classmethod
    def wrong_json(cls) -> Fault:
        """Done, but the answer is JSON that no Bot API would send."""
        return cls(Kind.WRONG_JSON)


class Faults:
    """What shall go wrong next, by method; safe from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._next: dict[str, deque[Fault]] = {}
        self._always: dict[str, Fault] = {}
        self.fired: list[tuple[str, Fault]] = []

    def next(self, method: str, fault: Fault, times: int = 1) -> None:
        """The next `times` calls of the method (or of `ANY`) go wrong so."""
        with self._lock:
            self._next.setdefault(method, deque()).extend([fault] * times)

    def always(self, method: str, fault: Fault) -> None:
        """Every call of the method (or of `ANY`) goes wrong so, until `clear`."""
        with self._lock:
            self._always[method] = fault

    def clear(self) -> None:
        """Nothing more goes wrong."""
        with self._lock:
            self._next.clear()
            self._always.clear()

    def take(self, method: str) -> Fault | None:
        """The fault of this call, used up; asked by the server."""
        with self._lock:
            for name in (method, ANY):
                if self._next.get(name):
                    fault = self._next[name].popleft()
                    break
                if name in self._always:
                    fault = self._always[name]
                    break
            else:
                return None
            self.fired.append((method, fault))
            return fault
