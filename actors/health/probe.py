"""One look at a program: is it well? By HTTP, by TCP, by a command, or just by staying alive."""

from __future__ import annotations

import http.client
import re
import shlex
import socket
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Protocol
from urllib.parse import urlsplit

from actors.errors import BadProbe
from actors.model.run import Life, RunStatus, Verdict
from runtime.errors import ShellError
from runtime.shell import Cancel, Command, run

ALIVE_S = 5.0  # how long a program without a probe must stay alive
LIMIT_S = 60.0  # how long a program with a probe may take until it is well
LOOK_S = 5.0  # one look
LATE_S = 0.5  # one that has not noticed by itself then is given up
PAUSES_S = (0.02, 0.05, 0.1, 0.1, 0.2, 0.25)  # between looks; the last one repeats

VARIABLE = re.compile(r"\$(\w+|\{\w+\})")


class Probe(Protocol):
    """One look. Returns None when all is well, else the reason in one sentence."""

    def look(self, stop: Cancel) -> str | None:
        """Look once; bounded (by LOOK_S where nobody says otherwise), never raises for an unwell program.

        `stop`: nobody wants to know any more.
        """
        ...


@dataclass(frozen=True)
class HttpProbe:
    """Well when the address answers with a status under 400."""

    url: str
    limit_s: float = LOOK_S

    def look(self, stop: Cancel) -> str | None:
        """One GET, without following redirects."""
        try:
            parts = urlsplit(self.url)
            port = parts.port
        except ValueError:
            return f"{self.url} is no address: a variable in it has no value, or not a port's"
        factory = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        connection = factory(parts.hostname or "", port, timeout=self.limit_s)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        try:
            # the limit counts for each piece that comes: one that drips would keep us for ever
            with stop.telling(lambda: _hang_up(connection)):
                connection.request("GET", path, headers={"User-Agent": "vanka-probe", "Connection": "close"})
                status = connection.getresponse().status
        except (OSError, http.client.HTTPException) as error:
            return f"{self.url} does not answer: {type(error).__name__ if not str(error) else error}"
        finally:
            connection.close()
        return None if status < 400 else f"{self.url} answers {status}"


@dataclass(frozen=True)
class TcpProbe:
    """Well when the port takes a connection."""

    host: str
    port: int
    limit_s: float = LOOK_S

    def look(self, stop: Cancel) -> str | None:
        """One connection, closed at once."""
        del stop
        try:
            with socket.create_connection((self.host, self.port), timeout=self.limit_s):
                return None
        except OSError as error:
            return f"port {self.port} of {self.host} takes no connection: {error}"


@dataclass(frozen=True)
class CommandProbe:
    """Well when the command ends with 0; it runs in the program's directory with the program's variables."""

    argv: tuple[str, ...]
    directory: Path
    env: Mapping[str, str]
    limit_s: float = LOOK_S

    def look(self, stop: Cancel) -> str | None:
        """Run it once. A command that is not there is an unwell program, not a fault of ours."""
        try:
            outcome = run(Command(self.argv, cwd=self.directory, env=self.env, timeout=self.limit_s), cancel=stop)
        except ShellError as error:
            return str(error)
        if outcome.ok:
            return None
        last = outcome.text.strip().splitlines()[-1:]
        return ": ".join([f"{shlex.join(self.argv)} ended with {outcome.code}", *last])


