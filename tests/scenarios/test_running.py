"""Programs: stopped with all they started, started again with patience, found again, their output kept small."""

from __future__ import annotations

import os
import shlex
import signal
import sys
from pathlib import Path

import pytest

from actors.model.project import Environment
from actors.model.run import ProjectState
from actors.project import patience
from runtime.backoff import Backoff
from runtime.output import KEEP, LIMIT_BYTES
from runtime.vault import Secret
from tests.fakes.gitrepo import GitRepo
from tests.scenarios.inside import Inside
from tests.scenarios.service import Service, answer_of, eventually, free_port, program

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks for processes under /proc")

FAMILY = """\
import os, pathlib, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
pathlib.Path("family.txt").write_text(f"{os.getpid()} {child.pid}")
time.sleep(600)
"""
ENDS_AT_ONCE_AFTER_A_WHILE = """\
import os, pathlib, sys, time
runs = pathlib.Path(os.environ["RUNS"])
with runs.open("a") as file:
    file.write("run\\n")
if len(runs.read_text().splitlines()) > 1:
    sys.exit(9)
time.sleep(0.5)
sys.exit(9)
"""
MORTAL = """\
import os, threading, time
def end():
    while not os.path.exists(@GATE@):
        time.sleep(0.02)
    os._exit(7)
threading.Thread(target=end).start()
"""
FLOOD = """\
import sys, time
line = "x" * 999 + "\\n"
for _ in range(45_000):
    sys.stdout.write(line)
sys.stdout.flush()
while True:
    print("the last line", flush=True)
    time.sleep(0.1)
"""


DAEMON = """\
import os, pathlib, signal, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        pathlib.Path("family.txt").write_text(f"{os.getppid()} {os.getpid()}")
        time.sleep(600)
    os._exit(0)
time.sleep(600)
"""


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def repository(directory: Path, main: str) -> GitRepo:
    repo = GitRepo.in_directory(directory, "shop")
    repo.commit({"main.py": main}, "One")
    repo.push()
    return repo


def test_stop_ends_all_that_the_program_started_also_in_sessions_of_their_own(house: Inside, tmp_path: Path) -> None:
    house.add(repository(tmp_path, FAMILY), probe="test -s family.txt")
    house.deploy()
    told = Path(house.control.project("shop").path) / "family.txt"
    eventually(lambda: told.exists() and told.read_text(), "the family is there")
    family = [int(word) for word in told.read_text().split()]
    assert [alive(pid) for pid in family] == [True, True]
    assert house.control.stop("shop", "ann").state is ProjectState.STOPPED
    assert [alive(pid) for pid in family] == [False, False]


def test_command_as_a_probe_finds_the_tools_of_the_environment_first(house: Inside, tmp_path: Path) -> None:
    look = "import os, sys; sys.exit(os.environ['VANKA_PROJECT'] != 'shop' or 'releases/1' not in sys.prefix)"
    house.add(repository(tmp_path, program("one")), probe=shlex.join(["python", "-c", look]))
    assert house.deploy().error is None


def test_stop_ends_a_daemon_that_the_program_made_and_that_does_not_listen(house: Inside, tmp_path: Path) -> None:
    house.add(repository(tmp_path, DAEMON), probe="test -s family.txt")
    house.deploy()
    daemon = int((Path(house.control.project("shop").path) / "family.txt").read_text().split()[1])
    assert alive(daemon)
    house.control.stop("shop", "ann")
    assert not alive(daemon)


def test_service_that_is_to_stop_the_programs_ends_many_that_do_not_listen_in_its_own_time(
    service: Service, tmp_path: Path
) -> None:
    repo = repository(tmp_path, DAEMON)
    names = [f"shop{number}" for number in range(3)]
    for name in names:
        service.ask("add", name=name, url=str(repo.bare), probe="test -s family.txt")
        service.ask("deploy", name=name)
    daemons = [int((Path(service.status(name)["path"]) / "family.txt").read_text().split()[1]) for name in names]
    programs = [service.status(name)["pid"] for name in names]
    service.stop()
    service.start("--stop-projects")
    assert service.stop() == 0
    assert [pid for pid in (*daemons, *programs) if alive(pid)] == []


