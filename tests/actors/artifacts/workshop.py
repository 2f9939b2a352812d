"""What the tests of this folder are built with: a home, a project, releases of a few files, poorer file systems."""

from __future__ import annotations

import errno
import os
import signal
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from actors.artifacts.exchange import FileSystem, UnsupportedError
from actors.artifacts.layout import Layout
from actors.artifacts.persist import no_step
from actors.artifacts.releases import Releases
from actors.artifacts.target import Target
from actors.model.project import Project

WHEN = datetime(2026, 1, 1, tzinfo=UTC)


class WithoutExchange(FileSystem):
    """A kernel without renameat2."""

    def exchange(self, one: Path, other: Path) -> None:
        raise UnsupportedError(errno.ENOSYS, "no exchange")


class MountPoint(FileSystem):
    """A target that is a mount point: it can be filled, never replaced."""

    def exchange(self, one: Path, other: Path) -> None:
        raise OSError(errno.EBUSY, "is a mount point")

    def rename(self, source: Path, to: Path) -> None:
        raise OSError(errno.EBUSY, "is a mount point")


class WithoutLinks(FileSystem):
    """A file system of the kind that memory cards have."""

    def make_link(self, to: Path, at: Path) -> None:
        raise UnsupportedError(errno.EPERM, "no links")


def a_project(path: Path) -> Project:
    """A project at that path, as `vanka add` makes them."""
    return Project(no=7, name="shop", url="file:///shop", path=str(path), created_at=WHEN)


@dataclass
class Shop:
    """One project on one home, with its target beside it."""

    root: Path
    files: FileSystem = field(default_factory=FileSystem)
    step: Callable[[str], None] = no_step
    changes: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.layout = Layout(self.root / "home")
        self.releases = Releases(self.layout)
        self.target = Target(self.layout, self.files, self.step)
        self.project = replace(a_project(self.root / "srv" / "shop"), **self.changes)
        self.path = Path(self.project.path)

    def release(self, version: int, files: Mapping[str, str] | None = None) -> Path:
        """A whole release with these files, and `main.py` that names the version."""
        staged = self.releases.begin(self.project, version)
        write(staged, {"main.py": f"version {version}", **(files or {})})
        return self.releases.complete(self.project, version, staged)

    def data(self) -> Path:
        """Where the persistent paths live."""
        return self.layout.persist(self.project)


def write(folder: Path, files: Mapping[str, str]) -> None:
    """Write these files, with the folders that they need."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def read(folder: Path) -> dict[str, str]:
    """Every file that can be reached below a folder, links followed, with its text."""
    found = {}
    for base, _, names in os.walk(folder, followlinks=True):
        for name in names:
            path = Path(base, name)
            if path.is_file():
                found[path.relative_to(folder).as_posix()] = path.read_text()
    return found


class Killer:
    """A step hook that kills its process, as the power switch would, at the step of that number."""

    def __init__(self, at: int) -> None:
        self.left = at

    def __call__(self, _name: str) -> None:
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        self.left -= 1


def killed(work: Callable[[], object]) -> bool:
    """Do the work in a process of its own; whether that process was killed. Its own failure is one of the test."""
    with warnings.catch_warnings():
        # newer Pythons warn of forking beside threads; the child only works on files and leaves by os._exit
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        code = 1
        try:
            work()
            code = 0
        finally:
            os._exit(code)
    status = os.waitpid(child, 0)[1]
    if os.WIFSIGNALED(status):
        return True
    assert os.waitstatus_to_exitcode(status) == 0, "the work itself failed"
    return False
