"""Door to psutil: load, paths, Windows and ARM Linux.

What processes and load need is in the modules next to this one (`identity`, `load`, `process_load`, `cgroup`,
`procfs`, `disk`); callers import it from here.
"""

from __future__ import annotations

import os
import platform
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2s
from pathlib import Path

import platformdirs

from runtime.cgroup import Cgroup, CpuLimit, MemoryLimit
from runtime.disk import DiskUsage, disk_usage, free_bytes
from runtime.identity import ProcessId, is_alive, process_id, wait_end
from runtime.load import Load, Sampler
from runtime.process_load import ProcessLoad, ProcessSampler

__all__ = [
    "Cgroup",
    "CpuLimit",
    "DiskUsage",
    "Load",
    "Machine",
    "MemoryLimit",
    "ProcessId",
    "ProcessLoad",
    "ProcessSampler",
    "Sampler",
    "data_dir",
    "disk_usage",
    "fit_for_socket_path",
    "free_bytes",
    "in_container",
    "is_alive",
    "machine",
    "normal_arch",
    "process_id",
    "short_socket_path",
    "wait_end",
]

_ARCHITECTURES = {"amd64": "x86_64", "x64": "x86_64", "arm64": "aarch64", "armv8l": "armv7l", "armhf": "armv7l"}
# What 32-bit userland on a 64-bit kernel really runs as: the kernel tells its own name, packages go by the other one.
_NARROW = {"x86_64": "i686", "aarch64": "armv7l"}
_IMAGE_HOME = "data"
# Bytes that a socket's address takes, with the zero at its end: 108 on Linux, 104 on macOS and the BSDs.
_SOCKET_PATH = 108 if sys.platform == "linux" else 104


@dataclass(frozen=True, slots=True)
class Machine:
    """What this is: `os` is linux, windows, darwin ...; `arch` x86_64, aarch64, armv7l ..., as packages name it."""

    os: str
    arch: str
    python: str
    container: bool


def machine() -> Machine:
    """What we run on, as Python itself sees it."""
    return Machine(
        os=platform.system().lower(),
        arch=normal_arch(platform.machine(), wide=sys.maxsize > 2**32),
        python=platform.python_version(),
        container=in_container(),
    )


def normal_arch(name: str, *, wide: bool = True) -> str:
    """One name for each architecture, whatever the system calls it. `wide`: this Python is a 64-bit one."""
    lowered = name.lower()
    known = _ARCHITECTURES.get(lowered, lowered)
    return known if wide else _NARROW.get(known, known)


def in_container(environ: Mapping[str, str] | None = None, root: Path = Path("/")) -> bool:
    """True in Docker, Podman, Kubernetes, LXC and our own image."""
    environ = os.environ if environ is None else environ
    if environ.get("VANKA_IN_IMAGE") or environ.get("container"):
        return True
    if (root / ".dockerenv").exists() or (root / "run/.containerenv").exists():
        return True
    try:
        groups = (root / "proc/1/cgroup").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return any(word in groups for word in ("/docker", "/kubepods", "/lxc", "/libpod", "containerd"))


def data_dir(environ: Mapping[str, str] | None = None, root: Path = Path("/")) -> Path:
    """Where the service keeps its state unless told otherwise; the directory need not exist yet.

    `/data` in the image, else the platform's data directory.
    """
    environ = os.environ if environ is None else environ
    image_home = root / _IMAGE_HOME
    if environ.get("VANKA_IN_IMAGE"):
        return image_home
    if (root / ".dockerenv").exists() and image_home.is_dir() and os.access(image_home, os.W_OK):
        return image_home
    return Path(platformdirs.user_data_dir("vanka", appauthor=False))


def fit_for_socket_path(path: Path) -> bool:
    """True when a Unix socket can be bound at this path: the system allows about a hundred bytes."""
    return len(os.fsencode(path)) < _SOCKET_PATH


def short_socket_path(path: Path) -> Path:
    """The path itself when a socket fits there, else one in the temporary directory that belongs to this path only.

    Service and command line come to the same answer for the same path. The other directory is not made here; make it
    with mode 0700.
    """
    if fit_for_socket_path(path):
        return path
    name = blake2s(os.fsencode(path.absolute()), digest_size=8).hexdigest()
    return Path(tempfile.gettempdir()) / f"vanka-{name}" / "s"
