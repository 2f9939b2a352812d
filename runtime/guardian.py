"""Standard library only: parent of the service, PID 1 in the image.

    python -m runtime.guardian --home DIR [--heartbeat FILE] [--heartbeat-limit S] -- COMMAND ...

Starts the service and starts it again after any death. Programs that the service deployed have sessions of their own:
nothing here ever signals them. When the service dies they become children of the guardian, which writes down how they
end. It ends when the service ended after a stop signal, or with a code that says that a restart is no use.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import select
import signal
import sys
import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

HEARTBEAT = "VANKA_HEARTBEAT"
_GUARDIAN = "VANKA_GUARDIAN"
JOURNAL = "exits.jsonl"
_JOURNAL_BYTES = 256 * 1024
_SUBREAPER = 36  # PR_SET_CHILD_SUBREAPER


@dataclass(frozen=True)
class Limits:
    """Times in seconds, and the codes of a service that need not be started again."""

    heartbeat: float
    stop: float
    dump: float  # for writing the stacks of a hung service, before it is killed
    first_pause: float
    longest_pause: float
    good: float  # a service that ran so long starts the pauses anew
    final: frozenset[int] = frozenset({2, 3})


class Pauses:
    """0.1 s, twice that, ... 30 s; from the beginning after a good period."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._next = limits.first_pause

    def after(self, lived: float) -> float:
        """How long to wait after a service that lived so many seconds."""
        if lived >= self._limits.good:
            self._next = self._limits.first_pause
        pause, self._next = self._next, min(self._next * 2, self._limits.longest_pause)
        return pause


class Pulse:
    """Whether the heartbeat file still changes, on our own clock; watched only from the first beat on."""

    def __init__(self, file: Path, limit: float) -> None:
        self._file, self._limit = file, limit
        self.period = min(1.0, limit / 4)
        self._seen: int | None = None
        self._still = 0.0
        self._looked = time.monotonic()

    def forget(self) -> None:
        """A new service: an old one's beat says nothing of it."""
        with suppress(OSError):
            self._file.unlink(missing_ok=True)
        self._seen, self._still = None, 0.0

    def is_stale(self) -> bool:
        """One look. A machine or container that slept does not count: of the time between looks, two periods do."""
        now = time.monotonic()
        passed, self._looked = min(now - self._looked, 2 * self.period), now
        try:
            beat = self._file.stat().st_mtime_ns
        except OSError:
            return False  # not yet, or the disk is in trouble: not the service's fault
        if beat != self._seen:
            self._seen, self._still = beat, 0.0
            return False
        self._still += passed
        return self._still >= self._limit and os.access(self._file, os.W_OK)


class Journal:
    """How orphans ended: one line each, appended; the file is bounded, and what a full disk refuses waits."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._waiting: deque[bytes] = deque(maxlen=1000)
        try:
            self._boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        except OSError:
            self._boot = ""

    def write(self, pid: int, started: int, code: int) -> None:
        """Append one end; `code` is negative for a signal. Never raises."""
        line = {"pid": pid, "started": started, "code": code, "at": time.time(), "boot": self._boot}
        self._waiting.append(json.dumps(line).encode() + b"\n")
        try:
            self._append()
        except OSError as error:
            say(f"the journal of exits cannot be written: {error}")

    def _append(self) -> None:
        if self._file.exists() and self._file.stat().st_size > _JOURNAL_BYTES:
            kept = self._file.read_bytes()[-_JOURNAL_BYTES // 2 :].partition(b"\n")[2]
            staged = self._file.with_name(self._file.name + ".new")
            staged.write_bytes(kept)
            staged.replace(self._file)
        with open(os.open(self._file, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600), "r+b", buffering=0) as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - 1))
            if size and file.read(1) != b"\n":
                file.write(b"\n")  # a line that was torn by a crash must not take the next one with it
            data = b"".join(self._waiting)
            if file.write(data) == len(data):
                self._waiting.clear()


class Guardian:
    """One service and its lives. One thread; `run` returns the code to exit with."""

    def __init__(self, command: Sequence[str], home: Path, heartbeat: Path, limits: Limits) -> None:
        self._limits = limits
        self._pulse = Pulse(heartbeat, limits.heartbeat)
        environment = os.environ | {HEARTBEAT: str(heartbeat), _GUARDIAN: str(os.getpid())}
        self._host = Host(command, environment, Journal(home / JOURNAL))
        self._stopping = False
        self._kill_at = float("inf")

    def run(self) -> int:
        """Start the service till it need not be started again."""
        pauses, started = Pauses(self._limits), False
        while True:
            self._pulse.forget()
            self._kill_at = float("inf")
            began = time.monotonic()
            try:
                self._host.start()
                code, started = self._watch(), True
            except OSError as error:
                say(f"the service cannot be started: {error}")
                if not started:  # a wrong command line; later it is the machine's trouble, and passes
                    return 127
                code = 127
            lived = time.monotonic() - began
            if self._stopping or code in self._limits.final:
                return code if code >= 0 else 128 - code
            pause = pauses.after(lived)
            say(f"the service ended {_how(code)} after {lived:.1f} s, it is started again in {pause:.1f} s")
            if self._rest(pause):
                return 0

    def _watch(self) -> int:
        """Until the service has ended; its code, negative for a signal."""
        while (code := self._host.ended()) is None:
            left = self._kill_at - time.monotonic()
            if left <= 0:
                self._kill_at = float("inf")
                self._host.kill()
            elif left == float("inf") and not self._stopping and self._pulse.is_stale():
                say(f"the service has been silent for {self._limits.heartbeat:g} s: it is killed")
                self._host.dump_stacks()
                self._kill_at = time.monotonic() + self._limits.dump
            if asked := self._host.pause(min(max(left, 0.0), self._pulse.period)):
                self._pass_on(asked)
        return code

    def _pass_on(self, asked: int) -> None:
        if self._stopping:
            self._host.kill()
            return
        self._stopping = True
        self._kill_at = min(self._kill_at, time.monotonic() + self._limits.stop)
        self._host.ask_to_end(asked)

    def _rest(self, seconds: float) -> bool:
        """True when a stop signal came meanwhile."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            if self._host.pause(left):
                return True
            self._host.ended()  # orphans end at any time
        return False


