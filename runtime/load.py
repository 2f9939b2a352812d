"""How busy the machine, or this container within its limits, is."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

import psutil

from runtime import disk, procfs
from runtime.cgroup import Cgroup
from runtime.errors import HostError

LimitSource = Literal["cgroup v1", "cgroup v2", "host"]

_SHORTEST = 0.05  # seconds between two readings of a clock that ticks 100 times a second


@dataclass(frozen=True, slots=True)
class Load:
    """One look at what we may use. `cpu_percent` is of `cpu_count` cores (0 to 100), both within the container's limit.

    `limit_source` says where CPU and memory limits come from; "host" means that there is none but the machine itself.
    Rates are bytes a second since the look before, without loopback. `uptime` is seconds since the start of the
    container, or of the machine. `temperature` is degrees Celsius, None where nothing tells it.
    """

    cpu_percent: float
    cpu_count: float
    memory_bytes: int
    memory_limit_bytes: int
    limit_source: LimitSource
    disk_free_bytes: int
    disk_total_bytes: int
    net_rx_bytes: float
    net_tx_bytes: float
    processes: int
    threads: int
    temperature: float | None
    uptime: float
    load_average: float | None = None

    @property
    def memory_percent(self) -> float:
        return 100 * self.memory_bytes / self.memory_limit_bytes if self.memory_limit_bytes else 0.0

    @property
    def disk_percent(self) -> float:
        used = self.disk_total_bytes - self.disk_free_bytes
        return 100 * used / self.disk_total_bytes if self.disk_total_bytes else 0.0


class _Reading(NamedTuple):
    at: float
    source: LimitSource
    cores: float
    busy: float  # seconds of CPU time since some fixed moment
    received: int
    sent: int


class Sampler:
    """Looks at the load. One thread at a time; the first look covers the time since the sampler was made.

    `disk_path` names the disk to tell of. `root` is where cgroup files are looked for, `monotonic` a clock in seconds.
    """

    def __init__(
        self, disk_path: Path, *, root: Path = Path("/"), monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._disk_path = disk_path
        self._cgroup = Cgroup(root)
        self._monotonic = monotonic
        self._before = self._read()
        self._rates = (0.0, 0.0, 0.0)

    def sample(self) -> Load:
        """One look, in a few milliseconds. A figure that the machine refuses to tell is 0 or None, never an error."""
        now = self._read()
        seconds = now.at - self._before.at
        if seconds >= _SHORTEST:
            self._rates = _rates(self._before, now, seconds)
            self._before = now
        cpu, received, sent = self._rates
        memory, limit, memory_source = self._memory()
        space = _space(self._disk_path)
        processes, threads, uptime = _census()
        return Load(
            cpu_percent=cpu,
            cpu_count=now.cores,
            memory_bytes=memory,
            memory_limit_bytes=limit,
            limit_source=memory_source if now.source == "host" else now.source,
            disk_free_bytes=space.free,
            disk_total_bytes=space.total,
            net_rx_bytes=received,
            net_tx_bytes=sent,
            processes=processes,
            threads=threads,
            temperature=_temperature(),
            uptime=uptime,
            load_average=os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        )

    def _read(self) -> _Reading:
        at = self._monotonic()
        received, sent = _traffic()
        mine = _usable_cpus()
        limit = self._cgroup.cpu()
        if limit is not None and limit.cores < len(mine):
            return _Reading(at, limit.version, limit.cores, limit.used_seconds, received, sent)
        return _Reading(at, "host", float(len(mine)), _busy_seconds(mine), received, sent)

    def _memory(self) -> tuple[int, int, LimitSource]:
        machine = psutil.virtual_memory()
        limit = self._cgroup.memory()
        if limit is not None and limit.limit_bytes < machine.total:
            return limit.used_bytes, limit.limit_bytes, limit.version
        return machine.total - machine.available, machine.total, "host"


def _rates(before: _Reading, now: _Reading, seconds: float) -> tuple[float, float, float]:
    if (before.source, before.cores) == (now.source, now.cores):
        cpu = 100 * (now.busy - before.busy) / seconds / now.cores
    else:
        cpu = 0.0  # the limit was changed in between: the two figures do not belong together
    received, sent = now.received - before.received, now.sent - before.sent
    return min(100.0, max(0.0, cpu)), max(0, received) / seconds, max(0, sent) / seconds


def _usable_cpus() -> list[int]:
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


def _busy_seconds(cpus: list[int]) -> float:
    every = psutil.cpu_times(percpu=True)
    mine = [every[cpu] for cpu in cpus if cpu < len(every)] or every
    # guest time is in user time already; waiting for a disk is not work
    return sum(times.user + times.system + sum(getattr(times, name, 0.0) for name in _MORE) for times in mine)


_MORE = ("nice", "irq", "softirq", "steal", "interrupt", "dpc")


def _traffic() -> tuple[int, int]:
    try:
        cards = psutil.net_io_counters(pernic=True)
    except (OSError, RuntimeError):
        return 0, 0  # a container without a network
    real = [counters for name, counters in cards.items() if not name.lower().startswith(("lo", "loopback"))]
    return sum(card.bytes_recv for card in real), sum(card.bytes_sent for card in real)


def _space(path: Path) -> disk.DiskUsage:
    try:
        return disk.disk_usage(path)
    except HostError:
        return disk.DiskUsage(0, 0, 0)


def _census() -> tuple[int, int, float]:
    """Processes, threads, and seconds since the first one of them was started."""
    if sys.platform == "linux":
        every = procfs.scan()
        first = every.get(1)
        running = time.clock_gettime(time.CLOCK_BOOTTIME)
        uptime = running - (first.started / os.sysconf("SC_CLK_TCK") if first else 0)
        return len(every), sum(stat.threads for stat in every.values()), max(0.0, uptime)
    else:  # noqa: RET505 - without it the type checker calls the rest unreachable on this platform
        counts = [process.info["num_threads"] or 0 for process in psutil.process_iter(["num_threads"])]
        return len(counts), sum(counts), max(0.0, time.time() - psutil.boot_time())


def _temperature() -> float | None:
    read = getattr(psutil, "sensors_temperatures", None)
    if read is None:
        return None
    try:
        sensors = read()
    except (OSError, ValueError, RuntimeError):
        return None  # a sensor that is there but does not answer
    named = [
        sensors[name]
        for name in ("coretemp", "k10temp", "cpu_thermal", "cpu-thermal", "soc_thermal")
        if name in sensors
    ]
    return max((float(entry.current) for entries in named or sensors.values() for entry in entries), default=None)
