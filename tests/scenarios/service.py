"""A whole Vanka for a scenario: the real command in a process of its own, a home of its own, asked as people ask it."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import psutil

from actors.cli.client import Client
from actors.errors import VankaError
from runtime.errors import KernelError

CHECKOUT = Path(__file__).parents[2]
T = TypeVar("T")
UP_S = 30.0  # for whatever the service does by itself

PROGRAM = """\
import http.server, os
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = f"{TEXT} v{os.environ['VANKA_VERSION']} {os.environ.get('GREETING', '')}".strip().encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_): pass
TEXT = "@TEXT@"
print("up as", TEXT, flush=True)
http.server.HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Answer).serve_forever()
"""


def program(text: str) -> str:
    """A main.py that answers with this text and its version."""
    return PROGRAM.replace("@TEXT@", text)


def free_port() -> int:
    """A port that nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def eventually(look: Callable[[], T], what: str | Callable[[], str], limit_s: float = UP_S) -> T:
    """What `look` returns once it is true; fails, naming what was waited for (as it is then), after `limit_s`."""
    pause = threading.Event()
    turns = int(limit_s / 0.05)
    for _ in range(turns):
        found = look()
        if found:
            return found
        pause.wait(0.05)
    raise AssertionError(f"{what if isinstance(what, str) else what()}: not within {limit_s:.0f} s")


def answer_of(port: int, timeout_s: float = 2.0) -> str:
    """What the program on that port answers; empty while it does not, or not to the end: it may be being replaced."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=timeout_s) as response:
            text: str = response.read().decode()
            return text
    except (OSError, http.client.HTTPException):
        return ""


class Service:
    """`vanka up` as a user starts it: a guardian and, below it, the service."""

    def __init__(self, directory: Path, **settings: str) -> None:
        self.directory = directory
        self.home = directory / "home"
        self.http = free_port()
        self.log = directory / "up.log"
        self._settings = {"VANKA_HTTP": f"127.0.0.1:{self.http}", **settings}
        self._guardian: subprocess.Popen[bytes] | None = None

    @property
    def environ(self) -> dict[str, str]:
        """What `vanka` is run with."""
        own = {name: value for name, value in os.environ.items() if not name.startswith("VANKA_")}
        return {**own, "PYTHONPATH": str(CHECKOUT), "VANKA_HOME": str(self.home), **self._settings}

    def start(self, *options: str) -> None:
        """Start it and wait until it answers."""
        self.start_as([sys.executable, "-m", "actors.cli", "up", *options])

    def start_as(self, argv: Sequence[str], directory: Path | None = None, limit_s: float = UP_S) -> None:
        """Start it by that command line and wait until it answers."""
        with self.log.open("ab") as log:
            self._guardian = subprocess.Popen(
                argv,
                cwd=directory,
                env=self.environ,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.wait_until_up(limit_s=limit_s)

    def wait_until_up(self, other_than: int | None = None, limit_s: float = UP_S) -> int:
        """The service's pid, once one answers (another than the given one)."""

        def pid() -> int | None:
            with contextlib.suppress(VankaError, KernelError):
                found: int = self.ask("ping")["pid"]
                return found if found != other_than else None
            return None

        found = eventually(pid, lambda: f"the service answers; its log: {self.log.read_text()[-2000:]}", limit_s)
        assert found is not None
        return found

    def kill(self) -> int:
        """SIGKILL to the service; the pid of the next one, once it answers."""
        pid = self.wait_until_up()
        os.kill(pid, signal.SIGKILL)
        return self.wait_until_up(other_than=pid)

    def stop(self) -> int:
        """SIGTERM, as Ctrl-C or Docker would; the exit code."""
        assert self._guardian is not None
        self._guardian.terminate()
        return self._guardian.wait(20)

    def end(self) -> None:
        """Ctrl-C in its terminal, if it runs; it must end in order."""
        if self._guardian is not None and self._guardian.poll() is None:
            os.killpg(self._guardian.pid, signal.SIGINT)
            assert self._guardian.wait(20) == 0, self.log.read_text()[-2000:]

    def close(self) -> None:
        """Whatever happened: nothing of it is left running."""
        with contextlib.suppress(VankaError, KernelError, AssertionError):
            for status in self.ask("status"):
                self.ask("remove", name=status["name"], keep_files=False)
        if self._guardian is not None and self._guardian.poll() is None:
            self._guardian.terminate()
            try:
                self._guardian.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(self._guardian.pid, signal.SIGKILL)
                self._guardian.wait(20)
        for left in self._strangers():
            with contextlib.suppress(psutil.NoSuchProcess):
                left.kill()
                left.wait(20)

    def _strangers(self) -> list[psutil.Process]:
        """Programs that run below this directory and that no service knows any more."""
        below = f"{self.directory}{os.sep}"
        own = psutil.process_iter(["cwd"])
        return [process for process in own if (process.info["cwd"] or "").startswith(below)]

    def ask(self, command: str, **args: Any) -> Any:
        """What the service answers to a command; raises what it refuses with."""
        return Client(self.home, "test").ask(command, args)

    def cli(self, *argv: str, code: int = 0) -> str:
        """What the command prints; its exit code must be `code`."""
        done = subprocess.run(
            [sys.executable, "-m", "actors.cli", *argv],
            env=self.environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == code, f"{argv}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout if code == 0 else done.stderr

    def json(self, *argv: str, code: int = 0) -> Any:
        """The JSON document that the command prints."""
        return json.loads(self.cli(*argv, "--json", code=code))

    def status(self, name: str) -> dict[str, Any]:
        """The project's status."""
        found: dict[str, Any] = self.ask("status", name=name)[0]
        return found

    def ended(self, name: str, count: int) -> dict[str, Any]:
        """The project's newest deployment, once there are `count` and it has ended."""

        def newest() -> dict[str, Any] | None:
            history = self.ask("history", name=name)
            done = len(history) >= count and history[0]["state"] not in ("queued", "running")
            return history[0] if done else None

        found = eventually(newest, f"deployment {count} of {name} ends", 60)
        assert found is not None
        return found
