"""What follows a test run: also while it is still being built, and also when the disk is full."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from actors.errors import NoRoom, NothingToDo, StillBuilding
from actors.messages import TestFinished
from actors.model.deployment import Deployment, Kind, State
from actors.model.run import ProjectState
from actors.project import trial
from runtime.actor import Actor
from runtime.child_spec import ChildSpec
from runtime.commands import StartChild
from runtime.errors import StoreFull
from runtime.store import Store
from runtime.vault import Secret
from tests.fakes.gitrepo import GitRepo
from tests.scenarios.inside import Inside
from tests.scenarios.service import Service, answer_of, eventually, free_port, program
from tests.scenarios.test_order import Slow, builds, slow

__all__ = ["slow"]

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks for processes under /proc")


def test_discard_of_a_test_that_is_still_being_built_ends_the_build(house: Inside, slow: Slow) -> None:
    house.add(slow.repo)
    slow.push()
    test = house.control.test("shop", "ann")
    builds(slow)
    assert house.control.discard("shop", "ann").id == test.id
    ended = house.end_of(test)
    assert (ended.state, ended.error) == (State.CANCELLED, "cancelled by ann")
    eventually(slow.gone, "nothing builds any more", 15)
    with pytest.raises(NothingToDo):
        house.control.discard("shop", "ann")


def test_discard_of_a_test_that_waits_for_its_turn_takes_it_out_of_the_queue(house: Inside, slow: Slow) -> None:
    house.add(slow.repo)
    slow.push()
    deployment = house.control.deploy("shop", "ann")
    builds(slow)
    test = house.control.test("shop", "ben")
    assert house.control.discard("shop", "ben").state is State.CANCELLED
    assert house.control.deployment(test.id).error == "cancelled by ben"
    assert house.control.deployment(deployment.id).state is State.RUNNING
    house.control.cancel("shop", "ann")
    house.end_of(deployment)


def test_a_deployment_that_is_named_is_cancelled_and_not_the_one_that_waits_behind_it(
    house: Inside, slow: Slow
) -> None:
    house.add(slow.repo)
    slow.push()
    first = house.control.deploy("shop", "ann")
    builds(slow)
    second = house.control.test("shop", "ben")
    assert house.control.cancel("shop", "ann", first.id).id == first.id
    assert house.end_of(first).state is State.CANCELLED
    assert not house.control.deployment(second.id).ended
    with pytest.raises(NothingToDo):
        house.control.cancel("shop", "ann", first.id)  # pressed once more: it is over, and the other one is not meant
    assert not house.control.deployment(second.id).ended
    house.control.cancel("shop", "ann", second.id)
    house.end_of(second)


def test_discard_by_command_ends_when_the_build_has_ended(service: Service, slow: Slow, tmp_path: Path) -> None:
    service.ask("add", name="shop", url=str(slow.repo.bare), path=str(tmp_path / "apps"), policy="notify")
    slow.push()
    test = service.ask("test", name="shop", detach=True)
    builds(slow)
    said = service.cli("discard", "shop")
    assert said.startswith("Discarded: ")
    assert "cancelled" in said
    assert service.ask("history", name="shop")[0]["id"] == test["id"]
    eventually(slow.gone, "nothing builds any more", 15)


def test_promote_of_a_test_that_is_still_being_built_says_so_and_what_to_do(house: Inside, slow: Slow) -> None:
    house.add(slow.repo)
    slow.push()
    test = house.control.test("shop", "ann")
    builds(slow)
    with pytest.raises(StillBuilding) as refused:
        house.control.promote("shop", "ann")
    assert "still being built" in refused.value.message
    assert "vanka status shop" in refused.value.hint
    assert "vanka discard shop" in refused.value.hint
    assert house.control.deployment(test.id).state is State.RUNNING
    house.control.cancel("shop", "ann")
    house.end_of(test)


def test_what_a_test_run_shows_is_its_own_output_and_not_that_of_the_test_before(house: Inside, tmp_path: Path) -> None:
    told: list[TestFinished] = []

    class Ear(Actor[TestFinished]):
        def on_start(self) -> None:
            self.context.subscribe(TestFinished)

        def receive(self, message: TestFinished) -> None:
            told.append(message)

    repo = GitRepo.in_directory(tmp_path, "shop")
    for text, code in (
        ("the first one: an error", "raise SystemExit(3)"),
        ("the second one: no error", "time.sleep(600)"),
    ):
        repo.commit({"main.py": f"import time\nprint({text!r}, flush=True)\n{code}\n"}, text)
        repo.push()
        if not house.control.projects():
            house.add(repo, probe=f"{sys.executable} -c ''")
            house.built.system.address("projects/shop").ask(StartChild(ChildSpec("ear", Ear)))
        house.end_of(house.control.test("shop", "ann", for_s=1))
    assert house.control.log_tail("shop", test=True) == ["the second one: no error"]
    eventually(lambda: told and told[-1].passed, "the end of the second one is told")
    assert told[-1].output == ("the second one: no error",)
    assert told[-1].errors == 1


class UnderTest:
    """A project with a version in production and another one under test."""

    def __init__(self, house: Inside, directory: Path) -> None:
        self.house = house
        self.repo = GitRepo.in_directory(directory, "shop")
        self.push("one")
        self.port, self.test_port = house.add(self.repo, probe="http://127.0.0.1:$PORT/"), free_port()
        house.control.set_variable("shop", "PORT", Secret(str(self.test_port)), True)
        assert house.deploy().state is State.SUCCEEDED
        self.push("two")
        self.test = house.control.test("shop", "ann", for_s=None)
        eventually(lambda: house.control.status("shop").test is not None, "it is tested")
        eventually(lambda: answer_of(self.test_port) == "two v2", "the test answers")

    def push(self, text: str) -> None:
        self.repo.commit({"main.py": program(text)}, text)
        self.repo.push()

    def goes_on(self) -> None:
        """Nothing was changed: the test runs, production too, and nobody was promoted."""
        eventually(lambda: answer_of(self.test_port) == "two v2", "two v2 answers")
        eventually(lambda: answer_of(self.port) == "one v1", "one v1 answers")
        assert self.house.control.status("shop").state is ProjectState.TESTING
        assert [it.kind for it in self.house.control.history("shop")] == [Kind.TEST, Kind.DEPLOY]

    def is_promoted(self) -> Deployment:
        promoted = self.house.end_of(self.house.control.promote("shop", "ann"))
        assert (promoted.state, promoted.kind) == (State.SUCCEEDED, Kind.PROMOTE)
        eventually(lambda: answer_of(self.port) == "two v2", "production is what was tested")
        eventually(lambda: answer_of(self.test_port) == "", "the test is gone")
        return promoted


@pytest.fixture
def tested(house: Inside, tmp_path: Path) -> UnderTest:
    return UnderTest(house, tmp_path)


def test_promote_on_a_full_disk_is_refused_and_the_test_goes_on(
    tested: UnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as full:
        full.setattr(trial, "free_bytes", lambda _path: 3_000_000)
        with pytest.raises(NoRoom) as refused:
            tested.house.control.promote("shop", "ann")
        assert "3 MB are free" in refused.value.message
        assert "promote it again" in refused.value.hint
    tested.goes_on()
    tested.is_promoted()


def test_promote_that_cannot_be_recorded_is_refused_and_the_test_goes_on(
    tested: UnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    next_number = Store.next_number

    def full(self: Store, counter: str) -> int:
        if counter == "deployment":
            raise StoreFull("the disk is full")
        return next_number(self, counter)

    with monkeypatch.context() as broken:
        broken.setattr(Store, "next_number", full)
        with pytest.raises(StoreFull):
            tested.house.control.promote("shop", "ann")
    tested.goes_on()
    tested.is_promoted()
