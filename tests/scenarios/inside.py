"""A whole Vanka inside the test's own process: for what a scenario must reach into - limits, crashes at a step."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from actors.control.shapes import NewProject
from actors.house import Built, Stop, build
from actors.model.deployment import Deployment
from actors.model.project import Policy
from actors.settings import read
from runtime.redact import Redactor
from runtime.vault import Secret
from tests.fakes.gitrepo import GitRepo
from tests.scenarios.service import eventually, free_port

LIMIT_S = 60.0


class Inside:
    """The service's tree and control, with a home of its own; `close` ends its programs too."""

    def __init__(self, directory: Path, **settings: str) -> None:
        self.directory = directory
        self.home = directory / "home"
        self.settings = {"VANKA_HOME": str(self.home), "VANKA_HTTP": "off", "VANKA_LOG": "json", **settings}
        self.built: Built = build(read(self.settings), Redactor(), Stop())
        self.control = self.built.control
        self.built.system.start(self.built.tree, LIMIT_S)

    def close(self) -> None:
        """Stop the tree, then every program."""
        self.built.system.stop(10.0)
        self.built.stop_programs()
        self.built.close()

    def add(self, repo: GitRepo, name: str = "shop", **options: Any) -> int:
        """A project of that repository whose program is told a free port; the port."""
        port = free_port()
        given = {"path": str(self.directory / "apps" / name), "interval_s": 86_400, "policy": Policy.NOTIFY, **options}
        self.control.add(NewProject(name=name, url=str(repo.bare), **given), "test")
        self.control.set_variable(name, "PORT", Secret(str(port)), False)
        return port

    def end_of(self, deployment: Deployment) -> Deployment:
        """That deployment when it has ended."""
        ended = eventually(
            lambda: (seen := self.control.deployment(deployment.id)).ended and seen, f"{deployment} ends", LIMIT_S
        )
        assert ended
        return ended

    def deploy(self, name: str = "shop", **options: Any) -> Deployment:
        """Deploy and wait."""
        return self.end_of(self.control.deploy(name, "test", **options))
