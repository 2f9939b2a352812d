"""Finds programs of ours that no record names: those started in the instant before the service was killed."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from runtime.host import ProcessId, process_id


def find_strays(output: Path, variables: Mapping[str, str]) -> list[ProcessId]:
    """Leaders of sessions whose standard output is that file and whose environment holds those variables.

    Linux only: elsewhere neither can be seen, and the list is empty. Costs one look at each process.
    """
    if sys.platform != "linux" or not output.exists():
        return []
    wanted = {f"{name}={value}".encode() for name, value in variables.items()}
    found = []
    file = os.stat(output)
    for entry in os.scandir("/proc"):
        if entry.name.isdecimal() and _is_stray(int(entry.name), (file.st_dev, file.st_ino), wanted):
            process = process_id(int(entry.name))
            if process is not None:
                found.append(process)
    return found


def _is_stray(pid: int, file: tuple[int, int], wanted: set[bytes]) -> bool:
    try:
        if os.getsid(pid) != pid:
            return False
        out = os.stat(f"/proc/{pid}/fd/1")
        if (out.st_dev, out.st_ino) != file:
            return False
        environment = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:  # it has ended meanwhile, or is somebody else's
        return False
    return wanted <= set(environment)
