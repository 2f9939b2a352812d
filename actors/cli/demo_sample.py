"""The demo's small repository: a web page in one file, its commits, and the question that it answers."""

from __future__ import annotations

import http.client
import json
import socket
from pathlib import Path
from typing import Any

from runtime.errors import KernelError
from runtime.shell import Command, clean_env, run

ASK_LIMIT_S = 2.0
GIT_LIMIT_S = 30.0

_PROGRAM = '''\
"""A page that says hello, and which process it is."""

import http.server
import json
import os

GREETING = "{greeting}"


class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = json.dumps({{"greeting": GREETING, "pid": os.getpid()}}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


print("listening on port", os.environ["PORT"], flush=True)
http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Page).serve_forever()
'''

_BROKEN = '''\
"""A page with a mistake in it."""

raise RuntimeError("somebody pushed on a Friday evening")
'''


class SampleRepository:
    """A git repository made and changed with the machine's own git. Raises KernelError where git says no."""

    def __init__(self, path: Path) -> None:
        self._path = path
        path.mkdir(parents=True)
        self._git("init", "--quiet", "--initial-branch=main")

    def commit_greeting(self, greeting: str) -> str:
        """Commit a version that greets like this; its hash."""
        return self._commit(_PROGRAM.format(greeting=greeting), f"Say {greeting}")

    def commit_mistake(self) -> str:
        """Commit a version that ends as soon as it is started; its hash."""
        return self._commit(_BROKEN, "Improve everything")

    def _commit(self, program: str, subject: str) -> str:
        (self._path / "main.py").write_text(program, encoding="utf-8")
        (self._path / "README.md").write_text("# hello\n\nMade by `vanka demo`.\n", encoding="utf-8")
        self._git("add", "--all")
        self._git("commit", "--quiet", "--message", subject)
        return self._git("rev-parse", "HEAD").strip()

    def _git(self, *args: str) -> str:
        who = {f"GIT_{role}_{what}": value for role in ("AUTHOR", "COMMITTER") for what, value in _WHO}
        quiet = {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1", "GIT_TERMINAL_PROMPT": "0"}
        command = Command(("git", *args), cwd=self._path, env=clean_env(who | quiet), timeout=GIT_LIMIT_S)
        outcome = run(command)
        if not outcome.ok:
            raise KernelError(f"git {args[0]} failed: {' '.join(outcome.text.split())}", "See: vanka doctor")
        return outcome.text


_WHO = (("NAME", "Vanka Demo"), ("EMAIL", "demo@localhost"))


def free_port() -> int:
    """A port that nobody listens on at this moment."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


def ask(port: int) -> dict[str, Any] | None:
    """What the page answers, None while nobody does."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=ASK_LIMIT_S)
    try:
        connection.request("GET", "/")
        answer: dict[str, Any] = json.loads(connection.getresponse().read(10_000))
    except (OSError, http.client.HTTPException, ValueError):
        return None
    finally:
        connection.close()
    return answer
