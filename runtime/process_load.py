"""How busy single programs are, each with all its children."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import NamedTuple

import psutil

from runtime import procfs
from runtime.identity import ProcessId

_SHORTEST = 0.05  # seconds between two readings of a clock that ticks 100 times a second


@dataclass(frozen=True, slots=True)
class ProcessLoad:
    """A program with all its children: per cent of one core (200 is two full cores), resident memory, how many."""

    cpu_percent: float
    memory_bytes: int
    processes: int


class _Row(NamedTuple):
    parent: int
    session: int
    started: int | float
    own: float
    reaped: float
    resident: int


class ProcessSampler:
    """Measures whole programs: the process, its descendants, and everything in its session. One thread at a time.

    One look at the machine's processes serves all programs that are asked for, so ask for all of them at once.
    """

    def __init__(self, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._before: dict[ProcessId, tuple[float, dict[tuple[int, float], _Row], float]] = {}

    def sample(self, programs: Iterable[ProcessId]) -> dict[ProcessId, ProcessLoad]:
        """The load of each program that still runs; CPU since the look before, 0 at a program's first one.

        What is not asked for any more is forgotten.
        """
        rows, at = _table(), self._monotonic()
        children: dict[int, list[int]] = {}
        sessions: dict[int, list[int]] = {}
        for pid, row in rows.items():
            children.setdefault(row.parent, []).append(pid)
            sessions.setdefault(row.session, []).append(pid)
        kept, loads = {}, {}
        for program in programs:
            root = rows.get(program.pid)
            if root is None or root.started != program.started:
                continue
            family = {(pid, rows[pid].started): rows[pid] for pid in _family(program.pid, children, sessions)}
            loads[program], kept[program] = self._one(program, family, at)
        self._before = kept
        return loads

    def one(self, program: ProcessId) -> ProcessLoad | None:
        """The load of one program; None when it has ended."""
        return self.sample([program]).get(program)

    def _one(
        self, program: ProcessId, family: dict[tuple[int, float], _Row], at: float
    ) -> tuple[ProcessLoad, tuple[float, dict[tuple[int, float], _Row], float]]:
        then, before, percent = self._before.get(program, (at, family, 0.0))
        if at - then >= _SHORTEST:
            percent = 100 * _cpu_seconds(before, family) / (at - then)
            then, before = at, family
        load = ProcessLoad(max(0.0, percent), sum(row.resident for row in family.values()), len(family))
        return load, (then, before, percent)


def _family(pid: int, children: dict[int, list[int]], sessions: dict[int, list[int]]) -> set[int]:
    found: set[int] = set()
    waiting = [pid, *sessions.get(pid, ())]
    while waiting:
        member = waiting.pop()
        if member not in found:
            found.add(member)
            waiting.extend(children.get(member, ()))
    return found


def _cpu_seconds(before: dict[tuple[int, float], _Row], now: dict[tuple[int, float], _Row]) -> float:
    """What the family used in between. A child that ended shows up in its parent's time for reaped children: what had
    been counted of it before is taken off there, or it would count twice.
    """
    nothing = _Row(0, 0, 0, 0.0, 0.0, 0)
    own = sum(row.own - before.get(key, nothing).own for key, row in now.items())
    reaped = sum(row.reaped - before.get(key, nothing).reaped for key, row in now.items())
    counted = sum(row.own + row.reaped for key, row in before.items() if key not in now)
    return own + max(0.0, reaped - counted)


def _table() -> dict[int, _Row]:
    if sys.platform == "linux":
        tick, page = os.sysconf("SC_CLK_TCK"), os.sysconf("SC_PAGE_SIZE")
        return {
            pid: _Row(
                stat.parent,
                stat.session,
                stat.started,
                stat.own_ticks / tick,
                stat.reaped_ticks / tick,
                stat.resident_pages * page,
            )
            for pid, stat in procfs.scan().items()
            if not stat.dead
        }
    else:  # noqa: RET505 - without it the type checker calls the rest unreachable on this platform
        rows = {}
        for process in psutil.process_iter(["ppid", "create_time", "cpu_times", "memory_info"]):
            info = process.info
            if info["cpu_times"] and info["memory_info"]:  # both None for what is not ours to look at
                used = info["cpu_times"].user + info["cpu_times"].system
                rows[process.pid] = _Row(info["ppid"] or 0, 0, info["create_time"], used, 0.0, info["memory_info"].rss)
        return rows
