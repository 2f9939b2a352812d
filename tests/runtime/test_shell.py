"""Commands: their output, their limits, and that nothing of them is left."""

from __future__ import annotations

import io
import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from runtime import procfs, shell
from runtime.capture import LINE_BYTES
from runtime.errors import CommandMissing, ShellError
from runtime.pump import ThreadPump
from runtime.shell import Cancel, Command, run

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the commands of these tests are POSIX ones")


def sh(script: str, timeout: float = 20.0) -> Command:
    return Command(("sh", "-c", script), timeout=timeout)


def eventually(condition: Callable[[], bool], limit: float = 20.0) -> bool:
    until = time.monotonic() + limit
    while not condition():
        if time.monotonic() > until:
            return False
        time.sleep(0.005)
    return True


def is_gone(pid: int) -> bool:
    stat = procfs.read(pid)
    return stat is None or stat.dead


def zombies() -> set[int]:
    """Our children that wait to be reaped; other tests may have left some."""
    return {stat.pid for stat in procfs.scan().values() if stat.parent == os.getpid() and stat.dead}


@pytest.fixture(params=["polling", "threads"])
def _pump(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "threads":
        monkeypatch.setattr(shell, "pump", lambda _pid, pipe, feed, ended: ThreadPump(pipe, feed, ended))


@pytest.mark.usefixtures("_pump")
class TestBothPumps:
    def test_both_streams_come_in_the_order_in_which_they_were_written(self) -> None:
        outcome = run(sh("echo one; echo two >&2; echo three; exit 3"))
        assert (outcome.output, outcome.code, outcome.ok) == (b"one\ntwo\nthree\n", 3, False)

    def test_what_is_given_as_standard_input_is_read(self) -> None:
        data = b"x" * 300_000
        assert run(Command(("wc", "-c"), stdin=data)).text.strip() == "300000"

    def test_without_input_the_command_reads_nothing(self) -> None:
        assert run(Command(("cat",))).output == b""

    def test_only_the_end_of_much_output_is_kept(self) -> None:
        outcome = run(sh("head -c 3000000 /dev/zero; echo end"))
        assert len(outcome.output) == 256 * 1024
        assert outcome.output.endswith(b"\0end\n")

    def test_a_command_that_takes_too_long_is_ended_with_its_children(self) -> None:
        outcome = run(sh("sleep 100 & echo $!; wait", timeout=0.3))
        assert outcome.timed_out
        assert not outcome.cancelled
        assert outcome.code == -15
        assert eventually(lambda: is_gone(int(outcome.text)))

    def test_a_command_that_does_not_listen_is_killed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(shell, "_GRACE_S", 0.2)
        assert run(sh("trap '' TERM; while :; do sleep 0.05; done", timeout=0.3)).code == -9

    def test_a_cancelled_command_is_ended_at_once(self, tmp_path: Path) -> None:
        cancel, begun = Cancel(), tmp_path / "begun"

        def cancel_when_it_runs() -> None:
            eventually(begun.exists)
            cancel.set()

        thread = threading.Thread(target=cancel_when_it_runs)
        thread.start()
        outcome = run(sh(f"touch {begun}; sleep 100", timeout=60), cancel=cancel)
        thread.join()
        assert (outcome.cancelled, outcome.timed_out, outcome.code) == (True, False, -15)
        assert outcome.seconds < 30

    def test_a_grandchild_that_holds_the_pipe_hangs_nobody_and_is_ended(self) -> None:
        outcome = run(sh("sleep 100 & echo $!", timeout=60))
        assert outcome.ok
        assert outcome.seconds < 30
        assert eventually(lambda: is_gone(int(outcome.text)))

    def test_a_child_in_a_session_of_its_own_hangs_nobody_either(self) -> None:
        outcome = run(sh("setsid sleep 100 & echo $!", timeout=60))
        try:
            assert outcome.ok
            assert outcome.seconds < 30
        finally:
            os.kill(int(outcome.text), 9)

    def test_what_is_left_without_the_pipe_is_ended_too(self) -> None:
        outcome = run(sh("sleep 100 >/dev/null 2>&1 & echo $!"))
        assert eventually(lambda: is_gone(int(outcome.text)))

    def test_no_descriptor_and_no_zombie_is_left(self) -> None:
        run(sh("true"))
        before, dead_before = set(os.listdir("/proc/self/fd")), zombies()
        for _ in range(20):
            run(sh("echo x; sleep 0.001"), cancel=Cancel())
        assert eventually(lambda: set(os.listdir("/proc/self/fd")) <= before)
        assert zombies() <= dead_before

    def test_an_error_of_the_listener_ends_the_command_and_is_raised(self) -> None:
        def fail(line: str) -> None:
            raise ZeroDivisionError(line)

        with pytest.raises(ZeroDivisionError, match="hello"):
            run(sh("echo hello; sleep 100", timeout=60), on_line=fail)


def test_a_command_that_is_cancelled_before_the_start_never_runs(tmp_path: Path) -> None:
    cancel = Cancel()
    cancel.set()
    outcome = run(sh(f"touch {tmp_path}/made"), cancel=cancel)
    assert outcome.cancelled
    assert outcome.code is None
    assert not (tmp_path / "made").exists()


def test_a_sink_gets_all_output_cleaned(tmp_path: Path) -> None:
    file, memory = tmp_path / "build.log", io.BytesIO()
    file.write_bytes(b"before\n")
    for sink in (file, memory):
        run(
            sh("printf 'token '; sleep 0.02; echo sec; echo 'sec ret'; printf secret"),
            sink=sink,
            clean=lambda data: data.replace(b"secret", b"***"),
        )
    assert memory.getvalue() == b"token sec\nsec ret\n***"
    assert file.read_bytes() == b"before\n" + memory.getvalue()


def test_a_secret_that_comes_in_two_writes_is_cleaned_when_it_stands_in_one_line() -> None:
    sink = io.BytesIO()
    run(sh("printf sec; sleep 0.05; echo ret"), sink=sink, clean=lambda data: data.replace(b"secret", b"***"))
    assert sink.getvalue() == b"***\n"


def test_a_full_disk_does_not_end_the_command() -> None:
    if not os.path.exists("/dev/full"):
        pytest.skip("this system has no /dev/full")
    assert run(sh("echo hello"), sink=Path("/dev/full")).output == b"hello\n"


def test_lines_are_told_one_by_one_and_long_ones_are_cut() -> None:
    lines: list[str] = []
    run(sh("echo one; head -c 5000000 /dev/zero | tr '\\0' x; echo; printf last"), on_line=lines.append)
    assert lines == ["one", "x" * LINE_BYTES, "last"]


def test_nothing_of_our_settings_is_in_a_clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VANKA_TELEGRAM_TOKEN", "1:secret")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("PIP_INDEX_URL", "https://index.example/simple")
    monkeypatch.setenv("https_proxy", "http://proxy.example:3128")
    text = run(Command(("env",))).text
    assert "secret" not in text
    assert "PIP_INDEX_URL=https://index.example/simple\n" in text
    assert "https_proxy=http://proxy.example:3128\n" in text
    assert shell.clean_env({"VANKA_PROJECT": "shop"})["VANKA_PROJECT"] == "shop"


def test_a_given_environment_is_all_that_the_command_sees() -> None:
    assert run(Command(("/usr/bin/env",), env={"ONE": "1"})).text == "ONE=1\n"


def test_an_absent_program_is_told_by_its_name() -> None:
    with pytest.raises(CommandMissing, match="no-such-program is not on this machine"):
        run(Command(("no-such-program", "--version")))


def test_an_absent_directory_and_an_absent_interpreter_are_told_apart_from_an_absent_program(tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.write_text("#!/no/such/interpreter\n")
    script.chmod(0o700)
    with pytest.raises(ShellError, match="interpreter"):
        run(Command((str(script),)))
    with pytest.raises(ShellError, match="directory"):
        run(Command(("true",), cwd=tmp_path / "missing"))


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux can be asked for it")
def test_a_build_goes_first_when_memory_runs_out() -> None:
    command = Command(("sh", "-c", "sleep 0.2; cat /proc/self/oom_score_adj"), oom_score_adj=shell.BUILD_OOM_SCORE)
    assert run(command).text.strip() == "800"


def test_neither_input_nor_environment_is_shown_when_a_command_is_printed() -> None:
    assert "secret" not in repr(Command(("git",), env={"TOKEN": "secret"}, stdin=b"secret"))
