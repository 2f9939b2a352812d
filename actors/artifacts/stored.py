"""The marker of a stored environment: that it was finished, and whether it is still what was installed."""

from __future__ import annotations

from pathlib import Path

from actors.artifacts import disk, manifest
from actors.artifacts.interpreter import python_in

MARKER = ".vanka-environment.json"
SCHEMA = 1


def marker(path: Path) -> Path:
    """The file beside an environment that is written last."""
    return path.with_name(f"{path.name}{MARKER}")


def finish(path: Path, made_of: dict[str, str]) -> None:
    """Write the marker, with the manifest of what is there now; the environment is durable before."""
    disk.write_record(marker(path), {"schema": SCHEMA, **made_of, "files": manifest.take(path)})


def is_whole(path: Path) -> bool:
    """Whether the environment holds what was installed, and its interpreter is on this machine. No file is read."""
    record = disk.read_record(marker(path))
    if record is None or record.get("schema") != SCHEMA or not isinstance(record.get("files"), dict):
        return False
    return python_in(path).exists() and manifest.same(path, record["files"])
