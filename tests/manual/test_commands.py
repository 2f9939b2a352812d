"""Every command that the README and the guides show is typed, in their order, on a machine like the reader's."""

from __future__ import annotations

import re
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.manual.pages import ARCHITECTURE, GUIDES, README, name_of, read, shell_lines, shown
from tests.manual.place import Place
from tests.manual.walk import ENDS, NOT_RUN, Walk, unused

# the Russian guide shows the same lines in the same order, which tests/test_docs.py sees to
WALKED = (README, GUIDES[0])


@pytest.mark.parametrize("page", WALKED, ids=name_of)
def test_every_command_shown_ends_well_and_prints_what_is_shown(page: Path, tmp_path: Path) -> None:
    with ExitStack() as opened:
        place = Place(tmp_path, opened)
        walk = Walk(place)
        for it in shown(page):
            walk.take(it)
        assert [name for name in in_home(place.service.home) if name not in stored_where()] == []


def in_home(home: Path) -> set[str]:
    """What lies in a home that was in use: its own names, and those of one project's directory (as project 1)."""
    projects = {it.name for no in (home / "projects").iterdir() for it in no.iterdir()}
    return {it.name for it in home.iterdir()} | {f"projects/1/{name}" for name in projects}


def stored_where() -> set[str]:
    """The names in the architecture page's table of what is stored, and the directories above them."""
    table = read(ARCHITECTURE).partition("\n## What is stored where\n")[2].partition("\n## ")[0]
    paths = [
        Path(it) for row in re.findall(r"^\| (`.*?) \|", table, re.MULTILINE) for it in re.findall(r"`(.+?)`", row)
    ]
    return {part.as_posix() for path in paths for part in (path, *path.parents)}


def test_nothing_is_left_out_or_excused_that_no_page_shows() -> None:
    lines = [line for page in WALKED for line in shell_lines(page)]
    assert unused(lines, {**NOT_RUN, **ENDS}) == []
