"""The service's side of the guardian: tell it that all is well, show the stacks when it asks, follow its end."""

from __future__ import annotations

import ctypes
import faulthandler
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path

HEARTBEAT = "VANKA_HEARTBEAT"  # both are set by the guardian
GUARDIAN = "VANKA_GUARDIAN"
_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG


class Heartbeat:
    """`beat` as often as the service is sure that it is well, several times within the guardian's limit; any thread."""

    def __init__(self, file: Path | None) -> None:
        self._file = file

    @property
    def watched(self) -> bool:
        """Whether a guardian waits for the beats."""
        return self._file is not None

    def beat(self) -> bool:
        """Tell the guardian. Needs no room on the disk but for the first time; False when nobody could be told."""
        if self._file is None:
            return False
        try:
            self._file.touch(mode=0o600)
        except OSError:
            return False
        return True


def attend(*, follow: bool = True) -> Heartbeat:
    """The service calls this once, in its main thread, as its first deed; without a guardian it only does less.

    From then on a crash and SIGUSR1 print the stacks of all threads on standard error. With `follow`, a guardian that
    was killed takes the service with it by SIGTERM, so that whoever starts the guardian again finds the home free.
    """
    if sys.__stderr__ is not None:
        with suppress(OSError, ValueError):  # it is closed
            faulthandler.enable(sys.__stderr__)
            if sys.platform != "win32":
                faulthandler.register(signal.SIGUSR1, sys.__stderr__)
    guardian = os.environ.get(GUARDIAN)
    if follow and sys.platform == "linux" and guardian is not None:
        ctypes.CDLL(None).prctl(_DEATH_SIGNAL, signal.SIGTERM, 0, 0, 0)
        if guardian != str(os.getppid()):  # it died before we had asked to be told
            os.kill(os.getpid(), signal.SIGTERM)
    file = os.environ.get(HEARTBEAT)
    return Heartbeat(Path(file) if file else None)
