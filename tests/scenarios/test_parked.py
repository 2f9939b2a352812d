"""Actors of a project that keep failing are parked: that is told everywhere, and a start brings them back."""

from __future__ import annotations

from pathlib import Path

import pytest

from actors.cli import shapes, text
from actors.model.deployment import State
from actors.model.run import ProjectState
from actors.project import family
from actors.project.watcher import Watcher
from runtime.cell import Node
from tests.fakes.gitrepo import GitRepo
from tests.scenarios.inside import Inside
from tests.scenarios.service import answer_of, eventually, program


class Parked:
    """A project whose program runs and whose watcher crashed more often than a family may."""

    def __init__(self, house: Inside, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.house = house
        monkeypatch.setattr(family, "RESTARTS", 0)
        repo = GitRepo.in_directory(directory, "shop")
        repo.commit({"main.py": program("one")}, "One")
        repo.push()
        self.port = house.add(repo, probe="http://127.0.0.1:$PORT/")
        assert house.deploy().state is State.SUCCEEDED
        with monkeypatch.context() as broken:
            broken.setattr(Watcher, "_look", self._fail)
            house.control.check_soon("shop")
            eventually(lambda: self.node("shop").state == "failed", "it is parked")

    @staticmethod
    def _fail(_watcher: Watcher) -> None:
        raise ZeroDivisionError("oh")

    def node(self, name: str) -> Node:
        projects = next(it for it in self.house.control.tree().children if it.name == "projects")
        return next(it for it in projects.children if it.name == name)

    def is_back(self) -> None:
        assert self.node("shop").state == "running"
        assert {it.state for it in self.node("shop").children} == {"running"}
        status = self.house.control.status("shop")
        assert (status.state, status.parked) == (ProjectState.RUNNING, None)
        assert self.house.deploy().state is State.SUCCEEDED
        eventually(lambda: answer_of(self.port) == "one v1", "it answers")


@pytest.fixture
def parked(house: Inside, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Parked:
    return Parked(house, tmp_path, monkeypatch)


def test_status_and_tree_tell_that_actors_are_parked_why_and_what_to_do(parked: Parked) -> None:
    status = parked.house.control.status("shop")
    assert status.state is ProjectState.FAILED
    assert "ZeroDivisionError: oh" in (status.parked or "")
    assert status.next_check_s is None
    assert (status.pid is not None, answer_of(parked.port)) == (True, "one v1")  # the program itself is well

    told = shapes.status(status)
    assert (told["state"], told["parked"]) == ("failed", status.parked)
    assert "vanka start shop" in text.status(told)
    line = next(it for it in text.tree(shapes.node(parked.house.control.tree())).splitlines() if " shop " in it)
    assert "failed" in line
    assert "ZeroDivisionError: oh" in line
    assert "vanka drill shop" in line


def test_start_brings_parked_actors_back(parked: Parked) -> None:
    pid = parked.house.control.status("shop").pid
    assert parked.house.control.start("shop", "ann").pid == pid
    parked.is_back()


def test_drill_brings_parked_actors_back_when_it_names_them(parked: Parked) -> None:
    everybody = {it["actor"]: it["down_ms"] for it in parked.house.control.drill([], True)}
    assert everybody["projects/shop/watcher"] is None
    assert parked.node("shop").state == "failed"
    named = parked.house.control.drill(["shop"], False)
    assert [it["actor"] for it in named] == [f"projects/shop/{name}" for name in ("deployer", "runner", "watcher")]
    assert None not in [it["down_ms"] for it in named]
    parked.is_back()
