"""Telegram's flood limits, over the server's clock: who sends too fast is told how long to wait."""

from __future__ import annotations

import math
from collections import deque


class Window:
    """At most `most` calls in any `seconds`."""

    def __init__(self, most: int, seconds: float) -> None:
        self._most = most
        self._seconds = seconds
        self._times: deque[float] = deque()

    def wait(self, now: float) -> float:
        """Seconds until the next call would pass; 0 when it passes now."""
        while self._times and self._times[0] <= now - self._seconds:
            self._times.popleft()
        return self._times[0] + self._seconds - now if len(self._times) >= self._most else 0.0

    def count(self, now: float) -> None:
        """One call passed."""
        self._times.append(now)


class Bucket:
    """`rate` calls a second, `burst` of them at once."""

    def __init__(self, rate: float, burst: int) -> None:
        self._rate, self._burst = rate, burst
        self._tokens, self._at = float(burst), -math.inf

    def wait(self, now: float) -> float:
        """Seconds until the next call would pass; 0 when it passes now."""
        tokens = min(self._burst, self._tokens + (now - self._at) * self._rate)
        return max(0.0, (1 - tokens) / self._rate)

    def count(self, now: float) -> None:
        """One call passed."""
        self._tokens = min(self._burst, self._tokens + (now - self._at) * self._rate) - 1
        self._at = now


class Rates:
    """1 message a second to a chat (bursts of 4), 20 a minute to a group, 30 a second in all. Off until `on` is set."""

    def __init__(self) -> None:
        self.on = False
        self._overall = Window(30, 1.0)
        self._chats: dict[int, list[Window | Bucket]] = {}
        self._until: dict[int, float] = {}

    def retry_after(self, chat: int, now: float) -> int:
        """Whole seconds to wait before more is sent to the chat; 0 when this call passes, which is then counted."""
        if not self.on:
            return 0
        if self._until.get(chat, 0) > now:
            return math.ceil(self._until[chat] - now)
        limits = self._chats.setdefault(chat, [Window(20, 60.0)] if chat < 0 else [Bucket(1.0, 4)])
        wait = max(limit.wait(now) for limit in (*limits, self._overall))
        if wait > 0:
            seconds = math.ceil(wait)
            self._until[chat] = now + seconds
            return seconds
        for limit in (*limits, self._overall):
            limit.count(now)
        return 0
