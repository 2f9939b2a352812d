"""Standard library only: the guardian's hand on the service where there are no signals to wait for (Windows)."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Sequence

if sys.platform == "win32":
    _LOOK_S = 0.05

    class Host:
        """Starts, asks and ends the service; nobody inherits orphans here, so there is no journal to write."""

        def __init__(self, command: Sequence[str], environment: dict[str, str], _journal: object) -> None:
            self._command, self._environment = list(command), environment
            self._service: subprocess.Popen[bytes] | None = None
            self._asked: deque[int] = deque(maxlen=2)
            for number in (signal.SIGINT, signal.SIGBREAK, signal.SIGTERM):
                signal.signal(number, lambda got, _: self._asked.append(got))

        def start(self) -> None:
            """Start the service in a group of its own, or Ctrl-C would reach it twice."""
            group = subprocess.CREATE_NEW_PROCESS_GROUP
            self._service = subprocess.Popen(self._command, env=self._environment, creationflags=group)

        def ended(self) -> int | None:
            """The service's code once it has ended."""
            return self._service.poll() if self._service else None

        def pause(self, seconds: float) -> int:
            """Wait, 50 ms at most; the number of a signal that asks to stop, else 0."""
            if not self._asked:
                time.sleep(min(seconds, _LOOK_S))
            return self._asked.popleft() if self._asked else 0

        def ask_to_end(self, _asked: int) -> None:
            """The one thing that a group can be told."""
            if self._service:
                self._service.send_signal(signal.CTRL_BREAK_EVENT)

        def dump_stacks(self) -> None:
            """There is no signal for it: the service is killed without."""

        def kill(self) -> None:
            """End the service's process only."""
            if self._service:
                self._service.kill()
