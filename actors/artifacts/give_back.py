"""Giving a target back when its project is removed: nothing of ours left, or plain files in its place."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from actors.artifacts import disk
from actors.artifacts.change import Change
from actors.artifacts.exchange import UnsupportedError, link_text, remove_link
from actors.artifacts.journal import temporary
from actors.artifacts.releases import leads_into
from actors.model.project import Project


def give_back(change: Change, project: Project, held: Path, *, keep_files: bool) -> None:
    """Take our links and copies out of the target, or put plain files in their place. Raises OSError."""
    path = change.layout.target(project)
    if change.ours(project, temporary(path, project.no)) is not None:
        remove_link(temporary(path, project.no))
    if change.ours(project, path) is None:
        _entries(change, project, held, keep_files=keep_files)
    elif keep_files and held.is_dir():
        _make_plain(change, project, path, held)
    else:
        remove_link(path)


def _entries(change: Change, project: Project, held: Path, *, keep_files: bool) -> None:
    placed, target = change.journal.placed(project), change.layout.target(project)
    copied = placed is not None and placed.copied
    if not keep_files:
        change.entries(project, None).empty(copied=copied)
    elif not copied:
        for entry in sorted(held.iterdir()):
            at = target / entry.name
            if link_text(at) == entry:
                remove_link(at)
                _copy_plain(entry, at, change.layout.project(project))


def _make_plain(change: Change, project: Project, path: Path, held: Path) -> None:
    """Put a plain directory in the link's place: whole before it is seen."""
    plain = temporary(path, project.no)
    inside = Path(os.path.realpath(plain.parent))
    if link_text(plain) is None:
        disk.remove_tree(inside / plain.name, inside=inside)
    else:
        remove_link(plain)
    _copy_plain(held, plain, change.layout.project(project))
    disk.sync_tree(plain)
    try:
        change.files.exchange(plain, path)
        remove_link(plain)
    except UnsupportedError:
        remove_link(path)
        os.rename(plain, path)


def _copy_plain(source: Path, to: Path, ours: Path) -> None:
    """A copy in which links of ours (persistent paths, the environment) are what they lead to."""
    if link_text(source) is not None and leads_into(source, ours):
        real = Path(os.path.realpath(source))
        if real.exists():
            disk.copy_whole(real, to)
    elif source.is_dir() and not source.is_symlink():
        to.mkdir()
        for name in sorted(os.listdir(source)):
            _copy_plain(source / name, to / name, ours)
        shutil.copystat(source, to)
    else:
        shutil.copy2(source, to, follow_symlinks=False)
