"""One deployment a project at a time, two builds in all, and a cancel that really ends what it cancels."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from actors.errors import NothingToDo
from actors.model.deployment import StageName, StageState, State
from actors.project import job
from tests.fakes.gitrepo import GitRepo
from tests.scenarios.inside import Inside
from tests.scenarios.service import answer_of, eventually, program

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks for processes under /proc")

PYPROJECT = """\
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
[project]
name = "slow"
version = "1"
"""
BACKEND = """\
import os, pathlib, time
pathlib.Path(@FILE@).write_text(str(os.getpid()))
time.sleep(600)
"""
SILENT = "import time\ntime.sleep(600)\n"


class Slow:
    """A repository whose packages never finish building; it tells the process that builds."""

    def __init__(self, directory: Path, name: str = "slow") -> None:
        self.repo = GitRepo.in_directory(directory, name)
        self._file = directory / f"{name}.builds"
        self.repo.commit({"main.py": program("one")}, "One")
        self.repo.push()

    def push(self) -> str:
        """A commit that cannot be built in any sensible time."""
        backend = BACKEND.replace("@FILE@", repr(str(self._file)))
        files = {"slow/pyproject.toml": PYPROJECT, "slow/backend.py": backend, "requirements.txt": "./slow\n"}
        self.repo.commit(files, "Slow")
        self.repo.push()
        return self.repo.head()

    @property
    def builder(self) -> int | None:
        """The process that builds."""
        text = self._file.read_text() if self._file.exists() else ""
        return int(text) if text else None

    def gone(self) -> bool:
        """Whether nothing builds any more."""
        with contextlib.suppress(OSError):
            return Path(f"/proc/{self.builder}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
        return True

    def end(self) -> None:
        """Whatever happened."""
        if self.builder is not None and not self.gone():
            os.kill(self.builder, signal.SIGKILL)


@pytest.fixture
def slow(tmp_path: Path) -> Iterator[Slow]:
    made = Slow(tmp_path)
    try:
        yield made
    finally:
        made.end()


def builds(slow: Slow) -> int:
    pid = eventually(lambda: slow.builder, "something builds", 30)
    assert pid is not None
    return pid


def test_newer_request_takes_the_place_of_the_one_that_waits_and_cancel_ends_the_processes_of_the_one_that_runs(
    house: Inside, slow: Slow
) -> None:
    house.add(slow.repo)
    slow.push()
    running = house.control.deploy("shop", "ann")
    builds(slow)
    first = house.control.deploy("shop", "ann")
    second = house.control.deploy("shop", "ben")
    replaced = house.end_of(first)
    assert (replaced.state, replaced.error) == (State.CANCELLED, f"replaced by {second.id}")
    assert house.control.deployment(running.id).state is State.RUNNING

    house.control.cancel("shop", "ann")
    assert house.end_of(second).error == "cancelled by ann"
    assert not slow.gone()
    house.control.cancel("shop", "ann")
    ended = house.end_of(running)
    assert (ended.state, ended.error) == (State.CANCELLED, "cancelled by ann")
    assert ended.stage(StageName.BUILD).state is StageState.CANCELLED
    eventually(slow.gone, "the build's process is gone", 15)
    with pytest.raises(NothingToDo):
        house.control.cancel("shop", "ann")


def test_no_more_than_two_builds_go_on_at_a_time(house: Inside, tmp_path: Path) -> None:
    three = [Slow(tmp_path, f"slow{number}") for number in range(3)]
    try:
        for number, slow in enumerate(three):
            house.add(slow.repo, f"p{number}")
            slow.push()
            house.control.deploy(f"p{number}", "ann")
        eventually(lambda: sum(slow.builder is not None for slow in three) == 2, "two build", 30)

        def third_waits() -> bool:
            said = [house.control.history(f"p{number}")[0].stage(StageName.BUILD).state for number in range(3)]
            return said == [StageState.RUNNING] * 3

        eventually(third_waits, "the third waits for its turn")
        assert sum(slow.builder is not None for slow in three) == 2
        busy = next(number for number, slow in enumerate(three) if slow.builder is not None)
        house.control.cancel(f"p{busy}", "ann")
        eventually(lambda: all(slow.builder is not None for slow in three), "the third has its turn", 30)
        for number in {0, 1, 2} - {busy}:
            house.control.cancel(f"p{number}", "ann")
            assert house.end_of(house.control.history(f"p{number}")[0]).state is State.CANCELLED
    finally:
        for slow in three:
            slow.end()


def test_cancel_after_the_switch_brings_the_old_version_back(house: Inside, slow: Slow) -> None:
    port = house.add(slow.repo)
    house.control.edit("shop", "ann", probe=f"http://127.0.0.1:{port}/")
    assert house.deploy().state is State.SUCCEEDED
    slow.repo.commit({"main.py": SILENT}, "Never answers")
    slow.repo.push()
    running = house.control.deploy("shop", "ann")

    def verifies() -> bool:
        return house.control.deployment(running.id).stage(StageName.VERIFY).state is StageState.RUNNING

    eventually(verifies, "it is being verified")
    house.control.cancel("shop", "ann")
    ended = house.end_of(running)
    assert (ended.state, ended.error) == (State.CANCELLED, "cancelled by ann")
    eventually(lambda: answer_of(port) == "one v1", "the old version answers")
    target = Path(house.control.project("shop").path)
    assert (target / "main.py").read_text() == program("one")
    assert house.control.status("shop").version == 1


def test_stage_that_takes_too_long_is_ended_with_its_processes(
    house: Inside, slow: Slow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job, "LIMIT_S", 3.0)
    house.add(slow.repo)
    slow.push()
    ended = house.deploy()
    assert ended.state is State.FAILED
    assert ended.error is not None
    assert ended.error.startswith("build: took longer than")
    eventually(slow.gone, "the build's process is gone", 15)


def test_cancel_is_kept_when_the_job_crashes_before_it_could_obey(house: Inside, slow: Slow) -> None:
    house.add(slow.repo)
    slow.push()
    running = house.control.deploy("shop", "ann")
    builds(slow)
    house.control.cancel("shop", "ann")
    house.built.system.crash(f"projects/shop/job-{running.id}")
    assert house.end_of(running).state is State.CANCELLED
    eventually(slow.gone, "the build's process is gone", 15)


def test_deployment_that_the_service_was_stopped_in_is_taken_up_again_by_the_next_one(
    tmp_path: Path, slow: Slow
) -> None:
    first = Inside(tmp_path)
    try:
        first.add(slow.repo)
        slow.push()
        running = first.control.deploy("shop", "ann")
        builder = builds(slow)
    finally:
        first.close()
    eventually(slow.gone, "a service that stops leaves no build behind", 15)

    second = Inside(tmp_path)
    try:
        eventually(lambda: slow.builder not in (None, builder), "it builds again", 30)
        taken_up = second.control.deployment(running.id)
        assert (taken_up.state, taken_up.attempts) == (State.RUNNING, 2)
        second.control.cancel("shop", "ann")
        assert second.end_of(running).state is State.CANCELLED
        eventually(slow.gone, "and its process is gone", 15)
    finally:
        second.close()
