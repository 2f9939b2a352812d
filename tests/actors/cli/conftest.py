"""A command line against a real control socket, with a fake service behind it."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from actors import cli
from actors.cli.service import CommandServer
from tests.actors.cli.fake_control import FakeControl

# to the letter of the documentation
STATUS_FIELDS = {
    *("name", "state", "version", "commit", "environment", "engine", "pid", "uptime_s", "restarts", "interval_s"),
    *("policy", "last_deployment"),
}
DEPLOYMENT_FIELDS = {
    *("id", "project", "version", "commit", "environment", "kind", "asked_by", "started_at", "ended_at", "state"),
    *("stages", "error"),
}


@dataclass(frozen=True)
class Ran:
    """What one command did."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Vanka:
    """The `vanka` command as a person meets it, in this process."""

    def __init__(self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self._capsys = capsys
        self._monkeypatch = monkeypatch

    def __call__(self, *argv: str, stdin: str = "") -> Ran:
        self._monkeypatch.setattr("sys.stdin", io.StringIO(stdin))
        code = cli.main(argv)
        told = self._capsys.readouterr()
        return Ran(code, told.out, told.err)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "home"
    path.mkdir(mode=0o700)
    monkeypatch.setenv("VANKA_HOME", str(path))
    monkeypatch.setattr("actors.cli.call.TICK_S", 0.05)  # each wait of the fake is one step on
    return path


@pytest.fixture
def control() -> FakeControl:
    return FakeControl()


@pytest.fixture
def server(home: Path, control: FakeControl) -> Iterator[CommandServer]:
    serving = CommandServer(control, home, clean=lambda text: text.replace("hunter2", "[hidden]"))
    serving.start()
    yield serving
    serving.stop()


@pytest.fixture
def lone_vanka(home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Vanka:
    """The command where no service runs."""
    return Vanka(capsys, monkeypatch)


@pytest.fixture
def vanka(server: CommandServer, lone_vanka: Vanka) -> Vanka:
    """The command where a service runs."""
    return lone_vanka


@pytest.fixture
def shop(vanka: Vanka) -> None:
    """A project that the service knows."""
    assert vanka("add", "shop", "https://example.org/shop.git", "--path", "/srv/shop").code == 0
