"""A commit that the branch moved to is tried once, whoever saw it first: a person's deployment or the watcher."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from actors.errors import NothingToDo
from actors.messages import Look
from actors.model.deployment import Deployment, Kind, State
from actors.model.project import Policy, Project
from actors.pipeline.services import Services
from actors.pipeline.stage import StageResult, Walk
from actors.pipeline.stages.fetch import Fetch
from actors.project import patience, watcher
from actors.records.watch import Watched
from runtime.backoff import Backoff
from tests.fakes.gitrepo import GitRepo
from tests.scenarios.inside import Inside
from tests.scenarios.service import eventually, program

MORTAL = """\
import os, time
while not os.path.exists(@GATE@):
    time.sleep(0.02)
raise SystemExit(7)
"""


class Shop:
    """A project that deploys new commits by itself; when the watcher looks is said by the test alone."""

    def __init__(self, house: Inside, directory: Path, policy: Policy = Policy.DEPLOY) -> None:
        self.house = house
        self.gate = directory / "gate"
        self.repo = GitRepo.in_directory(directory, "shop")
        self.push(program("one"), "One")
        house.add(self.repo, policy=policy, probe="true")
        # the first look is made by now: the next one by itself is a day away
        house.control.check("shop")

    def push(self, main: str, subject: str) -> None:
        self.repo.commit({"main.py": main}, subject)
        self.repo.push()

    def history(self) -> list[tuple[Kind, int | None, State]]:
        return [(it.kind, it.version, it.state) for it in reversed(self.house.control.history("shop"))]

    def all_ended(self, count: int) -> None:
        def over() -> bool:
            history = self.house.control.history("shop")
            return len(history) >= count and all(it.ended for it in history)

        eventually(over, f"{count} deployments have ended, not {self.history()}", 60)

    def rests(self) -> None:
        """The deployer has dealt with all that it was told, and works on nothing."""

        def nothing_to_do() -> bool:
            try:
                self.house.control.cancel("shop", "test")
            except NothingToDo:
                return True
            return False

        eventually(nothing_to_do, "nothing is under way")


@pytest.fixture
def shop(house: Inside, tmp_path: Path) -> Shop:
    return Shop(house, tmp_path)


def test_version_that_was_deployed_by_hand_and_given_up_is_not_deployed_again_when_the_watcher_looks(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "PAUSES", Backoff(first=0.01, longest=0.02))
    shop.house.deploy()
    shop.push(MORTAL.replace("@GATE@", repr(str(shop.gate))), "Two")
    assert shop.house.deploy().version == 2
    shop.gate.touch()
    shop.all_ended(3)
    seen = shop.house.control.check("shop")
    assert (seen.commit, seen.new) == (shop.repo.head(), False)
    shop.rests()
    assert shop.history() == [
        (Kind.DEPLOY, 1, State.SUCCEEDED),
        (Kind.DEPLOY, 2, State.SUCCEEDED),
        (Kind.ROLLBACK, 1, State.SUCCEEDED),
    ]


class Held:
    """The fetch of the next deployment waits, before or after it asked the branch."""

    def __init__(self) -> None:
        self.begun, self.go_on = threading.Event(), threading.Event()
        self.first = True

    def wrap(self, run: Callable[[Fetch, Walk], StageResult], *, asked: bool) -> Callable[[Fetch, Walk], StageResult]:
        def held(stage: Fetch, walk: Walk) -> StageResult:
            if not self.first:
                return run(stage, walk)
            self.first = False
            result = run(stage, walk) if asked else None
            self.begun.set()
            assert self.go_on.wait(60)
            return result or run(stage, walk)

        return held


@pytest.fixture
def held() -> Iterator[Held]:
    made = Held()
    yield made
    made.go_on.set()


def hold(shop: Shop, held: Held, monkeypatch: pytest.MonkeyPatch, *, asked: bool) -> Deployment:
    """A deployment of the branch's newest that is just being fetched."""
    monkeypatch.setattr(Fetch, "run", held.wrap(Fetch.run, asked=asked))
    deployment = shop.house.control.deploy("shop", "ann")
    assert held.begun.wait(30)
    return deployment


