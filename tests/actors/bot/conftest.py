"""A bot whose service holds projects in memory; everything between it and Telegram is real."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.actors.bot.fake_control import FakeControl
from tests.actors.bot.front import Front, front


@pytest.fixture
def control() -> FakeControl:
    return FakeControl()


@pytest.fixture
def bot(tmp_path: Path, control: FakeControl) -> Iterator[Front]:
    with front(tmp_path, control) as running:
        yield running
