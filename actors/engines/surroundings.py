"""What a program finds around it: its interpreter, and exactly the variables that it may see."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from actors.artifacts.interpreter import python_in
from actors.artifacts.manifest import VENV
from actors.engines.engine import RunOrder
from runtime.shell import clean_env

# what only builds and git need: an index's address may hold a token, the agent opens whatever its owner's keys open
_NOT_FOR_PROGRAMS = ("PIP_", "UV_", "SSH_AUTH_SOCK")


def python_of(directory: Path) -> Path:
    """The interpreter of the environment in that release or target."""
    return python_in(directory / VENV)


def environment(order: RunOrder) -> Mapping[str, str]:
    """What any program needs, then the project's own; its environment's tools come first on the path."""
    passed = {name: value for name, value in clean_env().items() if not name.upper().startswith(_NOT_FOR_PROGRAMS)}
    env = {**passed, **order.env}
    if "PATH" not in order.env:
        tools = python_of(Path(os.path.realpath(order.directory))).parent
        env["PATH"] = f"{tools}{os.pathsep}{env.get('PATH', os.defpath)}"
    env["PWD"] = str(order.directory)  # the target as the user knows it, where getcwd tells what its link leads to
    env.setdefault("PYTHONUNBUFFERED", "1")
    if sys.platform == "win32":
        env.setdefault("PYTHONUTF8", "1")
    return env