@pytest.mark.parametrize("asked", [False, True])
def test_commit_that_the_watcher_sees_while_a_person_deploys_it_is_deployed_once(
    shop: Shop, held: Held, monkeypatch: pytest.MonkeyPatch, asked: bool
) -> None:
    shop.house.deploy()
    shop.push(program("two"), "Two")
    deployment = hold(shop, held, monkeypatch, asked=asked)
    shop.house.control.check("shop")
    held.go_on.set()
    assert shop.house.end_of(deployment).version == 2
    shop.rests()
    assert shop.history() == [(Kind.DEPLOY, 1, State.SUCCEEDED), (Kind.DEPLOY, 2, State.SUCCEEDED)]
    assert shop.house.control.status("shop").new_commit is None


def test_commit_that_came_after_the_branch_was_asked_is_deployed_next(
    shop: Shop, held: Held, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.house.deploy()
    shop.push(program("two"), "Two")
    hold(shop, held, monkeypatch, asked=True)
    shop.push(program("three"), "Three")
    assert shop.house.control.check("shop").new
    held.go_on.set()
    shop.all_ended(3)
    assert shop.history()[1:] == [(Kind.DEPLOY, 2, State.SUCCEEDED), (Kind.DEPLOY, 3, State.SUCCEEDED)]


def test_commit_that_waits_to_be_decided_about_outlives_the_deployer(
    shop: Shop, held: Held, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.house.deploy()
    shop.push(program("two"), "Two")
    hold(shop, held, monkeypatch, asked=True)
    shop.push(program("three"), "Three")
    assert shop.house.control.check("shop").new
    shop.house.built.system.crash("projects/shop/deployer")
    held.go_on.set()
    shop.all_ended(3)
    assert shop.history()[2] == (Kind.DEPLOY, 3, State.SUCCEEDED)


def test_test_run_by_hand_does_not_take_the_place_of_the_deployment_that_the_policy_wants(shop: Shop) -> None:
    shop.house.deploy()
    shop.push(program("two"), "Two")
    test = shop.house.control.test("shop", "ann", for_s=1)
    shop.house.end_of(test)
    shop.house.control.discard("shop", "ann")
    assert shop.house.control.check("shop").new
    shop.all_ended(3)
    assert shop.history()[2] == (Kind.DEPLOY, 2, State.SUCCEEDED)


def test_a_new_interval_is_told_with_the_look_that_it_leads_to_and_not_with_the_old_schedule(
    house: Inside, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop, on = Shop(house, tmp_path), threading.Event()
    looked = watcher.look

    def slow(*given: Any, **more: Any) -> Any:
        assert on.wait(30)
        return looked(*given, **more)

    monkeypatch.setattr(watcher, "look", slow)
    try:
        house.control.edit("shop", "ann", interval_s=21_600)
        assert house.control.status("shop").next_check_s == 0
    finally:
        on.set()
    eventually(lambda: (house.control.status("shop").next_check_s or 0) > 10_000, "the new interval counts")
    shop.rests()


def looks_once_more(shop: Shop) -> None:
    """The watcher looks as it does by itself: a look that is young enough will do, whoever made it."""
    before = shop.house.control.status("shop").last_check_at
    shop.house.built.system.address("projects/shop/watcher").tell(Look())
    eventually(lambda: shop.house.control.status("shop").last_check_at != before, "the watcher has looked")


def test_look_that_is_older_than_a_deployment_does_not_bring_back_the_commit_before_it(shop: Shop) -> None:
    shop.house.deploy()
    shop.house.control.check("shop")
    shop.push(program("two"), "Two")
    assert shop.house.deploy().version == 2
    looks_once_more(shop)
    shop.rests()
    assert shop.history() == [(Kind.DEPLOY, 1, State.SUCCEEDED), (Kind.DEPLOY, 2, State.SUCCEEDED)]


def test_look_that_a_deployment_overtakes_does_not_bring_back_the_commit_before_it(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    found, go_on, look = threading.Event(), threading.Event(), watcher.look

    def slow(services: Services, project: Project, known: Watched | None, *, forced: bool) -> watcher.Sight:
        sight = look(services, project, known, forced=forced)
        found.set()
        assert go_on.wait(60)
        return sight

    shop.house.deploy()
    shop.push(program("two"), "Two")
    monkeypatch.setattr(watcher, "look", slow)
    shop.house.built.system.address("projects/shop/watcher").tell(Look(forced=True))
    assert found.wait(30)
    shop.push(program("three"), "Three")
    assert shop.house.deploy().version == 2
    go_on.set()
    seen = shop.house.control.check("shop")
    assert (seen.commit, seen.new) == (shop.repo.head(), False)
    shop.rests()
    assert shop.history() == [(Kind.DEPLOY, 1, State.SUCCEEDED), (Kind.DEPLOY, 2, State.SUCCEEDED)]
