"""`vanka doctor`: looks at what Vanka needs of this machine; one line each, with the mend."""

from __future__ import annotations

import http.client
import importlib
import shutil
import socket
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from actors import settings
from actors.cli import text
from actors.cli.context import Context
from actors.engines.docker_shapes import how_to_get_one
from actors.errors import NoService, VankaError
from actors.settings import Settings
from runtime.errors import KernelError
from runtime.shell import Command, run

Result = Literal["ok", "warning", "bad"]

LOW_DISK = 500 * 1024 * 1024
VERY_LOW_DISK = 100 * 1024 * 1024
MAX_CLOCK_S = 60.0
NETWORK_LIMIT_S = 10.0
TELEGRAM = "https://api.telegram.org"
DOCKER_SOCKET = "/var/run/docker.sock"


@dataclass(frozen=True)
class Finding:
    """One line: what was looked at, how it stands, and what to do where it is not well."""

    name: str
    result: Result
    detail: str
    mend: str = ""


def doctor(context: Context) -> int:
    """All checks, whatever each of them finds; exit code 1 when one is bad."""
    given = settings.read(context.environ)
    findings = [_guarded(look, context, given) for look in (_python, _git, _docker, _uv, _disk, _telegram, _service)]
    findings.extend(_projects(context))
    context.show([asdict(it) for it in findings], _text)
    return 1 if any(it.result == "bad" for it in findings) else 0


def _guarded(look: Callable[[Context, Settings], Finding], context: Context, given: Settings) -> Finding:
    try:
        return look(context, given)
    except (OSError, KernelError, ValueError, ArithmeticError) as error:
        return Finding(look.__name__.strip("_"), "bad", text.one_line(f"could not be checked: {error}"))


def _text(findings: list[dict[str, Any]]) -> str:
    marks = {"ok": "ok  ", "warning": "note", "bad": "BAD "}
    return "\n".join(
        f"{marks[it['result']]} {it['name']}: {it['detail']}{'. ' + it['mend'] if it['mend'] else ''}"
        for it in findings
    )


def _python(_context: Context, _given: Settings) -> Finding:
    return Finding("python", "ok", sys.version.split()[0])


def _git(_context: Context, _given: Settings) -> Finding:
    if shutil.which("git") is None:
        return Finding("git", "bad", "is not installed", "Install it: apt install git")
    outcome = run(Command(("git", "--version"), timeout=NETWORK_LIMIT_S))
    return Finding("git", "ok" if outcome.ok else "bad", text.one_line(outcome.text))


class _UnixConnection(http.client.HTTPConnection):
    """HTTP to Docker's socket: the one question that shows whether an engine answers."""

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(NETWORK_LIMIT_S)
        self.sock.connect(DOCKER_SOCKET)


def _docker(_context: Context, _given: Settings) -> Finding:
    without = "projects that run as containers cannot be deployed; all others can"
    if not hasattr(socket, "AF_UNIX") or not Path(DOCKER_SOCKET).exists():
        return Finding("docker", "warning", f"no engine found: {without}", how_to_get_one())
    connection = _UnixConnection("localhost", timeout=NETWORK_LIMIT_S)
    try:
        connection.request("GET", "/_ping")
        response = connection.getresponse()
        api = response.getheader("Api-Version", "?")
        response.read(1000)
    except PermissionError:
        return Finding("docker", "warning", f"its socket may not be used: {without}", "Join the group docker.")
    except (OSError, http.client.HTTPException) as error:
        return Finding("docker", "warning", f"does not answer ({error}): {without}", "Start it: systemctl start docker")
    finally:
        connection.close()
    return Finding("docker", "ok", f"an engine answers, API {api}")


def _uv(_context: Context, given: Settings) -> Finding:
    program = shutil.which("uv") or shutil.which("uv", path=str(Path(sys.executable).parent))
    if program is None:
        result: Result = "warning" if given.installer == "uv" else "ok"
        return Finding("uv", result, "not found; pip builds the environments, slower", "Install it: pip install uv")
    outcome = run(Command((program, "--version"), timeout=NETWORK_LIMIT_S))
    return Finding("uv", "ok" if outcome.ok else "bad", text.one_line(outcome.text))


