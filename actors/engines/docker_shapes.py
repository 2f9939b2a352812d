"""What the door to docker takes and gives, as plain values; nothing here talks to an engine."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import IO, Any

LOG_MAX_BYTES = 10 * 1024 * 1024
LOG_FILES = 3
PROGRAM_OOM_SCORE = 500  # goes before the service when memory runs out


def how_to_get_one() -> str:
    """What to do where no engine answers."""
    if "VANKA_IN_IMAGE" in os.environ:
        return "Give this container the machine's Docker socket, as ops/compose.yaml shows."
    return "Install it and start it (apt install docker.io; systemctl start docker), then: vanka doctor."


@dataclass(frozen=True)
class Image:
    """An image. `health` is the command of its HEALTHCHECK as an argument tuple; empty where it has none."""

    id: str
    tags: tuple[str, ...]
    labels: Mapping[str, str]
    workdir: str
    size: int
    health: tuple[str, ...]


@dataclass(frozen=True)
class Container:
    """One look at a container. `exit_code` is None while it runs and when it never ran."""

    id: str
    name: str
    running: bool
    exit_code: int | None
    pid: int | None
    image: str
    labels: Mapping[str, str]
    started_at: float
    out_of_memory: bool


@dataclass(frozen=True)
class ExecutionState:
    """How a command in a container fares. `exit_code` is None while it runs, and before it was begun."""

    running: bool
    exit_code: int | None


@dataclass(frozen=True)
class Port:
    """A port of the container that is reachable from outside of it."""

    inside: int
    outside: int
    host: str = "127.0.0.1"
    protocol: str = "tcp"


@dataclass(frozen=True)
class Mount:
    """A named volume at a path of the container; `volume` empty: a nameless one that goes with the container."""

    path: str
    volume: str = ""


@dataclass(frozen=True, kw_only=True)
class Spec:
    """A container to be made. `network` None: the engine's usual bridge. `locked` takes every privilege away.

    `tmpfs` are directories in memory, path to options; with `locked` nothing else can be written. `cpus` in cores,
    0 for all; `memory` in bytes includes what swap it could use; `capabilities` are those that `locked` leaves.
    `init` puts the engine's own init before the program. `log_bytes` and `log_files` bound what is kept of its output.
    """

    image: str
    name: str
    labels: Mapping[str, str]
    memory: int
    cpus: float
    pids: int
    env: Mapping[str, str] = field(default_factory=dict, repr=False)
    command: tuple[str, ...] | None = None
    entrypoint: tuple[str, ...] | None = None
    ports: tuple[Port, ...] = ()
    mounts: tuple[Mount, ...] = ()
    network: str | None = None
    user: str | None = None
    workdir: str | None = None
    tmpfs: Mapping[str, str] = field(default_factory=dict)
    locked: bool = False
    init: bool = True
    capabilities: tuple[str, ...] = ()
    log_bytes: int = LOG_MAX_BYTES
    log_files: int = LOG_FILES


@dataclass(frozen=True, kw_only=True)
class BuildPlan:
    """An image to be built: an archive of the files, and the Dockerfile's name in it. `fresh`: without the cache."""

    context: IO[bytes]
    dockerfile: str
    tag: str
    labels: Mapping[str, str] = field(default_factory=dict)
    arguments: Mapping[str, str] = field(default_factory=dict, repr=False)
    network: str | None = None
    fresh: bool = False


def host_config(spec: Spec) -> dict[str, Any]:
    """The container's limits and mounts, as the SDK wants them.

    No restart policy: whoever runs programs here restarts them, and two that do so would count twice. The engine's own
    init is PID 1, so that a stop does not take its whole grace and no zombies stay.
    """
    config: dict[str, Any] = {
        "init": spec.init,
        "mem_limit": spec.memory,
        "memswap_limit": spec.memory,
        "pids_limit": spec.pids,
        "oom_score_adj": PROGRAM_OOM_SCORE,
        "restart_policy": {"Name": "no"},
        "log_config": {
            "type": "json-file",
            "config": {"max-size": str(spec.log_bytes), "max-file": str(spec.log_files)},
        },
        "binds": {mount.volume: {"bind": mount.path, "mode": "rw"} for mount in spec.mounts if mount.volume},
        "port_bindings": {f"{port.inside}/{port.protocol}": (port.host, port.outside) for port in spec.ports},
        "tmpfs": dict(spec.tmpfs),
        "network_mode": spec.network,
    }
    if spec.cpus > 0:
        config["nano_cpus"] = int(spec.cpus * 1e9)
    if spec.locked:
        config.update(
            cap_drop=["ALL"],
            cap_add=list(spec.capabilities),
            security_opt=["no-new-privileges"],
            read_only=True,
            ipc_mode="none",
        )
    return config


def image_of(record: Mapping[str, Any]) -> Image:
    """From what the engine tells of an image, alone or in a list."""
    config = record.get("Config") or {}
    return Image(
        id=str(record["Id"]),
        tags=tuple(tag for tag in record.get("RepoTags") or () if tag != "<none>:<none>"),
        labels=config.get("Labels") or record.get("Labels") or {},
        workdir=config.get("WorkingDir") or "/",
        size=int(record.get("Size", 0)),
        health=_health((config.get("Healthcheck") or {}).get("Test") or ()),
    )


def _health(test: list[str] | tuple[str, ...]) -> tuple[str, ...]:
    match list(test):
        case ["CMD", *argv]:
            return tuple(argv)
        case ["CMD-SHELL", text]:
            return ("/bin/sh", "-c", text)
        case _:
            return ()


def container_of(record: Mapping[str, Any]) -> Container:
    """From what the engine tells of a container."""
    state = record["State"]
    running = bool(state.get("Running")) or state.get("Status") in ("restarting", "paused")
    never = state.get("Status") == "created"
    return Container(
        id=str(record["Id"]),
        name=str(record.get("Name", "")).lstrip("/"),
        running=running,
        exit_code=None if running or never else state.get("ExitCode"),
        pid=state.get("Pid") or None,
        image=str(record.get("Image", "")),
        labels=(record.get("Config") or {}).get("Labels") or {},
        started_at=_seconds(str(state.get("StartedAt", ""))),
        out_of_memory=bool(state.get("OOMKilled")),
    )


def _seconds(text: str) -> float:
    """The engine's time as seconds since 1970; it writes nanoseconds, which Python does not read."""
    try:
        return datetime.fromisoformat(f"{text[:19]}+00:00").timestamp()
    except ValueError:
        return 0.0
