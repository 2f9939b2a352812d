"""A cancel takes effect at any stage, whatever hangs; afterwards a version runs, and it is the one that is told."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import pytest

from actors.health import probe
from actors.model.deployment import Deployment, StageName, StageState, State
from actors.pipeline import way_back
from actors.project import deployer, job
from runtime.commands import RestartChild, TerminateChild
from runtime.vault import Secret
from tests.fakes.gitrepo import GitRepo
from tests.scenarios.inside import Inside
from tests.scenarios.service import answer_of, eventually, free_port, program
from tests.scenarios.test_order import Slow, builds, slow

__all__ = ["slow"]

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks for processes under /proc")

FOR_EVER_S = 600.0
HANGS_IF_THERE = """\
import os, time
if os.path.exists("@FILE@"):
    time.sleep(600)
raise SystemExit(os.environ["VANKA_VERSION"] != "1")  # a second version is never well, however early one looks
"""
ENDS_AND_MAKES_PROBES_HANG = 'import pathlib\npathlib.Path("@FILE@").touch()\nraise SystemExit(7)\n'
NEVER_ENDS_ITS_ANSWER = """\
import os, socket, time
server = socket.create_server(("127.0.0.1", int(os.environ["PORT"])))
line, _ = server.accept()
print("answering", flush=True)
while True:
    line.sendall(b"H")
    time.sleep(0.05)
"""


class Hanging:
    """A project with one good version, whose probe hangs from the moment on that somebody makes a file."""

    def __init__(self, house: Inside, directory: Path) -> None:
        self.house = house
        self.file = directory / "hang"
        self.repo = GitRepo.in_directory(directory, "shop")
        self.push(program("one"), "One")
        argv = (sys.executable, "-c", HANGS_IF_THERE.replace("@FILE@", str(self.file)))
        self.port = house.add(self.repo, probe=shlex.join(argv))
        assert house.deploy().state is State.SUCCEEDED

    def push(self, main: str, subject: str) -> None:
        self.repo.commit({"main.py": main.replace("@FILE@", str(self.file))}, subject)
        self.repo.push()

    def comes_to(self, deployment: Deployment, stage: StageName) -> None:
        eventually(
            lambda: self.house.control.deployment(deployment.id).stage(stage).state is StageState.RUNNING,
            f"{stage} has begun",
        )

    def is_cancelled(self, deployment: Deployment) -> Deployment:
        """It ends as cancelled, and the first version is the one that runs and that is told."""
        ended = self.house.end_of(deployment)
        assert (ended.state, ended.error) == (State.CANCELLED, "cancelled by ann")
        eventually(lambda: answer_of(self.port) == "one v1", "the first version answers")
        status = self.house.control.status("shop")
        assert (status.version, status.state.value) == (1, "running")
        return ended


@pytest.fixture
def hanging(house: Inside, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Hanging:
    monkeypatch.setattr(probe, "LOOK_S", FOR_EVER_S)
    monkeypatch.setattr(way_back, "SOON_S", 0.5)
    return Hanging(house, tmp_path)


def test_cancel_ends_a_probe_that_hangs_and_does_not_wait_for_it_on_the_way_back(hanging: Hanging) -> None:
    hanging.push(program("two"), "Two")
    hanging.file.touch()
    running = hanging.house.control.deploy("shop", "ann")
    hanging.comes_to(running, StageName.VERIFY)
    hanging.house.control.cancel("shop", "ann")
    ended = hanging.is_cancelled(running)
    said = "\n".join(hanging.house.control.log_tail("shop", 50, deployment_id=ended.id))
    assert "back to version 1: it runs; cancelled before it was found well" in said


def test_cancel_is_heard_on_the_way_back_too(hanging: Hanging) -> None:
    hanging.push(ENDS_AND_MAKES_PROBES_HANG, "Two")
    running = hanging.house.control.deploy("shop", "ann")
    eventually(lambda: hanging.house.control.deployment(running.id).going_back, "it goes back")
    eventually(lambda: answer_of(hanging.port) == "one v1", "the first version was started again")
    assert not hanging.house.control.deployment(running.id).ended
    hanging.house.control.cancel("shop", "ann")
    hanging.is_cancelled(running)


def test_cancel_does_not_wait_for_an_answer_that_never_ends(house: Inside, tmp_path: Path) -> None:
    repo, port = GitRepo.in_directory(tmp_path, "shop"), free_port()
    repo.commit({"main.py": NEVER_ENDS_ITS_ANSWER}, "One")
    repo.push()
    house.add(repo, probe="http://127.0.0.1:$PORT/")
    house.control.set_variable("shop", "PORT", Secret(str(port)), False)
    running = house.control.deploy("shop", "ann")
    eventually(lambda: house.control.log_tail("shop", 1) == ["answering"], "it is looked at")
    house.control.cancel("shop", "ann")
    ended = house.end_of(running)
    assert ended.state is State.CANCELLED
    assert house.control.status("shop").version is None
    assert house.control.status("shop").pid is None


def test_cancel_takes_effect_while_others_keep_all_builders_busy(house: Inside, tmp_path: Path) -> None:
    three = [Slow(tmp_path, f"slow{number}") for number in range(3)]
    try:
        for number, one in enumerate(three):
            house.add(one.repo, f"p{number}")
            one.push()
        busy = [house.control.deploy(name, "ann") for name in ("p0", "p1")]
        builds(three[0])
        builds(three[1])
        waits = house.control.deploy("p2", "ann")
        eventually(
            lambda: house.control.deployment(waits.id).stage(StageName.BUILD).state is StageState.RUNNING,
            "the third wants to build",
        )
        house.control.cancel("p2", "ann")
        assert house.end_of(waits).state is State.CANCELLED
        assert three[2].builder is None
        assert [house.control.deployment(it.id).state for it in busy] == [State.RUNNING, State.RUNNING]
        for name in ("p0", "p1"):
            house.control.cancel(name, "ann")
        assert [house.end_of(it).state for it in busy] == [State.CANCELLED, State.CANCELLED]
    finally:
        for one in three:
            one.end()


def test_cancel_does_not_wait_for_a_runner_that_is_away(hanging: Hanging, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job, "STAND_DOWN_S", FOR_EVER_S)
    house = hanging.house
    family = house.built.system.address("projects/shop")
    family.ask(TerminateChild("runner"), 10.0)
    hanging.push(program("two"), "Two")
    running = house.control.deploy("shop", "ann")
    eventually(
        lambda: house.control.deployment(running.id).stage(StageName.CHECK).state is StageState.SUCCEEDED,
        "it waits for the runner",
    )
    house.control.cancel("shop", "ann")
    assert house.end_of(running).state is State.CANCELLED
    family.ask(RestartChild("runner"), 10.0)
    hanging.is_cancelled(running)


def test_cancel_while_the_job_is_gone_is_kept_for_the_next_one(
    house: Inside, slow: Slow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deployer, "LOOK_S", 1.0)
    house.add(slow.repo)
    slow.push()
    running = house.control.deploy("shop", "ann")
    builds(slow)
    path = f"projects/shop/job-{running.id}"
    house.built.system.crash(path)
    eventually(lambda: not house.built.system.address(path).alive(), "the job is gone")
    house.control.cancel("shop", "ann")
    assert house.end_of(running).error == "cancelled by ann"
    eventually(slow.gone, "and nothing builds")