def _disk(_context: Context, given: Settings) -> Finding:
    there = next(path for path in (given.home, *given.home.parents) if path.exists())
    free = shutil.disk_usage(there).free
    detail = f"{text.size(free)} free at {there}"
    if free < LOW_DISK:
        return Finding(
            "disk", "bad" if free < VERY_LOW_DISK else "warning", detail, "Make room: each release needs some."
        )
    return Finding("disk", "ok", detail)


def _telegram(_context: Context, given: Settings) -> Finding:
    """The API server is asked who the bot is; its Date header also tells how right this machine's clock is."""
    base = given.telegram_api or TELEGRAM
    token = given.telegram_token
    try:
        with _opener(given.telegram_proxy).open(
            f"{base}/bot{token.reveal()}/getMe" if token else base, timeout=NETWORK_LIMIT_S
        ) as response:
            date = response.headers.get("Date")
            response.read(65536)
    except urllib.error.HTTPError as error:
        error.close()
        if token is not None:
            mend = "Ask @BotFather for the token." if error.code in (401, 404) else "Try again later."
            return Finding("telegram", "bad", f"refuses the token (HTTP {error.code})", mend)
        date = error.headers.get("Date")
    except (OSError, http.client.HTTPException) as error:
        # the error's own text may hold the address that was asked for, and the token in it
        reason = type(getattr(error, "reason", error)).__name__
        result: Result = "bad" if token else "warning"
        return Finding(
            "telegram", result, f"cannot be reached ({reason})", "Set VANKA_TELEGRAM_PROXY if it is blocked here."
        )
    clock = _clock(date)
    if clock:
        return Finding("clock", "bad", clock, "Switch time synchronisation on: timedatectl set-ntp true")
    if token is None:
        return Finding(
            "telegram", "warning", "reachable; no token is set", "Set VANKA_TELEGRAM_TOKEN to connect the bot."
        )
    return Finding("telegram", "ok", "the bot's token is accepted; the clock agrees with the server's")


def _clock(date: str | None) -> str:
    if not date:
        return ""
    off = abs((parsedate_to_datetime(date) - datetime.now(UTC)).total_seconds())
    return f"it is {text.spell(off)} off" if off > MAX_CLOCK_S else ""


def _opener(proxy: str | None) -> urllib.request.OpenerDirector:
    if proxy is None:
        return urllib.request.build_opener()
    parts = urlsplit(proxy)
    if parts.scheme.startswith("http"):
        return urllib.request.build_opener(urllib.request.ProxyHandler({"http": proxy, "https": proxy}))
    # PySocks publishes no types; this is the only place that needs it directly
    handler: Any = importlib.import_module("sockshandler").SocksiPyHandler
    kind = importlib.import_module("socks").SOCKS5
    far_names = parts.scheme == "socks5h"
    return urllib.request.build_opener(
        handler(kind, parts.hostname, parts.port or 1080, far_names, parts.username, parts.password)
    )


def _service(context: Context, given: Settings) -> Finding:
    begun = time.monotonic()
    try:
        answer = context.ask("ping")
    except NoService:
        return Finding("service", "warning", f"none runs on {given.home}", "Start it: vanka up")
    except VankaError as error:
        return Finding("service", "bad", error.message, error.hint)
    return Finding("service", "ok", f"pid {answer['pid']} answers in {1000 * (time.monotonic() - begun):.0f} ms")


def _projects(context: Context) -> list[Finding]:
    """Whose actors were given up, and what the watchers last found; nothing to say where no service runs."""
    try:
        statuses = context.ask("status")
    except (VankaError, KernelError):
        return []
    found = [
        Finding(f"actors of {it['name']}", "bad", text.one_line(it["parked"]), f"Start them: vanka start {it['name']}")
        for it in statuses
        if it.get("parked")
    ]
    failing = [it for it in statuses if it.get("watch_error")]
    if statuses and not failing:
        return [*found, Finding("repositories", "ok", f"all {len(statuses)} were reached at the last check")]
    mend = "Look at once: vanka check NAME"
    return found + [
        Finding(f"repository of {it['name']}", "bad", text.one_line(it["watch_error"]), mend) for it in failing
    ]
