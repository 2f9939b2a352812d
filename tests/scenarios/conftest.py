"""A service, a git server and a project that answers on a port, for each scenario."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.gitserver import GitServer
from tests.scenarios.inside import Inside
from tests.scenarios.service import Service


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    """A running service with an empty home; everything it started is gone afterwards."""
    running = Service(tmp_path)
    try:
        running.start()
        yield running
    finally:
        running.close()


@pytest.fixture
def hosting(tmp_path: Path) -> Iterator[GitServer]:
    """A git server over smart HTTP on loopback."""
    (tmp_path / "hosting").mkdir()
    with GitServer(tmp_path / "hosting") as server:
        yield server


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Inside]:
    """The whole house in this process; everything it started is gone afterwards."""
    inside = Inside(tmp_path)
    try:
        yield inside
    finally:
        inside.close()
