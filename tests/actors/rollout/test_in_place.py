"""In place: the old program is stopped once, then the target holds the new release; the way back is the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from actors.errors import SwitchError
from actors.rollout.in_place import InPlace
from actors.rollout.strategy import Strategy
from tests.actors.artifacts.workshop import Shop, read


def test_there_and_back_again(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    strategy: Strategy = InPlace(shop.target)
    stopped: list[int | None] = []
    for number in (1, 2):
        release = shop.release(number)
        strategy.switch(shop.project, number, release, stop=lambda: stopped.append(strategy.current(shop.project)))
    back = shop.releases.path(shop.project, 1)
    report = strategy.switch_back(shop.project, 1, back, stop=lambda: stopped.append(strategy.current(shop.project)))
    assert report.atomic
    assert stopped == [None, 1, 2]
    assert read(shop.path) == {"main.py": "version 1"}
    assert strategy.recover(shop.project) is None
    strategy.remove(shop.project, keep_files=False)
    assert strategy.current(shop.project) is None


def test_a_release_of_another_version_is_refused_before_anything_stops(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    release = shop.release(1)
    stopped: list[str] = []
    with pytest.raises(SwitchError):
        InPlace(shop.target).switch(shop.project, 2, release, stop=lambda: stopped.append(""))
    assert not stopped


def test_when_the_program_cannot_be_stopped_the_old_release_stays(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    strategy = InPlace(shop.target)
    strategy.switch(shop.project, 1, shop.release(1), stop=lambda: None)

    def stop() -> None:
        raise SwitchError("it does not stop")

    with pytest.raises(SwitchError, match="does not stop"):
        strategy.switch(shop.project, 2, shop.release(2), stop=stop)
    assert strategy.current(shop.project) == 1
    assert "undone: the target holds version 1" in str(strategy.recover(shop.project))
    strategy.switch(shop.project, 2, shop.releases.path(shop.project, 2), stop=lambda: None)
    assert strategy.current(shop.project) == 2
