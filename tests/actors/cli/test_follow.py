"""A log that is followed: the last lines, then every line that is added, over rotations too."""

from __future__ import annotations

from pathlib import Path

import pytest

from actors.cli.follow import MAX_LINE_BYTES, TAIL_BYTES, Follow
from runtime.output import OutputFile


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "production.log"


def write(log: Path, text: str) -> None:
    with log.open("a") as out:
        out.write(text)


def follow(log: Path) -> Follow:
    return Follow(log, lambda line: line.replace("secret", "***"))


def all_more(followed: Follow) -> list[str]:
    found: list[str] = []
    while lines := followed.more():
        found += lines
    return found


def test_log_that_is_not_there_yet_is_followed_from_its_beginning(log: Path) -> None:
    followed = follow(log)
    assert (followed.last(10), followed.more()) == ([], [])
    write(log, "one\ntwo\n")
    assert followed.more() == ["one", "two"]


def test_last_lines_come_first_and_then_what_is_added(log: Path) -> None:
    write(log, "one\ntwo\nthree\n")
    followed = follow(log)
    assert followed.last(2) == ["two", "three"]
    write(log, "the secret\nhal")
    assert followed.more() == ["the ***"]
    write(log, "f\n")
    assert followed.more() == ["half"]
    write(log, "no end")
    assert (followed.more(), followed.rest(), followed.rest()) == ([], ["no end"], [])


def test_what_an_earlier_test_wrote_into_the_same_log_is_not_shown(log: Path) -> None:
    write(log, "the one before\n" * 20_000)
    followed = Follow(log, str, OutputFile(log).position())
    assert followed.last(10) == []
    write(log, "this one\n")
    assert Follow(log, str, OutputFile(log).position() - len("this one\n")).last(10) == ["this one"]
    assert followed.more() == ["this one"]


def test_no_line_is_lost_or_told_twice_when_the_log_is_rotated(log: Path) -> None:
    lines = [f"line {number:06d}" for number in range(3000)]
    write(log, "\n".join(lines[:1000]) + "\n")
    followed = follow(log)
    assert followed.last(10) == lines[990:1000]
    write(log, "\n".join(lines[1000:2000]) + "\n")  # not read when it is rotated
    assert OutputFile(log, limit_bytes=20_000).rotate_if_large()
    write(log, "\n".join(lines[2000:]) + "\n")
    assert all_more(followed) == lines[1000:]


def test_what_was_rotated_away_unread_ends_the_line_before_it(log: Path) -> None:
    write(log, "begun")
    followed = follow(log)
    assert followed.last(10) == []
    write(log, "x" * 50_000 + "\nlast\n")
    assert OutputFile(log, limit_bytes=10_000).rotate_if_large()
    found = all_more(followed)
    assert (found[0], found[-1]) == ("begun", "last")


def test_only_so_much_is_read_back_and_a_line_that_was_cut_is_not_shown(log: Path) -> None:
    write(log, "x" * 99 + "\n" + "\n".join("y" * 99 for _ in range(TAIL_BYTES // 100)) + "\n")
    write(log, "z" * 50 + "\n")
    assert {line[0] for line in follow(log).last(10**6)} == {"y", "z"}


def test_flood_without_a_line_s_end_does_not_grow_without_bound(log: Path) -> None:
    followed = follow(log)
    write(log, "x" * (MAX_LINE_BYTES + 1))
    assert followed.more() == ["x" * (MAX_LINE_BYTES + 1)]


def test_log_that_was_taken_away_and_begun_anew_is_followed_again(log: Path) -> None:
    write(log, "one\ntwo\n")
    followed = follow(log)
    followed.last(10)
    log.unlink()
    write(log, "new\n")
    assert followed.more() + followed.more() == ["new"]
