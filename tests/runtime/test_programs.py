"""Programs that outlive us: started, found again, ended with all that they started."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from runtime import procfs
from runtime.errors import CommandMissing, ShellError
from runtime.host import ProcessId, is_alive, process_id
from runtime.programs import Programs
from runtime.shell import Command
from tests.runtime.test_shell import eventually, is_gone

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="sessions and /proc are Linux's")


class Bench:
    """Programs in a directory of the test; all of them are ended after it."""

    def __init__(self, directory: Path) -> None:
        self.journal = directory / "exits.jsonl"
        self.output = directory / "output.log"
        self.programs = Programs(self.journal)
        self.started: list[ProcessId] = []

    def start(self, script: str, env: dict[str, str] | None = None) -> ProcessId:
        process = self.programs.spawn(Command((sys.executable, "-c", script), env=env), output=self.output)
        self.started.append(process)
        return process

    def printed(self, text: str) -> bool:
        return eventually(lambda: text in self.output.read_text())


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path)
    yield bench
    for process in bench.started:
        assert bench.programs.stop(process, grace=0)


def test_a_program_has_a_session_of_its_own_reads_nothing_and_appends_to_its_file(bench: Bench) -> None:
    bench.output.write_text("before\n")
    process = bench.start("import os, sys; print(os.getsid(0) == os.getpid(), repr(sys.stdin.read()))")
    assert bench.programs.wait_end(process, 20)
    assert bench.output.read_text() == "before\nTrue ''\n"


def test_a_program_sees_exactly_the_environment_that_was_given(bench: Bench) -> None:
    process = bench.start("import os; print(sorted(set(os.environ) - {'LC_CTYPE'}))", env={"ONE": "1"})
    assert bench.programs.wait_end(process, 20)
    assert bench.output.read_text() == "['ONE']\n"


def test_a_program_goes_before_the_service_when_memory_runs_out(bench: Bench) -> None:
    process = bench.start("import time; time.sleep(100)")
    assert Path(f"/proc/{process.pid}/oom_score_adj").read_text().strip() == "500"


def test_the_code_of_a_program_of_ours_is_known_after_its_end_only(bench: Bench) -> None:
    process = bench.start("import sys; sys.exit(7)")
    killed = bench.start("import os; os.kill(os.getpid(), 9)")
    runs = bench.start("import time; time.sleep(100)")
    assert bench.programs.wait_end(process, 20)
    assert bench.programs.wait_end(killed, 20)
    assert not bench.programs.wait_end(runs, 0)
    codes = [bench.programs.exit_code(one) for one in (process, killed, runs)]
    assert codes == [7, -9, None]


def test_a_program_that_cannot_be_started_is_told_at_once(bench: Bench, tmp_path: Path) -> None:
    with pytest.raises(CommandMissing, match="no-such-program"):
        bench.programs.spawn(Command(("no-such-program",)), output=bench.output)
    text = tmp_path / "text"
    text.write_text("not a program")
    with pytest.raises(ShellError, match="cannot be started"):
        bench.programs.spawn(Command((str(text),)), output=bench.output)


def test_stop_asks_first(bench: Bench) -> None:
    process = bench.start(
        "import signal, sys, time\n"
        "signal.signal(signal.SIGTERM, lambda *_: (print('ended well', flush=True), sys.exit(5)))\n"
        "print('ready', flush=True); time.sleep(100)"
    )
    assert bench.printed("ready")
    assert bench.programs.stop(process)
    assert bench.printed("ended well")
    assert bench.programs.exit_code(process) == 5


def test_stop_kills_what_does_not_listen(bench: Bench) -> None:
    process = bench.start(
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready', flush=True)\n"
        "time.sleep(100)"
    )
    assert bench.printed("ready")
    assert bench.programs.stop(process, grace=0.2)
    assert bench.programs.exit_code(process) == -9


def test_stop_ends_a_program_that_is_halted(bench: Bench) -> None:
    process = bench.start("import os; os.kill(os.getpid(), 19)")
    assert eventually(lambda: (stat := procfs.read(process.pid)) is not None and stat.state == "T")
    assert bench.programs.stop(process)
    assert bench.programs.exit_code(process) == -15


@pytest.mark.parametrize(
    "how", ["", "process_group=0", "start_new_session=True"], ids=["same group", "own group", "own session"]
)
def test_stop_leaves_nothing_of_what_the_program_started(bench: Bench, how: str) -> None:
    process = bench.start(
        "import subprocess, sys, time\n"
        "deaf = 'import signal as s, time; s.signal(15, s.SIG_IGN); print(\"deaf\", flush=True); time.sleep(100)'\n"
        f"child = subprocess.Popen([sys.executable, '-c', deaf], {how})\n"
        "print(f'<{child.pid}>', flush=True); time.sleep(100)"
    )
    assert bench.printed("deaf")
    assert bench.printed(">")
    child = int(bench.output.read_text().split("<")[1].split(">")[0])
    assert bench.programs.stop(process, grace=0.3)
    assert is_gone(child)


def test_stop_finds_what_is_left_of_a_program_that_has_ended(bench: Bench) -> None:
    process = bench.start('import subprocess; print(f\'<{subprocess.Popen(["sleep", "100"]).pid}>\', flush=True)')
    assert bench.programs.wait_end(process, 20)
    assert bench.programs.exit_code(process) == 0
    left = int(bench.output.read_text().split("<")[1].split(">")[0])
    assert not is_gone(left)
    assert bench.programs.stop(process)
    assert is_gone(left)


def test_stop_ends_several_and_one_that_leads_no_session_with_what_it_started(bench: Bench) -> None:
    deaf = [
        bench.start(
            "import signal, time; signal.signal(15, signal.SIG_IGN); print('deaf', flush=True); time.sleep(100)"
        )
        for _ in range(2)
    ]
    leader = bench.start(
        "import os, subprocess, time\n"
        "if os.fork() == 0:\n"
        "    left = subprocess.Popen(['sleep', '100'])\n"
        "    print(f'<{os.getpid()} {left.pid}>', flush=True); time.sleep(100)\n"
    )
    assert bench.printed(">")
    assert bench.programs.wait_end(leader, 20)
    assert eventually(lambda: bench.output.read_text().count("deaf") == 2)
    left, child = (int(word) for word in bench.output.read_text().split("<")[1].split(">")[0].split())
    member = process_id(left)
    assert member is not None
    assert bench.programs.stop(*deaf, member, grace=0.2)
    assert [bench.programs.exit_code(process) for process in deaf] == [-9, -9]
    assert is_gone(left)
    assert is_gone(child)


def test_stop_of_what_has_ended_long_ago_is_done_at_once(bench: Bench) -> None:
    process = bench.start("")
    assert bench.programs.wait_end(process, 20)
    assert bench.programs.stop(process)


def test_stop_never_touches_another_program_of_the_same_number(bench: Bench) -> None:
    process = bench.start("import time; time.sleep(100)")
    earlier = ProcessId(process.pid, process.started - 1, process.boot)
    other_boot = ProcessId(process.pid, process.started, "another boot")
    assert bench.programs.stop(earlier, grace=0)
    assert bench.programs.stop(other_boot, grace=0)
    assert is_alive(process)


def test_an_adopted_program_is_stopped_as_well(bench: Bench) -> None:
    process = bench.start("import time; print('ready', flush=True); time.sleep(100)")
    assert bench.printed("ready")
    assert Programs(bench.journal).stop(process)
    assert not is_alive(process)


def test_the_code_of_an_adopted_program_comes_from_the_journal(bench: Bench) -> None:
    ended = ProcessId(4_000_000, 77, "boot")
    bench.journal.write_text(json.dumps({"pid": 4_000_000, "started": 77, "code": -11, "at": 1.5, "boot": "boot"}))
    assert bench.programs.exit_code(ended) == -11
    assert bench.programs.exit_code(ProcessId(4_000_000, 78, "boot")) is None


def test_an_ended_program_is_not_left_a_zombie(bench: Bench) -> None:
    process = bench.start("")
    assert bench.programs.wait_end(process, 20)
    assert procfs.read(process.pid) is None


def test_no_descriptor_is_left_by_a_program(bench: Bench) -> None:
    bench.start("")
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(5):
        process = bench.start("import time; time.sleep(100)")
        assert bench.programs.stop(process)
    assert len(os.listdir("/proc/self/fd")) == before


def test_starting_and_stopping_leaves_the_caller_quickly(bench: Bench) -> None:
    began = time.monotonic()
    process = bench.start("import time; time.sleep(100)")
    assert process_id(process.pid) == process
    assert bench.programs.stop(process)
    assert time.monotonic() - began < 10
