"""The `vanka` command's arguments: a parser whose errors are one line, and the way a group adds its commands."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any, NoReturn

from actors.cli.context import Context

MOST = 100_000
Run = Callable[[Context], int]


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one line on standard error and leaves with exit code 2."""

    def error(self, message: str) -> NoReturn:
        what = " ".join(message.split()).replace(", '_names'", "")
        self.exit(2, f"vanka: {what[:1].lower()}{what[1:]}. See: {self.prog} --help\n")


class Commands:
    """Where the groups put their commands, in the order in which `vanka --help` lists them."""

    def __init__(self, parser: argparse.ArgumentParser) -> None:
        self._parsers = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=Parser)

    def add(self, name: str, run: Run, help_: str, *, json: bool = True) -> argparse.ArgumentParser:
        """One more command: `run(context)` does it and returns the exit code."""
        parser: argparse.ArgumentParser = self._parsers.add_parser(
            name, help=help_, description=help_[:1].upper() + help_[1:] + ".", allow_abbrev=False
        )
        parser.set_defaults(run=run)
        if json:
            json_option(parser)
        return parser

    def hidden(self, name: str, run: Run) -> None:
        """A command that the shells' completions use and no person."""
        self._parsers.add_parser(name).set_defaults(run=run)

    @property
    def parsers(self) -> dict[str, Any]:
        """Name to parser, for the completions."""
        return dict(self._parsers.choices)


def json_option(parser: argparse.ArgumentParser) -> None:
    """Add `--json`: before the command or after it, and one does not undo the other."""
    parser.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="print one JSON document")


def detachable(parser: argparse.ArgumentParser) -> None:
    """Add `--detach`."""
    parser.add_argument("--detach", action="store_true", help="return at once; do not wait for the end")


def named(parser: argparse.ArgumentParser) -> None:
    """Add the project's name."""
    parser.add_argument("name", metavar="NAME", help="the project")


def how_many(value: str) -> int:
    """A count of lines or entries; for argparse."""
    if not value.isascii() or not value.isdigit() or int(value) > MOST:
        raise argparse.ArgumentTypeError(f"{value!r} is not a number from 0 to {MOST}")
    return int(value)
