"""The documents tell the truth: commands parse, links lead somewhere, settings and metrics are those of the code."""

from __future__ import annotations

import argparse
import ast
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from actors.bot.commands import COMMANDS
from actors.bot.screens import SCREENS
from actors.bot.texts import CATALOGUES, Language
from actors.cli import build
from actors.model.deployment import StageName, StageState, State
from tests.manual.pages import (
    ARCHITECTURE,
    BLOCK,
    GUIDES,
    PAGES,
    README,
    ROOT,
    name_of,
    prose,
    read,
    shell_lines,
    shown,
)

INLINE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
LINK = re.compile(r"\[[^\]]*\]\((?P<to>[^)\s]+)\)")
HEADING = re.compile(r"^#+ +(.+)$", re.MULTILINE)
PATH = re.compile(r"(?:actors|runtime|tests|ops|\.ci)/[\w./*-]*")
OURS = re.compile(r"^(?:sudo -u \S+ )?(?:\w+=\S* )*(?:python3 \S*ops/vanka|vanka)\s+(?P<args>\S.*)$")
METRIC = re.compile(r'(?:counter|gauge|histogram)\(\s*"(vanka_\w+)",\s*"[^"]*"(?:,\s*\(([^)]*)\))?')
ROW = re.compile(r"^\| `(?P<name>[A-Za-z_]\w*)` \|(?P<second>[^|]*)\|.*\|$", re.MULTILINE)
HIDDEN = {"--help", "-h", "--json"}


def shown_commands(page: Path) -> Iterator[list[str]]:
    """The arguments of every `vanka` command on the page, in blocks and between words."""
    for line in [*shell_lines(page), *INLINE.findall(prose(page))]:
        found = OURS.search(line)
        if found:
            yield shlex.split(found["args"].replace(r"\|", "|"))


def commands() -> dict[str, argparse.ArgumentParser]:
    """Every command that a person may use."""
    parsers: dict[str, argparse.ArgumentParser] = build()[1].parsers
    return {name: parser for name, parser in parsers.items() if parser.description}


def options(parser: argparse.ArgumentParser) -> set[str]:
    return {option for action in parser._actions for option in action.option_strings} - HIDDEN


def is_taken(args: list[str]) -> bool:
    if len(args) == 1 and args[0] in commands():
        return True  # only its name is mentioned
    try:
        build()[0].parse_args(args)
    except SystemExit:
        return False
    return True


def slug(heading: str) -> str:
    """A heading's anchor, as the usual viewers of Markdown make it."""
    plain = re.sub(r"[`*_]|\]\([^)]*\)|\[", "", heading).strip().lower()
    return re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_command_shown_is_one_that_the_parser_takes(page: Path) -> None:
    refused = [shlex.join(args) for args in shown_commands(page) if not is_taken(args)]
    assert not refused, f"{name_of(page)} shows what vanka does not take"


@pytest.mark.parametrize("page", [README, *GUIDES], ids=name_of)
def test_every_command_and_option_of_the_parser_is_shown(page: Path) -> None:
    text, shown = read(page), {args[0] for args in shown_commands(page)}
    for name, parser in commands().items():
        assert name in shown, f"vanka {name} is not in {name_of(page)}"
        missing = [option for option in options(parser) if not re.search(rf"(?<![\w-]){option}(?![\w-])", text)]
        assert not missing, f"{missing} of vanka {name} are not in {name_of(page)}"


def test_options_named_in_a_row_of_the_readme_belong_to_a_command_of_that_row() -> None:
    for row in (line for line in read(README).splitlines() if line.startswith("| `vanka ")):
        cells = INLINE.findall(row)
        parsers = [commands()[cell.split()[1]] for cell in cells if cell.startswith("vanka ")]
        known = {option for parser in parsers for option in options(parser)}
        named = {word for cell in cells if cell.startswith("-") for word in cell.split() if word.startswith("-")}
        assert named <= known, f"{named - known} in: {row}"


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_link_leads_to_a_page_and_a_heading_that_are_there(page: Path) -> None:
    for found in LINK.finditer(prose(page)):
        to, _, anchor = found["to"].partition("#")
        if "://" in to:
            continue
        there = page if not to else (page.parent / to).resolve()
        assert there.exists(), f"{name_of(page)} links to {found['to']}"
        if anchor:
            anchors = {slug(heading) for heading in HEADING.findall(prose(there))}
            assert anchor in anchors, f"{name_of(page)} links to {found['to']}"


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_path_named_is_there(page: Path) -> None:
    for code in INLINE.findall(prose(page)):
        if PATH.fullmatch(code) and "NAME" not in code:
            assert list(ROOT.glob(code.rstrip("/"))), f"{name_of(page)} names {code}"


@pytest.mark.parametrize("guide", GUIDES, ids=name_of)
def test_the_settings_of_the_code_are_those_of_the_manual(guide: Path) -> None:
    source = read(ROOT / "actors" / "settings.py")
    in_code = {f"VANKA_{name}" for name in re.findall(r'_value\(environ, "([A-Z_]+)"\)', source)}
    assert in_code
    assert set(re.findall(r"^\| `(VANKA_\w+)` \|", read(guide), re.MULTILINE)) == in_code


