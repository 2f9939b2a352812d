"""Each actor of a project is crashed at each step of a deployment: it ends as it should have ended without that."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from actors.model.deployment import Deployment, StageName, State
from actors.pipeline import way_back
from actors.pipeline.stage import Stage, StageResult, Walk
from actors.project import deployer, family, job
from tests.fakes.gitrepo import GitRepo
from tests.scenarios.inside import Inside
from tests.scenarios.service import answer_of, eventually, program

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks for processes under /proc")

ACTORS = ("deployer", "runner", "watcher", "job")
OFTEN = 1000  # more crashes than any family is allowed in so short a time


class Range:
    """A house in which one actor is shot just before or just after the work of a stage."""

    def __init__(self, directory: Path) -> None:
        self.house = Inside(directory)
        self.repo = GitRepo.in_directory(directory, "shop")
        self.commits = 0
        self.commit()
        self.port = self.house.add(self.repo)
        self.house.control.edit("shop", "test", probe=f"http://127.0.0.1:{self.port}/")
        self._aim: tuple[str, str, bool] | None = None
        self._target = ""

    def commit(self, *, broken: bool = False) -> str:
        """The next commit; what its program answers with, less the version."""
        self.commits += 1
        text = f"c{self.commits}"
        self.repo.commit({"main.py": "raise SystemExit(3)\n" if broken else program(text)}, text)
        self.repo.push()
        return text

    def aim(self, actor: str, step: str, *, after: bool) -> None:
        """The next time that this step is worked on, the actor is crashed."""
        self._aim = (actor, step, after)

    def shoot(self, step: str, deployment: Deployment, *, after: bool) -> None:
        """In the thread of the step's work: crash who was aimed at, and go on when it is over."""
        if self._aim is None or self._aim[1:] != (step, after):
            return
        actor, self._aim = self._aim[0], None
        path = f"projects/shop/{f'job-{deployment.id}' if actor == 'job' else actor}"
        system = self.house.built.system
        cell = system.find(path)
        before = 0 if cell is None else cell.incarnation
        assert system.crash(path), path

        def over() -> bool:
            now = system.find(path)
            return now is None or now is not cell or now.incarnation > before or not now.alive

        eventually(over, f"{path} has crashed", 10)

    @property
    def spent(self) -> bool:
        """Whether the shot was fired."""
        return self._aim is None

    def programs(self) -> int:
        """How many processes run as the program."""
        wanted, found = {f"PORT={self.port}".encode(), b"VANKA_ENVIRONMENT=production"}, 0
        for entry in Path("/proc").iterdir():
            if entry.name.isdecimal():
                try:
                    seen = set((entry / "environ").read_bytes().split(b"\0"))
                except OSError:
                    continue
                found += wanted <= seen
        return found


@pytest.fixture
def gallery(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Range]:
    monkeypatch.setattr(family, "RESTARTS", OFTEN)
    monkeypatch.setattr(deployer, "LOOK_S", 0.2)
    made = Range(tmp_path)
    alone, go_back = job.alone, way_back.go_back

    def stage(stage: Stage, walk: Walk) -> StageResult:
        made.shoot(stage.name, walk.deployment, after=False)
        result = alone(stage, walk)
        made.shoot(stage.name, walk.deployment, after=True)
        return result

    def back(walk: Walk) -> str | None:
        made.shoot("back", walk.deployment, after=False)
        result = go_back(walk)
        made.shoot("back", walk.deployment, after=True)
        return result

    monkeypatch.setattr(job, "alone", stage)
    monkeypatch.setattr(job, "go_back", back)
    try:
        assert made.house.deploy().state is State.SUCCEEDED
        yield made
    finally:
        made.house.close()


def answers(gallery: Range, text: str, where: str) -> None:
    eventually(lambda: answer_of(gallery.port) == text, f"{where}: answers {text!r}, not {answer_of(gallery.port)!r}")
    eventually(lambda: gallery.programs() == 1, f"{where}: one program, not {gallery.programs()}", 15)


def steps() -> Iterator[tuple[str, bool]]:
    for name in StageName:
        yield name, False
        yield name, True


@pytest.mark.parametrize("actor", ACTORS)
def test_deployment_succeeds_whoever_crashes_at_whatever_step(gallery: Range, actor: str) -> None:
    for step, after in steps():
        where = f"{actor} {'after' if after else 'before'} {step}"
        text = gallery.commit()
        gallery.aim(actor, step, after=after)
        ended = gallery.house.deploy()
        assert gallery.spent, where
        assert ended.state is State.SUCCEEDED, f"{where}: {ended}"
        answers(gallery, f"{text} v{gallery.commits}", where)


@pytest.mark.parametrize("actor", ACTORS)
def test_version_that_fails_is_rolled_back_whoever_crashes_at_whatever_step(gallery: Range, actor: str) -> None:
    moments: list[tuple[str, bool]] = [
        (name, after) for name in ("switch", "start", "verify") for after in (False, True)
    ]
    for step, after in [*moments, ("back", False), ("back", True)]:
        where = f"{actor} {'after' if after else 'before'} {step}"
        gallery.commit(broken=True)
        gallery.aim(actor, step, after=after)
        ended = gallery.house.deploy()
        assert gallery.spent, where
        assert ended.state is State.ROLLED_BACK, f"{where}: {ended}"
        assert ended.error is not None
        assert "ended with 3" in ended.error, where
        answers(gallery, "c1 v1", where)
