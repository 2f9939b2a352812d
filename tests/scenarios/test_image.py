"""The image: small, alive without root, and everything in it comes back after the service or the container died."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from typing import Any

import pytest

from actors.engines.container_health import ImageHealth
from actors.engines.docker_calls import Docker
from runtime.shell import Cancel
from tests.fakes.docker_engine import docker, docker_engine
from tests.fakes.vanka_image import vanka_image
from tests.scenarios.service import eventually, program

__all__ = ["docker", "docker_engine"]

pytestmark = pytest.mark.docker

MOST_BYTES = 200 * 10**6  # the official base, with more of Debian in it, makes it some 7 MB larger than the tests' own
PORT = 8123
COMMIT = """\
set -e
export HOME=/tmp
mkdir -p /tmp/work
cd /tmp/work
test -d .git || git init -q -b main .
cat >main.py
git add -A
git -c user.name=Ivan -c user.email=ivan@example.org commit -q -m "$1"
"""
SERVICE = """\
import glob, os
for path in glob.glob("/proc/[0-9]*/cmdline"):
    argv = open(path, "rb").read().split(b"\\0")
    if argv[-3:] == [b"actors.cli", b"up", b""] and b"runtime.guardian" not in argv:
        print(path.split("/")[2])
"""
# in the chat: the load, then the fourth button, a chart of 24 hours; the terminal keeps it as a file
CHART = """\
printf '/load\\n4\\nq\\n' | LC_ALL=C.UTF-8 vanka chat &&
python -c "import struct; print(*struct.unpack('>II', open('load-24h.png', 'rb').read()[16:24]))"
"""
ANSWER = f"import urllib.request as it; print(it.urlopen('http://127.0.0.1:{PORT}', timeout=2).read().decode())"


class Inside:
    """A running container of the image, asked as people ask it: by `docker exec`."""

    def __init__(self, docker: Docker, image: str, *, user: str | None = None, **limits: Any) -> None:
        self.docker = docker
        self.volume = f"vanka-test-{secrets.token_hex(4)}"
        docker.add_volume(self.volume, {"vanka-test": "data"})
        binds = {self.volume: {"bind": "/data", "mode": "rw"}}
        made = docker.ask(
            "the service",
            lambda api: api.create_container(
                image,
                name=f"vanka-test-{secrets.token_hex(4)}",
                labels={"vanka-test": "service"},
                user=user,
                healthcheck={"interval": 10**9},  # its own is half a minute
                host_config=api.create_host_config(mem_limit=1024**3, pids_limit=512, binds=binds, **limits),
            ),
        )
        self.container: str = made["Id"]
        docker.start(self.container)

    def run(self, *argv: str) -> tuple[int | None, str]:
        """Exit code and output of a command in it."""
        execution = self.docker.run_in(self.container, argv)
        said = b"".join(execution.output).decode("utf-8", "replace")
        return execution.exit_code(), said

    def signal(self, name: str, process: str) -> None:
        """As kill does; the shell's own, for the image has no other."""
        code, said = self.run("sh", "-c", f"kill -{name} {process}")
        assert code == 0, said

    def health(self) -> str:
        """What the engine makes of HEALTHCHECK."""
        found = self.docker.ask("it", lambda api: api.inspect_container(self.container))
        return str(found["State"]["Health"]["Status"])

    def vanka(self, *argv: str) -> Any:
        """What a command prints as JSON; it must succeed."""
        code, said = self.run("vanka", *argv, "--json")
        assert code == 0, said
        return json.loads(said[min(said.index(sign) for sign in "[{" if sign in said) :])

    def wait(self) -> None:
        """Until the service answers."""
        eventually(lambda: self.run("vanka", "status")[0] == 0, f"it answers: {self.log()}", 60)

    def answer(self) -> str:
        """What the deployed program answers; empty while it does not."""
        code, said = self.run("python", "-c", ANSWER)
        return said.strip() if code == 0 else ""

    def commit(self, text: str) -> None:
        """A commit in a repository inside of the container."""
        script = COMMIT.replace("cat >main.py", f"cat >main.py <<'END'\n{program(text)}\nEND\n")
        code, said = self.run("sh", "-c", script, "sh", text)
        assert code == 0, said

    def log(self) -> str:
        """What the container wrote."""
        found: bytes = self.docker.ask("it", lambda api: api.logs(self.container, tail=30))
        return found.decode("utf-8", "replace")

    def close(self) -> None:
        """Nothing of it is left."""
        self.docker.remove(self.container)
        self.docker.find("the volume", lambda api: api.remove_volume(self.volume, force=True))


@pytest.fixture(scope="module")
def image(docker_engine: None) -> str:
    connection = Docker()
    try:
        return vanka_image(connection)
    finally:
        connection.close()


@pytest.fixture
def inside(docker: Docker, image: str) -> Iterator[Inside]:
    made = Inside(docker, image)
    try:
        made.wait()
        yield made
    finally:
        made.close()


