"""Containers: the image's size and idle memory, a change of code against doing it by hand, load, a flood of output."""

from __future__ import annotations

import hmac
import json
import os
import subprocess
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from statistics import median

from actors.engines.docker_calls import Docker
from tests.actors.engines.workshop import remove_all
from tests.bench.row import Row
from tests.fakes.docker_engine import bring_up, why_not
from tests.fakes.gitrepo import GitRepo
from tests.fakes.vanka_image import vanka_image
from tests.scenarios.service import Service, answer_of, eventually, free_port
from tests.scenarios.service import program as local_program
from tests.scenarios.test_image import Inside

ROUNDS = 7  # turn and turn about; the median of each counts
LIMIT_S = 180.0
LOOK_S = 0.1  # a connection that is made before the container's network is there is answered after a second only
# in kB, of the guardian and of its child
RESIDENT = """\
import glob
def about(path):
    return dict(line.split(":", 1) for line in open(path))
found = [about(path) for path in glob.glob("/proc/[0-9]*/status")]
print(sum(int(it["VmRSS"].split()[0]) for it in found if it["Pid"].strip() == "1" or it["PPid"].strip() == "1"))
"""
BUSY = "import time\nheld = bytearray(50 << 20)\nwhile True: pass\n"
FLOOD = (
    "import sys, time\nblock = (b'x' * 99 + b'\\n') * 10486\n"
    "for _ in range(1024): sys.stdout.buffer.write(block)\n"
    "sys.stdout.flush()\nprint('flood over', flush=True)\ntime.sleep(600)\n"
)
DOCKERFILE = 'FROM python:3.11-slim\nWORKDIR /app\nENV PYTHONUNBUFFERED=1\nCOPY . .\nCMD ["python", "main.py"]\n'


def program(text: str) -> str:
    """A main.py that answers with that text on all addresses of its container."""
    return local_program(text).replace("127.0.0.1", "0.0.0.0")


def measure() -> list[Row]:
    """All of it with a real engine; one row that says so where there is none."""
    reason = why_not()
    if reason and (bring_up() or why_not()):
        return [Row("container: a Docker engine", "there", f"none: {reason}", "-", None, False)]
    docker = Docker()
    try:
        return [*_image(docker), *_change(docker), *_load(docker), *_flood(docker)]
    finally:
        docker.close()


# --- the image


def _image(docker: Docker) -> list[Row]:
    name = vanka_image(docker)
    found = docker.image(name)
    assert found is not None
    size = found.size / 1e6
    inside = Inside(docker, name)
    try:
        inside.wait()
        resident = int(inside.run("python", "-c", RESIDENT)[1]) / 1000
    finally:
        inside.close()
    return [
        Row("container: size of the image", "200 MB", f"{size:.0f} MB", "-", None, size <= 200),
        Row("container: idle RSS of guardian and service", "120 MB", f"{resident:.0f} MB", "-", None, resident <= 120),
    ]


# --- a change of code


def _change(docker: Docker) -> list[Row]:
    ours, theirs = [], []
    with _project(docker, program("v0")) as box, tempfile.TemporaryDirectory() as folder:
        by_hand = _ByHand(Path(folder))
        try:
            by_hand.deploy(program("v0"), "v0")
            for number in range(1, ROUNDS + 1):
                text = f"r{number}"
                box.repo.commit({"main.py": program(text)}, text)
                ours.append(_timed(box.hook, box.port, f"{text} v{number + 1}"))
                box.service.ended("shop", number + 1)
                theirs.append(_timed(partial(by_hand.deploy, program(text), text), by_hand.port, text))
        finally:
            by_hand.close()
    took, down = (median(it[column] for it in ours) for column in (0, 1))
    hand_took, hand_down = (median(it[column] for it in theirs) for column in (0, 1))
    baseline = "docker build, rm -f, run by hand"
    return [
        Row(
            "container: code change, signed hook to answering",
            "no slower than by hand",
            f"{took:.2f} s",
            f"{baseline}: {hand_took:.2f} s",
            hand_took / took,
            took <= hand_took,
        ),
        Row(
            "container: not answering meanwhile",
            "no longer than by hand",
            f"{down:.2f} s",
            f"{baseline}: {hand_down:.2f} s",
            hand_down / down,
            down <= hand_down,
        ),
    ]


