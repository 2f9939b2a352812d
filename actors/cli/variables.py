"""Commands about variables: vars, set, unset. Values go in and are never shown."""

from __future__ import annotations

import getpass

from actors.cli import text
from actors.cli.arguments import Commands, named
from actors.cli.context import Context
from actors.errors import BadUsage

MAX_VALUE = 128 * 1024  # what a process can be given in one variable


def register(commands: Commands) -> None:
    """Add this group's commands."""
    parser = commands.add("vars", variables, "list a project's variables without their values")
    named(parser)
    parser.add_argument("--test", action="store_true", help="the variables of test runs")
    parser = commands.add("set", set_variable, "give a project's variable a value")
    named(parser)
    parser.add_argument("assignment", metavar="KEY=VALUE", help="KEY=- reads the value from standard input")
    parser.add_argument("--test", action="store_true", help="for test runs only")
    parser = commands.add("unset", unset_variable, "take a project's variable away")
    named(parser)
    parser.add_argument("key", metavar="KEY", help="the variable")
    parser.add_argument("--test", action="store_true", help="that of test runs")


def variables(context: Context) -> int:
    """Names and when they were set."""
    answer = context.ask("vars", name=context.args.name, test=context.args.test)

    def lines(them: list[dict[str, str]]) -> str:
        if not them:
            return "No variables yet."
        return text.table(("NAME", "SET"), [(it["name"], text.moment(it["set_at"])) for it in them])

    context.show(answer, lines)
    return 0


def set_variable(context: Context) -> int:
    """One variable; its value from the command line, or from standard input."""
    key, equals, value = context.args.assignment.partition("=")
    if not equals or not key:
        raise BadUsage("the variable is to be given as KEY=VALUE", "KEY=- reads the value from standard input.")
    if value == "-":
        value = _read(context, key)
    if len(value) > MAX_VALUE:
        raise BadUsage(f"the value of {key} is longer than a process can be given")
    answer = context.ask("set", name=context.args.name, key=key, value=value, test=context.args.test)
    name = context.args.name
    next_start = "the next test run" if context.args.test else f"the program at its next start: vanka restart {name}"
    context.show(answer, lambda _it: f"Set {key}. It reaches {next_start}")
    return 0


def _read(context: Context, key: str) -> str:
    if context.stdin.isatty():
        return getpass.getpass(f"{key}: ", context.err)
    try:
        value = context.stdin.read(MAX_VALUE + 2)
    except UnicodeDecodeError as error:
        raise BadUsage(f"the value of {key} is not UTF-8 text") from error
    # what `echo` and editors put at the end is not meant
    return value.removesuffix("\n").removesuffix("\r")


def unset_variable(context: Context) -> int:
    """One variable less."""
    answer = context.ask("unset", name=context.args.name, key=context.args.key, test=context.args.test)
    context.show(answer, lambda it: f"Unset {it['name']}.")
    return 0
