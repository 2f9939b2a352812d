"""A real Docker engine for tests: the one that answers, or one that is started for them; else the reason to skip."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from actors.engines.docker_calls import Docker
from actors.engines.recipe import base_image
from actors.errors import VankaError

UP = Path(__file__).parents[1] / "testbed" / "docker_up.sh"
LIMIT_S = 300


def why_not() -> str:
    """Empty when an engine with the base image answers now; else why there is none."""
    docker = Docker()
    try:
        docker.version()
        return "" if docker.image(base_image()) is not None else f"the engine has no {base_image()}"
    except VankaError as error:
        return error.message
    finally:
        docker.close()


def bring_up() -> str:
    """Start an engine and make the base image, where root can; the reason where that is not so."""
    if os.name != "posix" or os.geteuid() != 0:
        return "only root can start a Docker engine"
    done = subprocess.run(["bash", str(UP)], capture_output=True, text=True, timeout=LIMIT_S, check=False)
    said = (done.stdout + done.stderr).strip().splitlines()
    return "" if done.returncode == 0 else (said[-1] if said else "docker_up.sh failed")


@pytest.fixture(scope="session")
def docker_engine() -> Iterator[None]:
    """An engine that answers. One that was started here ends with the tests."""
    reason = why_not()
    started = False
    if reason:
        no_engine = "no Docker engine" in reason
        reason = bring_up() or why_not()
        started = no_engine and not reason
    if reason:
        pytest.skip(f"no Docker engine: {reason}")
    yield
    if started:
        subprocess.run(["bash", str(UP), "--down"], capture_output=True, timeout=LIMIT_S, check=False)


@pytest.fixture
def docker(docker_engine: None) -> Iterator[Docker]:
    """A connection of its own to that engine."""
    connection = Docker()
    yield connection
    connection.close()