class _ByHand:
    """The same program, deployed as one would without us."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        (folder / "Dockerfile").write_text(DOCKERFILE)

    def deploy(self, main: str, tag: str) -> None:
        """Build, remove, run."""
        (self.folder / "main.py").write_text(main.replace(" v{os.environ['VANKA_VERSION']}", ""))
        _docker("build", "-q", "-t", f"vanka-test/by-hand:{tag}", str(self.folder))
        _docker("rm", "-f", "vanka-test-by-hand", check=False)
        publish = f"127.0.0.1:{self.port}:{self.port}"
        run = ("run", "-d", "--init", "--name", "vanka-test-by-hand", "-p", publish, "-e", f"PORT={self.port}")
        _docker(*run, f"vanka-test/by-hand:{tag}")

    def close(self) -> None:
        """Remove it and its images."""
        _docker("rm", "-f", "vanka-test-by-hand", check=False)
        for tag in ("v0", *(f"r{number}" for number in range(1, ROUNDS + 1))):
            _docker("rmi", f"vanka-test/by-hand:{tag}", check=False)


def _docker(*argv: str, check: bool = True) -> str:
    environ = {**os.environ, "DOCKER_BUILDKIT": "0"}
    done = subprocess.run(("docker", *argv), capture_output=True, text=True, check=check, timeout=LIMIT_S, env=environ)
    return done.stdout


def _timed(act: Callable[[], object], port: int, wanted: str) -> tuple[float, float]:
    """Seconds from `act` to the wanted answer, and between the last answer before it and that one."""
    began = last = time.perf_counter()
    acting = threading.Thread(target=act)
    acting.start()
    while time.perf_counter() - began < LIMIT_S:
        answer = answer_of(port, LOOK_S)
        now = time.perf_counter()
        if answer == wanted:
            acting.join()
            return now - began, now - last
        if answer:
            last = now
        time.sleep(0.005)
    raise AssertionError(f"{wanted} is not answered on {port}")


# --- load and output


def _load(docker: Docker) -> list[Row]:
    with _project(docker, BUSY, CONTAINER_CPUS="0.5", CONTAINER_MEMORY="256m", probe=False) as box:
        container = docker.containers({"vanka.kind": "program", "vanka.name": "shop"})[0]
        box.service.ask("load")
        shown = _docker("stats", "--no-stream", "--format", "{{.CPUPerc}} {{.MemPerc}}", container).split()
        theirs, their_memory = (float(word.rstrip("%")) for word in shown)
        (ours,) = box.service.ask("load")["projects"]
    memory = ours["memory_bytes"] / (256 << 20) * 100
    apart = max(abs(ours["cpu_percent"] - theirs), abs(memory - their_memory))
    return [
        Row(
            "container: load against docker stats, half a core and 256 MB",
            "within 5 points",
            f"CPU {ours['cpu_percent']:.1f} %, memory {memory:.1f} %",
            f"CPU {theirs:.1f} %, memory {their_memory:.1f} %",
            None,
            apart <= 5,
        )
    ]


def _flood(docker: Docker) -> list[Row]:
    with _project(docker, "import time\ntime.sleep(600)\n", probe=False) as box:
        pid = box.service.wait_until_up()
        logs = box.service.home / "projects" / "1" / "logs"
        before, cpu = _resident(pid), _cpu(pid)
        disk = [0]
        box.repo.commit({"main.py": FLOOD}, "flood")
        box.service.ask("check", name="shop")

        def over() -> bool:
            disk[0] = max(disk[0], sum(file.stat().st_size for file in logs.iterdir()))
            with (logs / "production.log").open(
                "rb"
            ) as file:  # not by a command: the looking must cost the service nothing
                file.seek(max(0, file.seek(0, os.SEEK_END) - 1000))
                return b"flood over" in file.read()

        eventually(over, "the flood is over", LIMIT_S)
        box.service.ended("shop", 2)
        grown, used = (_resident(pid) - before) / 2**20, _cpu(pid) - cpu
    return [
        Row(
            "container: memory of the service after 1 GB of output", "+5 MB", f"{grown:+.1f} MB", "-", None, grown <= 5
        ),
        Row("container: its CPU for that, deployment included", "1.5 s", f"{used:.2f} s", "-", None, used <= 1.5),
        Row(
            "container: disk for that",
            "bounded: 64 MB",
            f"{disk[0] / 2**20:.0f} MB",
            "1,024 MB",
            None,
            disk[0] < 64 << 20,
        ),
    ]


def _resident(pid: int) -> int:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def _cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


# --- a project


class _Box:
    def __init__(self, service: Service, repo: GitRepo, port: int) -> None:
        self.service, self.repo, self.port = service, repo, port
        self._secret = str(json.loads(service.cli("hook", "shop", "--json"))["secret"]).encode()

    def hook(self) -> None:
        """Say that something was pushed, as GitHub does."""
        body = b'{"ref": "refs/heads/main"}'
        signature = "sha256=" + hmac.new(self._secret, body, "sha256").hexdigest()
        headers = {"X-Hub-Signature-256": signature, "X-GitHub-Event": "push", "Content-Type": "application/json"}
        address = f"http://127.0.0.1:{self.service.http}/hooks/github/shop"
        with urllib.request.urlopen(urllib.request.Request(address, body, headers), timeout=LIMIT_S) as answer:
            assert answer.status == 202


@contextmanager
def _project(docker: Docker, main: str, *, probe: bool = True, **variables: str) -> Iterator[_Box]:
    """A deployed container project of a service of its own; nothing of it is left."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        service = Service(folder)
        stack.callback(service.close)
        service.start()
        port = free_port()
        repo = GitRepo.in_directory(folder, "shop")  # on this machine, as the files are that are built by hand
        repo.commit({"main.py": main}, "first")
        looked = ("--probe", f"http://127.0.0.1:{port}/") if probe else ()
        target = str(folder / "apps" / "shop")
        service.cli("add", "shop", str(repo.bare), "--path", target, "--engine", "container", *looked)
        for name, value in {"PORT": str(port), **variables}.items():
            service.cli("set", "shop", f"{name}={value}")
        first = json.loads(service.cli("deploy", "shop", "--json"))
        assert first["state"] == "succeeded", first
        mark = (service.home / "engine-id").read_text().strip()
        stack.callback(remove_all, docker, {"vanka.home": mark})
        yield _Box(service, repo, port)
