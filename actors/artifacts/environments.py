"""Virtual environments by the hash of everything that went into them: made once, checked before reuse, never changed.

`environments/<hash>/` is the first of its kind, `<hash>-2/` the next generation: after a refresh, or after damage was
found. A generation is never changed or removed while a release points to it. It is built at its final place, since
scripts of a plain virtual environment name it, and counts only when its marker lies beside it, which is written last.
"""

from __future__ import annotations

import hashlib
import os
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import BinaryIO

from actors.artifacts import disk, stored
from actors.artifacts.installer import Installer, index_inputs, tool_environment
from actors.artifacts.interpreter import Interpreter
from actors.artifacts.layout import Layout
from actors.artifacts.making import Making, find_uv, say
from actors.artifacts.releases import link_environment
from actors.artifacts.requirements import Needs, read_needs
from actors.errors import BuildError, Busy
from actors.model.project import Project
from runtime.errors import Cancelled
from runtime.shell import Cancel

LIMIT_S = 15 * 60.0
_KEY_SCHEMA = 1  # a new one makes all environments anew
_HASH_LETTERS = 24
_DIRECTORY = re.compile(r"([0-9a-f]{24})(?:-(\d+))?")


@dataclass(frozen=True)
class EnvironmentInfo:
    """A stored environment: its id (its directory's name), where it is, whether it was reused, how long that took."""

    id: str
    path: Path
    reused: bool
    seconds: float


