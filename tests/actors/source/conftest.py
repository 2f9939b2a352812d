"""What the tests of sources share: a server, a home, a place for repositories."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from actors.source import RemoteUrl, Sources, parse
from tests.fakes.gitserver import GitRepo, GitServer


@pytest.fixture
def server(tmp_path: Path) -> Iterator[GitServer]:
    with GitServer(tmp_path / "server") as running:
        yield running


@pytest.fixture
def sources(tmp_path: Path) -> Iterator[Sources]:
    made = Sources(tmp_path / "home")
    yield made
    made.close()


@pytest.fixture
def local(tmp_path: Path) -> GitRepo:
    return GitRepo.in_directory(tmp_path / "local")


@pytest.fixture
def repo(server: GitServer) -> GitRepo:
    made = server.repo()
    made.commit({"main.py": "print(1)\n"}, "first")
    return made


@pytest.fixture
def url(server: GitServer) -> RemoteUrl:
    return parse(server.url("shop"))
