"""A sandbox in a home of its own, and a git server that strangers' repositories come from."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from actors.engines.docker_calls import Docker
from actors.sandbox import Sandbox
from actors.source import Sources
from tests.actors.engines.workshop import remove_all
from tests.actors.sandbox.stranger import Stranger
from tests.fakes.docker_engine import docker, docker_engine
from tests.fakes.gitserver import GitServer

__all__ = ["docker", "docker_engine"]


@pytest.fixture
def stranger(docker: Docker, tmp_path: Path) -> Iterator[Stranger]:
    """A stranger's repository on a server, and the sandbox to run it in."""
    home = tmp_path / "home"
    for folder in (home, tmp_path / "hosting"):
        folder.mkdir()
    with GitServer(tmp_path / "hosting") as server:
        sources = Sources(home)
        made = Stranger(Sandbox(home, sources, docker), server.repo("guest"), server.url("guest"), home)
        yield made
        made.sandbox.close()
        remove_all(docker, {"vanka.home": (home / "engine-id").read_text().strip()})
        sources.close()
