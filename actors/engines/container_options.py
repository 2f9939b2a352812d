"""What a project's variables say of its container: ports and limits; pure.

PORT=8000               the program listens on 8000, which is published on this machine's loopback address only
CONTAINER_PORTS=...     instead: `[ADDRESS:][OUTSIDE:]INSIDE[/udp]`, comma-separated, such as 0.0.0.0:80:8000
CONTAINER_MEMORY=1g     memory with all that it could swap; bytes, or a number with k, m, g
CONTAINER_CPUS=1.5      cores
CONTAINER_PIDS=512      processes and threads

The program must listen on all addresses of its container (0.0.0.0), as in any container.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass

from actors.engines.docker_shapes import Port
from actors.errors import BadOption

MEMORY = 1024**3
CPUS = 0.0  # all cores, as for a process
PIDS = 512
LEAST_MEMORY = 16 * 1024**2
MOST_PORT = 65535
NAMES = ("PORT", "CONTAINER_PORTS", "CONTAINER_MEMORY", "CONTAINER_CPUS", "CONTAINER_PIDS")
_UNITS = {"": 1, "b": 1, "k": 1024, "m": 1024**2, "g": 1024**3}
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([bkmg]?)(?:i?b)?", re.IGNORECASE)
_HOST = r"(?P<host>\[[^]]+\]|[^:]*[^:\d][^:]*)"  # anything that is no plain number
_PORT = re.compile(rf"(?:{_HOST}:)?(?:(?P<outside>\d+):)?(?P<inside>\d+)(?:/(?P<protocol>tcp|udp))?")


@dataclass(frozen=True)
class Options:
    """Limits and ports of one container. `cpus` 0: all cores."""

    memory: int = MEMORY
    cpus: float = CPUS
    pids: int = PIDS
    ports: tuple[Port, ...] = ()


def options(env: Mapping[str, str]) -> Options:
    """From the variables; raises BadOption naming the one that cannot be used."""
    return Options(
        memory=size("CONTAINER_MEMORY", env["CONTAINER_MEMORY"]) if env.get("CONTAINER_MEMORY") else MEMORY,
        cpus=_number("CONTAINER_CPUS", env["CONTAINER_CPUS"], 0.01, 1024.0) if env.get("CONTAINER_CPUS") else CPUS,
        pids=int(_number("CONTAINER_PIDS", env["CONTAINER_PIDS"], 1, 10**6)) if env.get("CONTAINER_PIDS") else PIDS,
        ports=_ports(env),
    )


def check_option(name: str, value: str) -> None:
    """Raises BadOption for one of these variables with a value that cannot be used."""
    if name in NAMES and value:
        options({name: value})


def size(name: str, text: str) -> int:
    """Bytes of `512m`; raises BadOption."""
    match = _SIZE.fullmatch(text.strip())
    found = int(float(match[1]) * _UNITS[match[2].lower()]) if match else 0
    if found < LEAST_MEMORY:
        raise _bad(name, "Give bytes, or a number with k, m or g; 16m at least.")
    return found


def _number(name: str, text: str, least: float, most: float) -> float:
    try:
        found = float(text)
    except ValueError:
        found = -1.0
    if not least <= found <= most:
        raise _bad(name, f"Give a number from {least:g} to {most:g}.")
    return found


def _ports(env: Mapping[str, str]) -> tuple[Port, ...]:
    name = "CONTAINER_PORTS" if env.get("CONTAINER_PORTS") else "PORT"
    return tuple(_port(name, part.strip()) for part in env.get(name, "").split(",") if part.strip())


def _port(name: str, text: str) -> Port:
    match = _PORT.fullmatch(text)
    if match is None:
        raise _bad(name, "Give [ADDRESS:][OUTSIDE:]INSIDE[/udp], such as 8000 or 0.0.0.0:80:8000.")
    inside = int(match["inside"])
    outside = int(match["outside"] or inside)
    host = (match["host"] or "127.0.0.1").strip("[]")
    try:
        ipaddress.ip_address(host)
    except ValueError:
        raise _bad(name, "The address before the ports must be an IP address.") from None
    if not (0 < inside <= MOST_PORT and 0 < outside <= MOST_PORT):
        raise _bad(name, f"A port is a number from 1 to {MOST_PORT}.")
    return Port(inside, outside, host, match["protocol"] or "tcp")


def _bad(name: str, hint: str) -> BadOption:
    # its value stays unsaid, as every variable's does
    return BadOption(f"the variable {name} has a value that no container can use", hint, variable=name)
