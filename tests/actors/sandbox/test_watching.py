"""Watched guests: a new commit is run in the place of the one before; what cannot be watched is said."""

from __future__ import annotations

import pytest

from actors.errors import BadInterval, NoSuchBranch, NothingToDo
from actors.messages import GuestEnded, GuestKept, GuestRenewed, GuestWatchFailed
from actors.model.guest import GuestState
from actors.source import Access
from runtime.vault import Secret
from tests.actors.sandbox.stranger import FOREVER, Stranger
from tests.fakes.gitserver import GitServer
from tests.scenarios.service import eventually

pytestmark = pytest.mark.docker

NEWER = FOREVER.replace("'on'", "'newer'")


def test_new_commit_is_prepared_beside_and_takes_the_place_of_what_runs(stranger: Stranger) -> None:
    guest = stranger.begins(FOREVER, test=False, interval_s=60)
    first = stranger.runs(guest)
    (before,) = stranger.things()[0]
    stranger.looks()
    assert not stranger.told, "nothing is new"
    sha = stranger.repo.commit({"main.py": NEWER}, "newer")
    stranger.looks()
    renewed = stranger.hears(GuestRenewed)
    assert (renewed.guest.tried, renewed.before) == (sha, first.commit)
    known = stranger.runs(guest, "newer")
    assert (known.commit, known.run, known.restarts) == (sha, 2, 0)
    eventually(lambda: len(stranger.things()[0]) == 1, "the old one is gone")
    assert stranger.things()[0] != [before]
    assert len(stranger.things()[1]) == 1
    files = [file.name for file in (stranger.home / "sandbox" / guest.id).iterdir()]
    assert files == ["program-2-0.log"]


@pytest.mark.parametrize("broken", ["requirements", "large"])
def test_new_commit_that_cannot_be_prepared_leaves_the_one_before_running(
    stranger: Stranger, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    guest = stranger.begins(FOREVER, test=False, interval_s=60, network=True)
    first = stranger.runs(guest)
    (before,) = stranger.things()[0]
    monkeypatch.setattr("actors.sandbox.source.FILES_BYTES", 2**20)
    more = {"requirements.txt": "no-such-package-anywhere==1\n"} if broken == "requirements" else {"x": "x" * 2**21}
    stranger.repo.commit({"main.py": NEWER, **more}, "broken")
    stranger.looks()
    kept = stranger.hears(GuestKept)
    assert (kept.step is None) == (broken == "large")
    known = stranger.runs(guest)
    assert (known.state, known.commit, known.running) == (GuestState.RUNNING, first.commit, "python main.py")
    assert stranger.things()[0] == [before]
    stranger.told.clear()
    stranger.looks()
    assert not stranger.told, "a commit is tried once"


def test_test_that_has_ended_is_run_anew_and_one_that_somebody_stopped_is_not(stranger: Stranger) -> None:
    guest = stranger.begins("print('one')\n", interval_s=60)
    assert stranger.hears(GuestEnded).step is not None
    stranger.told.clear()
    stranger.repo.commit({"main.py": "print('two')\n"}, "two")
    stranger.looks()
    ended = stranger.hears(GuestEnded)
    assert ended.step is not None
    assert ended.step.lines == ("two",)
    stranger.told.clear()
    stranger.repo.commit({"main.py": FOREVER}, "three")
    stranger.looks()
    stranger.runs(guest)
    stranger.sandbox.stop(guest.id)
    stranger.told.clear()
    stranger.repo.commit({"main.py": NEWER}, "four")
    stranger.looks()
    assert not stranger.told
    stranger.sandbox.again(guest.id)
    stranger.runs(guest, "newer")


def test_private_repository_is_watched_with_its_token(stranger: Stranger, hosting: GitServer) -> None:
    number = stranger.sandbox.draft()
    hosting.token = "ghp_" + "t" * 36
    stranger.sandbox.set_access(number, Access(token=Secret(hosting.token)))
    guest = stranger.begins(FOREVER, guest=number, test=False, interval_s=60)
    stranger.runs(guest)
    stranger.goes_down()
    stranger.comes_back()
    stranger.repo.commit({"main.py": NEWER}, "newer")
    stranger.looks()
    stranger.runs(guest, "newer")
    (container,) = stranger.things()[0]
    inside = stranger.docker.run_in(
        container, ("sh", "-c", "env; cat /proc/*/environ; grep -r ghp_ /work"), user="10001"
    )
    assert b"ghp_" not in b"".join(inside.output)


def test_what_cannot_be_looked_at_is_told_once(stranger: Stranger, hosting: GitServer) -> None:
    guest = stranger.begins(FOREVER, test=False, interval_s=60)
    stranger.runs(guest)
    hosting.token = "closed"
    for _ in range(5):
        stranger.looks()
    told = [event for event in stranger.told if isinstance(event, GuestWatchFailed)]
    assert len(told) == 1
    assert stranger.sandbox.get(guest.id).watch_error
    hosting.token = None
    stranger.looks()
    assert not stranger.sandbox.get(guest.id).watch_error


def test_only_what_moves_is_watched(stranger: Stranger) -> None:
    guest = stranger.begins(FOREVER)
    stranger.runs(guest)
    with pytest.raises(BadInterval):
        stranger.sandbox.set_interval(guest.id, 3)
    assert stranger.sandbox.set_interval(guest.id, 60).wish.interval_s == 60
    stranger.repo.tag("v1")
    for ref, error in (("v1", NoSuchBranch), ("a" * 40, NothingToDo)):
        other = stranger.begins(None, ref=ref)
        with pytest.raises(error):
            stranger.sandbox.set_interval(other.id, 60)
        stranger.sandbox.remove(other.id)
