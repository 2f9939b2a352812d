"""The pages of the manual, taken apart: blocks of code, the lines in them, and the output that a page shows."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"
DOCS = ROOT / "ops" / "docs"
GUIDES = (DOCS / "guide.en.md", DOCS / "guide.ru.md")
ARCHITECTURE = DOCS / "architecture.md"
PAGES = (README, *sorted(DOCS.rglob("*.md")))

BLOCK = re.compile(r"^ *```(?P<language>\w*)\n(?P<text>.*?)^ *```\n", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Shown:
    """A line of a shell block as a reader would type it, and what the page says that it prints (None: nothing said)."""

    line: str
    output: tuple[str, ...] | None = None


def read(page: Path) -> str:
    """The page's text."""
    return page.read_text(encoding="utf-8")


def prose(page: Path) -> str:
    """The page without its blocks of code."""
    return BLOCK.sub("", read(page))


def name_of(page: Path) -> str:
    """The page's path in the checkout."""
    return page.relative_to(ROOT).as_posix()


def without_comment(line: str) -> str:
    """The line as the shell would run it; its own quotes and words are left as they stand."""
    found = re.match(r"""(?:[^'"#]|'[^']*'|"[^"]*"|(?<=\S)#)*""", line)
    return (found.group() if found else line).strip()


def shown(page: Path) -> list[Shown]:
    """Every line of the page's shell blocks, in order. A block without a language right below one is its output."""
    lines: list[Shown] = []
    end_of_shell = -1
    text = read(page)
    for block in BLOCK.finditer(text):
        if block["language"] == "sh":
            lines += [Shown(line) for line in map(without_comment, block["text"].splitlines()) if line]
            end_of_shell = block.end()
        elif not block["language"] and block.start() == end_of_shell:
            lines[-1] = Shown(lines[-1].line, tuple(line.strip() for line in block["text"].splitlines()))
    return lines


def shell_lines(page: Path) -> list[str]:
    """The lines of the page's shell blocks, without comments."""
    return [it.line for it in shown(page)]
