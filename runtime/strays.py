"""Finds programs of ours that no record names: those started in the instant before the service was killed.

And what a program left behind that took itself out of its family, as daemons do: a session of its own, a parent that
has ended.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from runtime.host import ProcessId, process_id


def find_strays(place: Path, variables: Mapping[str, str | None], output: Path | None = None) -> list[ProcessId]:
    """Processes whose environment holds those variables (None: whatever their value), and that are ours.

    Ours: a variable of theirs names a path below `place`, or their output is that file. Of a session whose leader is
    among them only the leader. Linux only: elsewhere neither can be seen, and the list is empty. Costs one look at each
    process.
    """
    if sys.platform != "linux":
        return []
    below = os.fsencode(place) + b"/"
    file = None if output is None else _identity(output)
    found: dict[int, int] = {}
    for pid in (int(entry.name) for entry in os.scandir("/proc") if entry.name.isdecimal()):
        try:
            text = Path(f"/proc/{pid}/environ").read_bytes()
            if _holds(text, variables) and (below in text or _writes_to(pid, file)):
                found[pid] = os.getsid(pid)
        except OSError:  # it has ended meanwhile, or is somebody else's
            continue
    processes = (process_id(pid) for pid, session in sorted(found.items()) if session == pid or session not in found)
    return [process for process in processes if process is not None]


def _holds(environment: bytes, variables: Mapping[str, str | None]) -> bool:
    names = dict(entry.partition(b"=")[::2] for entry in environment.split(b"\0"))
    values = {os.fsencode(name): None if value is None else os.fsencode(value) for name, value in variables.items()}
    return all(name in names and value in (None, names[name]) for name, value in values.items())


def _writes_to(pid: int, file: tuple[int, int] | None) -> bool:
    return file is not None and _identity(Path(f"/proc/{pid}/fd/1")) == file


def _identity(file: Path) -> tuple[int, int] | None:
    try:
        stat = os.stat(file)
    except OSError:
        return None
    return stat.st_dev, stat.st_ino
