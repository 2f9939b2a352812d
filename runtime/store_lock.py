"""One service a home: a lock of the operating system, held for life and freed by any death."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from runtime.errors import StoreBusy
from runtime.store_files import said_by_the_system

if sys.platform == "win32":
    import msvcrt

    # Windows refuses to read what is locked: the byte that is locked lies behind the holder's number
    _FAR = 4096

    def _take(handle: int) -> None:
        os.lseek(handle, _FAR, os.SEEK_SET)
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _take(handle: int) -> None:
        # flock belongs to the open file, not to the process: a second open in this process is refused as well,
        # and closing some other handle of the same file does not let it go
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


class HomeLock:
    """Held from construction to `release`; the system frees it when the process ends in any way.

    Raises StoreBusy when somebody else holds it, StoreError when the file cannot be made. The file itself stays.
    """

    def __init__(self, file: Path) -> None:
        self._handle: int | None = None
        try:
            handle = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise said_by_the_system(error, f"the lock {file} cannot be made") from error
        try:
            _take(handle)
        except OSError as error:
            os.lseek(handle, 0, os.SEEK_SET)
            holder = os.read(handle, 20).decode("ascii", "replace").strip()
            os.close(handle)
            process = f" (process {holder})" if holder else ""
            raise StoreBusy(
                f"another service{process} runs on {file.parent}", "Stop it first, or give this one another home."
            ) from error
        self._handle = handle
        self._sign(handle)

    @staticmethod
    def _sign(handle: int) -> None:
        """Leave our number for the message of whoever comes second; a full disk is no reason not to start."""
        number = f"{os.getpid():<19}\n".encode("ascii")
        try:
            os.lseek(handle, 0, os.SEEK_SET)
            os.write(handle, number)
        except OSError:
            return

    def release(self) -> None:
        """Let the next one in. May be called twice."""
        handle, self._handle = self._handle, None
        if handle is not None:
            os.close(handle)
