"""Deploying: `vanka deploy`, a signed hook and a rollback until the program answers, beside the literal steps."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from actors.records import Records
from runtime.clock import SystemClock
from runtime.store import Store
from runtime.vault import Vault
from tests.bench.row import Row
from tests.fakes.gitrepo import GitRepo
from tests.scenarios.service import Service, free_port

FILES = 2000
ROUNDS = 7  # the best of each is taken: what else the machine does only adds
LITERAL_ROUNDS = 2
REQUIREMENTS = "flask\n"
LIMIT_S = 120.0
# a program that does nothing but answer: what is measured is ours, and its own start is taken off
PROGRAM = """\
import os, socket
server = socket.socket()
server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
server.bind(("127.0.0.1", int(os.environ["PORT"])))
server.listen(64)
while True:
    client, _ = server.accept()
    try:
        client.recv(1024)
        client.sendall(b"HTTP/1.0 200 OK\\r\\nContent-Length: {length}\\r\\n\\r\\n{text}")
    except OSError:
        pass
    client.close()
"""


def program(text: str) -> str:
    """A main.py that answers with that text."""
    return PROGRAM.replace("{length}", str(len(text))).replace("{text}", text)


@dataclass
class Shop:
    """One project of a real service, and the literal way of deploying the same repository."""

    service: Service
    repo: GitRepo
    target: Path
    port: int
    commits: int = 0

    def commit(self) -> str:
        """The next commit, pushed; the text that its program answers with."""
        self.commits += 1
        text = f"c{self.commits:04d}"
        self.repo.commit({"main.py": program(text), f"data/{self.commits % FILES:04d}.txt": text}, text)
        self.repo.push()
        return text

    def command(self, *argv: str) -> None:
        """Run `vanka` and do not wait for its end here."""
        done = subprocess.run(
            [sys.executable, "-m", "actors.cli", *argv], env=self.service.environ, capture_output=True, timeout=LIMIT_S
        )
        if done.returncode != 0:
            raise RuntimeError(done.stderr.decode())


def measure() -> list[Row]:
    """About a minute; it needs the package index for the literal steps and for the first environment."""
    with tempfile.TemporaryDirectory(prefix="vanka-bench-") as folder:
        with _shop(Path(folder) / "big", REQUIREMENTS, FILES) as shop:
            own, _ = _own_times(shop)
            redeploy = [_until(shop, shop.commit(), lambda: shop.command("deploy", "shop")) for _ in range(ROUNDS)]
            ways = [(number % 2 + 1, partial(shop.command, "rollback", "shop")) for number in range(ROUNDS)]
            back = [_until(shop, f"c{wanted:04d}", partial(way, str(wanted))) for wanted, way in ways]
        literal = [_literally(Path(folder) / f"literal{n}", shop, pip=True) for n in range(LITERAL_ROUNDS)]
        with _shop(Path(folder) / "small", "", 20) as small:
            secret = _hook_secret(small)
            small.service.start()
            _answering(small.port, LIMIT_S)
            hooks = [_until(small, small.commit(), lambda: _hook(small, secret)) for _ in range(ROUNDS)]
            own_gap = sum(_own_times(small))
        plain = [_literally(Path(folder) / f"plain{n}", small, pip=False) for n in range(LITERAL_ROUNDS)]
    return _rows(own, redeploy, literal, back, hooks, plain, own_gap)


@dataclass(frozen=True)
class Took:
    """Seconds until the new version answered, and in which nobody answered."""

    all_s: float
    silent_s: float


def _rows(
    own: float,
    redeploy: list[Took],
    literal: list[Took],
    back: list[Took],
    hooks: list[Took],
    plain: list[Took],
    own_gap: float,
) -> list[Row]:
    deploy_s = min(it.all_s for it in redeploy) - own
    literal_s = min(it.all_s for it in literal) - own
    hook_s = min(it.all_s for it in hooks)
    plain_s, plain_silent_s = min(it.all_s for it in plain), min(it.silent_s for it in plain) - own_gap
    silent_s = max(min(it.silent_s for it in hooks) - own_gap, 0.0)
    back_s = min(it.all_s for it in back) - own
    return [
        Row(
            f"redeploy, {FILES} files, requirements unchanged: vanka deploy to answering, less the program's own start",
            "0.5 s and 1/15 of the literal steps",
            f"{deploy_s:.2f} s",
            f"literally: {literal_s:.2f} s",
            literal_s / deploy_s,
            deploy_s <= 0.5 and deploy_s <= literal_s / 15,
        ),
        Row(
            "signed hook to the new version answering, program without dependencies",
            "1 s",
            f"{hook_s:.2f} s",
            f"literally: {plain_s:.2f} s",
            plain_s / hook_s,
            hook_s <= 1.0,
        ),
        Row(
            "not answering meanwhile, less the program's own stop and start",
            "0.15 s",
            f"{silent_s:.3f} s",
            f"literally: {plain_silent_s:.2f} s",
            plain_silent_s / max(silent_s, 0.01),
            silent_s <= 0.15,
        ),
        Row(
            "rollback to a kept version: command to answering, less the program's own start",
            "0.5 s",
            f"{back_s:.2f} s",
            "",
            None,
            back_s <= 0.5,
        ),
    ]


@contextmanager
def _shop(directory: Path, requirements: str, files: int) -> Iterator[Shop]:
    """A service with one project that is deployed twice."""
    directory.mkdir()
    service, port = Service(directory), free_port()
    repo = GitRepo.in_directory(directory, "shop")
    shop = Shop(service, repo, directory / "apps" / "shop", port)
    repo.commit(
        {**{f"data/{n:04d}.txt": f"{n}\n" * 20 for n in range(files)}, "requirements.txt": requirements}, "Files"
    )
    try:
        service.start()
        text = shop.commit()
        service.ask(
            "add",
            name="shop",
            url=str(repo.bare),
            path=str(shop.target),
            interval_s=86_400,
            probe=f"http://127.0.0.1:{port}/",
        )
        service.ask("set", name="shop", key="PORT", value=str(port))
        for number in range(2):
            if number:
                text = shop.commit()
            ended = service.ask("deploy", name="shop")
            if ended["state"] != "succeeded":
                raise RuntimeError(f"{ended['state']}: {ended['error']}")
            assert _answering(port, LIMIT_S) == text
        yield shop
    finally:
        service.close()


def _until(shop: Shop, text: str, ask: Callable[[], None]) -> Took:
    """Ask in a thread of its own; look every few milliseconds until the program answers with that text."""
    asker = threading.Thread(target=ask, daemon=True)
    began = last = time.perf_counter()
    asker.start()
    while (now := time.perf_counter()) - began < LIMIT_S:
        seen = _answer(shop.port)
        if seen == text:
            took = Took(time.perf_counter() - began, now - last)
            asker.join(LIMIT_S)
            return took
        if seen:
            last = time.perf_counter()
        time.sleep(0.002)
    raise RuntimeError(f"{text} does not answer within {LIMIT_S:.0f} s")


def _answer(port: int) -> str:
    try:
        with socket.create_connection(("127.0.0.1", port), 2.0) as client:
            client.sendall(b"GET / HTTP/1.0\r\n\r\n")
            received = b"".join(iter(lambda: client.recv(4096), b""))
    except OSError:
        return ""
    return received.rpartition(b"\r\n\r\n")[2].decode()


def _answering(port: int, limit_s: float) -> str:
    until = time.monotonic() + limit_s
    while not (seen := _answer(port)) and time.monotonic() < until:
        time.sleep(0.002)
    return seen


def _run_program(target: Path, port: int) -> subprocess.Popen[bytes]:
    environment = {"PATH": os.environ["PATH"], "PORT": str(port)}
    return subprocess.Popen([str(target / "venv/bin/python"), "main.py"], cwd=target, env=environment)


def _own_times(shop: Shop) -> tuple[float, float]:
    """What the program itself takes from being run to answering, and from SIGTERM to its end."""
    starts, stops, port = [], [], free_port()
    for _ in range(ROUNDS):
        began = time.perf_counter()
        child = _run_program(shop.target, port)
        _answering(port, LIMIT_S)
        up = time.perf_counter()
        child.terminate()
        child.wait(LIMIT_S)
        starts.append(up - began)
        stops.append(time.perf_counter() - up)
    return statistics.median(starts), statistics.median(stops)


def _hook_secret(shop: Shop) -> str:
    """The project's webhook secret, from the records of a service that is stopped for it."""
    shop.service.stop()
    store = Store.open(shop.service.home / "store")
    try:
        records = Records(store, Vault.from_settings(None, shop.service.home / "secret.key"), SystemClock())
        return records.credentials.hook_secret(records.projects.all()[0]).reveal()
    finally:
        store.close()


