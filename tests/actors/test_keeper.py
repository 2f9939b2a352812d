"""The keeper: what it removes, what it says of what cannot be removed, and how often."""

from __future__ import annotations

from pathlib import Path

import pytest

from actors import keeper
from actors.artifacts.cleaner import Cleaner, CleanUp
from actors.source import Sources, parse
from tests.fakes.gitrepo import GitRepo
from tests.scenarios.inside import Inside
from tests.scenarios.service import eventually, program


def notices(house: Inside, text: str) -> list[str]:
    return [it["text"] for it in house.control.notifications(100) if text in it["text"]]


def test_what_cannot_be_removed_is_told_once_for_as_long_as_it_stays_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[int] = []
    problems = ["/one could not be removed: no", "/two could not be removed: no"]

    def first_aid(_cleaner: Cleaner, _everybody: object, _need: int) -> CleanUp:
        looks.append(1)
        return CleanUp(problems=tuple(problems))

    def look_again() -> None:
        seen = len(looks)
        eventually(lambda: len(looks) > seen + 3, "it looks again")

    monkeypatch.setattr(Cleaner, "first_aid", first_aid)
    monkeypatch.setattr(keeper, "free_bytes", lambda _path: 5_000_000)
    monkeypatch.setattr(keeper, "DISK_S", 0.02)
    house = Inside(tmp_path)
    try:
        eventually(lambda: notices(house, "could not be cleaned up"), "the trouble is told")
        look_again()
        assert notices(house, "could not be cleaned up") == [
            "🛠 the disk could not be cleaned up: /one could not be removed: no (and 1 more, see the log)"
        ]
        assert len(notices(house, "the disk is nearly full: 5 MB were free")) == 1
        problems.append("/three could not be removed: no")
        eventually(lambda: notices(house, "/three"), "a new trouble is told")
        look_again()
        assert len(notices(house, "could not be cleaned up")) == 2
    finally:
        house.close()


def test_mirrors_that_no_project_uses_any_more_are_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    forget, asked = Sources.forget_unused, []

    def forget_now(sources: Sources, in_use: list[object]) -> int:
        asked.append(in_use)
        return forget(sources, in_use, older_than_s=-1.0)  # type: ignore[arg-type]  # as the keeper gives it

    monkeypatch.setattr(Sources, "forget_unused", forget_now)
    monkeypatch.setattr(keeper, "FIRST_MIRRORS_S", 0.05)
    monkeypatch.setattr(keeper, "MIRRORS_S", 0.05)
    house = Inside(tmp_path)
    try:
        for name in ("stays", "goes"):
            repo = GitRepo.in_directory(tmp_path, name)
            repo.commit({"main.py": program(name)}, name)
            repo.push()
            house.add(repo, name, probe="true")
            house.control.check(name)
        urls = {it.name: it.url for it in house.control.projects()}
        mirrors = {name: house.home / "mirrors" / parse(url).key for name, url in urls.items()}
        house.deploy(
            "goes",
        )
        assert mirrors["goes"].is_dir()
        house.control.remove("goes", False, "ann")
        eventually(lambda: not mirrors["goes"].exists(), "the mirror of the removed project goes")
        house.deploy("stays")
        seen = len(asked)
        eventually(lambda: len(asked) > seen + 1, "it looks again")
        assert mirrors["stays"].is_dir()
    finally:
        house.close()
