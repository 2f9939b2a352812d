"""A kernel for each test: `kernel` runs the test on both dispatchers with a fake clock, `live` with the real one.

And a store in a home of its own, which has nothing to complain of.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from runtime.store import Store
from tests.fakes.clock import FakeClock
from tests.runtime.kit import DISPATCHERS, Kernel


@pytest.fixture(params=DISPATCHERS)
def kernel(request: pytest.FixtureRequest) -> Iterator[Kernel]:
    kernel = Kernel(request.param, FakeClock())
    yield kernel
    kernel.close()


@pytest.fixture(params=DISPATCHERS)
def live(request: pytest.FixtureRequest) -> Iterator[Kernel]:
    kernel = Kernel(request.param, None)
    yield kernel
    kernel.close()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "store"


@pytest.fixture
def store(home: Path) -> Iterator[Store]:
    opened = Store.open(home, on_notice=lambda words: pytest.fail(f"unexpected notice: {words}"))
    yield opened
    opened.close()
