"""The guardian: the service gets back up after any death, the programs live on and their ends are written down."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from runtime import procfs
from runtime.exits import Exits
from runtime.guardian import Journal, Limits, Pauses
from runtime.host import is_alive
from tests.runtime.guarded_house import ROOT, House, house
from tests.runtime.test_shell import eventually, is_gone

__all__ = ["house"]

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="signals and subreapers are Linux's")


def test_a_killed_service_is_started_again(house: House) -> None:
    house.start()
    os.kill(house.life(1), signal.SIGKILL)
    assert house.life(2) != house.life(1)
    assert "SIGKILL" in house.said()


def test_a_crashed_service_shows_its_stack_and_is_started_again(house: House) -> None:
    house.start()
    os.kill(house.life(1), signal.SIGSEGV)
    house.life(2)
    assert "Segmentation fault" in house.said()
    assert "guarded_service.py" in house.said()


def test_a_service_that_ends_by_itself_is_started_again(house: House) -> None:
    house.start()
    house.life(1)
    house.tell("exit", "0")
    house.life(3)


@pytest.mark.parametrize("code", [2, 3])
def test_a_code_that_says_that_a_restart_is_no_use_ends_the_guardian(house: House, code: int) -> None:
    house.start()
    house.life(1)
    house.tell("exit", str(code))
    assert house.process.wait(20) == code
    assert len(house.lives()) == 1


def test_a_hung_service_shows_its_stack_and_is_killed(house: House) -> None:
    house.start("--heartbeat-limit", "0.5", "--dump-limit", "0.3")
    first = house.life(1)
    house.tell("hang")
    assert eventually(lambda: is_gone(first))
    (house.directory / "hang").unlink()
    house.life(2)
    assert "silent" in house.said()
    assert "guarded_service.py" in house.said()


def test_a_service_that_is_halted_counts_as_hung(house: House) -> None:
    house.start("--heartbeat-limit", "0.5", "--dump-limit", "0.1")
    os.kill(house.life(1), signal.SIGSTOP)
    house.life(2)


def test_a_service_that_never_wrote_its_heartbeat_is_not_watched(house: House) -> None:
    house.tell("mute")
    house.start("--heartbeat-limit", "0.1", "--dump-limit", "0.1")
    house.life(1)
    assert not (house.home / "heartbeat").exists()
    house.leave_program("import time; time.sleep(100)")  # it goes on working meanwhile
    assert house.process.poll() is None
    assert house.lives() == [house.life(1)]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_stop_signal_is_passed_on_and_the_code_handed_back(house: House, number: int) -> None:
    house.tell("code", "7")
    house.start()
    house.life(1)
    house.process.send_signal(number)
    assert house.process.wait(20) == 7
    assert len(house.lives()) == 1


def test_a_second_stop_signal_kills(house: House) -> None:
    house.tell("deaf")
    house.start()
    first = house.life(1)
    house.process.send_signal(signal.SIGTERM)
    assert eventually(lambda: not _pending(house.process.pid, signal.SIGTERM))
    house.process.send_signal(signal.SIGTERM)
    assert house.process.wait(20) == 128 + 9
    assert is_gone(first)


def test_a_service_that_does_not_stop_in_time_is_killed(house: House) -> None:
    house.tell("deaf")
    house.start("--stop-limit", "0.3")
    house.life(1)
    house.process.send_signal(signal.SIGTERM)
    assert house.process.wait(20) == 128 + 9


def test_a_stop_signal_during_the_pause_ends_the_guardian(house: House) -> None:
    house.start("--first-pause", "30")
    os.kill(house.life(1), signal.SIGKILL)
    assert eventually(lambda: "started again" in house.said())
    house.process.send_signal(signal.SIGTERM)
    assert house.process.wait(20) == 0


def test_a_program_outlives_the_service_and_its_end_is_written_down(house: House) -> None:
    house.start()
    service = house.life(1)
    program = house.leave_program("import time; time.sleep(100)")
    os.kill(service, signal.SIGKILL)
    house.life(2)
    assert is_alive(program)
    os.kill(program.pid, signal.SIGTERM)
    assert eventually(lambda: house.exits.find(program) is not None)
    found = house.exits.find(program)
    assert found is not None
    assert (found.process, found.code) == (program, -15)
    assert eventually(lambda: procfs.read(program.pid) is None)  # reaped


def test_the_exit_code_of_a_program_is_written_down_as_it_is(house: House) -> None:
    house.start()
    service = house.life(1)
    go = house.directory / "go"
    program = house.leave_program(
        f"import pathlib, sys, time\nwhile not pathlib.Path({str(go)!r}).exists(): time.sleep(0.01)\nsys.exit(41)"
    )
    os.kill(service, signal.SIGKILL)
    house.life(2)
    go.touch()
    assert eventually(lambda: (found := house.exits.find(program)) is not None and found.code == 41)


def test_a_program_outlives_the_guardian_that_stops(house: House) -> None:
    house.start()
    house.life(1)
    program = house.leave_program("import time; time.sleep(100)")
    house.process.send_signal(signal.SIGTERM)
    assert house.process.wait(20) == 0
    assert is_alive(program)


def test_a_killed_guardian_takes_the_service_with_it_but_no_program(house: House) -> None:
    house.start()
    service = house.life(1)
    program = house.leave_program("import time; time.sleep(100)")
    house.process.kill()
    assert eventually(lambda: is_gone(service))
    assert is_alive(program)


@pytest.mark.skipif(sys.platform != "linux", reason="asks the kernel to be told of its parent's end")
def test_a_service_whose_guardian_was_killed_before_it_could_ask_to_be_told_ends_too() -> None:
    code = "from runtime.heartbeat import attend; attend(); print('lives on')"
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "VANKA_GUARDIAN": "1"}
    ended = subprocess.run([sys.executable, "-c", code], env=environ, capture_output=True, text=True, timeout=30)
    assert (ended.returncode, ended.stdout) == (-signal.SIGTERM, "")


def test_a_service_that_wants_to_outlives_a_killed_guardian(house: House) -> None:
    house.tell("alone")
    house.start()
    service = house.life(1)
    house.process.kill()
    house.process.wait(20)
    house.leave_program("import time; time.sleep(100)")
    assert not is_gone(service)


def test_it_works_as_the_first_process_of_a_container(house: House) -> None:
    unshare = shutil.which("unshare")
    if unshare is None or subprocess.run((unshare, "--pid", "--fork", "true"), capture_output=True).returncode:
        pytest.skip("this user may not make a PID namespace")
    house.contained = True
    house.start(before=(unshare, "--pid", "--fork", "--kill-child", "--mount-proc"))
    house.life(1)
    children = {stat.parent: stat.pid for stat in procfs.scan().values()}
    guardian = children[house.process.pid]
    go = house.directory / "go"
    house.tell(
        "spawn",
        f"import pathlib, sys, time\nwhile not pathlib.Path({str(go)!r}).exists(): time.sleep(0.01)\nsys.exit(9)",
    )
    assert eventually((house.directory / "spawned").exists)
    os.kill(children[guardian], signal.SIGKILL)
    house.life(2)
    go.touch()
    inside = int((house.directory / "spawned").read_text())
    assert eventually(lambda: [(one.process.pid, one.code) for one in house.exits.all()] == [(inside, 9)])
    os.kill(guardian, signal.SIGTERM)
    assert house.process.wait(20) == 0


def test_a_command_that_is_not_there_is_said(tmp_path: Path) -> None:
    argv = (sys.executable, "-m", "runtime.guardian", "--home", str(tmp_path), "--", "no-such-program")
    ended = subprocess.run(argv, cwd=ROOT, capture_output=True, timeout=60)
    assert ended.returncode == 127
    assert b"no-such-program" in ended.stderr


def test_a_command_that_is_gone_for_a_while_is_tried_again(house: House) -> None:
    """As during an upgrade of what it runs."""
    link, away = house.directory / "python", house.directory / "away"
    link.symlink_to(sys.executable)
    house.start(python=str(link))
    first = house.life(1)
    link.rename(away)
    os.kill(first, signal.SIGKILL)
    assert eventually(lambda: "cannot be started" in house.said())
    away.rename(link)
    house.life(2)


def test_it_stands_on_the_standard_library_alone(tmp_path: Path) -> None:
    shutil.copy(ROOT / "runtime" / "guardian.py", tmp_path)
    argv = (sys.executable, "-I", "-S", str(tmp_path / "guardian.py"), "--home", str(tmp_path), "--", "false")
    ended = subprocess.run((*argv[:-1], "sh", "-c", "exit 3"), cwd=tmp_path, capture_output=True, timeout=60)
    assert ended.returncode == 3, ended.stderr


def test_the_pause_doubles_to_its_limit_and_begins_anew_after_a_good_period() -> None:
    pauses = Pauses(Limits(heartbeat=30, stop=10, dump=1, first_pause=0.1, longest_pause=1.0, good=60))
    assert [pauses.after(0.5) for _ in range(6)] == [0.1, 0.2, 0.4, 0.8, 1.0, 1.0]
    assert pauses.after(60) == 0.1
    assert pauses.after(0.5) == 0.2


def test_the_journal_is_bounded_and_keeps_the_newest(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "exits.jsonl")
    for number in range(1, 6001):
        journal.write(number, number * 10, -9)
    assert (tmp_path / "exits.jsonl").stat().st_size < 300 * 1024
    last = Exits(tmp_path / "exits.jsonl").all()[-1]
    assert (last.process.pid, last.process.started, last.code) == (6000, 60000, -9)


def test_what_cannot_be_written_down_is_written_later(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "home" / "exits.jsonl"
    journal = Journal(file)
    journal.write(1, 10, 0)
    assert "cannot be written" in capfd.readouterr().err
    file.parent.mkdir()
    journal.write(2, 20, 0)
    assert [json.loads(line)["pid"] for line in file.read_text().splitlines()] == [1, 2]


def _pending(pid: int, number: int) -> bool:
    text = Path(f"/proc/{pid}/status").read_text()
    masks = [line.split()[1] for line in text.splitlines() if line.startswith(("SigPnd", "ShdPnd"))]
    return any(int(mask, 16) >> (number - 1) & 1 for mask in masks)
