"""Processes are never mixed up with others, their end is noticed, and their whole family is measured."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace

import pytest

from runtime import host, identity, procfs
from runtime.errors import HostError

LINUX_ONLY = pytest.mark.skipif(sys.platform != "linux", reason="reads Linux's /proc")
Program = Callable[[str], "subprocess.Popen[bytes]"]


@pytest.fixture
def program() -> Iterator[Program]:
    """Starts Python programs in a session of their own; each says "ready" first. All are gone after the test."""
    started: list[subprocess.Popen[bytes]] = []

    def start(code: str) -> subprocess.Popen[bytes]:
        child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, start_new_session=True)
        started.append(child)
        assert child.stdout is not None
        assert child.stdout.readline().strip() == b"ready"
        return child

    yield start
    for child in started:
        if sys.platform == "win32":
            child.kill()
        else:
            with suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
        child.wait(20)
        assert child.stdout is not None
        child.stdout.close()


WAITING = "import time; print('ready', flush=True); time.sleep(60)"
BUSY = "print('ready', flush=True)\nwhile True: pass"


def eventually(true: Callable[[], bool], seconds: float = 20) -> bool:
    until = time.monotonic() + seconds
    pause = threading.Event()
    while time.monotonic() < until:
        if true():
            return True
        pause.wait(0.02)
    return true()


def known(pid: int) -> host.ProcessId:
    found = host.process_id(pid)
    assert found is not None
    return found


def test_we_are_alive_ourselves() -> None:
    me = known(os.getpid())
    assert me == known(os.getpid())
    assert host.is_alive(me)


def test_an_ended_process_is_dead_also_while_nobody_reaps_it(program: Program) -> None:
    child = program(WAITING)
    process = known(child.pid)
    assert host.is_alive(process)
    child.kill()
    assert host.wait_end(process, 20)
    assert not host.is_alive(process)
    assert host.process_id(child.pid) is None  # a zombie now: not waited for yet
    child.wait(20)
    assert not host.is_alive(process)
    assert host.wait_end(process, 0)


def test_another_process_with_the_same_pid_is_not_it(program: Program) -> None:
    process = known(program(WAITING).pid)
    assert not host.is_alive(replace(process, started=process.started - 1))


@LINUX_ONLY
def test_a_process_from_before_a_reboot_is_not_it(program: Program) -> None:
    process = known(program(WAITING).pid)
    assert process.boot
    assert not host.is_alive(replace(process, boot="another"))
    assert host.is_alive(replace(process, boot=""))


@pytest.mark.parametrize("pid", [-1, 0, 2**22 + 1, 2**40])
def test_a_pid_that_cannot_be_is_nobody(pid: int) -> None:
    assert host.process_id(pid) is None
    assert not host.is_alive(host.ProcessId(pid, 1))
    assert host.wait_end(host.ProcessId(pid, 1), 0.1)


def test_waiting_ends_with_its_limit_while_the_process_runs(program: Program) -> None:
    assert not host.wait_end(known(program(WAITING).pid), 0.05)


@pytest.mark.parametrize("how", ["told at once", "by looking again and again"])
def test_the_end_of_a_process_is_noticed(how: str, program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    if how != "told at once":
        monkeypatch.setattr(identity, "_handle", lambda pid: None, raising=False)
    child = program(WAITING)
    process = known(child.pid)
    ended: list[bool] = []
    waiting = threading.Thread(target=lambda: ended.append(host.wait_end(process, 30)))
    waiting.start()
    child.kill()
    waiting.join(30)
    assert ended == [True]


def test_an_identity_survives_the_store() -> None:
    me = known(os.getpid())
    assert host.ProcessId.from_record(me.to_record()) == me
    for broken in ({}, {"pid": "1", "started": 2}, {"pid": 1, "started": None}, {"pid": 1, "started": 2, "boot": 3}):
        with pytest.raises(HostError):
            host.ProcessId.from_record(broken)


def test_a_process_with_a_wicked_name_is_read_right() -> None:
    line = "42 (a) b) R 1 42 42 0 -1 4194560 1 2 3 4 10 20 30 40 20 0 3 0 12345 1000 77 18446744073709551615\n"
    stat = procfs.parse(line)
    assert (stat.pid, stat.state, stat.parent, stat.session) == (42, "R", 1, 42)
    assert (stat.own_ticks, stat.reaped_ticks, stat.threads, stat.started, stat.resident_pages) == (
        30,
        70,
        3,
        12345,
        77,
    )


def test_a_zombie_is_dead_unless_other_threads_of_it_still_run() -> None:
    line = "42 (x) Z 1 42 42 0 -1 0 0 0 0 0 0 0 0 0 20 0 {threads} 0 5 0 0 0\n"
    assert procfs.parse(line.format(threads=1)).dead
    assert not procfs.parse(line.format(threads=3)).dead


def test_the_load_of_a_program_counts_its_children(program: Program) -> None:
    code = (
        "import subprocess, sys\n"
        f"child = subprocess.Popen([sys.executable, '-c', {BUSY!r}], stdout=subprocess.PIPE)\n"
        "child.stdout.readline(); print('ready', flush=True); child.wait()"
    )
    process = known(program(code).pid)
    quiet = known(program(WAITING).pid)
    sampler = host.ProcessSampler()
    first = sampler.sample([process, quiet])
    assert first[process].processes == 2
    assert first[process].cpu_percent == 0
    assert first[process].memory_bytes > first[quiet].memory_bytes > 1_000_000
    assert eventually(lambda: sampler.sample([process, quiet])[process].cpu_percent > 5)


def test_an_ended_program_has_no_load(program: Program) -> None:
    child = program(WAITING)
    process = known(child.pid)
    sampler = host.ProcessSampler()
    assert sampler.one(process) is not None
    child.kill()
    assert host.wait_end(process, 20)
    assert sampler.one(process) is None
    assert sampler.one(replace(known(os.getpid()), started=1)) is None


@LINUX_ONLY
def test_a_child_that_left_its_parent_still_counts_through_the_session(program: Program) -> None:
    code = (
        "import os, time\n"
        "if os.fork() == 0:\n"
        "    if os.fork() == 0: time.sleep(60)\n"
        "    os._exit(0)\n"
        "os.wait(); print('ready', flush=True); time.sleep(60)"
    )
    load = host.ProcessSampler().one(known(program(code).pid))
    assert load is not None
    assert load.processes == 2
