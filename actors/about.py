"""Which Vanka this is."""

from __future__ import annotations

import functools
import tomllib
from importlib.metadata import version as installed
from pathlib import Path

import actors


@functools.cache
def own_version() -> str:
    """From the checkout that this runs in, else from what is installed."""
    project = Path(actors.__path__[0]).parent / "pyproject.toml"
    if project.is_file():
        described = tomllib.loads(project.read_text(encoding="utf-8")).get("project", {})
        if described.get("name") == "vanka":
            return str(described["version"])
    return installed("vanka")
