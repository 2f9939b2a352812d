"""Which paths are persistent, and which patterns are refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.artifacts.patterns import Patterns, check_pattern
from actors.errors import BadPath


@pytest.mark.parametrize(
    ("pattern", "path", "matches"),
    [
        ("blog/db", "blog/db", True),
        ("blog/db", "db", False),
        ("uploads/", "uploads", True),
        ("uploads/", "app/uploads", False),
        ("*.sqlite3", "db.sqlite3", True),
        ("*.sqlite3", "deep/er/db.sqlite3", True),
        ("*.sqlite3", "db.sqlite3.py", False),
        ("data*", "data.json", True),
        ("data*", "app/data.json", False),
        ("media/*/original", "media/7/original", True),
        ("media/*/original", "media/7/8/original", False),
        ("**/cache.db", "cache.db", True),
        ("**/cache.db", "a/b/cache.db", True),
        ("logs/**", "logs/a/b", True),
        ("logs/**", "logs", False),
        ("file[0-9].db", "file7.db", True),
        ("file[!0-9].db", "file7.db", False),
        ("a+b(1).db", "a+b(1).db", True),
        ("./state//now/", "state/now", True),
        ("odd[.db", "odd[.db", True),
    ],
)
def test_a_pattern_matches_what_a_person_would_expect(pattern: str, path: str, matches: bool) -> None:
    assert Patterns([pattern]).matches(path) is matches


def test_side_files_of_a_database_go_along_but_not_folders_of_such_names() -> None:
    patterns = Patterns(["*.sqlite3"])
    assert patterns.takes_along("deep/db.sqlite3-wal")
    assert patterns.takes_along("db.sqlite3-journal")
    assert not patterns.takes_along("other.db-wal")
    assert patterns.covers("db.sqlite3-shm")


def test_what_lies_in_a_persistent_folder_is_covered() -> None:
    assert Patterns(["uploads/"]).covers("uploads/2026/cat.jpg")
    assert not Patterns(["uploads/"]).covers("uploaded/cat.jpg")


@pytest.mark.parametrize(
    "pattern",
    [
        "",
        " ",
        "/",
        ".",
        "./",
        "/etc/passwd",
        "~/x",
        "../x",
        "a/../../b",
        "C:/x",
        "a\\b",
        "a\nb",
        "a\0b",
        "*",
        "**",
        "**/*",
        "*/**",
        "venv",
        "venv/lib",
        "x" * 501,
    ],
)
def test_patterns_that_leave_the_project_or_keep_everything_are_refused(pattern: str) -> None:
    with pytest.raises(BadPath):
        check_pattern(pattern)


@given(st.text(alphabet="ab*?[]!-/.", max_size=12), st.text(alphabet="ab/.", min_size=1, max_size=12))
def test_no_pattern_breaks_the_matching(pattern: str, path: str) -> None:
    try:
        patterns = Patterns([pattern])
    except BadPath:
        return
    assert patterns.matches(path) in (True, False)
