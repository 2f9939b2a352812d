"""Commands about the service as a whole: load, tree, drill, notifications, backup, restore, rekey."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Any

from actors.cli import text
from actors.cli.arguments import Commands, how_many
from actors.cli.context import Context, Failed
from actors.errors import BadUsage, Refused, VankaError
from runtime.errors import ConnectionLost

BACK_UP_LIMIT_S = 60.0
LOOK_S = 0.01


def register(commands: Commands) -> None:
    """Add this group's commands."""
    commands.add("load", load, "show CPU, memory, disk and processes")
    commands.add("tree", tree, "show the live supervision tree")
    parser = commands.add("drill", drill, "crash actors on purpose and time how each gets back up")
    parser.add_argument(
        "actors", metavar="ACTOR", nargs="*", help="name paths as `vanka tree` shows them (default: one)"
    )
    parser.add_argument("--all", dest="every", action="store_true", help="every actor, one after the other")
    parser.add_argument("--kill", action="store_true", help="kill the whole service process instead")
    parser = commands.add("notifications", notifications, "show what was told and what waits for delivery")
    parser.add_argument("-n", dest="limit", metavar="50", type=how_many, default=50, help="how many")
    parser = commands.add("backup", backup, "write the service's own state into a file")
    parser.add_argument("file", metavar="FILE")
    parser = commands.add("restore", restore, "put the service's own state back from a file")
    parser.add_argument("file", metavar="FILE")
    commands.add("rekey", rekey, "encrypt all secrets anew with the first key")


def load(context: Context) -> int:
    """What is used, of what there is."""
    context.show(context.ask("load"), text.load)
    return 0


def tree(context: Context) -> int:
    """Who lives, who was restarted."""
    context.show(context.ask("tree"), text.tree)
    return 0


def drill(context: Context) -> int:
    """Who gets back up, and after how long."""
    args = context.args
    if args.kill and (args.actors or args.every):
        raise BadUsage("--kill takes the whole service: no actors go with it")
    answer = [_kill(context)] if args.kill else context.ask("drill", actors=args.actors, all=args.every or None)
    context.show(answer, _drilled)
    lost = [it["actor"] for it in answer if it["down_ms"] is None]
    if lost:
        raise Failed(f"not back up: {', '.join(lost)}", "See: vanka tree")
    return 0


def _drilled(them: list[dict[str, Any]]) -> str:
    rows = [(it["actor"], "not back" if it["down_ms"] is None else f"{it['down_ms']:.1f} ms") for it in them]
    return text.table(("ACTOR", "DOWN"), rows)


def _kill(context: Context) -> dict[str, Any]:
    """SIGKILL to the service; the time until the next one answers."""
    service = context.ask("ping")
    if not service["guarded"]:
        raise Refused("no guardian watches over this service, so nobody would start it again", "Start it: vanka up")
    begun = time.monotonic()
    os.kill(service["pid"], signal.SIGKILL if hasattr(signal, "SIGKILL") else signal.SIGTERM)
    back = _is_back(context, service["pid"])
    return {"actor": "service", "down_ms": round(1000 * (time.monotonic() - begun), 1) if back else None}


def _is_back(context: Context, before: int) -> bool:
    """Wait until another process than `before` answers as the service; False when none did in time."""
    give_up = time.monotonic() + BACK_UP_LIMIT_S
    while time.monotonic() < give_up:
        try:
            if context.ask("ping")["pid"] != before:
                return True
        except (VankaError, ConnectionLost):
            pass  # what it says while it is away is what we wait for the end of
        time.sleep(LOOK_S)
    return False


def notifications(context: Context) -> int:
    """Told, and still to tell."""
    context.show(context.ask("notifications", limit=context.args.limit), text.records)
    return 0


def backup(context: Context) -> int:
    """The service's own state in a file, which is named as the person sees it."""
    context.show(context.ask("backup", file=_file(context)), lambda it: f"Written to {it['file']}")
    return 0


def restore(context: Context) -> int:
    """The state from a file; done when the service answers that started again with it."""
    service = context.ask("ping")
    answer = context.ask("restore", file=_file(context))
    if service["guarded"] and not _is_back(context, service["pid"]):
        raise Failed("the service did not come back", "See its log.")
    context.show(answer, lambda it: f"Restored from {it['file']}")
    return 0


def _file(context: Context) -> str:
    return str(Path(context.args.file).expanduser().absolute())


def rekey(context: Context) -> int:
    """Every secret under the first key."""
    answer = context.ask("rekey")
    count = answer.get("secrets")
    context.show(answer, lambda _it: "Done." if count is None else f"Done: {count} secrets.")
    return 0