def test_project_is_deployed_in_it_and_outlives_service_and_container(inside: Inside, docker: Docker) -> None:
    inside.commit("one")
    inside.vanka("add", "shop", "file:///tmp/work", "--probe", f"tcp://127.0.0.1:{PORT}")
    assert inside.run("vanka", "set", "shop", f"PORT={PORT}")[0] == 0
    deployed = inside.vanka("deploy", "shop")
    assert deployed["state"] == "succeeded", deployed
    assert inside.answer() == "one v1"
    before = inside.vanka("status", "shop")[0]

    service = inside.run("python", "-c", SERVICE)[1].strip()
    assert service.isdecimal()
    inside.signal("KILL", service)
    assert inside.answer() == "one v1"
    inside.wait()
    after = inside.vanka("status", "shop")[0]
    assert (after["pid"], after["restarts"], after["state"]) == (before["pid"], 0, "running")
    assert inside.run("python", "-c", SERVICE)[1].strip() not in ("", service)

    docker.ask("it", lambda api: api.restart(inside.container, timeout=15))
    inside.wait()
    eventually(lambda: inside.answer() == "one v1", "the program is back")
    assert inside.vanka("status", "shop")[0]["version"] == 1


def test_guardian_is_pid_1_and_a_stop_is_in_order(inside: Inside, docker: Docker) -> None:
    assert "runtime.guardian" in inside.run("cat", "/proc/1/cmdline")[1]
    docker.stop(inside.container, 15)
    stopped = docker.container(inside.container)
    assert stopped is not None
    assert stopped.exit_code == 0
    assert "stopped in order" in inside.log()


def test_health_check_is_well_while_the_service_answers_and_unwell_when_it_does_not(
    inside: Inside, docker: Docker, image: str
) -> None:
    found = docker.image(image)
    assert found is not None
    health = ImageHealth(docker, inside.container, found.health)
    assert health.look(Cancel()) is None
    service = inside.run("python", "-c", SERVICE)[1].strip()
    inside.signal("STOP", service)
    assert health.look(Cancel()) is not None
    inside.signal("CONT", service)
    eventually(lambda: health.look(Cancel()) is None, "it is well again")


def test_it_runs_without_root_and_without_a_place_to_write_but_its_volumes(docker: Docker, image: str) -> None:
    shut = {"read_only": True, "tmpfs": {"/tmp": ""}, "cap_drop": ["ALL"], "security_opt": ["no-new-privileges"]}
    made = Inside(docker, image, user="1000:1000", **shut)
    try:
        made.wait()
        assert made.run("id", "-u")[1].strip() == "1000"
        assert made.run("touch", "/usr/mine")[0] != 0
        assert made.vanka("load")["cpu_count"] >= 1
        drawn = made.run("sh", "-c", f"cd /tmp && {CHART}")
        assert drawn[1].split()[-2:] == ["1280", "960"], drawn
        checked = made.run("vanka", "doctor")[1]
        assert "ok   git" in checked
        assert "ok   uv" in checked
        made.commit("one")
        made.vanka("add", "shop", "file:///tmp/work", "--probe", f"tcp://127.0.0.1:{PORT}")
        assert made.run("vanka", "set", "shop", f"PORT={PORT}")[0] == 0
        deployed = made.vanka("deploy", "shop")
        assert deployed["state"] == "succeeded", deployed
        assert made.answer() == "one v1"
        eventually(lambda: made.health() == "healthy", "the engine finds it healthy")
    finally:
        made.close()


def test_environments_can_be_made_by_pip_too(docker: Docker, image: str) -> None:
    made = Inside(docker, image)
    try:
        code, said = made.run("sh", "-c", "python -m venv /tmp/venv && /tmp/venv/bin/pip --version")
        assert code == 0, said
        assert "/tmp/venv/" in said
    finally:
        made.close()


def test_image_is_small_and_holds_no_compiler_and_no_tools_of_development(docker: Docker, image: str) -> None:
    found = docker.image(image)
    assert found is not None
    assert found.size <= MOST_BYTES, f"{found.size / 1e6:.1f} MB"
    made = Inside(docker, image)
    try:
        for name in ("gcc", "cc", "make", "mypy", "pytest", "ruff", "perl", "apt-get", "dpkg"):
            assert made.run("sh", "-c", f"command -v {name}")[0] != 0, name
        for name in ("git", "ssh", "vanka", "python", "uv"):
            assert made.run("sh", "-c", f"command -v {name}")[0] == 0, name
        code, said = made.run("find", "/", "-xdev", "-type", "f", "-perm", "/6000")
        assert (code, said) == (0, ""), "programs that run with another user's rights"
        code, said = made.run("grep", "-c", "^Package: ", "/var/lib/dpkg/status")
        assert code == 0, "what looks for known holes finds the list of packages"
        assert int(said) > 20
    finally:
        made.close()
