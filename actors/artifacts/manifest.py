"""A cheap list of what a tree holds (sizes, times, where links lead), to tell later whether anybody wrote into it."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

Manifest = dict[str, list[int | str]]
"""Path inside the tree, with `/` -> [size, modification time in ns], or [where the link leads]."""

BYTECODE = "__pycache__"
"""Folders that Python fills by itself and checks by itself: they tell nothing of the tree."""

VENV = "venv"
"""The name under which a release has its environment."""


def _nothing(_path: str) -> bool:
    return False


def take(directory: Path, *, leave_out: Callable[[str], bool] = _nothing) -> Manifest:
    """What the tree holds now, folders included by their files only; `leave_out` decides by the path inside it."""
    found: Manifest = {}
    _take(directory, "", leave_out, found)
    return found


def _take(directory: Path, prefix: str, leave_out: Callable[[str], bool], found: Manifest) -> None:
    with os.scandir(directory) as entries:
        for entry in entries:
            path = prefix + entry.name
            if entry.name == BYTECODE or leave_out(path):
                continue
            if entry.is_symlink() or _is_junction(entry):
                found[path] = [os.readlink(entry.path)]
            elif entry.is_dir(follow_symlinks=False):
                _take(Path(entry.path), path + "/", leave_out, found)
            else:
                status = entry.stat(follow_symlinks=False)
                found[path] = [status.st_size, status.st_mtime_ns] if stat.S_ISREG(status.st_mode) else ["special"]


def _is_junction(entry: os.DirEntry[str]) -> bool:
    look = getattr(entry, "is_junction", None)  # Python 3.12 and newer; True on Windows only
    return bool(look and look())


def same(directory: Path, manifest: Manifest, *, leave_out: Callable[[str], bool] = _nothing) -> bool:
    """Whether the tree still holds exactly what the manifest says. A tree that cannot be read does not."""
    try:
        now = take(directory, leave_out=leave_out)
    except OSError:
        return False
    return now == {path: entry for path, entry in manifest.items() if not leave_out(path)}
