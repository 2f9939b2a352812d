"""What is asked of the Docker engine while others ask for the same."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest

from actors.engines.docker_calls import Docker
from actors.engines.docker_shapes import Spec
from actors.engines.recipe import base_image

HANDS = 6
TIMES = 3
MEMORY = 64 * 1024 * 1024


@pytest.mark.docker
def test_container_that_several_take_away_at_once_is_gone_for_each_of_them(docker: Docker) -> None:
    name = f"vanka-test-{uuid4().hex}"
    short = Spec(
        image=base_image(), name=name, labels={}, memory=MEMORY, cpus=1, pids=10, entrypoint=("sleep",), command=("60",)
    )
    with ThreadPoolExecutor(HANDS) as hands:
        for _ in range(TIMES):
            container = docker.create(short)
            docker.start(container)
            list(hands.map(docker.remove, [container] * HANDS))
            assert docker.container(container) is None
