"""Persistent paths survive every switch, with the newest data winning."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from actors.errors import SwitchError
from tests.actors.artifacts.workshop import Shop, read, write


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    made = Shop(tmp_path, changes={"persist": ("*.sqlite3", "uploads/", "blog/db")})
    made.target.switch(made.project, made.release(1))
    return made


def switch(shop: Shop, version: int, files: dict[str, str] | None = None) -> Path:
    release = shop.release(version, files)
    shop.target.switch(shop.project, release)
    return release


def test_what_the_program_made_is_there_after_the_next_deployment(shop: Shop) -> None:
    write(
        shop.path,
        {"data.sqlite3": "rows", "deep/er.sqlite3": "rows", "uploads/a.jpg": "a", "blog/db/x": "x", "junk": ""},
    )
    switch(shop, 2)
    there = read(shop.path)
    assert there == {
        "main.py": "version 2",
        "data.sqlite3": "rows",
        "deep/er.sqlite3": "rows",
        "uploads/a.jpg": "a",
        "blog/db/x": "x",
    }


def test_the_way_back_sees_the_same_data(shop: Shop) -> None:
    write(shop.path, {"data.sqlite3": "one"})
    switch(shop, 2)
    write(shop.path, {"data.sqlite3": "two", "new.sqlite3": "made by version 2"})
    shop.target.switch(shop.project, shop.releases.path(shop.project, 1))
    there = read(shop.path)
    assert there["main.py"] == "version 1"
    assert there["data.sqlite3"] == "two"
    assert there["new.sqlite3"] == "made by version 2"


def test_an_uploads_folder_is_there_from_the_first_start(shop: Shop) -> None:
    write(shop.path, {"uploads/first.jpg": "1"})
    assert read(shop.data()) == {"uploads/first.jpg": "1"}


def test_the_commits_copy_seeds_the_data_once_and_never_again(shop: Shop) -> None:
    switch(shop, 2, {"blog/db": "empty", "blog/code.py": "code 2"})
    assert read(shop.path)["blog/db"] == "empty"
    (shop.path / "blog" / "db").write_text("posts")
    switch(shop, 3, {"blog/db": "empty again", "blog/code.py": "code 3"})
    there = read(shop.path)
    assert there["blog/db"] == "posts"
    assert there["blog/code.py"] == "code 3"


def test_a_file_that_the_program_replaced_whole_is_the_newest_and_the_older_one_is_kept(shop: Shop) -> None:
    write(shop.path, {"data.sqlite3": "one"})
    switch(shop, 2)
    write(shop.path, {"data.new": "two"})
    os.replace(shop.path / "data.new", shop.path / "data.sqlite3")  # many programs save this way, over our link
    switch(shop, 3)
    assert read(shop.path)["data.sqlite3"] == "two"
    assert read(shop.layout.replaced(shop.project)) == {"data.sqlite3": "one"}


def test_a_real_database_goes_on_where_it_was_with_its_log_beside_it(shop: Shop) -> None:
    with closing(sqlite3.connect(shop.path / "shop.sqlite3")) as database:
        database.execute("pragma journal_mode=wal")
        database.execute("create table orders (n)")
        database.execute("insert into orders values (1)")
        database.commit()
        copied = {end: (shop.path / f"shop.sqlite3{end}").read_bytes() for end in ("", "-wal")}
    for end, data in copied.items():  # as a program leaves it that was killed
        (shop.path / f"shop.sqlite3{end}").write_bytes(data)
    for version in (2, 3):
        switch(shop, version)
        with closing(sqlite3.connect(shop.path / "shop.sqlite3")) as database:
            database.execute("insert into orders values (?)", (version,))
            database.commit()
    with closing(sqlite3.connect(shop.path / "shop.sqlite3")) as database:
        assert database.execute("select n from orders order by n").fetchall() == [(1,), (2,), (3,)]


def test_a_path_that_becomes_persistent_later_takes_the_running_programs_data_along(shop: Shop) -> None:
    write(shop.path, {"cache.json": "warm"})
    shop.project = replace(shop.project, persist=(*shop.project.persist, "cache.json"))
    switch(shop, 2, {"cache.json": "cold"})
    assert read(shop.path)["cache.json"] == "warm"


def test_a_project_that_moves_to_another_path_takes_its_data_along(shop: Shop) -> None:
    write(shop.path, {"data.sqlite3": "rows"})
    old, new = shop.path, shop.path.with_name("elsewhere")
    shop.project = replace(shop.project, path=str(new))
    switch(shop, 2)
    assert read(new) == {"main.py": "version 2", "data.sqlite3": "rows"}
    assert not os.path.lexists(old)


def test_a_persistent_path_behind_a_link_of_the_commit_is_refused_before_anything_stops(
    shop: Shop, tmp_path: Path
) -> None:
    write(shop.path, {"blog/db": "posts"})
    switch(shop, 2)
    staged = shop.releases.begin(shop.project, 3)
    (tmp_path / "outside").mkdir()
    (staged / "blog").symlink_to(tmp_path / "outside")
    release = shop.releases.complete(shop.project, 3, staged)
    stopped: list[str] = []
    with pytest.raises(SwitchError, match="leads through blog"):
        shop.target.switch(shop.project, release, stop=lambda: stopped.append("stopped"))
    assert not stopped
    assert shop.target.current(shop.project) == 2
    assert not list((tmp_path / "outside").iterdir())


def test_data_from_another_file_system_is_copied_whole_before_the_original_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not os.path.isdir("/dev/shm") or os.stat("/dev/shm").st_dev == os.stat(tmp_path).st_dev:
        pytest.skip("no second file system here")
    import tempfile

    with tempfile.TemporaryDirectory(dir="/dev/shm") as other:
        shop = Shop(tmp_path, changes={"path": f"{other}/shop", "persist": ("uploads/",), "adopt": True})
        write(shop.path, {"uploads/a.jpg": "a", "index.php": "old"})
        (shop.path / "uploads" / "link").symlink_to("a.jpg")
        report = shop.target.switch(shop.project, shop.release(1))
        assert read(shop.data()) == {"uploads/a.jpg": "a", "uploads/link": "a"}
        assert report.aside is not None
        assert read(report.aside) == {"index.php": "old", "uploads/a.jpg": "a", "uploads/link": "a"}
        assert read(shop.path)["main.py"] == "version 1"
        assert os.listdir(other) == ["shop"]
