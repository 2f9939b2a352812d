"""ops/compose.yaml as people use it: up, a project, restart, down and up again; its secret is a file and no more."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from actors.engines.docker_calls import Docker
from tests.fakes.docker_engine import docker, docker_engine
from tests.fakes.vanka_image import vanka_image
from tests.scenarios.service import CHECKOUT, eventually, free_port, program
from tests.scenarios.test_image import COMMIT

__all__ = ["docker", "docker_engine"]

pytestmark = pytest.mark.docker

LIMIT_S = 120
INSIDE_PORT = 8123
TOKEN = "123456:" + "secret" * 6
ANSWER = f"import urllib.request as it; print(it.urlopen('http://127.0.0.1:{INSIDE_PORT}', timeout=2).read().decode())"


def composer() -> tuple[str, ...]:
    """The command that there is: today's plugin, or the program that came before it; empty where there is neither."""
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        subprocess.run(("docker", "compose", "version"), capture_output=True, check=True, timeout=LIMIT_S)
        return ("docker", "compose")
    return ("docker-compose",) if shutil.which("docker-compose") else ()


class Composed:
    """The file's service under a name of its own, with a token and without root."""

    def __init__(self, directory: Path, image: str) -> None:
        self.command = composer()
        if not self.command:
            pytest.skip("neither docker compose nor docker-compose is on this machine")
        self.file = directory / "compose.yaml"
        text = (CHECKOUT / "ops" / "compose.yaml").read_text()
        if self.command == ("docker-compose",):  # which does not know the line that names the project
            text = text.replace("name: vanka\n", "")
        self.file.write_text(text)
        token = directory / "token.txt"
        token.write_text(f"{TOKEN}\n")
        token.chmod(0o644)
        self.name = f"vanka-test-{secrets.token_hex(4)}"
        self.port = free_port()
        self.environ = {
            **os.environ,
            "VANKA_IMAGE": image,
            "VANKA_USER": "1000:1000",
            "VANKA_PORT": str(self.port),
            "VANKA_TELEGRAM_TOKEN_FILE": str(token),
        }

    def compose(self, *argv: str, check: bool = True) -> str:
        """What it prints."""
        command = (*self.command, "-p", self.name, "-f", str(self.file), *argv)
        done = subprocess.run(
            command,
            env=self.environ,
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            check=False,
            stdin=subprocess.DEVNULL,
        )
        assert done.returncode == 0 or not check, done.stderr
        return done.stdout if done.returncode == 0 else ""

    def inside(self, *argv: str, check: bool = True) -> str:
        """What a command in the service's container prints; empty when it failed and need not succeed."""
        return self.compose("exec", "-T", "vanka", *argv, check=check)

    def status(self) -> list[dict[str, Any]]:
        """The projects, once the service answers."""
        found: list[dict[str, Any]] = json.loads(
            eventually(lambda: self.inside("vanka", "status", "--json", check=False), "the service answers", 60)
        )
        return found

    def up(self) -> None:
        """Start it, and wait."""
        self.compose("up", "-d", "--no-build")
        self.status()


@pytest.fixture
def composed(docker: Docker, tmp_path: Path) -> Iterator[Composed]:
    made = Composed(tmp_path, vanka_image(docker))
    try:
        made.up()
        yield made
    finally:
        made.compose("down", "-v", check=False)


def test_service_of_the_compose_file_lives_through_restart_and_removal_of_its_container(
    composed: Composed, docker: Docker
) -> None:
    script = COMMIT.replace("/tmp/work", "/data-apps/work").replace(
        "cat >main.py", f"cat >main.py <<'END'\n{program('one')}\nEND\n"
    )
    composed.inside("sh", "-c", script, "sh", "one")
    composed.inside("vanka", "add", "shop", "file:///data-apps/work", "--probe", f"tcp://127.0.0.1:{INSIDE_PORT}")
    composed.inside("vanka", "set", "shop", f"PORT={INSIDE_PORT}")
    assert json.loads(composed.inside("vanka", "deploy", "shop", "--json"))["state"] == "succeeded"

    def answers() -> bool:
        return composed.inside("python", "-c", ANSWER, check=False).strip() == "one v1"

    assert answers()
    with urllib.request.urlopen(f"http://127.0.0.1:{composed.port}/health", timeout=10) as health:
        assert json.load(health)["up"]

    composed.compose("restart")
    assert composed.status()[0]["version"] == 1
    eventually(answers, "the program is back after a restart")
    composed.compose("down")
    composed.up()
    assert composed.status()[0]["version"] == 1
    eventually(answers, "the program is back in another container")


def test_token_is_read_from_its_file_and_stands_in_no_description_of_the_container(
    composed: Composed, docker: Docker
) -> None:
    assert composed.inside("id", "-u").strip() == "1000"
    assert "poller" in composed.inside("vanka", "tree"), "the bot was started with the token"
    (container,) = composed.compose("ps", "-q").split()
    description = json.dumps(docker.ask("it", lambda api: api.inspect_container(container)))
    assert "VANKA_TELEGRAM_TOKEN_FILE" in description
    for told in (description, composed.compose("config"), composed.compose("logs")):
        assert TOKEN not in told
        assert TOKEN.partition(":")[2] not in told
