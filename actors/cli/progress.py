"""A deployment's stages as they pass, on standard error: moving on a terminal, plain lines elsewhere."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Self, TextIO

from actors.cli.text import took, version

_CLEAR = "\r\x1b[K"


class Progress:
    """Fed with progress lines; shows each stage once when it has ended, and on a terminal while it runs."""

    def __init__(self, stream: TextIO, *, quiet: bool = False) -> None:
        self._stream = stream
        self._quiet = quiet
        self._moving = stream.isatty()
        self._told: set[str] = set()
        self.deployment: dict[str, Any] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._moving and not self._quiet:
            self._write(_CLEAR)

    def __call__(self, progress: dict[str, Any]) -> None:
        deployment = progress.get("deployment")
        if deployment is None:
            return
        first = self.deployment is None
        self.deployment = deployment
        if self._quiet:
            return
        if first:
            self._line(f"{deployment['kind']} {deployment['project']}: {deployment['id']}")
        for stage in deployment["stages"]:
            self._stage(deployment, stage)

    def _stage(self, deployment: dict[str, Any], stage: dict[str, Any]) -> None:
        name, state = stage["name"], stage["state"]
        if state == "running" and self._moving:
            self._write(f"{_CLEAR}  {name} ... {took(stage['started_at'], None)}")
        elif state in ("succeeded", "failed", "cancelled") and name not in self._told:
            self._told.add(name)
            number = f" {version(deployment['version'])}" if deployment["version"] else ""
            word = "done" if state == "succeeded" else state
            self._line(f"  {name}{number}: {word} in {took(stage['started_at'], stage['ended_at'])}")

    def _line(self, text: str) -> None:
        self._write(f"{_CLEAR if self._moving else ''}{text}\n")

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()
