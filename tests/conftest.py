"""A fresh store, vault and records for each test; nothing outlives one."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from actors.model.project import Project
from actors.model.version import Commit
from actors.records import Records
from runtime.store import Store
from runtime.vault import Secret, Vault
from tests.fakes.clock import FakeClock


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A file's tests stay together where several processes share the suite, and one process has the Docker engine."""
    for item in items:
        group = "docker" if item.get_closest_marker("docker") else item.nodeid.split("::")[0]
        item.add_marker(pytest.mark.xdist_group(group))


@pytest.fixture(autouse=True, scope="session")
def _utc() -> Iterator[None]:
    """Local times in tests are the same on every machine."""
    before = os.environ.get("TZ")
    os.environ["TZ"] = "UTC"
    if sys.platform != "win32":
        time.tzset()
    yield
    os.environ.pop("TZ")
    if before is not None:
        os.environ["TZ"] = before
    if sys.platform != "win32":
        time.tzset()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An open store of its own."""
    opened = Store.open(tmp_path / "store")
    yield opened
    opened.close()


@pytest.fixture
def records(store: Store) -> Records:
    """The records over that store, at noon of 1 January 2026."""
    return Records(store, Vault([Secret("a key that is long enough for it")]), FakeClock())


@pytest.fixture
def project(records: Records, tmp_path: Path) -> Project:
    """A project on record."""
    new = Project(
        no=0,
        name="shop",
        url="https://example.org/shop.git",
        path=str(tmp_path / "apps" / "shop"),
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
    )
    return records.projects.add(new)


def commit(letter: str = "a", subject: str = "Change") -> Commit:
    """A commit whose id is that letter forty times."""
    return Commit(letter * 40, subject, "Ann", datetime(2026, 1, 1, tzinfo=UTC))