def _hook(shop: Shop, secret: str) -> None:
    """A push as GitHub tells it."""
    body = b'{"ref": "refs/heads/main"}'
    signature = "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    connection = http.client.HTTPConnection("127.0.0.1", shop.service.http, timeout=LIMIT_S)
    headers = {"X-Hub-Signature-256": signature, "X-GitHub-Event": "push", "Content-Type": "application/json"}
    connection.request("POST", "/hooks/github/shop", body, headers)
    status = connection.getresponse().status
    connection.close()
    if status != 202:
        raise RuntimeError(f"the hook was answered with {status}")


def _literally(target: Path, shop: Shop, *, pip: bool) -> Took:
    """Stop, empty the directory, clone, environment, packages, start: what a script of one screen would do."""

    def deploy() -> None:
        child[0].terminate()
        child[0].wait(LIMIT_S)
        shutil.rmtree(target)
        steps = [
            ["git", "clone", "-q", str(shop.repo.bare), str(target)],
            [sys.executable, "-m", "venv", str(target / "venv")],
        ]
        if pip:
            steps.append([str(target / "venv/bin/pip"), "install", "-q", "-r", str(target / "requirements.txt")])
        for step in steps:
            subprocess.run(step, check=True, timeout=LIMIT_S, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        child[0] = _run_program(target, there.port)

    there = Shop(shop.service, shop.repo, target, free_port(), shop.commits)  # the same files, another place
    subprocess.run(["git", "clone", "-q", str(shop.repo.bare), str(target)], check=True, timeout=LIMIT_S)
    subprocess.run([sys.executable, "-m", "venv", str(target / "venv")], check=True, timeout=LIMIT_S)
    child = [_run_program(target, there.port)]
    try:
        _answering(there.port, LIMIT_S)
        return _until(there, there.commit(), deploy)
    finally:
        child[0].kill()
        child[0].wait(LIMIT_S)


if __name__ == "__main__":
    for row in measure():
        print(row)
