"""The service's own image, built from this checkout on base images that are made here; once for all tests."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from actors.engines.docker_calls import Docker
from actors.engines.docker_shapes import BuildPlan
from actors.engines.recipe import Recipe, archive
from runtime.shell import Cancel

ROOT = Path(__file__).parents[2]
IMAGE = "vanka-test/vanka:latest"
# as the official images are; and one that has what the first stage installs
SLIM, TOOLS = "vanka-test/python:slim", "vanka-test/python:tools"
LIMIT_S = 300


def vanka_image(docker: Docker) -> str:
    """Its name; built anew where something changed."""
    for tag, more in ((SLIM, ()), (TOOLS, ("git", "openssh-client"))):
        if docker.image(tag) is None:
            argv = [sys.executable, str(ROOT / "tests" / "testbed" / "base_image.py"), tag, "--with", *more]
            done = subprocess.run(argv, capture_output=True, text=True, timeout=LIMIT_S, check=False)
            assert done.returncode == 0, done.stderr
    with archive(ROOT, Recipe("Dockerfile", standard=False)) as context:
        plan = BuildPlan(
            context=context,
            dockerfile="Dockerfile",
            tag=IMAGE,
            labels={"vanka-test": "image"},
            arguments={"BASE": SLIM, "TOOLS": TOOLS},
        )
        docker.build(plan, cancel=Cancel(), say=lambda _line: None)
    return IMAGE
