"""The documents tell the truth: commands parse, links lead somewhere, settings and metrics are those of the code."""

from __future__ import annotations

import argparse
import ast
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from actors.bot.screens import SCREENS
from actors.cli import build

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "README.md"
DOCS = ROOT / "ops" / "docs"
GUIDES = (DOCS / "guide.en.md", DOCS / "guide.ru.md")
ARCHITECTURE = DOCS / "architecture.md"
PAGES = (README, *sorted(DOCS.rglob("*.md")))

BLOCK = re.compile(r"^ *```(?P<language>\w*)\n(?P<text>.*?)^ *```$", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
LINK = re.compile(r"\[[^\]]*\]\((?P<to>[^)\s]+)\)")
HEADING = re.compile(r"^#+ +(.+)$", re.MULTILINE)
PATH = re.compile(r"(?:actors|runtime|tests|ops|\.ci)/[\w./*-]*")
OURS = re.compile(r"^(?:sudo -u \S+ )?(?:\w+=\S* )*(?:python3 \S*ops/vanka|vanka)\s+(?P<args>\S.*)$")
METRIC = re.compile(r'(?:counter|gauge|histogram)\(\s*"(vanka_\w+)"')
HIDDEN = {"--help", "-h", "--json"}


def read(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def prose(page: Path) -> str:
    """The page without its blocks of code."""
    return BLOCK.sub("", read(page))


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def shell_lines(page: Path) -> list[str]:
    """The lines of the page's shell blocks, without comments."""
    blocks = [found["text"] for found in BLOCK.finditer(read(page)) if found["language"] == "sh"]
    lines = (shlex.join(shlex.split(line, comments=True)) for block in blocks for line in block.splitlines())
    return [line for line in lines if line]


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
    in_code = {name for file in files for name in METRIC.findall(read(file))}
    assert in_code
    assert set(re.findall(r"^\| `(vanka_\w+)` \|", read(guide), re.MULTILINE)) == in_code


@pytest.mark.parametrize("guide", GUIDES, ids=name_of)
def test_the_screens_of_the_chat_are_those_of_the_manual(guide: Path) -> None:
    assert set(re.findall(r"^\| `([A-Z]\d[a-z]?)` \|", read(guide), re.MULTILINE)) == set(SCREENS)


def test_both_guides_show_the_same_commands_in_the_same_order() -> None:
    english, russian = (shell_lines(guide) for guide in GUIDES)
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


def test_the_demo_in_the_readme_is_told_in_the_words_of_the_demo() -> None:
    told = re.findall(r"^ +\d+\.\d s  (.+)$", read(README), re.MULTILINE)
    said = [pattern_of(text) for text in said_by(ROOT / "actors" / "cli" / "demo.py")]
    assert len(told) > 10
    assert [line for line in told if not any(re.fullmatch(pattern, line) for pattern in said)] == []


def said_by(file: Path) -> Iterator[ast.expr]:
    """What the calls of `say` in a file are given."""
    for node in ast.walk(ast.parse(read(file))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "say":
            yield node.args[0]


def pattern_of(text: ast.expr) -> str:
    """A text with gaps as a pattern."""
    parts = text.values if isinstance(text, ast.JoinedStr) else [text]
    return "".join(re.escape(str(part.value)) if isinstance(part, ast.Constant) else ".+" for part in parts)
