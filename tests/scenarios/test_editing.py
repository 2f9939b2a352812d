"""Settings that were changed count from the next deployment on, also for a commit that was built before."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from actors.model.deployment import Deployment
from runtime.vault import Secret
from tests.fakes.gitrepo import GitRepo
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
