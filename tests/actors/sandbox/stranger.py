"""A stranger, his repository, and what comes of running it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from actors.sandbox import Sandbox
from tests.fakes.gitrepo import GitRepo


@dataclass
class Stranger:
    """Runs code in the sandbox as `vanka run` would."""

    sandbox: Sandbox
    repo: GitRepo
    url: str
    home: Path

    def run(
        self, main: str = "", command: tuple[str, ...] = (), files: dict[str, str] | None = None, **how: Any
    ) -> Any:
        """What `vanka run` answers for a repository with that main.py (and those files)."""
        self.repo.commit({"main.py": main, **(files or {})}, "strange")
        return self.sandbox.run(self.url, command=command, **({"network": False} | how))
