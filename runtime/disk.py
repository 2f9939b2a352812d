"""How much room is left on the disk of a path."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from runtime.errors import HostError


@dataclass(frozen=True, slots=True)
class DiskUsage:
    """Bytes. `free` is what we may still write; with `used` it need not make up `total` (some is kept for root)."""

    total: int
    used: int
    free: int


def disk_usage(path: Path) -> DiskUsage:
    """The disk that holds the path, or will hold it once it is made. Raises HostError when the disk does not answer."""
    for place in (path.absolute(), *path.absolute().parents):
        try:
            total, used, free = shutil.disk_usage(place)
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            raise HostError(
                f"cannot tell the space at {place}: {error}", "Is the disk mounted and readable?"
            ) from error
        return DiskUsage(total, used, free)
    raise HostError(f"there is no disk at {path}", "Is the disk mounted?")


def free_bytes(path: Path) -> int:
    """What may still be written on the disk of the path; raises HostError as `disk_usage` does."""
    return disk_usage(path).free