def parse(text: str, limit_s: float = LOOK_S) -> Callable[[Path, Mapping[str, str]], Probe]:
    """A maker of the probe that the text describes: `http://...`, `tcp://host:port`, or a command. Raises BadProbe.

    `$NAME` and `${NAME}` in an address are the project's variables, so that a test run is asked and not production.
    """
    sample = VARIABLE.sub("1", text)
    if text.startswith(("http://", "https://")):
        try:
            parts = urlsplit(sample)
            usable = bool(parts.hostname) and (parts.port is None or parts.port > 0)
        except ValueError:
            usable = False
        if not usable:
            raise BadProbe(f"{text} is not an address", "Give http://host:port/path.", probe=text)
        return lambda _directory, env: HttpProbe(Template(text).safe_substitute(env), limit_s)
    if text.startswith("tcp://"):
        host, _, port = sample.removeprefix("tcp://").rstrip("/").rpartition(":")
        if not host or not port.isdecimal() or not 0 < int(port) < 65536:
            raise BadProbe(f"{text} is not a port", "Give tcp://host:port.", probe=text)
        return lambda _directory, env: _tcp(Template(text).safe_substitute(env), limit_s)
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", text):
        raise BadProbe(f"{text} is not a probe", "Give http://..., tcp://host:port or a command.", probe=text)
    try:
        argv = tuple(shlex.split(text))
    except ValueError as error:
        raise BadProbe(f"{text} is not a command: {error}", "Mind the quotes.", probe=text) from error
    if not argv:
        raise BadProbe("the probe is empty", "Give http://..., tcp://host:port or a command.", probe=text)
    return lambda directory, env: CommandProbe(argv, directory, env, limit_s)


def _tcp(address: str, limit_s: float) -> TcpProbe:
    host, _, port = address.removeprefix("tcp://").rstrip("/").rpartition(":")
    return TcpProbe(host.strip("[]"), int(port) if port.isdecimal() else 0, limit_s)


def _hang_up(connection: http.client.HTTPConnection) -> None:
    """Whoever reads from it, in another thread, reads its end."""
    if connection.sock is not None:
        with suppress(OSError):
            connection.sock.shutdown(socket.SHUT_RDWR)


def heard(probe: Probe, cancel: Cancel, most_s: float, ended: Callable[[], bool]) -> str | None:
    """What a look says; it is waited for `most_s` at most, until `cancel` is set or the program has ended.

    It is made in a thread of its own: a name server, a peer that drips or an engine's call may keep one for long.
    """
    said: list[str | None] = []
    raised: list[BaseException] = []
    over, stop = Cancel(), Cancel()

    def look() -> None:
        try:
            said.append(probe.look(stop))
        except BaseException as error:  # noqa: BLE001 - a thread's edge: raised again below
            raised.append(error)
        finally:
            over.set()

    with cancel.telling(over.set):
        threading.Thread(target=look, name="probe", daemon=True).start()
        until = time.monotonic() + most_s
        while (left := until - time.monotonic()) > 0 and not over.wait(min(left, PAUSES_S[-1])) and not ended():
            pass
    stop.set()
    if raised:
        raise raised[0]
    return said[0] if said else f"no answer within {most_s:.0f} s"


def watch(
    probe: Probe | None,
    wait_end: Callable[[float], RunStatus],
    cancel: Cancel,
    *,
    alive_s: float = ALIVE_S,
    limit_s: float = LIMIT_S,
) -> Verdict:
    """Look until the program is well, has ended, or its time is over.

    `wait_end` waits for the program's end for so many seconds and tells how it stands: a program that ends is noticed
    at once, and so is `cancel`. Without a probe it must stay alive for `alive_s`. Called in a job's thread.
    """
    began = time.monotonic()

    def took() -> float:
        return time.monotonic() - began

    limit = alive_s if probe is None else limit_s
    reason = "was not looked at"
    turn = 0
    while not cancel.is_set():
        if probe is not None:
            most = min(LOOK_S + LATE_S, max(limit - took(), LATE_S))
            asked = took()
            found = heard(probe, cancel, most, lambda: wait_end(0).life is not Life.ALIVE)
            answered_ms = round((took() - asked) * 1000)
            if found is None and wait_end(0).life is Life.ALIVE:
                return Verdict(True, "answers", took(), answered_ms)
            reason = found or reason
        left = limit - took()
        if left <= 0:
            break
        pause = 0.25 if probe is None else PAUSES_S[min(turn, len(PAUSES_S) - 1)]
        turn += 1
        status = wait_end(min(pause, left))
        if status.life is not Life.ALIVE:
            code = "" if status.exit_code is None else f" with {status.exit_code}"
            return Verdict(False, f"the program ended{code} after {took():.1f} s", took())
    if cancel.is_set():
        return Verdict(False, "cancelled", took())
    if probe is None:
        return Verdict(True, f"alive for {alive_s:.0f} s", took())
    return Verdict(False, f"not well within {limit_s:.0f} s: {reason}", took())
