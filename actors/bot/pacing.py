"""When the next call to a chat may go, within Telegram's limits; pure over a clock's value.

One message a second to a chat with short bursts, 20 a minute to a group, about 30 a second in all; edits count like
messages, answers to presses do not. `retry_after` is obeyed to the letter. For one thread: its owner's.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

CHAT_RATE, CHAT_BURST = 1.0, 3
GROUP_MINUTE = 20
OVERALL_RATE, OVERALL_BURST = 25.0, 5
MAX_CHATS = 1000
_MINUTE = 60.0
_MARGIN = 0.05  # seconds: a call may arrive a little sooner after the one before it than it was sent


class Bucket:
    """`rate` calls a second, `burst` of them at once."""

    def __init__(self, rate: float, burst: int) -> None:
        self._rate = rate
        self._burst = burst
        self._full_at = float("-inf")  # when all tokens will be back

    def next_time(self, now: float) -> float:
        """The earliest time, not before `now`, at which a token is there."""
        return max(now, self._full_at - (self._burst - 1) / self._rate)

    def spend(self, now: float) -> None:
        """Takes a token, also one that is not there yet."""
        self._full_at = max(now, self._full_at) + 1 / self._rate

    def idle(self, now: float) -> bool:
        """Nothing that happened still matters."""
        return self._full_at <= now


class Window:
    """At most `most` calls in any minute."""

    def __init__(self, most: int) -> None:
        self._times: deque[float] = deque(maxlen=most)

    def next_time(self, now: float) -> float:
        """The earliest time, not before `now`, at which the window has room."""
        full = len(self._times) == self._times.maxlen
        return max(now, self._times[0] + _MINUTE + _MARGIN) if full else now

    def spend(self, now: float) -> None:
        """Counts a call."""
        self._times.append(now)

    def idle(self, now: float) -> bool:
        """Nothing that happened still matters."""
        return not self._times or self._times[-1] + _MINUTE + _MARGIN <= now


@dataclass
class _Chat:
    bucket: Bucket
    window: Window | None
    silent_until: float = float("-inf")

    def next_time(self, now: float) -> float:
        in_minute = self.window.next_time(now) if self.window else now
        return max(self.bucket.next_time(now), in_minute, self.silent_until)

    def idle(self, now: float) -> bool:
        return self.bucket.idle(now) and (self.window is None or self.window.idle(now)) and self.silent_until <= now


class Pacing:
    """The budget of one bot. `now` is the monotonic clock's value in seconds; negative chats are groups."""

    def __init__(
        self,
        *,
        chat_rate: float = CHAT_RATE,
        chat_burst: int = CHAT_BURST,
        group_minute: int = GROUP_MINUTE,
        overall_rate: float = OVERALL_RATE,
        overall_burst: int = OVERALL_BURST,
    ) -> None:
        self._chat_rate = chat_rate
        self._chat_burst = chat_burst
        self._group_minute = group_minute
        self._overall = Bucket(overall_rate, overall_burst)
        self._silent_until = float("-inf")
        self._chats: dict[int, _Chat] = {}

    def next_time(self, chat: int, now: float) -> float:
        """The earliest time, not before `now`, at which a call to the chat may go; asking costs nothing."""
        known = self._chats.get(chat)
        return max(self._overall.next_time(now), self._silent_until, known.next_time(now) if known else now)

    def spend(self, chat: int, now: float) -> None:
        """A call to the chat goes now. Also to be told of calls that went too early: they are paid back later."""
        entry = self._entry(chat, now)
        entry.bucket.spend(now)
        if entry.window:
            entry.window.spend(now)
        self._overall.spend(now)

    def penalize(self, chat: int | None, seconds: float, now: float) -> None:
        """Telegram answered 429: nothing to the chat (to anybody, if None) for so many seconds.

        If another chat is being silent too, the limit is the whole bot's and everybody waits: Telegram does not say.
        """
        until = now + seconds
        if chat is None or any(entry.silent_until > now for number, entry in self._chats.items() if number != chat):
            self._silent_until = max(self._silent_until, until)
        if chat is not None:
            entry = self._entry(chat, now)
            entry.silent_until = max(entry.silent_until, until)

    def _entry(self, chat: int, now: float) -> _Chat:
        if chat not in self._chats:
            if len(self._chats) >= MAX_CHATS:
                self._chats = {number: entry for number, entry in self._chats.items() if not entry.idle(now)}
            window = Window(self._group_minute) if chat < 0 else None
            self._chats[chat] = _Chat(Bucket(self._chat_rate, self._chat_burst), window)
        return self._chats[chat]
