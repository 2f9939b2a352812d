"""Moves a child's output on while waiting for its end, a limit or the order to stop; two ways, one protocol."""

from __future__ import annotations

import os
import select
import sys
import threading
import time
from collections.abc import Callable
from typing import Protocol

from runtime.command import Cancel

Feed = Callable[[bytes], None]
HasEnded = Callable[[], bool]

_CHUNK = 64 * 1024
_SLICE = 0.02


class Pump(Protocol):
    """Feeds what the pipe gives. One thread uses it; it owns the pipe and closes it."""

    def until_end(self, until: float, cancel: Cancel | None = None) -> bool:
        """Wait for the child's end, till the monotonic time `until`, or till `cancel` is set; True when it ended."""
        ...

    def drain(self, until: float) -> bool:
        """Feed the rest, till the pipe's end or `until`. False when somebody still holds the pipe open."""
        ...

    def close(self) -> None:
        """Give the pipe and all handles back; never waits."""
        ...


class ThreadPump:
    """Anywhere: a thread reads the pipe, the caller looks at the process every 20 ms.

    The thread ends with the pipe; when a grandchild outside the group holds it open, as late as that one ends.
    """

    def __init__(self, pipe: int, feed: Feed, has_ended: HasEnded) -> None:
        self._pipe, self._feed, self._has_ended = pipe, feed, has_ended
        self._lock = threading.Lock()
        self._closed = False
        self._trouble: BaseException | None = None
        self._reader = threading.Thread(target=self._read, name="shell-output", daemon=True)
        self._reader.start()

    def until_end(self, until: float, cancel: Cancel | None = None) -> bool:
        while not self._has_ended():
            self._raise_trouble()
            left = until - time.monotonic()
            if left <= 0 or (cancel is not None and cancel.is_set()):
                return False
            if cancel is None:
                time.sleep(min(left, _SLICE))
            else:
                cancel.wait(min(left, _SLICE))
        self._raise_trouble()
        return True

    def drain(self, until: float) -> bool:
        self._reader.join(max(0.0, until - time.monotonic()))
        self._raise_trouble()
        return not self._reader.is_alive()

    def close(self) -> None:
        with self._lock:
            self._closed = True

    def _read(self) -> None:
        try:
            while chunk := os.read(self._pipe, _CHUNK):
                with self._lock:
                    if self._closed:
                        return
                    self._feed(chunk)
        except BaseException as error:  # noqa: BLE001 - a thread's edge: raised again where the command is waited for
            self._trouble = error
        finally:
            os.close(self._pipe)

    def _raise_trouble(self) -> None:
        if self._trouble is not None:
            trouble, self._trouble = self._trouble, None
            raise trouble


if sys.platform == "linux":

    class PollingPump:
        """Linux: one poll over the pipe, the process's handle and a wake-up; no thread, no pauses."""

        def __init__(self, handle: int, pipe: int, feed: Feed) -> None:
            self._handle, self._pipe, self._feed = handle, pipe, feed
            self._wake_out, self._wake_in = os.pipe()
            for descriptor in (pipe, self._wake_out, self._wake_in):
                os.set_blocking(descriptor, False)
            self._at_end = False

        def until_end(self, until: float, cancel: Cancel | None = None) -> bool:
            poll = select.poll()
            poll.register(self._handle, select.POLLIN)
            if cancel is None:
                return self._wait(poll, until)
            poll.register(self._wake_out, select.POLLIN)
            with cancel.telling(self._wake):
                return self._wait(poll, until)

        def _wait(self, poll: select.poll, until: float) -> bool:
            if not self._at_end:
                poll.register(self._pipe, select.POLLIN)
            while (left := until - time.monotonic()) > 0:
                ready = {descriptor for descriptor, _ in poll.poll(min(left, 3600.0) * 1000)}
                if self._wake_out in ready:
                    return False
                if self._pipe in ready and not self._read():
                    poll.unregister(self._pipe)
                if self._handle in ready:
                    return True
            return False

        def drain(self, until: float) -> bool:
            poll = select.poll()
            poll.register(self._pipe, select.POLLIN)
            while not self._at_end:
                # what is there already is read even when the time is over, but a writer without end is not waited for
                if not poll.poll(max(0.0, until - time.monotonic()) * 1000):
                    return False
                self._read()
                if time.monotonic() > until + 1.0:
                    return False
            return True

        def close(self) -> None:
            for descriptor in (self._pipe, self._handle, self._wake_out, self._wake_in):
                os.close(descriptor)

        def _read(self) -> bool:
            """Feed one chunk; False when the pipe has ended."""
            try:
                chunk = os.read(self._pipe, _CHUNK)
            except BlockingIOError:
                return True
            if chunk:
                self._feed(chunk)
            else:
                self._at_end = True
            return bool(chunk)

        def _wake(self) -> None:
            os.write(self._wake_in, b"!")

    def pump(pid: int, pipe: int, feed: Feed, has_ended: HasEnded) -> Pump:
        """The better of the two ways that this system allows. `has_ended` is asked by the other one only."""
        try:
            return PollingPump(os.pidfd_open(pid), pipe, feed)
        except (AttributeError, OSError):
            return ThreadPump(pipe, feed, has_ended)  # an old kernel, or one told to refuse

else:

    def pump(pid: int, pipe: int, feed: Feed, has_ended: HasEnded) -> Pump:  # noqa: ARG001 - one signature everywhere
        """The way that works on every system."""
        return ThreadPump(pipe, feed, has_ended)
