"""A guest's container is told with the load, by name, for as long as it runs."""

from __future__ import annotations

import pytest

from actors.engines.container_load import Loads
from actors.engines.docker_calls import Docker
from actors.model.guest import GuestState
from tests.actors.sandbox.stranger import Stranger
from tests.scenarios.service import eventually

pytestmark = pytest.mark.docker


def test_running_guest_is_told_with_its_name_and_a_container_that_can_be_measured(
    stranger: Stranger, docker: Docker
) -> None:
    assert list(stranger.sandbox.running()) == []
    guest = stranger.begins("import time\nheld = bytearray(20 << 20)\ntime.sleep(600)\n")
    stranger.is_at(guest, GuestState.RUNNING)
    ((number, name, container),) = stranger.sandbox.running()
    assert (number, name) == (guest.id, guest.name)
    loads = Loads(docker)
    eventually(lambda: (load := loads.load(container)) is not None and load.memory_bytes > 20 << 20, "its load is told")
    stranger.sandbox.stop(guest.id)
    eventually(lambda: list(stranger.sandbox.running()) == [], "it has ended")
    stranger.sandbox.remove(guest.id)
