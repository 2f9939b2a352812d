"""Whether Telegram is there: after a failure a harmless question, 1 to 60 s apart, until it is answered."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from actors.bot.outbox_messages import Probe, Probed
from actors.bot.telegram import Telegram
from actors.bot.wire import RetryAfter, Unauthorized
from runtime.actor import Context
from runtime.backoff import Backoff
from runtime.jobs import Done
from runtime.log import get
from runtime.timers import Timer

log = get("actors.bot.outbox")
UNAUTHORIZED_S: Final = 60.0


class Reach:
    """Part of the outbox: its methods run in that actor's turns. A message is never sent to find out."""

    def __init__(self, context: Context, telegram: Telegram, lane: str) -> None:
        self._context = context
        self._ask: Callable[[], object] = telegram.get_me
        self._lane = lane
        self._backoff = Backoff(first=1.0, longest=60.0)
        self._failures = 0
        self._timer: Timer | None = None
        self._asking = False
        self.away = False

    def works(self) -> None:
        """Something was sent."""
        self._failures = 0

    def failed(self, error: BaseException) -> None:
        """There was no answer, or the token is not valid: nothing more is sent until Telegram answers a question."""
        if self.away:
            return
        self.away = True
        pause = self._pause(error)
        log.warning("Telegram is not reached", next_try_s=round(pause, 1), error=str(error))
        self._ask_after(pause)

    def ask(self) -> None:
        """Ask now."""
        if self.away and not self._asking:
            self._asking = True
            self._context.job(self._lane, self._ask, Probed)

    def asked(self, done: Done[object]) -> bool:
        """Whether Telegram has just come back."""
        self._asking = False
        if not self.away:
            return False
        if done.error is not None:
            self._ask_after(self._pause(done.error))
            return False
        log.info("Telegram is reached again", failures=self._failures)
        self.away = False
        return True

    def _pause(self, error: BaseException) -> float:
        """A second, then longer: until a message has really gone through, for only that proves that all is well."""
        self._failures += 1
        if isinstance(error, RetryAfter):
            return error.seconds
        return UNAUTHORIZED_S if isinstance(error, Unauthorized) else self._backoff.pause(self._failures)

    def _ask_after(self, seconds: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._context.after(seconds, Probe())
