"""Paths that no project may be put into are refused when they are given."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from actors.artifacts import target_path
from actors.errors import BadPath, TargetOccupied
from tests.actors.artifacts.workshop import Shop, write


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    made = Shop(tmp_path)
    made.layout.home.mkdir()
    made.path.parent.mkdir()
    return made


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/etc",
        "/usr",
        "/home",
        "/tmp",
        "/etc/shop",
        "/proc/self/shop",
        "shop",
        "./shop",
        "/srv/../etc",
        "/srv/a\nb",
        "/srv/a\0b",
        "/srv/a:b",
        "/srv/a*",
        "/srv/a\\b",
        "/srv/" + "x" * 201,
        "/srv/" + "x/" * 600,
        "/srv/ shop",
        "/srv/\udcff",
    ],
)
def test_paths_of_the_system_and_odd_ones_are_refused(shop: Shop, path: str) -> None:
    with pytest.raises(BadPath):
        shop.target.check(Path(path))


def test_a_home_directory_and_what_is_around_it_are_refused(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "people" / "ann"
    home.mkdir(parents=True)
    monkeypatch.setenv("HOME", str(home))
    for path in (home, home.parent):
        with pytest.raises(BadPath, match="home directory"):
            shop.target.check(path)
    shop.target.check(home / "shop")
    assert home in list(target_path.home_directories())


def test_vankas_own_directory_and_what_is_around_it_are_refused(shop: Shop) -> None:
    for path in (shop.layout.home, shop.layout.home / "x", shop.layout.home.parent):
        with pytest.raises(BadPath, match="Vanka's own"):
            shop.target.check(path)


def test_vankas_own_directory_is_found_behind_a_link_too(shop: Shop, tmp_path: Path) -> None:
    (tmp_path / "alias").symlink_to(shop.layout.home)
    with pytest.raises(BadPath, match="Vanka's own"):
        shop.target.check(tmp_path / "alias" / "x")


def test_another_projects_path_is_refused_inside_around_and_itself(shop: Shop) -> None:
    other = replace(shop.project, no=8, name="blog", path=str(shop.path / "blog"))
    for path in (other.path, other.path + "/x", str(shop.path)):
        with pytest.raises(BadPath, match="the project blog"):
            shop.target.check(Path(path), None, [other])
    shop.target.check(Path(other.path + "2"), None, [other])
    shop.target.check(Path(other.path), other, [other])


def test_a_file_and_what_lies_below_one_are_refused(shop: Shop) -> None:
    shop.path.write_text("")
    for path in (shop.path, shop.path / "below"):
        with pytest.raises(BadPath):
            shop.target.check(path)


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="the superuser may write everywhere")
def test_a_parent_that_cannot_be_written_is_refused(shop: Shop) -> None:
    shop.path.parent.chmod(0o500)
    try:
        with pytest.raises(BadPath, match="nothing can be made"):
            shop.target.check(shop.path)
    finally:
        shop.path.parent.chmod(0o700)


def test_a_directory_with_something_in_it_wants_adopt(shop: Shop) -> None:
    write(shop.path, {"index.php": ""})
    with pytest.raises(TargetOccupied) as refused:
        shop.target.check(shop.path)
    assert "--adopt" in refused.value.hint
    shop.target.check(shop.path, adopt=True)


def test_good_paths_are_taken(shop: Shop) -> None:
    shop.target.check(shop.path)
    shop.target.check(shop.path / "deep" / "er")
    shop.target.switch(shop.project, shop.release(1))
    shop.target.check(shop.path, shop.project, [shop.project])
