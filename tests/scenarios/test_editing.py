"""Settings that were changed count from the next deployment on, also for a commit that was built before."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from actors.control.shapes import NewProject
from actors.errors import AccessDenied, BadInterval
from actors.model.deployment import Deployment
from actors.source import Access
from runtime.vault import Secret
from tests.fakes.gitrepo import GitRepo
from tests.fakes.gitserver import GitServer
from tests.scenarios.inside import Inside
from tests.scenarios.service import eventually

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the probe is a shell command")

# beside the release, which would be built again if a program had written into it
SAYS = """\
import os, pathlib, time
pathlib.Path(os.environ["SAID"] + "." + os.environ["VANKA_ENVIRONMENT"]).write_text("{}")
time.sleep(600)
"""
PROBE = """sh -c 'test -s "$SAID.$VANKA_ENVIRONMENT"'"""


class Mono:
    """Two folders with two programs each; every program writes down who it is."""

    def __init__(self, house: Inside, directory: Path) -> None:
        self.house = house
        self._said = directory / "said"
        repo = GitRepo.in_directory(directory, "mono")
        repo.commit({f"{part}/{name}.py": SAYS.format(f"{part}/{name}") for part in "ab" for name in ("main", "other")})
        house.add(repo, "mono", subdir="a", probe=PROBE)
        house.control.set_variable("mono", "SAID", Secret(str(self._said)), False)

    def said(self, environment: str = "production") -> str:
        """Who was started there last."""
        file = self._said.with_name(f"said.{environment}")
        return file.read_text() if file.exists() else ""

    def runs(self, who: str, deployment: Deployment) -> bool:
        """Whether that one runs after the deployment; the probe was content with what the last one had written."""
        ended = self.house.end_of(deployment)
        assert ended.error is None
        return eventually(lambda: self.said() == who, f"{who} runs, not {self.said()}", 10)


@pytest.fixture
def mono(house: Inside, tmp_path: Path) -> Mono:
    return Mono(house, tmp_path)


def test_another_main_file_and_another_folder_count_for_the_same_commit_too(house: Inside, mono: Mono) -> None:
    assert mono.runs("a/main", house.control.deploy("mono", "ann"))
    house.control.edit("mono", "ann", main="other.py")
    assert mono.runs("a/other", house.control.deploy("mono", "ann"))
    house.control.edit("mono", "ann", subdir="b")
    assert mono.runs("b/other", house.control.deploy("mono", "ann"))
    assert [version.number for version in house.control.versions("mono")] == [1]


def test_test_run_has_the_settings_of_today_and_its_promotion_is_what_was_tested(house: Inside, mono: Mono) -> None:
    assert mono.runs("a/main", house.control.deploy("mono", "ann"))
    house.control.edit("mono", "ann", main="other.py")
    house.control.test("mono", "ann", for_s=None)
    eventually(lambda: mono.said("test") == "a/other", "the other program runs as a test")
    eventually(lambda: house.control.status("mono").test, "the test run can be decided about")
    house.control.edit("mono", "ann", main="main.py")
    assert mono.runs("a/other", house.control.promote("mono", "ann"))


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[GitServer]:
    """Another host than `hosting`, as its name says."""
    with GitServer(tmp_path / "elsewhere") as server:
        yield server


def test_new_address_and_its_token_are_taken_together_though_the_old_repository_is_gone(
    house: Inside, hosting: GitServer, elsewhere: GitServer
) -> None:
    hosting.repo().commit({"main.py": "print()"}, "One")
    elsewhere_head = elsewhere.repo().commit({"main.py": "print(2)"}, "Two")
    hosting.token = "the-token-of-one"
    there = elsewhere.url("shop").replace("127.0.0.1", "localhost")
    house.control.add(
        NewProject(name="shop", url=hosting.url("shop")), "ann", access=Access(token=Secret("the-token-of-one"))
    )
    elsewhere.token = "the-token-of-two"
    shutil.rmtree(hosting.root / "shop.git")
    house.control.edit("shop", "ann", access=Access(token=Secret("the-token-of-two")), url=there)
    assert house.control.check("shop").commit == elsewhere_head


def test_token_of_the_old_address_is_not_shown_to_another_host(
    house: Inside, hosting: GitServer, elsewhere: GitServer
) -> None:
    hosting.repo().commit({"main.py": "print()"}, "One")
    elsewhere.repo().commit({"main.py": "print()"}, "One")
    hosting.token = "the-token-of-one"
    house.control.add(
        NewProject(name="shop", url=hosting.url("shop")), "ann", access=Access(token=Secret("the-token-of-one"))
    )
    house.control.edit("shop", "ann", url=elsewhere.url("shop").replace("127.0.0.1", "localhost"))
    house.control.check("shop")
    assert elsewhere.requests
    assert {request.authorization for request in elsewhere.requests} == {""}
    with pytest.raises(AccessDenied):
        house.control.edit("shop", "ann", url=hosting.url("shop"))


def test_edit_that_is_refused_changes_nothing_at_all(house: Inside, hosting: GitServer) -> None:
    hosting.repo().commit({"main.py": "print()"}, "One")
    house.control.add(NewProject(name="shop", url=hosting.url("shop")), "ann")
    before = house.control.project("shop")
    with pytest.raises(BadInterval):
        house.control.edit("shop", "ann", access=Access(token=Secret("ghp_1234567890")), paused=True, interval_s=1)
    assert house.control.project("shop") == before
    assert house.built.services.records.credentials.access(before) == Access()
