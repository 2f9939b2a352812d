"""Programs that outlive us: started in sessions of their own, found again, ended with all that they started."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from runtime import procfs
from runtime.errors import ShellError
from runtime.exits import Exits
from runtime.host import ProcessId, is_alive, process_id, wait_end
from runtime.shell import PROGRAM_OOM_SCORE, Child, Command, ask_group, kill_group, launch, signal_group

_CODES_KEPT = 4096
_KILL_S = 5.0  # a killed process that takes longer hangs in the kernel
_JOURNAL_S = 2.0  # how long a zombie may wait for its new parent to write down and reap it
_LOOK_S = 0.005

_Key = tuple[int, int | float]


@dataclass(frozen=True, slots=True)
class _Member:
    """One process of a program's family, as it was seen. `group`: whether a signal to the leader's reaches it."""

    process: ProcessId
    group: int


class Programs:
    """Starts and ends programs, and knows how those ended that it started or that the guardian reaped.

    One object per service, handed in where it is needed; safe from any thread. The calls block: a job's thread. Codes
    of the last 4,096 programs that ended are remembered.
    """

    def __init__(self, exits: Path) -> None:
        self._exits = Exits(exits)
        self._lock = threading.Lock()
        self._running: dict[_Key, Child] = {}
        self._codes: OrderedDict[_Key, int] = OrderedDict()

    def spawn(self, command: Command, *, output: Path) -> ProcessId:
        """Start a program that lives on when we end; `command.timeout` and `stdin` mean nothing here.

        It reads nothing, appends both streams to `output` (made with mode 0600), and sees exactly `command.env`.
        Raises CommandMissing, or ShellError with the reason, when it cannot be started.
        """
        self._reap()
        if command.oom_score_adj is None:
            command = replace(command, oom_score_adj=PROGRAM_OOM_SCORE)
        try:
            output.parent.mkdir(parents=True, exist_ok=True)
            sink = os.open(output, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        except OSError as error:
            raise ShellError(f"{command.argv[0]} cannot be started: its output file: {error}") from error
        try:
            child = launch(command, output=sink)
        finally:
            os.close(sink)
        process = _identity(child.pid)
        with self._lock:
            self._running[_key(process)] = child
        return process

    def stop(self, *processes: ProcessId, grace: float = 10.0) -> bool:
        """End programs, each with its whole group and all it started: asked first, killed after `grace` seconds.

        True when nothing of them is left; at once when they have ended already. They need not be children of ours, and
        one that leads no session is ended with what descends from it.
        """
        return _end(processes, grace)

    def exit_code(self, process: ProcessId) -> int | None:
        """How it ended, negative for a signal. None while it runs, and when nobody saw its end."""
        self._reap()
        with self._lock:
            if _key(process) in self._running:
                return None
            code = self._codes.get(_key(process))
        if code is not None or is_alive(process):
            return code
        _await_reaper(process)
        found = self._exits.find(process)
        return None if found is None else found.code

    def wait_end(self, process: ProcessId, timeout: float) -> bool:
        """Wait until its first process has ended, `timeout` seconds at most; True when it has."""
        ended = wait_end(process, timeout)
        self._reap()
        return ended

    def _reap(self) -> None:
        """Take the codes of our children that ended, so that none stays a zombie."""
        with self._lock:
            for key, child in list(self._running.items()):
                if (code := child.poll()) is not None:
                    del self._running[key]
                    self._codes[key] = code
            while len(self._codes) > _CODES_KEPT:
                self._codes.popitem(last=False)


def _key(process: ProcessId) -> _Key:
    return process.pid, process.started


def _identity(pid: int) -> ProcessId:
    """Also of a child that has ended already: on Linux it is a zombie until we reap it."""
    stat = procfs.read(pid)
    if stat is not None:
        return ProcessId(pid, stat.started, procfs.boot_id())
    return process_id(pid) or ProcessId(pid, time.time())


def _await_reaper(process: ProcessId) -> None:
    """Wait while it is a zombie: its parent writes the code down before it reaps."""
    until = time.monotonic() + _JOURNAL_S
    while (stat := procfs.read(process.pid)) is not None and stat.started == process.started:
        if time.monotonic() >= until:
            return
        time.sleep(_LOOK_S)


if sys.platform == "linux":

    def _end(processes: Sequence[ProcessId], grace: float) -> bool:
        family = _family(processes, {})
        if not family:
            return True
        _send(processes, family, signal.SIGTERM)
        _send(processes, family, signal.SIGCONT)  # one that is stopped must wake to hear it
        until = time.monotonic() + grace
        while family and (left := until - time.monotonic()) > 0:
            wait_end(next(iter(family.values())).process, left)
            family = _family(processes, family)
        until = time.monotonic() + _KILL_S
        while family and time.monotonic() < until:
            _send(processes, family, signal.SIGKILL)
            wait_end(next(iter(family.values())).process, 0.1)
            family = _family(processes, family)
        return not family

    def _send(processes: Sequence[ProcessId], family: Mapping[int, _Member], what: signal.Signals) -> None:
        """To the groups at once, so that nobody forks in between; to those outside of them one by one."""
        grouped = {pid for pid in (process.pid for process in processes) if pid in family and family[pid].group == pid}
        for leader in grouped:
            signal_group(leader, what)
        for member in family.values():
            if member.group not in grouped:
                _signal(member.process, what)

    def _family(processes: Sequence[ProcessId], known: dict[int, _Member]) -> dict[int, _Member]:
        """Who lives of them: their sessions, what descends from those, and who was known to belong and lives on."""
        everyone = procfs.scan()
        boot = procfs.boot_id()
        theirs = {process.pid: process for process in processes if not process.boot or boot in ("", process.boot)}
        # where a number was given away, the kernel saw to it that the whole session had ended before
        theirs = {
            pid: one for pid, one in theirs.items() if pid not in everyone or everyone[pid].started == one.started
        }
        found = {pid for pid in theirs if pid in everyone}
        found |= {
            pid
            for pid, stat in everyone.items()
            if stat.session in theirs and stat.started >= theirs[stat.session].started
        }
        found |= {pid for pid, one in known.items() if pid in everyone and everyone[pid].started == one.process.started}
        children: dict[int, list[int]] = {}
        for stat in everyone.values():
            children.setdefault(stat.parent, []).append(stat.pid)
        waiting = list(found)
        while waiting:
            new = [pid for pid in children.get(waiting.pop(), ()) if pid not in found]
            found.update(new)
            waiting += new
        members = {pid: _Member(ProcessId(pid, everyone[pid].started), _group(pid)) for pid in sorted(found)}
        return {pid: member for pid, member in members.items() if not everyone[pid].dead}

    def _group(pid: int) -> int:
        try:
            return os.getpgid(pid)
        except ProcessLookupError:
            return 0

    def _signal(process: ProcessId, what: signal.Signals) -> None:
        """To that very process and no other: the handle is taken first, and then looked at whom it holds."""
        try:
            handle = os.pidfd_open(process.pid)
        except ProcessLookupError:
            return
        try:
            if is_alive(process):
                signal.pidfd_send_signal(handle, what)
        except ProcessLookupError:
            return
        finally:
            os.close(handle)

else:

    def _end(processes: Sequence[ProcessId], grace: float) -> bool:
        alive = [process for process in processes if is_alive(process)]
        for process in alive:
            ask_group(process.pid)
        until = time.monotonic() + grace
        left = [process for process in alive if not wait_end(process, max(until - time.monotonic(), 0.0))]
        for process in left:
            kill_group(process.pid)
        ended = [wait_end(process, _KILL_S) for process in left]
        return all(ended)
