"""What this container may use and does use: cgroup v1 and v2, read from files; nothing elsewhere."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Version = Literal["cgroup v1", "cgroup v2"]

# cgroup v1 writes "no limit" as the largest number of pages, a little under 2**63.
_NO_LIMIT = 1 << 60


@dataclass(frozen=True, slots=True)
class CpuLimit:
    """`cores` may be used at once (0.5 is half a core); `used_seconds` of CPU time were, by the whole limited group."""

    cores: float
    used_seconds: float
    version: Version


@dataclass(frozen=True, slots=True)
class MemoryLimit:
    """`used_bytes` leaves out the file cache that can be given back at once, as `docker stats` does."""

    limit_bytes: int
    used_bytes: int
    version: Version


@dataclass(frozen=True, slots=True)
class _Mount:
    root: str
    point: Path
    controllers: frozenset[str]
    unified: bool


class Cgroup:
    """The groups of this process. Reads files at each question, so a limit that is changed later is seen.

    `root` is where `/proc` and `/sys` are looked for. Never raises: a file that is missing or senseless is no limit.
    """

    def __init__(self, root: Path = Path("/")) -> None:
        self._root = root

    def cpu(self) -> CpuLimit | None:
        """The tightest CPU quota from our group upwards; None where there is none."""
        # Quota and time may be mounted apart; the groups of both have the same names, so they pair up from the top.
        pairs = zip(reversed([*self._levels("cpu")]), reversed([*self._levels("cpuacct")]), strict=False)
        found = [limit for limit in (_cpu_v1(*pair) for pair in pairs) if limit]
        found += [limit for limit in map(_cpu_v2, self._levels(None)) if limit]
        return min(found, key=lambda limit: limit.cores, default=None)

    def memory(self) -> MemoryLimit | None:
        """The tightest memory limit from our group upwards; None where there is none."""
        found = [limit for limit in map(_memory_v1, self._levels("memory")) if limit]
        found += [limit for limit in map(_memory_v2, self._levels(None)) if limit]
        return min(found, key=lambda limit: limit.limit_bytes, default=None)

    def _levels(self, controller: str | None) -> Iterator[Path]:
        """The folders of our group and all above it that can be seen; `None` asks for the unified hierarchy."""
        path = self._own_path(controller)
        if path is None:
            return
        for mount in self._mounts():
            if mount.unified if controller is None else controller in mount.controllers:
                yield from _upwards(mount, path)
                return

    def _own_path(self, controller: str | None) -> str | None:
        for line in _lines(self._root / "proc/self/cgroup"):
            _, _, rest = line.partition(":")
            names, _, path = rest.partition(":")
            if (names == "") if controller is None else controller in names.split(","):
                return path
        return None

    def _mounts(self) -> list[_Mount]:
        mounts = []
        for line in _lines(self._root / "proc/self/mountinfo"):
            fields, _, tail = line.partition(" - ")
            kind, _, rest = tail.partition(" ")
            if kind in ("cgroup", "cgroup2"):
                root, point = fields.split(" ")[3:5]
                options = frozenset(rest.rpartition(" ")[2].split(","))
                mounts.append(_Mount(root, self._root / point.lstrip("/"), options, kind == "cgroup2"))
        return mounts or self._usual_mounts()

    def _usual_mounts(self) -> list[_Mount]:
        base = self._root / "sys/fs/cgroup"
        if (base / "cgroup.controllers").exists():
            return [_Mount("/", base, frozenset(), True)]
        try:
            names = sorted(entry.name for entry in base.iterdir())
        except OSError:
            return []
        return [_Mount("/", base / name, frozenset(name.split(",")), False) for name in names]


def _upwards(mount: _Mount, path: str) -> Iterator[Path]:
    """From our own group up to the mount point, which is the topmost group that can be seen from here."""
    # In a container the mount often begins at our own group, while the path is told from the host's top.
    relative = os.path.relpath(path, mount.root) if mount.root.startswith("/") and ".." not in mount.root else "."
    group = mount.point if relative.startswith("..") else mount.point / relative
    while not group.is_dir() and group != mount.point:
        group = group.parent
    yield group
    while group != mount.point:
        group = group.parent
        yield group


def _cpu_v1(group: Path, accounting: Path) -> CpuLimit | None:
    quota, period = _number(group / "cpu.cfs_quota_us"), _number(group / "cpu.cfs_period_us")
    used = _number(accounting / "cpuacct.usage")
    if quota is None or quota <= 0 or not period or used is None:
        return None
    return CpuLimit(quota / period, used / 1e9, "cgroup v1")


def _cpu_v2(group: Path) -> CpuLimit | None:
    quota, _, period = _text(group / "cpu.max").partition(" ")
    used = _keyed(group / "cpu.stat").get("usage_usec")
    if not quota.isdecimal() or not period.isdecimal() or int(period) == 0 or used is None:
        return None
    return CpuLimit(int(quota) / int(period), used / 1e6, "cgroup v2")


def _memory_v1(group: Path) -> MemoryLimit | None:
    stat = _keyed(group / "memory.stat")
    used = _number(group / "memory.usage_in_bytes")
    # The second one also counts groups above what can be seen from inside.
    limits = (_number(group / "memory.limit_in_bytes"), stat.get("hierarchical_memory_limit"))
    limit = min((value for value in limits if value is not None and 0 < value < _NO_LIMIT), default=None)
    if limit is None or used is None:
        return None
    return MemoryLimit(limit, max(0, used - stat.get("total_inactive_file", 0)), "cgroup v1")


def _memory_v2(group: Path) -> MemoryLimit | None:
    limit, used = _number(group / "memory.max"), _number(group / "memory.current")
    if limit is None or used is None:
        return None
    return MemoryLimit(limit, max(0, used - _keyed(group / "memory.stat").get("inactive_file", 0)), "cgroup v2")


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""


def _lines(file: Path) -> list[str]:
    return _text(file).splitlines()


def _number(file: Path) -> int | None:
    try:
        return int(_text(file))
    except ValueError:
        return None  # `max`, or no such file


def _keyed(file: Path) -> dict[str, int]:
    pairs = (line.split() for line in _lines(file))
    return {pair[0]: int(pair[1]) for pair in pairs if len(pair) == 2 and pair[1].isdecimal()}
