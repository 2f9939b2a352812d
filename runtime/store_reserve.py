"""A little disk space put by, so that a full disk does not keep the service from starting and cleaning up."""

from __future__ import annotations

import os
from pathlib import Path

_BYTES = 4 * 1024 * 1024


class Reserve:
    """A file of 4 MB of nothing: given back to the disk when the store needs room to open or to delete."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def put_by(self) -> None:
        """Make it if it is not whole. A disk with no room for it is no error: there is simply no reserve then."""
        try:
            if self._file.exists() and self._file.stat().st_size == _BYTES:
                return
            with self._file.open("wb") as opened:
                # random bytes: a file system that compresses or leaves holes would keep nothing for zeros
                for _ in range(_BYTES // 65536):
                    opened.write(os.urandom(65536))
                opened.flush()
                os.fsync(opened.fileno())
        except OSError:
            self.use()

    def use(self) -> bool:
        """Give the space back; whether there was any."""
        try:
            self._file.unlink()
        except OSError:
            return False
        return True
