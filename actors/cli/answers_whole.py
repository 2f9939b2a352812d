"""What the service does for the commands about the service as a whole: load, tree, drill, notices, backups, keys."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from actors.cli import shapes
from actors.cli.call import Call
from actors.errors import BadUsage


def load(call: Call) -> Any:
    """CPU, memory, disk and processes."""
    return dict(call.control.load())


def tree(call: Call) -> Any:
    """The live supervision tree."""
    return shapes.node(call.control.tree())


def drill(call: Call) -> Any:
    """Crash actors on purpose and time how each gets back up."""
    return [dict(it) for it in call.control.drill(call.texts("actors"), call.flag("all"))]


def notifications(call: Call) -> Any:
    """What was told, and what waits for delivery."""
    return [dict(it) for it in call.control.notifications(call.number("limit", 50))]


def backup(call: Call) -> Any:
    """The service's own state into a file."""
    call.control.backup(_file(call))
    return {"file": str(_file(call))}


def restore(call: Call) -> Any:
    """The service's own state back from a file."""
    call.control.restore(_file(call))
    return {"file": str(_file(call))}


def _file(call: Call) -> Path:
    path = Path(call.text("file"))
    if not path.is_absolute():
        raise BadUsage("the file's path is not absolute")
    return path


def rekey(call: Call) -> Any:
    """Encrypt all secrets anew with the first key."""
    done = call.control.rekey()
    return {"secrets": done} if isinstance(done, int) else {}