if sys.platform == "win32":
    from runtime.guardian_windows import Host  # its only import from here, and standard library only like this file
else:

    class Host:
        """POSIX: signals are blocked and waited for, so none is lost and nothing runs in a handler."""

        def __init__(self, command: Sequence[str], environment: dict[str, str], journal: Journal) -> None:
            self._command, self._environment, self._journal = list(command), environment, journal
            self._service = 0
            self._code: int | None = None
            stops = {signal.SIGTERM, signal.SIGINT, signal.SIGHUP}  # less those that nohup and shells switched off
            self._stops = {number for number in stops if signal.getsignal(number) != signal.SIG_IGN}
            signal.pthread_sigmask(signal.SIG_BLOCK, self._stops | {signal.SIGCHLD})
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # were it ignored, the codes would be lost
            if os.getpid() != 1 and sys.platform == "linux":
                ctypes.CDLL(None).prctl(_SUBREAPER, 1, 0, 0, 0)

        def start(self) -> None:
            """Start the service in a group of its own, or a terminal's Ctrl-C would reach it twice."""
            self._code = None
            nothing = [(os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0)]  # reading the terminal would stop it
            self._service = os.posix_spawnp(
                self._command[0], self._command, self._environment, file_actions=nothing, setpgroup=0, setsigmask=()
            )

        def ended(self) -> int | None:
            """Reap all that has ended; the service's code once it has."""
            with suppress(ChildProcessError):
                while info := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT):
                    code = info.si_status if info.si_code == os.CLD_EXITED else -info.si_status
                    if info.si_pid == self._service:
                        self._service, self._code = 0, code
                    elif started := _start_of_leader(info.si_pid):
                        self._journal.write(info.si_pid, started, code)
                    os.waitid(os.P_PID, info.si_pid, os.WEXITED | os.WNOHANG)
            return self._code

        def pause(self, seconds: float) -> int:
            """Wait for a signal; the number of one that asks to stop, else 0."""
            got = signal.sigtimedwait(self._stops | {signal.SIGCHLD}, seconds)
            return got.si_signo if got and got.si_signo in self._stops else 0

        def ask_to_end(self, asked: int) -> None:
            self._send(asked if asked == signal.SIGINT else signal.SIGTERM)

        def dump_stacks(self) -> None:
            """The service that attends prints them and lives on; another one ends by this."""
            self._send(signal.SIGUSR1)

        def kill(self) -> None:
            self._send(signal.SIGKILL)

        def _send(self, number: int) -> None:
            if self._service:  # not reaped, so the number is still its own
                os.kill(self._service, number)

    def _start_of_leader(pid: int) -> int:
        """When the zombie was started, in ticks since boot, if it led a session as programs do; else 0."""
        try:
            stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        except OSError:
            return 0
        fields = stat.rpartition(")")[2].split()
        return int(fields[19]) if int(fields[3]) == pid else 0


def _how(code: int) -> str:
    names = {-number.value: number.name for number in signal.Signals}
    return f"with code {code}" if code >= 0 else f"by {names.get(code, f'signal {-code}')}"


def say(text: str) -> None:
    """One line on standard error, as the log's lines are there. Never raises, never waits for a reader that hangs."""
    with suppress(OSError, ValueError):
        if os.environ.get("VANKA_LOG", "console" if os.isatty(2) else "json") == "json":
            now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
            text = json.dumps({"timestamp": now, "level": "warning", "logger": "guardian", "event": text})
        else:
            text = f"guardian: {text}"
        if sys.platform == "win32" or select.select((), (2,), (), 0.1)[1]:
            os.write(2, text.encode()[:4000] + b"\n")  # a pipe that can be written takes that much without blocking


def main(argv: Sequence[str] | None = None) -> int:
    """The command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="runtime.guardian", description="parent of the service", allow_abbrev=False)
    parser.add_argument("--home", type=Path, required=True, help="where the journal of exits is kept")
    parser.add_argument("--heartbeat", type=Path, dest="beats", help="the file that the service touches")
    for name, normal in (("heartbeat", 30.0), ("stop", 10.0), ("dump", 1.0), ("good", 60.0)):
        parser.add_argument(f"--{name}-limit", type=float, default=normal, metavar="S", dest=name)
    for name, normal in (("first", 0.1), ("longest", 30.0)):
        parser.add_argument(f"--{name}-pause", type=float, default=normal, metavar="S")
    parser.add_argument("command", nargs="+", help="the service, after --")
    given = parser.parse_args(argv)
    times = (given.heartbeat, given.stop, given.dump, given.first_pause, given.longest_pause, given.good)
    given.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    return Guardian(given.command, given.home, given.beats or given.home / "heartbeat", Limits(*times)).run()


if __name__ == "__main__":
    sys.exit(main())
