"""Commands that lead to deployments, and those that show them."""

from __future__ import annotations

import argparse
from typing import Any

from actors.cli import text
from actors.cli.arguments import Commands, detachable, how_many, named
from actors.cli.context import Context, Failed
from actors.cli.text import duration

WENT_WRONG = ("failed", "rolled back", "cancelled")


def number(value: str) -> int:
    """A version as people write it: `3` or `v3`; for argparse."""
    digits = value.removeprefix("v")
    if not digits.isascii() or not digits.isdigit() or not 0 < int(digits) < 10**9:
        raise argparse.ArgumentTypeError(f"{value!r} is not a version number")
    return int(digits)


def register(commands: Commands) -> None:
    """Add this group's commands."""
    named(commands.add("check", check, "look for a new commit now"))
    parser = commands.add("deploy", deploy, "build the newest commit and put it into production")
    named(parser)
    parser.add_argument("--commit", metavar="SHA", help="that commit instead")
    detachable(parser)
    parser = commands.add("test", test, "run the newest commit in the test environment, beside production")
    named(parser)
    parser.add_argument("--commit", metavar="SHA", help="that commit instead")
    parser.add_argument("--for", dest="for_s", metavar="5m", type=duration, help="how long (default: 5m)")
    detachable(parser)
    for name, help_ in (
        ("promote", "put the tested release into production"),
        ("refresh", "build a new environment from the same requirements and deploy in it"),
    ):
        parser = commands.add(name, _asked, help_)
        named(parser)
        detachable(parser)
    named(commands.add("discard", _ended, "take the test run down"))
    named(commands.add("cancel", _ended, "end what is queued or running, and its processes"))
    parser = commands.add("rollback", rollback, "return to a version, or to the one before")
    named(parser)
    parser.add_argument("version", metavar="VERSION", nargs="?", type=number, help="the version's number")
    detachable(parser)
    for name, help_ in (("pin", "keep a version for ever"), ("unpin", "keep a version no longer than others")):
        parser = commands.add(name, pin, help_)
        named(parser)
        parser.add_argument("version", metavar="VERSION", type=number, help="the version's number")
    named(commands.add("versions", versions, "list a project's versions, newest first"))
    parser = commands.add("history", history, "list a project's deployments, newest first")
    named(parser)
    parser.add_argument("-n", dest="limit", metavar="50", type=how_many, default=50, help="how many")


def check(context: Context) -> int:
    """The branch's newest commit, and whether it was new."""
    answer = context.ask("check", name=context.args.name)
    context.show(answer, lambda it: ("New commit " if it["new"] else "Nothing new: ") + text.short(it["commit"]))
    return 0


def deploy(context: Context) -> int:
    """Production."""
    return _outcome(context, _ask(context, "deploy", commit=context.args.commit))


def test(context: Context) -> int:
    """A test run."""
    deployment = _ask(context, "test", commit=context.args.commit, for_s=context.args.for_s)
    code = _outcome(context, deployment)
    if not (context.args.detach or context.as_json):
        name = deployment["project"]
        context.note(f"Put it into production: vanka promote {name}. Take it down: vanka discard {name}")
    return code


def rollback(context: Context) -> int:
    """The way back."""
    return _outcome(context, _ask(context, "rollback", version=context.args.version))


def _asked(context: Context) -> int:
    return _outcome(context, _ask(context, context.args.command))


def _ended(context: Context) -> int:
    """What ends something is done when that has ended, however it ended."""
    command = context.args.command
    answer = context.ask_deployment(command, name=context.args.name)
    word = "Discarded" if command == "discard" else "Cancelled"
    context.show(answer, lambda it: f"{word}: {text.deployment(it)}")
    return 0


def _ask(context: Context, command: str, **args: Any) -> dict[str, Any]:
    return context.ask_deployment(command, name=context.args.name, detach=context.args.detach or None, **args)


def _outcome(context: Context, deployment: dict[str, Any]) -> int:
    context.show(deployment, text.deployment)
    if deployment["state"] not in WENT_WRONG:
        return 0
    reason = deployment["error"] or "no reason was recorded"
    raise Failed(
        f"{deployment['kind']} of {deployment['project']}: {deployment['state']}: {reason}",
        f"See: vanka logs {deployment['project']} --deployment {deployment['id']}",
    )


def pin(context: Context) -> int:
    """Keep a version, or let it go with the others."""
    pinned = context.args.command == "pin"
    answer = context.ask("pin", name=context.args.name, version=context.args.version, pinned=pinned)
    word = "is kept for ever" if pinned else "is kept like the others"
    context.show(answer, lambda it: f"{it['name']} v{it['version']} {word}.")
    return 0


def versions(context: Context) -> int:
    """The numbered commits."""
    context.show(context.ask("versions", name=context.args.name), text.versions)
    return 0


def history(context: Context) -> int:
    """The deployments."""
    context.show(context.ask("history", name=context.args.name, limit=context.args.limit), text.deployments)
    return 0
