"""A version: the number that a commit gets in its project when it is first built."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Commit:
    """One commit as the chat shows it. `sha` has 40 (or 64) hex digits; `committed_at` is aware, UTC."""

    sha: str
    subject: str
    author: str
    committed_at: datetime

    @property
    def short(self) -> str:
        """The seven digits that people read."""
        return self.sha[:7]


@dataclass(frozen=True, kw_only=True)
class Version:
    """A numbered commit of a project. Numbers start at 1 and are never reused.

    `built`: its release is on disk (or its image in the engine), complete. `proven`: it was once kept in production.
    `environment_id`: the stored environment that its release runs in, empty where there is none.
    """

    project: str
    number: int
    commit: Commit
    built: bool = False
    proven: bool = False
    failed: bool = False
    pinned: bool = False
    environment_id: str = ""
    main: str = "main.py"
