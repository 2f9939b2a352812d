"""Door to subprocess: Command in, Outcome out.

Programs that outlive us are started by `runtime.programs`, through this door.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, BinaryIO

from runtime import procfs
from runtime.capture import Capture, Clean, OnLine
from runtime.command import Cancel, Command, Outcome, clean_env
from runtime.errors import CommandMissing, ShellError
from runtime.pump import Pump, pump

__all__ = [
    "BUILD_OOM_SCORE",
    "PROGRAM_OOM_SCORE",
    "Cancel",
    "Child",
    "Command",
    "Outcome",
    "ask_group",
    "clean_env",
    "kill_group",
    "launch",
    "prefer_for_oom",
    "run",
    "signal_group",
]

BUILD_OOM_SCORE = 800  # goes first when memory runs out
PROGRAM_OOM_SCORE = 500  # goes before the service, after the builds

_GRACE_S = 3.0  # between the request to end and the kill
_DRAIN_S = 0.3  # how long a pipe that somebody still holds is listened to after the command's end
_KILL_S = 5.0  # a killed process that takes longer hangs in the kernel: nobody can end it
_NEW_GROUP = 0x00000200  # CREATE_NEW_PROCESS_GROUP of Windows
_NO_WINDOW = 0x08000000  # CREATE_NO_WINDOW


class Child(subprocess.Popen[bytes]):
    """A child of ours, leader of its own session and group. It may outlive the object, so that does not complain."""

    def __del__(self) -> None:
        """Nothing: the reaper is `runtime.programs`, or the guardian after us."""


def run(
    command: Command,
    *,
    cancel: Cancel | None = None,
    sink: BinaryIO | Path | None = None,
    on_line: OnLine | None = None,
    clean: Clean | None = None,
) -> Outcome:
    """Run to the end, to the limit or to the order to stop; a non-zero code is an outcome, not an error.

    Blocks (a job's thread). Both streams come in order. At the limit or order the whole group is asked to end, and
    killed 3 s later; what is left of the group after a normal end is killed too, so nothing outlives this call but a
    process that made a session of its own. `sink` gets all output (a path is appended to), `on_line` each line (its
    first 8 KB), both through `clean`. Raises CommandMissing, or ShellError when it cannot be started.
    """
    began = time.monotonic()
    if cancel is not None and cancel.is_set():
        return Outcome(command.argv, None, b"", timed_out=False, cancelled=True, seconds=0.0)
    with Capture(sink=sink, on_line=on_line, clean=clean) as capture, _stdin(command.stdin) as stdin:
        reading, writing = os.pipe()
        try:
            child = launch(command, stdin=stdin, output=writing)
        except BaseException:
            os.close(reading)
            raise
        finally:
            os.close(writing)
        moving = pump(child.pid, reading, capture.feed, lambda: child.poll() is not None)
        try:
            timed_out, cancelled = _see_through(child, moving, began + command.timeout, cancel)
        finally:
            kill_group(child.pid)
            with suppress(subprocess.TimeoutExpired):  # it hangs in the kernel; its code stays unknown
                child.wait(_KILL_S)
            moving.close()
        capture.end()
        seconds = time.monotonic() - began
        return Outcome(command.argv, child.returncode, capture.output(), timed_out, cancelled, seconds)


def _see_through(child: Child, moving: Pump, until: float, cancel: Cancel | None) -> tuple[bool, bool]:
    """Wait and, where it must be, end the child; (timed out, cancelled). The dead child is not reaped yet."""
    timed_out = cancelled = False
    if not moving.until_end(until, cancel):
        cancelled = cancel is not None and cancel.is_set()
        timed_out = not cancelled
        ask_group(child.pid)
        if not moving.until_end(time.monotonic() + _GRACE_S):
            kill_group(child.pid)
            moving.until_end(time.monotonic() + _KILL_S)
    if not moving.drain(time.monotonic() + _DRAIN_S):
        kill_group(child.pid)
        _kill_session(child.pid)
        moving.drain(time.monotonic())
    return timed_out, cancelled


def launch(command: Command, *, stdin: int | IO[bytes] = subprocess.DEVNULL, output: int) -> Child:
    """Start a child in its own session with both streams into `output`. Raises CommandMissing or ShellError."""
    environment = clean_env() if command.env is None else dict(command.env)
    flags = _NEW_GROUP | _NO_WINDOW if sys.platform == "win32" else 0
    try:
        child = Child(
            command.argv,
            cwd=command.cwd,
            env=environment,
            stdin=stdin,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            creationflags=flags,
        )
    except (OSError, ValueError, IndexError) as error:
        raise _start_error(command, environment, error) from error
    if command.oom_score_adj is not None:
        prefer_for_oom(child.pid, command.oom_score_adj)
    return child


def _start_error(command: Command, environment: dict[str, str], error: Exception) -> ShellError:
    name = command.argv[0] if command.argv else "nothing"
    if command.cwd is not None and not command.cwd.is_dir():
        return ShellError(f"{name} cannot be started: the directory {command.cwd} is not there")
    if isinstance(error, FileNotFoundError):
        where = os.path.join(command.cwd or "", name) if os.path.dirname(name) else name
        if shutil.which(where, path=environment.get("PATH")) is None:
            return CommandMissing(f"{name} is not on this machine", f"Install {os.path.basename(name)}.")
        return ShellError(f"{name} cannot be started: the interpreter that its first line names is missing")
    return ShellError(f"{name} cannot be started: {error}")


def prefer_for_oom(pid: int, score: int) -> None:
    """Let the kernel take this process before us when memory runs out. Linux; it is a favour, not a promise."""
    with suppress(OSError):
        Path(f"/proc/{pid}/oom_score_adj").write_text(str(score), encoding="ascii")


@contextmanager
def _stdin(data: bytes | None) -> Iterator[int | IO[bytes]]:
    """A file rather than a pipe: nobody must write while another reads. In memory where the system has that."""
    if data is None:
        yield subprocess.DEVNULL
        return
    with _nameless_file() as file:
        file.write(data)
        file.seek(0)
        yield file


def _nameless_file() -> IO[bytes]:
    if sys.platform == "linux":
        return os.fdopen(os.memfd_create("stdin"), "w+b", buffering=0)
    else:  # noqa: RET505 - the type checker knows a platform's branch only as an else
        return tempfile.TemporaryFile(buffering=0)


if sys.platform == "win32":

    def ask_group(leader: int) -> None:
        """Ask the group of that leader to end. One that shares no console with us cannot be asked."""
        with suppress(OSError):
            os.kill(leader, signal.CTRL_BREAK_EVENT)

    def kill_group(leader: int) -> None:
        """End the leader and all that descends from it, at once; what outlived the leader is not found here."""
        taskkill = os.path.join(os.environ.get("SYSTEMROOT", r"C:\Windows"), "System32", "taskkill.exe")
        with suppress(OSError, subprocess.TimeoutExpired):
            argv = (taskkill, "/PID", str(leader), "/T", "/F")
            subprocess.run(argv, capture_output=True, stdin=subprocess.DEVNULL, timeout=_KILL_S, check=False)

    def signal_group(leader: int, what: signal.Signals) -> None:  # noqa: ARG001 - one signature everywhere
        """There is only one thing that can be said to a group."""
        ask_group(leader)

    def _kill_session(leader: int) -> None:
        """Sessions are another thing there; the tree was ended as a whole."""

else:

    def ask_group(leader: int) -> None:
        """Ask the group of that leader to end; one that is stopped is woken to hear it."""
        signal_group(leader, signal.SIGTERM)
        signal_group(leader, signal.SIGCONT)

    def kill_group(leader: int) -> None:
        """End the group at once. Call it before the leader is reaped: until then nobody else can have its number."""
        signal_group(leader, signal.SIGKILL)

    def signal_group(leader: int, what: signal.Signals) -> None:
        """To all of the group; a group that is gone is fine."""
        with suppress(ProcessLookupError, PermissionError):  # gone; or, on some systems, only zombies are left
            os.killpg(leader, what)

    def _kill_session(leader: int) -> None:
        """What made a group of its own but stayed in the session, as interactive shells do with their jobs."""
        for stat in procfs.scan().values():
            if stat.session == leader and stat.pid != leader:
                with suppress(ProcessLookupError, PermissionError):
                    os.kill(stat.pid, signal.SIGKILL)
