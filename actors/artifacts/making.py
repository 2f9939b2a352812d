"""Making one environment: the tool's commands one after the other, with one limit for all, and its words kept."""

from __future__ import annotations

import os
import re
import shutil
import time
import tomllib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import uv

from actors.artifacts import requirements as req
from actors.artifacts.installer import Installer, Pip, Uv
from actors.artifacts.interpreter import Interpreter, python_in
from actors.artifacts.manifest import BYTECODE, VENV
from actors.artifacts.requirements import Needs, Source, without_credentials
from actors.errors import BuildError
from runtime import shell
from runtime.errors import Cancelled, ShellError

LAST_WORDS = 4000
_SAYS = re.compile(r"(?:error:|×)\s*", re.IGNORECASE)
OOM_SCORE = 800  # when memory runs out, a build goes before any program, and any program before the service


def find_uv() -> Path | None:
    """The uv that was installed with us, or None."""
    try:
        return Path(uv.find_uv_bin())
    except FileNotFoundError:
        return None


def say(sink: BinaryIO | Path | None, text: str) -> None:
    """One line of ours among the output of the tools."""
    line = f"{text}\n".encode(errors="replace")
    with suppress(OSError):  # as with the tools' output: a log that cannot be written does not end a build
        if isinstance(sink, Path):
            with open(sink, "ab") as out:
                out.write(line)
        elif sink is not None:
            sink.write(line)
            sink.flush()


@dataclass(frozen=True)
class Making:
    """One environment in the making; whatever is raised, nothing of ours runs on.

    `deadline` is a monotonic time. `fresh`: ask the index anew, whatever the tool has remembered of it.
    """

    python: Interpreter
    installer: Installer
    env: Mapping[str, str]
    cancel: shell.Cancel | None
    sink: BinaryIO | Path | None
    deadline: float
    fresh: bool = False

    def make(self, venv: Path, release: Path, needs: Needs, scratch: Path) -> None:
        """Make it at `venv`. `scratch` is a path for a copy of the release, where its own package must be built."""
        self._create(venv)
        source = release
        if needs.local:
            source = scratch / "source"
            self._copy_source(release, source)
        for what in self._wanted(source, needs, scratch):
            self._run(self._tool().install(venv, *self._anew(), *what), cwd=source)
        if not python_in(venv).exists():
            raise BuildError("the environment has no Python", output=f"{python_in(venv)} does not exist")

    def _anew(self) -> tuple[str, ...]:
        """How uv is told to ask the index anew; pip always does. uv refuses it where there is no index or no cache."""
        without = any(self.env.get(name) for name in ("UV_OFFLINE", "UV_NO_CACHE"))
        return ("--refresh",) if self.fresh and not without and isinstance(self._tool(), Uv) else ()

    def _tool(self) -> Uv | Pip:
        binary = find_uv()
        if self.installer == "uv" and binary is not None:
            return Uv(binary, self.python)
        return Pip(self.python)

    def _create(self, venv: Path) -> None:
        tool = self._tool()
        if isinstance(tool, Pip):
            self._run(tool.create(venv), cwd=venv.parent)
            if not self._try(tool.renew(venv), cwd=venv.parent):
                say(self.sink, "pip could not be brought up to date: the one that Python brings is used")
            return
        if self._try(tool.create(venv), cwd=venv.parent):
            return
        say(self.sink, "the current pip could not be had: the one that Python brings is used")
        if os.path.lexists(venv):
            shutil.rmtree(venv)
        self._run(tool.create(venv, seed=False), cwd=venv.parent)
        if not self._try(Pip(self.python).bring(venv), cwd=venv.parent):
            say(self.sink, "this Python brings no pip: the environment is made without it")

    def _wanted(self, source: Path, needs: Needs, scratch: Path) -> list[tuple[str, ...]]:
        """What each installation is given, in order."""
        scratch.mkdir(parents=True, exist_ok=True)
        match needs.source:
            case Source.NOTHING:
                say(self.sink, "no requirements.txt and no project in pyproject.toml: an environment with pip only")
                return []
            case Source.REQUIREMENTS:
                return [("-r", req.REQUIREMENTS)]
            case Source.LOCKED:
                return [self._dependencies(source, scratch)]
            case Source.DEPENDENCIES:
                return [self._dependencies(source, scratch)]
            case Source.PACKAGE:
                first = [self._dependencies(source, scratch)] if (source / req.LOCK).is_file() else []
                return [*first, (".",)]

    def _dependencies(self, source: Path, scratch: Path) -> tuple[str, ...]:
        """The arguments that install what pyproject.toml, or the lock beside it, depends on."""
        tool, file = self._tool(), scratch / req.REQUIREMENTS
        if isinstance(tool, Uv) and (source / req.LOCK).is_file():
            self._run(tool.export(file), cwd=source)
            return ("-r", str(file))
        if (source / req.LOCK).is_file():
            say(self.sink, f"{req.LOCK} can be read by uv only: pip takes the dependencies from {req.PYPROJECT}")
        project = tomllib.loads((source / req.PYPROJECT).read_text(encoding="utf-8")).get("project", {})
        file.write_text("".join(f"{line}\n" for line in project.get("dependencies", ())), encoding="utf-8")
        return ("-r", str(file))

    def _copy_source(self, release: Path, source: Path) -> None:
        """A build writes beside its sources: it gets a copy, so that the release holds the commit's files only."""

        def ignore(folder: str, names: list[str]) -> list[str]:
            return [name for name in names if name == BYTECODE or (name == VENV and Path(folder) == release)]

        source.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(release, source, symlinks=True, ignore=ignore)
        for file in source.rglob("*.txt"):
            if not file.is_symlink() and b"-e" in file.read_bytes():
                file.write_text(
                    req.without_editable(file.read_text(encoding="utf-8-sig", errors="surrogateescape")),
                    encoding="utf-8",
                    errors="surrogateescape",
                )

    def _run(self, argv: tuple[str, ...], *, cwd: Path) -> None:
        outcome = self._outcome(argv, cwd)
        if outcome.ok:
            return
        words = without_credentials(outcome.text.strip())[-LAST_WORDS:]
        if outcome.timed_out:
            raise BuildError("the build took longer than its limit and was ended", output=words)
        tool = Path(argv[0]).stem if self.installer == "uv" else "pip"
        raise BuildError(f"{tool} failed: {_point(words) or outcome.code}", output=words or f"exit code {outcome.code}")

    def _try(self, argv: tuple[str, ...], *, cwd: Path) -> bool:
        return bool(self._outcome(argv, cwd).ok)

    def _outcome(self, argv: tuple[str, ...], cwd: Path) -> shell.Outcome:
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise BuildError("the build took longer than its limit and was ended")
        say(self.sink, f"$ {req.shown(argv)}")
        command = shell.Command(argv, cwd=cwd, env=self.env, timeout=left, oom_score_adj=OOM_SCORE)
        try:
            outcome = shell.run(command, cancel=self.cancel, sink=self.sink, clean=_clean)
        except ShellError as error:
            raise BuildError(f"the build tool could not be started: {error}", error.hint) from error
        if outcome.cancelled or (self.cancel is not None and self.cancel.is_set()):
            raise Cancelled("the build was cancelled")
        return outcome


def _clean(line: bytes) -> bytes:
    return without_credentials(line.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")


def _point(words: str) -> str:
    """The line in which the tool says what is wrong: its first error, or else its last line."""
    lines = [line.strip() for line in words.splitlines() if line.strip()]
    first = next((line for line in lines if _SAYS.match(line)), lines[-1] if lines else "")
    return _SAYS.sub("", first)[:300]
