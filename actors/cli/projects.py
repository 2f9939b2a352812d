"""Commands about projects themselves: status, add, remove, edit."""

from __future__ import annotations

import argparse
from pathlib import Path

from actors.cli import text
from actors.cli.arguments import Commands, named
from actors.cli.context import Context
from actors.cli.secret_file import secret_file
from actors.cli.text import duration
from actors.errors import BadUsage
from actors.model.project import Remedy

CLEARABLE = ("branch", "subdir", "probe")


def register(commands: Commands) -> None:
    """Add this group's commands."""
    parser = commands.add("status", status, "show the state of all projects or of one")
    parser.add_argument("name", metavar="NAME", nargs="?", help="the project")
    parser = commands.add("add", add, "add a project")
    named(parser)
    parser.add_argument("url", metavar="URL", help="the repository: https, ssh, http or a local path")
    _settings(parser)
    parser = commands.add("remove", remove, "stop a project and forget it")
    named(parser)
    parser.add_argument("--keep-files", action="store_true", help="leave its directory as it is")
    named(commands.add("hook", hook, "show where GitHub is to tell of a push, and the secret that signs it"))
    parser = commands.add("edit", edit, "change a project's settings")
    named(parser)
    parser.add_argument("--url", metavar="URL", help="another repository")
    _settings(parser)
    pausing = parser.add_mutually_exclusive_group()
    pausing.add_argument("--pause", dest="paused", action="store_const", const=True, help="do not look for commits")
    pausing.add_argument("--resume", dest="paused", action="store_const", const=False, help="look for commits again")


def hook(context: Context) -> int:
    """Where to tell of a push, and the secret that signs it."""
    answer = context.ask("hook", name=context.args.name)

    def card(it: dict[str, str | None]) -> str:
        return "\n".join(
            (
                f"URL           {it['url'] or 'HTTP is off: set VANKA_HTTP'}",
                f"secret        {it['secret']}",
                "content type  application/json, push events",
                f"GitHub must reach that address: give the host's own name or a proxy's, with {it['path']}.",
            )
        )

    context.show(answer, card)
    return 0


def _settings(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--branch", metavar="B", help="the branch to watch (default: the repository's own)")
    parser.add_argument("--path", metavar="DIR", help="the directory that will hold the deployed commit")
    parser.add_argument("--subdir", metavar="D", help="the project's folder inside the repository")
    parser.add_argument(
        "--interval", metavar="60s", type=duration, help="how often to look for new commits (a new project: 60s)"
    )
    parser.add_argument("--policy", choices=("deploy", "test", "notify"), help="what a new commit leads to")
    parser.add_argument("--engine", metavar="E", help="what runs it: process or container")
    parser.add_argument("--main", metavar="FILE", help="the file to run (default: main.py)")
    parser.add_argument("--probe", metavar="P", help="health probe: http://..., tcp://... or a command")
    parser.add_argument("--health-every", metavar="60s", type=or_off, help="how often the probe looks; off: never")
    parser.add_argument("--health-timeout", metavar="5s", type=duration, help="how long one look may take")
    parser.add_argument("--health-fails", metavar="N", type=int, help="bad looks in a row until people are told")
    parser.add_argument("--health-action", choices=tuple(Remedy), help="what follows then")
    parser.add_argument("--persist", metavar="PATH", nargs="+", action="extend", help="paths no deployment touches")
    parser.add_argument("--adopt", action="store_true", help="set aside what the directory already holds")
    parser.add_argument(
        "--token", metavar="FILE", help="file with the access token of a private repository; - for input"
    )
    parser.add_argument("--deploy-key", metavar="FILE", help="file with the private ssh key of a repository")


def status(context: Context) -> int:
    """All projects as a table, one as a card; `--json` a list in both cases."""
    answer = context.ask("status", name=context.args.name)
    context.show(answer, (lambda them: text.status(them[0])) if context.args.name else text.statuses)
    return 0


def add(context: Context) -> int:
    """A new project."""
    args = context.args
    project = context.ask("add", name=args.name, url=_address(args.url), adopt=args.adopt, **_given(context))
    context.show(project, lambda it: f"Added {text.project(it)}\nDeploy it now: vanka deploy {it['name']}")
    return 0


def edit(context: Context) -> int:
    """Other settings; an empty text takes a setting away where it may be missing."""
    args = context.args
    given = _given(context)
    clear = [key for key in CLEARABLE if given.get(key) == ""]
    for key in clear:
        del given[key]
    url = None if args.url is None else _address(args.url)
    answer = context.ask(
        "edit", name=args.name, url=url, clear=clear or None, adopt=args.adopt or None, paused=args.paused, **given
    )
    context.show(answer, text.project)
    return 0


def remove(context: Context) -> int:
    """Stop and forget a project."""
    answer = context.ask("remove", name=context.args.name, keep_files=context.args.keep_files)
    context.show(answer, text.removed)
    return 0


def _given(context: Context) -> dict[str, object]:
    args = context.args
    return {
        "branch": args.branch,
        # as the person means it: from where they stand, not from where the service does
        "path": str(Path(args.path).expanduser().absolute()) if args.path else None,
        "subdir": args.subdir,
        "interval_s": args.interval,
        "policy": args.policy,
        "engine": args.engine,
        "main": args.main,
        "probe": args.probe,
        "health": _health(args) or None,
        "persist": args.persist,
        "token": secret_file(context, args.token),
        "deploy_key": secret_file(context, args.deploy_key, keep_newline=True),
    }


def _health(args: argparse.Namespace) -> dict[str, object]:
    """What was said of looks at the health, under the names of its fields."""
    given = {
        "every_s": args.health_every,
        "timeout_s": args.health_timeout,
        "fails": args.health_fails,
        "remedy": args.health_action,
    }
    return {name: value for name, value in given.items() if value is not None}


def or_off(text: str) -> int:
    """A duration in seconds; 0 for `off`."""
    return 0 if text == "off" else duration(text)


def _address(url: str) -> str:
    """A local path made absolute; every other address as it stands."""
    if not url.strip():
        raise BadUsage("the repository's address is empty", "Give https://..., ssh://..., user@host:path or a path.")
    if "://" in url or url.startswith("-"):
        return url
    if url.startswith((".", "~")) or Path(url).is_dir():
        return str(Path(url).expanduser().absolute())
    return url
