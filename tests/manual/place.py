"""A machine like the reader's: what a page calls shop, /srv, port 8000 or token.txt is a real thing of that kind."""

from __future__ import annotations

import os
import re
import shutil
import sys
from contextlib import ExitStack
from pathlib import Path

from tests.fakes.botapi import BotApiServer
from tests.fakes.gitserver import GitServer
from tests.fakes.sshserver import SshServer
from tests.manual.pages import ROOT
from tests.scenarios.service import Service, free_port

TOKEN = "ghp_aTokenOfAPrivateRepository0123456789"
LIVES_S = 600

# a page on PORT where one is given, else a program that only lives; `ready` appears when it is up
PROGRAM = f"""\
import http.server, os, threading
print("up", flush=True)
if "PORT" in os.environ:
    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"well")
    http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Page).serve_forever()
threading.Event().wait({LIVES_S})
"""


def has(command: str) -> bool:
    """Whether this machine has that program."""
    return shutil.which(command, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin") is not None


class Place:
    """A home directory, repositories behind real servers, a Bot API server, and a `vanka` on the path."""

    def __init__(self, directory: Path, opened: ExitStack) -> None:
        self.directory = directory
        self.user = directory / "you"
        (self.user / ".ssh").mkdir(parents=True)
        (directory / "srv" / "old").mkdir(parents=True)
        (directory / "srv" / "old" / "theirs").write_text("was here before")
        self.telegram = opened.enter_context(BotApiServer())
        self.open = opened.enter_context(GitServer(directory / "open"))
        self.closed = opened.enter_context(GitServer(directory / "closed", token=TOKEN))
        self.ssh = opened.enter_context(SshServer(directory / "ssh")) if has("sshd") and has("ssh-keygen") else None
        self.ports = {8000: free_port(), 8001: free_port()}
        self._put_tools()
        self._put_repositories()
        self._put_secrets()
        self.service = Service(
            self.user,
            HOME=str(self.user),
            PATH=f"{directory / 'bin'}{os.pathsep}{os.environ['PATH']}",
            VANKA_TELEGRAM_API=self.telegram.url,
        )
        opened.callback(self.service.close)

    def _put_tools(self) -> None:
        """`vanka` as an installed one, and the Python of the tests under its usual name."""
        for name, line in (("vanka", f'{sys.executable} -P -m actors.cli "$@"'), ("python3", f'{sys.executable} "$@"')):
            tool = self.directory / "bin" / name
            tool.parent.mkdir(exist_ok=True)
            tool.write_text(f"#!/bin/sh\nexec {line}\n")
            tool.chmod(0o755)

    def _put_repositories(self) -> None:
        self.shop = self.open.repo("shop")
        self.shop.commit({"main.py": PROGRAM}, "The first")
        self.older = self.shop.head()
        self.shop.commit({"more": "1"}, "The second")
        self.open.repo("tool").commit({"main.py": "print('well')\n", "tool.py": "print('help')\n"}, "A tool")
        for name in ("old", "box"):
            shutil.copytree(self.shop.bare, self.open.root / f"{name}.git")
        (self.open.root / "shop2.git").symlink_to("shop.git")
        shutil.copytree(self.shop.bare, self.closed.root / "shop.git")
        shutil.copytree(self.shop.bare, self.directory / "srv" / "git" / "site.git")
        if self.ssh is not None:
            shutil.copytree(self.shop.bare, self.ssh.root / "shop.git")
            self.ssh.repo("mono").commit({"services/api/serve.py": PROGRAM}, "Many in one")

    def _put_secrets(self) -> None:
        (self.user / "token.txt").write_text(f"{TOKEN}\n")
        (self.user / "tool.env").write_text("API_KEY='a long secret value'\n")
        if self.ssh is not None:
            for name in ("shop_deploy", "mono_deploy"):
                (self.user / ".ssh" / name).write_text(self.ssh.key)

    def words(self) -> dict[str, str]:
        """What stands on the pages, as a pattern, and what it is here."""
        return {
            r"(?<=python3 )ops/": f"{ROOT}/ops/",
            r"/opt/vanka\b": str(ROOT),
            r"https://github\.com/you/\w+(?= --token)": self.closed.url("shop"),
            r"https://github\.com/(?:you|somebody)/(\w+)": self.open.url(r"\1"),
            r"git@github\.com:you/(\w+)\.git": self.ssh.url(r"\1") if self.ssh is not None else "",
            r"(?<![\w.])/srv/": f"{self.directory}/srv/",
            r"\b8000\b": str(self.ports[8000]),
            r"\b8001\b": str(self.ports[8001]),
            r"\b61b3ceb\b": self.older[:7],
            r"(?<=--for )10m": "2s",
            r"(?<=shop )16\b": "1",
        }

    def here(self, line: str) -> str:
        """The line of a page as it is typed on this machine."""
        for shown, meant in self.words().items():
            line = re.sub(shown, meant, line)
        return line
