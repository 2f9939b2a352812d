"""The bot's menus in a terminal: `vanka chat`. Numbers press buttons, everything else is typed text."""

from __future__ import annotations

import base64
import binascii
import contextlib
import getpass
import os
import select
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TextIO

from actors.errors import NoService, VankaError
from runtime.errors import LocalSocketError, NoListener
from runtime.local_call import call

SOCKET_NAME = "control.sock"
SILENCE_S = 150.0
LIVE_S = 2.0
LIVE_MOST_S = 300.0  # a page that goes on changing is followed so long when nobody can press Enter
QUIT = frozenset({"q", "quit", "exit", "выход"})

Ask = Callable[[str | None], Mapping[str, Any]]


def main(home: Path, *, stdin: TextIO | None = None, out: TextIO | None = None) -> int:
    """Talk until the input ends or says `q`; 0 then. Raises NoService, and VankaError for what the service says."""
    stdin, out = stdin or sys.stdin, out or sys.stdout
    session = f"{os.getpid()}-{time.time_ns()}"

    def ask(typed: str | None) -> Mapping[str, Any]:
        args = {"session": session, "input": typed, "language": _language()}
        return _ask(home, args)

    return Talk(ask, stdin, out).run()


def _language() -> str:
    spoken = os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG") or ""
    return "ru" if spoken.lower().startswith(("ru", "uk", "be", "kk")) else "en"


def _ask(home: Path, args: Mapping[str, Any]) -> Mapping[str, Any]:
    who = ""
    with contextlib.suppress(KeyError, OSError, ImportError):
        who = getpass.getuser()
    try:
        answer = call(home / SOCKET_NAME, {"command": "chat", "args": dict(args), "by": who}, None, SILENCE_S)
    except NoListener as error:
        raise NoService(f"no service runs on {home}", "Start it: vanka up") from error
    except LocalSocketError as error:
        raise VankaError(str(error), error.hint) from error
    if "error" in answer:
        told = answer["error"]
        raise VankaError(str(told.get("message", "it failed")), str(told.get("hint", "")))
    found: Mapping[str, Any] = answer.get("ok") or {}
    return found


class Talk:
    """One person at one terminal."""

    def __init__(self, ask: Ask, stdin: TextIO, out: TextIO) -> None:
        self._ask = ask
        self._in = stdin
        self._out = out
        self._person = stdin.isatty()

    def run(self) -> int:
        """Page after page."""
        page = self._ask(None)
        while True:
            self._draw(page)
            page = self._follow(page)
            line = self._read(page)
            if line is None or line.strip().lower() in QUIT:
                self._out.write("\n")
                self._out.flush()
                return 0
            page = self._ask(line)

    def _draw(self, page: Mapping[str, Any]) -> None:
        lines = ["", str(page.get("text", "")), ""]
        for row in page.get("buttons", []):
            lines.append("  ".join(f"[{button['number']}] {button['label']}" for button in row))
        for file in page.get("files", []):
            lines.append(self._kept(file))
        self._out.write("\n".join(lines) + "\n")
        self._out.flush()

    def _follow(self, page: Mapping[str, Any]) -> Mapping[str, Any]:
        """A page that changes by itself is shown anew until it rests, or until something is typed."""
        until = time.monotonic() + LIVE_MOST_S
        while page.get("live") and time.monotonic() < until and not self._typed_within(LIVE_S):
            newer = self._ask("")
            if newer.get("text") != page.get("text") or not newer.get("live"):
                self._draw(newer)
            page = newer
        return page

    def _typed_within(self, seconds: float) -> bool:
        """Whether a line is there; input that is no terminal is read when the page rests."""
        if not self._person or os.name == "nt":
            time.sleep(seconds)
            return self._person  # there is no waiting for a key there: Enter shows the page anew
        ready, _, _ = select.select([self._in], [], [], seconds)
        return bool(ready)

    def _read(self, page: Mapping[str, Any]) -> str | None:
        """A line, None at the end. A secret is not echoed."""
        if self._person and page.get("secret"):
            try:
                return getpass.getpass("> ")
            except EOFError:
                return None
        self._out.write("> ")
        self._out.flush()
        line = self._in.readline()
        if not line:
            return None
        line = line.rstrip("\r\n")
        if not self._person:
            self._out.write(("••••" if page.get("secret") else line) + "\n")
        return line

    def _kept(self, file: Mapping[str, Any]) -> str:
        """Where the file was put: the current directory, never over another one."""
        name = Path(str(file.get("name", "file"))).name or "file"
        try:
            content = base64.b64decode(str(file.get("content", "")), validate=True)
        except binascii.Error:
            return f"{name}: ?"
        path = Path.cwd() / name
        for number in range(1, 1000):
            try:
                with path.open("xb") as there:
                    there.write(content)
            except FileExistsError:
                path = Path.cwd() / f"{Path(name).stem}-{number}{Path(name).suffix}"
            except OSError as error:
                return f"{path}: {error.strerror}"
            else:
                return f"📄 {path} {file.get('caption', '')}".rstrip()
        return f"{path}: exists"
