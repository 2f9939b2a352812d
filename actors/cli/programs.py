"""Commands about what runs: start, stop, restart, logs, and run for a third-party repository."""

from __future__ import annotations

import argparse
from typing import Any

from actors.bot.dotenv import parse_dotenv
from actors.cli import text
from actors.cli.arguments import Commands, how_many, named
from actors.cli.context import Context
from actors.cli.secret_file import secret_file
from actors.cli.text import duration
from actors.errors import BadUsage


def register(commands: Commands) -> None:
    """Add this group's commands."""
    named(commands.add("start", _program, "start a project's program"))
    named(commands.add("stop", _program, "stop a project's program and keep it stopped"))
    named(commands.add("restart", _program, "stop and start a project's program"))
    parser = commands.add("logs", logs, "show the output of a program or of a deployment")
    named(parser)
    parser.add_argument("-n", dest="lines", metavar="100", type=how_many, default=100, help="how many lines")
    parser.add_argument("-f", dest="follow", action="store_true", help="go on with what is added")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--test", action="store_true", help="the output of the test run")
    which.add_argument("--deployment", metavar="ID", help="the output of a deployment")
    parser = commands.add("run", run, "run a third-party repository in a container")
    parser.add_argument("url", metavar="URL", help="the repository")
    parser.add_argument("--test", action="store_true", help="a run with an end: 5 minutes unless --for says more")
    parser.add_argument("--for", dest="for_s", metavar="5m", type=duration, help="at most so long")
    parser.add_argument("--token", metavar="FILE", help="file with the token of a private repository; - for input")
    parser.add_argument("--variables", metavar="FILE", help="file with NAME=value lines for it alone; - for input")
    parser.add_argument("--no-network", action="store_true", help="reach nothing from inside; no packages either")
    parser.add_argument(
        "--command",
        dest="own_command",
        metavar="ARG",
        nargs=argparse.REMAINDER,
        default=[],
        help="what to run there; takes all that follows",
    )


def _program(context: Context) -> int:
    answer = context.ask(context.args.command, name=context.args.name)
    context.show(answer, text.status)
    return 0


def logs(context: Context) -> int:
    """Lines as they were written, secrets masked."""
    args = context.args
    if args.follow and context.as_json:
        raise BadUsage("-f never ends, so it cannot be one JSON document", "Leave out -f or --json.")

    def show(progress: dict[str, Any]) -> None:
        for line in progress.get("lines", ()):
            context.out.write(line + "\n")
        context.out.flush()

    answer = context.client.ask(
        "logs",
        {
            "name": args.name,
            "lines": args.lines,
            "follow": args.follow,
            "test": args.test,
            **({"deployment": args.deployment} if args.deployment else {}),
        },
        show,
    )
    if not args.follow:
        if context.as_json:
            context.show(answer, str)
        else:
            show(answer)
    return 0


def run(context: Context) -> int:
    """Its output as it comes; its exit code 0 is ours, every other one is 1."""
    args = context.args

    def show(progress: dict[str, Any]) -> None:
        if not context.as_json:
            context.out.write(progress.get("output", ""))
            context.out.flush()

    given = {"url": args.url, "test": args.test, "command": args.own_command, **_secrets(context)}
    given["no_network"] = args.no_network
    answer = context.client.ask("run", given | ({"for_s": args.for_s} if args.for_s is not None else {}), show)
    if context.as_json:
        context.show(answer, str)
    code = answer.get("exit_code")
    if code != 0:
        context.note(f"vanka: it ended with exit code {code}.")
    return 0 if code == 0 else 1


def _secrets(context: Context) -> dict[str, Any]:
    """What opens the repository, and what its commands get: from files, never from the command line."""
    token, variables = secret_file(context, context.args.token), secret_file(context, context.args.variables)
    given: dict[str, Any] = {} if token is None else {"token": token}
    if variables is not None:
        found, strange = parse_dotenv(variables)
        if strange:
            raise BadUsage(f"{strange} lines of {context.args.variables} are no variables", "Write NAME=value lines.")
        given["variables"] = found
    return given
