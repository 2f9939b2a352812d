"""Envelopes, replies that can be given only once, and answers given later."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any

from pykka import ThreadingFuture
from pykka import Timeout as PykkaTimeout
from pykka._envelope import Envelope

from runtime.errors import ActorDead, AskTimeout


class Letter(Envelope[Any]):
    """pykka's envelope, plus the one incarnation it is meant for (0: any) and how often it was replayed."""

    incarnation = 0  # most letters never have another one, nor are they replayed: each would cost time to set
    tries = 0

    def __init__(self, message: Any, reply_to: Any = None, incarnation: int = 0) -> None:
        self.message = message
        self.reply_to = reply_to
        if incarnation:
            self.incarnation = incarnation


class TurnThread(threading.Thread):
    """A thread of a dispatcher. It is told when it waits inside a handler, so that a spare one can take over."""

    def wait_begins(self) -> None:
        """This thread is about to wait."""

    def wait_ends(self) -> None:
        """It goes on."""


class Reply(ThreadingFuture[Any]):
    """A pykka future whose first answer wins. Waiting for it inside a handler does not use up a pool thread."""

    def get(self, *, timeout: float | None = None) -> Any:
        """As pykka's: the value, or the error raised, or pykka.Timeout after `timeout` seconds."""
        thread = threading.current_thread()
        if self._result is not None or not isinstance(thread, TurnThread):
            return super().get(timeout=timeout)
        thread.wait_begins()
        try:
            return super().get(timeout=timeout)
        finally:
            thread.wait_ends()

    def settle(self, value: Any) -> bool:
        """Answer with a value; False when it was answered before."""
        return _first(lambda: self.set(value))

    def settle_error(self, error: BaseException) -> bool:
        """Answer with an error; False when it was answered before.

        What is no ordinary exception (SystemExit, KeyboardInterrupt ...) reaches the asker as ActorDead with that
        cause: it ended the actor, and must not end the asker's thread or the process.
        """
        if not isinstance(error, Exception):
            dead = ActorDead(f"the actor ended with {type(error).__name__}: {error}")
            dead.__cause__ = error
            error = dead
        info = (type(error), error, error.__traceback__)
        return _first(lambda: self.set_exception(info))

    def wait(self, what: str, timeout: float) -> Any:
        """The answer within `timeout` real seconds; AskTimeout names `what` otherwise."""
        try:
            return self.get(timeout=timeout)
        except PykkaTimeout:
            if self._result is not None:  # the answer itself is a pykka timeout
                raise
            raise AskTimeout(f"{what} did not answer within {timeout:g} s") from None


def _first(settle: Callable[[], None]) -> bool:
    try:
        settle()
    except queue.Full:  # what pykka raises on a second answer
        return False
    return True


def settle(future: Any, value: Any) -> None:
    """Answer any pykka future with a value; nothing happens when it has its answer."""
    if isinstance(future, Reply):
        future.settle(value)
    else:
        _first(lambda: future.set(value))


def settle_error(future: Any, error: BaseException) -> None:
    """Answer any pykka future with an error; nothing happens when it has its answer."""
    if isinstance(future, Reply):
        future.settle_error(error)
        return
    info: tuple[type[BaseException], BaseException, TracebackType | None] = (type(error), error, error.__traceback__)
    _first(lambda: future.set_exception(info))


class Deferred:
    """An answer that comes later: a handler returns it, somebody answers it, from any thread; the first answer wins.

    The actor that made it answers ActorDead in its place when it ends before.
    """

    __slots__ = ("_forget", "_future", "_lock", "_outcome", "path")

    def __init__(self, path: str, forget: Callable[[Deferred], None]) -> None:
        self.path = path
        self._forget = forget
        self._lock = threading.Lock()
        self._future: Any = None
        self._outcome: tuple[Any, BaseException | None] | None = None

    def answer(self, value: Any = None) -> None:
        """Answer with a value."""
        self._settle(value, None)

    def fail(self, error: BaseException) -> None:
        """Answer with an error, which the asker's `ask` raises."""
        self._settle(None, error)

    def bind(self, future: Any) -> None:
        """Kernel use: the future that waits for this answer; None when it was a tell and nobody waits."""
        with self._lock:
            self._future = future
            outcome = self._outcome
        if outcome is not None:
            _pass_on(future, *outcome)

    def _settle(self, value: Any, error: BaseException | None) -> None:
        with self._lock:
            if self._outcome is not None:
                return
            self._outcome = (value, error)
            future = self._future
        self._forget(self)
        if future is not None:
            _pass_on(future, value, error)


def _pass_on(future: Any, value: Any, error: BaseException | None) -> None:
    if future is None:
        return
    if error is None:
        settle(future, value)
    else:
        settle_error(future, error)


def type_name(message: object) -> str:
    """How a message is called in logs and facts."""
    return type(message).__name__
