"""A project at rest costs nothing: nobody looks after a job or a test that is not there."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from actors.model.deployment import State
from actors.project import deployer
from actors.project.deployer import Deployer
from tests.fakes.gitrepo import GitRepo
from tests.scenarios.inside import Inside
from tests.scenarios.service import eventually, program

ENOUGH = 10


def test_deployer_looks_for_its_job_only_while_there_is_one(
    house: Inside, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: Counter[str] = Counter()
    look_around = Deployer._look_around

    def counted(self: Deployer) -> None:
        looks[self.context.address.path.split("/")[1]] += 1
        look_around(self)

    monkeypatch.setattr(Deployer, "_look_around", counted)
    monkeypatch.setattr(deployer, "LOOK_S", 0.02)
    repo = GitRepo.in_directory(tmp_path, "shop")
    repo.commit({"main.py": program("one")}, "One")
    repo.push()
    for name in ("first", "second", "idle"):
        house.add(repo, name, probe="false")

    def is_looked_after(name: str) -> None:
        before = looks[name]
        eventually(lambda: looks[name] > before + ENOUGH, f"{name} is looked after")

    walked = house.control.deploy("first", "ann")
    is_looked_after("first")
    house.control.cancel("first", "ann")
    assert house.end_of(walked).state is State.CANCELLED

    tried = house.control.test("second", "ann")
    before = looks["first"]
    is_looked_after("second")
    assert looks["idle"] == 0
    assert looks["first"] <= before + 2  # those that were on their way
    house.control.cancel("second", "ann")
    house.end_of(tried)
