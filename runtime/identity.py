"""Which process it is: pid and start time together, for a pid alone is used again."""

from __future__ import annotations

import os
import select
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass

import psutil

from runtime import procfs
from runtime.errors import HostError

_LINUX = sys.platform == "linux"
_FIRST_PAUSE = 0.001
_LONGEST_PAUSE = 0.1
_LONGEST_POLL = 3600.0  # poll() takes milliseconds in a C int


@dataclass(frozen=True, slots=True)
class ProcessId:
    """One process and no other, also after its pid was given to the next one and after the machine was started again.

    `started` is the kernel's own figure: on Linux clock ticks since boot (immune to clock changes), elsewhere seconds.
    `boot` names the boot those ticks count from; empty means "not known", and is then not compared.
    """

    pid: int
    started: int | float
    boot: str = ""

    def to_record(self) -> dict[str, int | float | str]:
        """Plain values for the store."""
        return {"pid": self.pid, "started": self.started, "boot": self.boot}

    @classmethod
    def from_record(cls, record: Mapping[str, object]) -> ProcessId:
        """The identity that `to_record` gave away; raises HostError when the record is not one."""
        pid, started, boot = record.get("pid"), record.get("started"), record.get("boot", "")
        if not (isinstance(pid, int) and isinstance(started, int | float) and isinstance(boot, str)):
            raise HostError("the record does not name a process", "The program is looked up again at its next start.")
        return cls(pid, started, boot)


def process_id(pid: int) -> ProcessId | None:
    """The identity of the living process of that pid; None when there is none, or only a zombie."""
    if pid <= 0:
        return None
    if _LINUX:
        stat = procfs.read(pid)
        return None if stat is None or stat.dead else ProcessId(pid, stat.started, procfs.boot_id())
    try:
        process = psutil.Process(pid)
        if process.status() in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD):
            return None
        return ProcessId(pid, process.create_time())
    except psutil.Error:
        return None


def is_alive(process: ProcessId) -> bool:
    """True while that very process runs. A zombie is dead, and so is a pid that now belongs to another process."""
    now = process_id(process.pid)
    if now is None or now.started != process.started:
        return False
    return not (process.boot and now.boot) or process.boot == now.boot


def wait_end(process: ProcessId, timeout: float) -> bool:
    """Waits until the process has ended, at most `timeout` seconds; True when it has. It need not be our child.

    Blocks the calling thread: never call it in a pooled actor.
    """
    until = time.monotonic() + timeout
    if sys.platform == "linux" and (handle := _handle(process.pid)) is not None:
        try:
            return _await_handle(process, handle, until)
        finally:
            os.close(handle)
    return _poll_end(process, until)


if sys.platform == "linux":

    def _handle(pid: int) -> int | None:
        """A pidfd, which tells the end at once; None where the system has none, forbids it, or the process is gone."""
        try:
            return os.pidfd_open(pid)
        except (AttributeError, OSError, ValueError, OverflowError):
            return None

    def _await_handle(process: ProcessId, handle: int, until: float) -> bool:
        # Only now is it certain whom the handle holds: the pid may have been given away before it was opened.
        if not is_alive(process):
            return True
        poll = select.poll()
        poll.register(handle, select.POLLIN)
        while (left := until - time.monotonic()) > 0:
            if poll.poll(min(left, _LONGEST_POLL) * 1000):
                return True
        return not is_alive(process)


def _poll_end(process: ProcessId, until: float) -> bool:
    pause = _FIRST_PAUSE
    while is_alive(process):
        left = until - time.monotonic()
        if left <= 0:
            return False
        time.sleep(min(pause, left))
        pause = min(pause * 2, _LONGEST_PAUSE)
    return True