@pytest.mark.parametrize("guide", GUIDES, ids=name_of)
def test_the_metrics_of_the_code_are_those_of_the_manual(guide: Path) -> None:
    files = [*(ROOT / "actors").rglob("*.py"), *(ROOT / "runtime").rglob("*.py")]
    in_code = {
        name: ", ".join(re.findall(r"\w+", labels)) for file in files for name, labels in METRIC.findall(read(file))
    }
    assert in_code
    in_guide = {name: labels.strip() for name, labels in ROW.findall(read(guide)) if name.startswith("vanka_")}
    assert in_guide == in_code


@pytest.mark.parametrize("guide", GUIDES, ids=name_of)
def test_the_variables_that_shape_a_container_are_those_of_the_manual(guide: Path) -> None:
    in_code = set(re.findall(r"CONTAINER_[A-Z]+", read(ROOT / "actors" / "engines" / "container_options.py")))
    assert in_code
    assert {name for name, _ in ROW.findall(read(guide)) if name.startswith("CONTAINER_")} == in_code


@pytest.mark.parametrize("guide", GUIDES, ids=name_of)
def test_the_commands_of_the_chat_are_those_of_the_manual(guide: Path) -> None:
    found = re.search(r"^\*\*(?:Commands|Команды)\*\*.*?\n\n", read(guide), re.MULTILINE | re.DOTALL)
    assert found
    assert {it.split()[0] for it in INLINE.findall(found.group())} == {f"/{name}" for name in (*COMMANDS, "cancel")}


@pytest.mark.parametrize(("guide", "language"), [(GUIDES[0], "en"), (GUIDES[1], "ru")], ids=("en", "ru"))
def test_the_entries_of_the_main_menu_are_those_of_the_manual(guide: Path, language: Language) -> None:
    labels = re.findall(
        r'(?:words\.label\(|private\(visit, )"(b_\w+)"', read(ROOT / "actors" / "bot" / "screens" / "home.py")
    )
    in_code = {CATALOGUES[language][label].partition(":")[0] for label in labels}
    assert len(in_code) > 10
    table = re.search(r"^\| (?:on the menu|в меню) \|.*?\n\n", read(guide), re.MULTILINE | re.DOTALL)
    assert table
    first_cells = [row.split(" | ")[0].removeprefix("| ") for row in table.group().splitlines()[2:] if row]
    assert {entry for cell in first_cells for entry in cell.split(", ")} == in_code


def test_the_states_and_stages_of_a_deployment_are_those_of_the_architecture_page() -> None:
    chapter = read(ARCHITECTURE).partition("\n## A deployment's states\n")[2].partition("\n## ")[0]
    picture = BLOCK.search(chapter)
    assert picture
    assert {state for state in State if state in picture["text"]} == set(State)
    stages = set(re.findall(r"`(\w+)`", chapter.partition("A stage is ")[2].partition(".")[0]))
    assert stages == set(StageState)
    walk = read(ARCHITECTURE).partition("\n## One commit, all the way\n")[2].partition("\n## ")[0]
    assert re.findall(r"^   - `(\w+)`", walk, re.MULTILINE) == list(StageName)


def test_the_map_of_the_house_names_what_is_there() -> None:
    block = BLOCK.search(read(README).partition("\n## The map of the house\n")[2])
    assert block
    named = [line.split()[0] for line in block["text"].splitlines()]
    assert [path for path in named if not (ROOT / path).exists()] == []
    packages = {f"actors/{it.name}/" for it in (ROOT / "actors").iterdir() if (it / "__init__.py").exists()}
    assert packages <= set(named)


@pytest.mark.parametrize("guide", GUIDES, ids=name_of)
def test_the_screens_of_the_chat_are_those_of_the_manual(guide: Path) -> None:
    assert set(re.findall(r"^\| `([A-Z]\d[a-z]?)` \|", read(guide), re.MULTILINE)) == set(SCREENS)


def test_both_guides_show_the_same_commands_with_the_same_output_in_the_same_order() -> None:
    english, russian = (shown(guide) for guide in GUIDES)
    assert english == russian


def test_both_guides_have_the_same_chapters() -> None:
    english, russian = (
        [line.count("#") for line in re.findall(r"^#+ ", prose(guide), re.MULTILINE)] for guide in GUIDES
    )
    assert english == russian


def test_the_ground_floor_is_listed_as_it_is() -> None:
    listed = dict(re.findall(r"^\| `(\w+\.py)` \| (.+) \|$", read(ARCHITECTURE), re.MULTILINE))
    files = [file for file in (ROOT / "runtime").glob("*.py") if file.name != "__init__.py"]
    promises = {file.name: (ast.get_docstring(ast.parse(read(file))) or "").splitlines()[0] for file in files}
    assert listed == {name: promise.rstrip(".") for name, promise in promises.items()}
