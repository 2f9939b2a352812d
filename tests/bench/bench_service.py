"""The service with a thousand projects: its start to `/health` 200, the memory it then takes, and the CPU at rest."""

from __future__ import annotations

import http.client
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import psutil

from actors.model.project import Policy, Project
from actors.records import Records
from actors.records.watch import Watched
from runtime.clock import SystemClock
from runtime.store import Store
from runtime.vault import Vault
from tests.bench.row import Row
from tests.fakes.gitrepo import GitRepo
from tests.scenarios.service import Service

PROJECTS = 1000
REPOSITORIES = 20
START_S = 5.0
MEMORY_BYTES = 150e6
SETTLED_S = 15.0  # the first looks at all repositories are over then, and the next ones minutes away
REST_S = 10.0
REST_PERCENT = 3.0  # of one core
LIMIT_S = 120.0


def measure() -> list[Row]:
    """About a minute; nothing but this machine is asked."""
    with tempfile.TemporaryDirectory(prefix="vanka-bench-") as folder:
        empty, _, idle = _measured(Path(folder) / "empty", 0)
        started, memory, busy = _measured(Path(folder) / "full", PROJECTS)
    return [
        Row(
            f"service with {PROJECTS} projects: start to /health 200",
            f"{START_S:.0f} s",
            f"{started:.2f} s",
            f"without projects: {empty:.2f} s",
            started / empty,
            started <= START_S,
        ),
        Row(
            f"service with {PROJECTS} projects: resident memory, {SETTLED_S:.0f} s after the start",
            f"{MEMORY_BYTES / 1e6:.0f} MB",
            f"{memory[1] / 1e6:.0f} MB",
            f"at the start: {memory[0] / 1e6:.0f} MB",
            None,
            memory[1] <= MEMORY_BYTES,
        ),
        Row(
            f"service with {PROJECTS} projects: CPU while nothing is to be done",
            f"{REST_PERCENT:.0f} % of a core",
            f"{busy:.2f} %",
            f"without projects: {idle:.2f} %",
            busy / idle if idle else None,
            busy <= REST_PERCENT,
        ),
    ]


def _measured(directory: Path, projects: int) -> tuple[float, tuple[int, int], float]:
    """Seconds from the command to 200; its resident memory then, and when the first looks are over; its CPU at rest."""
    directory.mkdir()
    service = Service(directory)
    fill(service.home, directory, projects)
    with service.log.open("ab") as log:
        command = [sys.executable, "-m", "actors.cli", "up"]
        began = time.perf_counter()
        guardian = subprocess.Popen(command, env=service.environ, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        while not _healthy(service.http):
            if time.perf_counter() - began > LIMIT_S or guardian.poll() is not None:
                raise RuntimeError(service.log.read_text()[-2000:])
            time.sleep(0.005)
        took = time.perf_counter() - began
        process = psutil.Process(service.ask("ping")["pid"])
        first = process.memory_info().rss
        time.sleep(SETTLED_S)
        settled = process.memory_info().rss
        return took, (first, settled), _percent(process, REST_S)
    finally:
        guardian.terminate()
        guardian.wait(LIMIT_S)


def _percent(process: psutil.Process, seconds: float) -> float:
    """How much of one core it takes over the next seconds."""
    before, began = process.cpu_times(), time.perf_counter()
    time.sleep(seconds)
    after, took = process.cpu_times(), time.perf_counter() - began
    return 100.0 * (after.user + after.system - before.user - before.system) / took


def _healthy(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5.0)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def fill(home: Path, directory: Path, count: int) -> None:
    """Projects on record, as they are after their first look; each repository is shared by many."""
    home.mkdir(mode=0o700)
    store = Store.open(home / "store")
    try:
        clock = SystemClock()
        records = Records(store, Vault.from_settings(None, home / "secret.key"), clock)
        repos = [GitRepo.in_directory(directory, f"r{number}") for number in range(REPOSITORIES if count else 0)]
        for repo in repos:
            repo.commit({"main.py": "print(1)\n"})
            repo.push()
        with store.transaction():
            for number in range(count):
                repo = repos[number % len(repos)]
                project = records.projects.add(
                    Project(
                        no=0,
                        name=f"p{number:04d}",
                        url=str(repo.bare),
                        path=str(directory / "apps" / f"p{number:04d}"),
                        created_at=datetime.now(UTC),
                        interval_s=300,
                        policy=Policy.NOTIFY,
                    )
                )
                records.watch.put(project, Watched("main", repo.head(), handled=True))
    finally:
        store.close()


if __name__ == "__main__":
    for row in measure():
        print(row)
