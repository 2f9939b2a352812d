"""How a running program is looked at, as a client tells it: the `--health-...` options of add and edit."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from actors.cli.call import Call
from actors.errors import BadUsage
from actors.model.project import Health, Remedy


def health(call: Call, old: Health) -> dict[str, Any]:
    """How a running program is looked at: what was told of it changes, the rest stays."""
    given = call.args.get("health")
    if not given:
        return {}
    numbers = {"every_s", "timeout_s", "fails"}
    if not isinstance(given, dict) or not all(
        (name in numbers and type(value) is int) or (name == "remedy" and value in tuple(Remedy))
        for name, value in given.items()
    ):
        raise BadUsage("what is told of the health cannot be read", "See: vanka edit --help")
    changes: dict[str, Any] = {name: Remedy(it) if name == "remedy" else it for name, it in given.items()}
    return {"health": replace(old, **changes)}