def test_program_that_keeps_ending_is_parked_and_told_and_started_again_when_asked(
    house: Inside, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "PAUSES", Backoff(first=0.01, longest=0.02))
    monkeypatch.setattr(patience, "YOUNG_S", 0.0)  # it is no new version's fault
    runs = tmp_path / "runs.txt"
    house.add(repository(tmp_path, program("one")), probe="true")
    house.control.set_variable("shop", "RUNS", Secret(str(runs)), False)
    house.deploy()
    main = Path(house.control.project("shop").path) / "main.py"
    main.write_text(ENDS_AT_ONCE_AFTER_A_WHILE)
    pid = house.control.status("shop").pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)

    def parked() -> bool:
        no = house.control.project("shop").no
        return house.built.services.board.read(no).parked

    eventually(parked, "it is given up", 30)
    assert house.control.status("shop").state is ProjectState.FAILED
    ends = len(runs.read_text().splitlines())
    assert ends == patience.PARK_ENDS - 1  # and the first end was that of the good one
    assert house.control.status("shop").exit_code == 9

    main.write_text(program("mended"))
    house.control.start("shop", "ann")
    port = int(house.control.reveal_variable("shop", "PORT", False).reveal())
    eventually(lambda: answer_of(port) == "mended v1", "it answers again")


def test_output_is_kept_small_and_its_end_can_be_read(house: Inside, tmp_path: Path) -> None:
    house.add(repository(tmp_path, FLOOD), probe="true")
    house.deploy()
    project = house.control.project("shop")
    log = house.built.services.layout.program_log(project, Environment.PRODUCTION)
    eventually(lambda: house.control.log_tail("shop", 1) == ["the last line"], "all is written", 30)

    def small() -> bool:
        files = [file for file in log.parent.iterdir() if file.name.startswith(log.name)]
        return log.stat().st_size <= LIMIT_BYTES and sum(file.stat().st_size for file in files) <= LIMIT_BYTES * (
            KEEP + 1
        )

    eventually(small, "the output is bounded", 30)
    eventually(lambda: house.control.log_tail("shop", 1) == ["the last line"], "the end can still be read")


def test_program_is_started_again_after_the_machine_was(service: Service, tmp_path: Path) -> None:
    repo, port = repository(tmp_path, program("one")), free_port()
    service.ask("add", name="shop", url=str(repo.bare), path=str(tmp_path / "apps"), probe=f"tcp://127.0.0.1:{port}")
    service.ask("set", name="shop", key="PORT", value=str(port))
    service.ask("deploy", name="shop")
    before = service.status("shop")["pid"]
    service.stop()
    os.kill(before, signal.SIGKILL)
    service.start()
    eventually(lambda: answer_of(port) == "one v1", "it answers again")
    after = service.status("shop")
    assert (after["pid"] != before, after["restarts"], after["state"]) == (True, 1, "running")


def test_end_of_a_program_that_outlived_a_service_is_told_with_its_code(service: Service, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    mortal = MORTAL.replace("@GATE@", repr(str(gate))) + program("one")
    repo, port = repository(tmp_path, mortal), free_port()
    service.ask("add", name="shop", url=str(repo.bare), path=str(tmp_path / "apps"), probe=f"tcp://127.0.0.1:{port}")
    service.ask("set", name="shop", key="PORT", value=str(port))
    first = service.ask("deploy", name="shop")
    repo.commit({"README": "two"}, "Two")
    repo.push()
    assert service.ask("deploy", name="shop")["state"] == "succeeded" == first["state"]
    service.kill()
    gate.touch()  # from now on it ends at once, every time: the new version is given up
    back = service.ended("shop", 3)
    assert (back["kind"], back["version"]) == ("rollback", 1)
    assert "7" in (back["note"] or back["error"] or "")