@dataclass
class Environments:
    """The stored environments of all projects. Blocking, safe from any thread; one build at a time per project.

    `environ` is the service's own environment, of which the tools see only what they need.
    """

    layout: Layout
    environ: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    python: Interpreter = field(default_factory=Interpreter.own)
    _locks: dict[int, Lock] = field(default_factory=dict)
    _guard: Lock = field(default_factory=Lock)

    def key(
        self,
        release_dir: Path,
        python: Interpreter | None = None,
        *,
        installer: Installer = "uv",
        variables: Mapping[str, str] | None = None,
    ) -> str:
        """The hash of all that decides what the release's environment holds; raises BuildError for bad requirements."""
        return self._key(read_needs(release_dir), python or self.python, installer, variables or {})

    def ensure(
        self,
        project: Project,
        release_dir: Path,
        *,
        installer: Installer = "uv",
        cancel: Cancel | None = None,
        sink: BinaryIO | Path | None = None,
        refresh: bool = False,
        variables: Mapping[str, str] | None = None,
    ) -> EnvironmentInfo:
        """The environment for a staged release: the stored one if it is whole, else a new one, 15 minutes at most.

        `refresh` makes a new generation from the same requirements. `variables` fill `${NAME}` in the requirements; no
        other of them is shown to the tools. Raises BuildError with the tool's own last words, or Cancelled.
        """
        began = time.monotonic()
        if installer == "uv" and find_uv() is None:
            say(sink, "uv is not here: python -m venv and pip are used instead")
            installer = "pip"
        needs = read_needs(release_dir)
        key = self._key(needs, self.python, installer, variables or {})
        lock = self._lock(project)
        _acquire(lock, cancel)
        try:
            kept = None if refresh else self._stored(project, key, sink)
            if kept is not None:
                os.utime(stored.marker(kept))
                say(sink, f"environment {kept.name} is stored: nothing to install")
                return EnvironmentInfo(kept.name, kept, True, time.monotonic() - began)
            env = self._tool_environment(needs, variables or {})
            deadline = time.monotonic() + LIMIT_S
            making = Making(self.python, installer, env, cancel, sink, deadline, fresh=refresh)
            with disk.as_error(BuildError, "the environment could not be stored"):
                made = self._make(project, release_dir, key, needs, making)
            return EnvironmentInfo(made.name, made, False, time.monotonic() - began)
        finally:
            lock.release()

    def link(self, release_dir: Path, info: EnvironmentInfo, sink: BinaryIO | Path | None = None) -> None:
        """Give a staged release its `venv`."""
        if link_environment(release_dir, info.path):
            say(sink, "the commit brings a `venv` of its own: it is left out, the stored environment takes its place")

    def is_whole(self, path: Path) -> bool:
        """Whether a stored environment still holds what was installed, and its interpreter is on this machine."""
        return stored.is_whole(path)

    def directories(self, project: Project) -> list[Path]:
        """Every environment directory on disk, whole or not."""
        folder = self.layout.environments(project)
        return sorted(path for path in folder.iterdir() if _DIRECTORY.fullmatch(path.name)) if folder.is_dir() else []

    def last_used(self, path: Path) -> float | None:
        """When it was last made or chosen for a release, in seconds since the epoch; None: never finished."""
        try:
            return stored.marker(path).stat().st_mtime
        except OSError:
            return None

    def remove(self, project: Project, path: Path) -> int:
        """Remove one environment, marker first; the bytes freed. That nothing uses it is the caller's promise."""
        disk.forget_record(stored.marker(path))
        return disk.remove_tree(path, inside=self.layout.environments(project))

    def being_built(self, project: Project) -> bool:
        """Whether an environment of the project is being made at this moment."""
        return self._lock(project).locked()

    def _tool_environment(self, needs: Needs, variables: Mapping[str, str]) -> dict[str, str]:
        named = {name: variables[name] for name in needs.variables if name in variables}
        return {**tool_environment(self.environ, self.layout.home / "cache"), **named}

    def _make(self, project: Project, release_dir: Path, key: str, needs: Needs, making: Making) -> Path:
        place = self._next(project, key)
        scratch = place.with_name(f".scratch-{place.name}")
        disk.remove_tree(scratch, inside=place.parent)
        try:
            making.make(place, release_dir, needs, scratch)
        except BaseException:
            disk.remove_tree(place, inside=place.parent)
            raise
        finally:
            disk.remove_tree(scratch, inside=place.parent)
        disk.sync_tree(place)
        disk.sync_directory(place.parent)
        made_of = {
            "key": key,
            "installer": making.installer,
            "python": self.python.identity,
            "source": needs.source.value,
        }
        stored.finish(place, made_of)
        return place

    def _stored(self, project: Project, key: str, sink: BinaryIO | Path | None) -> Path | None:
        """The newest finished generation if it is whole; a damaged one is left alone, something may run in it."""
        finished = [path for path in self._generations(project, key) if self.last_used(path) is not None]
        if not finished:
            return None
        if self.is_whole(finished[-1]):
            return finished[-1]
        say(sink, f"environment {finished[-1].name} was changed or damaged since it was made: it is made anew")
        return None

    def _next(self, project: Project, key: str) -> Path:
        """The first free name for the key; what a crashed build left is removed on the way."""
        folder = self.layout.environments(project)
        folder.mkdir(parents=True, exist_ok=True)
        last = 0
        for path in self._generations(project, key):
            if self.last_used(path) is None:
                disk.remove_tree(path, inside=folder)
            else:
                last = _generation(path)
        return folder / (key if last == 0 else f"{key}-{last + 1}")

    def _generations(self, project: Project, key: str) -> list[Path]:
        return sorted((p for p in self.directories(project) if p.name[:_HASH_LETTERS] == key), key=_generation)

    def _key(self, needs: Needs, python: Interpreter, installer: Installer, variables: Mapping[str, str]) -> str:
        digest = hashlib.sha256()
        named = [f"{name}={variables[name]}" for name in sorted(needs.variables) if name in variables]
        settings = index_inputs(self.environ, installer)
        for line in (
            str(_KEY_SCHEMA),
            installer,
            python.identity,
            needs.source.value,
            *settings,
            *named,
            *needs.inputs,
        ):
            digest.update(f"{len(line)}:{line}\n".encode(errors="surrogateescape"))
        return digest.hexdigest()[:_HASH_LETTERS]

    def _lock(self, project: Project) -> Lock:
        with self._guard:
            return self._locks.setdefault(project.no, Lock())


def _generation(path: Path) -> int:
    match = _DIRECTORY.fullmatch(path.name)
    return int(match[2] or 1) if match else 0


def _acquire(lock: Lock, cancel: Cancel | None) -> None:
    limit = time.monotonic() + LIMIT_S
    while not lock.acquire(timeout=0.2):
        if cancel is not None and cancel.is_set():
            raise Cancelled("the build was cancelled while it waited for another of the same project")
        if time.monotonic() > limit:
            raise Busy("another build of the project has not ended")
