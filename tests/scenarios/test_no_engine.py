"""A machine without Docker: what needs it is refused at the edge, and nothing else waits for it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.gitrepo import GitRepo
from tests.scenarios.service import Service

REPOSITORY = "https://example.org/x.git"
PROGRAM = {"main.py": "import time\ntime.sleep(600)\n"}


@pytest.fixture
def bare(tmp_path: Path) -> Iterator[Service]:
    """A service whose engine's socket is nowhere."""
    running = Service(tmp_path, DOCKER_HOST="unix:///nowhere/docker.sock")
    try:
        running.start()
        yield running
    finally:
        running.close()


def test_container_project_is_refused_with_what_to_do_and_a_process_project_is_not(
    bare: Service, tmp_path: Path
) -> None:
    repo = GitRepo.in_directory(tmp_path, "shop")
    repo.commit(PROGRAM)
    repo.push()
    refused = bare.cli("add", "box", str(repo.bare), "--engine", "container", code=1)
    assert refused.startswith("vanka: no Docker engine answers here")
    assert "docker.io" in refused
    assert bare.ask("status") == []

    bare.cli("add", "shop", str(repo.bare))
    assert bare.json("deploy", "shop")["state"] == "succeeded"
    assert "no Docker engine" in bare.cli("edit", "shop", "--engine", "container", code=1)
    (status,) = bare.ask("status")
    assert (status["engine"], status["state"]) == ("process", "running")
    bare.cli("edit", "shop", "--persist", "data/")
    bare.cli("remove", "shop")
    assert bare.ask("status") == []
    assert not (bare.home / "engine-id").exists()


def test_third_party_repository_is_refused_with_how_to_get_an_engine(bare: Service) -> None:
    refused = bare.cli("run", REPOSITORY, "--test", code=1)
    assert refused.startswith("vanka: no Docker engine answers here")
    assert "apt install docker.io" in refused
    seen = bare.ask("chat", session="s", input="/repo", language="ru")
    assert "apt install docker.io" in seen["text"]
    assert [button["label"] for row in seen["buttons"] for button in row] == ["🔄 Обновить", "🏠 Меню"]
    assert "apt install docker.io" in bare.ask("chat", session="s", input=f"/repo {REPOSITORY}", language="ru")["text"]
    assert not (bare.home / "engine-id").exists()
