"""What Linux's /proc says of processes, read and taken apart; empty answers elsewhere."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")

_DEAD = frozenset("ZXx")


@dataclass(frozen=True, slots=True)
class Stat:
    """One process at one moment. Start (since boot) and CPU times are in clock ticks, memory in pages."""

    pid: int
    state: str
    parent: int
    session: int
    own_ticks: int
    reaped_ticks: int  # CPU time of children that were waited for
    threads: int
    started: int
    resident_pages: int

    @property
    def dead(self) -> bool:
        """True for a process that only waits to be reaped. One whose first thread ended while others run is alive."""
        return self.state in _DEAD and self.threads <= 1


def parse(text: str) -> Stat:
    """Takes one line of /proc/PID/stat apart; raises ValueError or IndexError when it is not one.

    The name stands in brackets and may hold spaces and brackets itself: the last bracket counts.
    """
    head, _, tail = text.rpartition(")")
    field = tail.split()
    return Stat(
        pid=int(head.split(" ", 1)[0]),
        state=field[0],
        parent=int(field[1]),
        session=int(field[3]),
        own_ticks=int(field[11]) + int(field[12]),
        reaped_ticks=int(field[13]) + int(field[14]),
        threads=int(field[17]),
        started=int(field[19]),
        resident_pages=int(field[21]),
    )


def read(pid: int, proc: Path = PROC) -> Stat | None:
    """The process of that pid, a zombie too; None when there is none (or no /proc)."""
    try:
        with open(f"{proc}/{pid}/stat", encoding="utf-8", errors="replace") as file:
            return parse(file.read())
    except (OSError, ValueError, IndexError):
        return None  # it ended, even between open and read: that is the answer, not an error


def scan(proc: Path = PROC) -> dict[int, Stat]:
    """All processes that this process can see, by pid. About 20 us each."""
    try:
        names = os.listdir(proc)
    except OSError:
        return {}
    found = (read(int(name), proc) for name in names if name.isdecimal())
    return {stat.pid: stat for stat in found if stat is not None}


def boot_id(proc: Path = PROC) -> str:
    """A text that differs after every boot of the machine; empty where the system has none."""
    try:
        return (proc / "sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return ""
