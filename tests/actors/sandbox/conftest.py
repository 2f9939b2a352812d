"""A sandbox in a home of its own, and a git server that strangers' repositories come from."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from actors.engines.docker_calls import Docker
from actors.records.guests import GuestRecords
from actors.source import Sources
from runtime.clock import SystemClock
from runtime.store import Store
from runtime.vault import Secret, Vault
from tests.actors.engines.workshop import remove_all
from tests.actors.sandbox.stranger import Stranger
from tests.fakes.docker_engine import docker, docker_engine
from tests.fakes.gitserver import GitServer

__all__ = ["docker", "docker_engine"]


@pytest.fixture
def hosting(tmp_path: Path) -> Iterator[GitServer]:
    """Where strangers' repositories are."""
    (tmp_path / "hosting").mkdir()
    with GitServer(tmp_path / "hosting") as server:
        yield server


@pytest.fixture
def stranger(docker: Docker, tmp_path: Path, hosting: GitServer) -> Iterator[Stranger]:
    """A stranger's repository on a server, and the sandbox to run it in."""
    home = tmp_path / "home"
    home.mkdir()
    store = Store.open(tmp_path / "guests")
    vault = Vault([Secret("a key that is long enough for it")])
    sources = Sources(home)
    records = GuestRecords(store, vault, SystemClock())
    made = Stranger(home, sources, docker, records, hosting.repo("guest"), hosting.url("guest"))
    yield made
    made.close()
    mark = home / "engine-id"
    if mark.exists():
        remove_all(docker, {"vanka.home": mark.read_text().strip()})
    sources.close()
    store.close()


class _Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.server.reached.append(self.client_address[0])  # type: ignore[attr-defined]  # set below
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Quiet."""


@pytest.fixture
def machine() -> Iterator[http.server.ThreadingHTTPServer]:
    """Something of this machine's own that listens on every address of it."""
    server = http.server.ThreadingHTTPServer(("0.0.0.0", 0), _Answer)
    server.reached = []  # type: ignore[attr-defined]  # who came
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
