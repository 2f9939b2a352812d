"""The `vanka` command: one file a group of commands.

Exit codes: 0 done; 1 what was asked failed, the reason on standard error; 2 wrong usage or settings; 3 no service runs.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Sequence
from io import TextIOWrapper
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from actors.cli.arguments import Commands, Parser

INTERRUPTED = 130  # as shells tell of a command that Ctrl-C ended
PIPE_CLOSED = 141


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; never raises, not even SystemExit."""
    try:
        with contextlib.ExitStack() as stack:
            for stream in (sys.stdout, sys.stderr):
                if isinstance(stream, TextIOWrapper):
                    stream.reconfigure(errors="backslashreplace")
                    stack.callback(stream.flush)
            return _run(argv)
    except SystemExit as left:
        return left.code if isinstance(left.code, int) else 0
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # the reader has seen enough; nothing must complain about it at exit
        _to_nowhere()
        return PIPE_CLOSED
    except OSError as error:
        if error.filename is not None:
            raise
        _to_nowhere()  # it was the output, on a disk that is full
        sys.stderr.write(f"vanka: the output cannot be written: {error.strerror or error}.\n")
        return 1


def _to_nowhere() -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _run(argv: Sequence[str] | None) -> int:
    # not above: importing the package must cost nothing to those who only want a part of it
    from actors.cli.client import Said
    from actors.cli.context import Context, Detached
    from actors.errors import VankaError
    from runtime.errors import KernelError

    parser, _commands = build()
    context = Context(parser.parse_args(argv), os.environ)
    if not hasattr(context.args, "run"):
        parser.error("the following arguments are required: COMMAND")
    try:
        code: int = context.args.run(context)
    except Said as error:
        context.complain(error)
        return error.leave_with
    except VankaError as error:
        context.complain(error)
        return error.exit_code
    except KernelError as error:
        context.complain(VankaError(str(error), error.hint))
        return 1
    except Detached as left:
        context.note(left.notice)
        return INTERRUPTED
    return code


def build() -> tuple[Parser, Commands]:
    """The parser with every command in it, and the commands."""
    import argparse

    from actors.cli import completion, deployments, local, programs, projects, variables, whole
    from actors.cli.arguments import Commands, Parser, json_option

    parser = Parser(
        prog="vanka",
        description="Watches repositories, deploys their commits, keeps the programs running, rolls back.",
        allow_abbrev=False,
    )
    json_option(parser)
    # the command under the name that people try first
    parser.add_argument(
        "--version", dest="run", action="store_const", const=local.version, default=argparse.SUPPRESS, help=local.WHICH
    )
    commands = Commands(parser)
    for group in (local, projects, variables, deployments, programs, whole):
        group.register(commands)
    completion.register(commands)
    return parser, commands
