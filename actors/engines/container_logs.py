"""A container's output, copied into the project's output file as it comes; a flood is thinned out, never followed."""

from __future__ import annotations

import threading
import time
from pathlib import Path

from actors.engines.docker_calls import Docker
from actors.engines.docker_sdk import Stream
from actors.errors import VankaError

BURST_PIECES = 5_000
BURST_BYTES = 4 * 1024 * 1024
PIECES_PER_S = 500
BYTES_PER_S = 512 * 1024
LAST_LINES = 200  # what is shown of a flood each time we look again
RETRY_S = 1.0  # also the pause in a flood
GAP = b"[vanka: output comes faster than it is kept; some lines are left out]\n"


class Budget:
    """How much may be copied at the moment: bursts are fine, a lasting flood is not. One thread."""

    def __init__(self) -> None:
        self._pieces, self._bytes = float(BURST_PIECES), float(BURST_BYTES)
        self._at = time.monotonic()

    def spend(self, size: int) -> bool:
        """Whether there was room for one piece of that size."""
        self._pieces -= 1
        self._bytes -= size
        if self._pieces >= 0 and self._bytes >= 0:
            return True
        now = time.monotonic()
        passed, self._at = now - self._at, now
        self._pieces = min(self._pieces + passed * PIECES_PER_S, BURST_PIECES)
        self._bytes = min(self._bytes + passed * BYTES_PER_S, BURST_BYTES)
        return self._pieces >= 0 and self._bytes >= 0


class Mirror:
    """Copies one container's output to a file, in a thread of its own, until the container has ended or `stop`.

    A mirror that begins on a file goes on where the file was written to last, so a service that was away misses
    nothing that the engine has kept; lines of the instant in which it went may come twice. The copying stops for a
    second at a flood and goes on with its last lines.
    """

    def __init__(self, docker: Docker, container: str, output: Path, *, since: float) -> None:
        self._docker = docker
        self._container = container
        self._output = output
        self._since = since
        self._stopped = threading.Event()
        self._done = threading.Event()
        self._lock = threading.Lock()
        self._stream: Stream | None = None
        self._thread = threading.Thread(target=self._run, name=f"logs-{container[:8]}", daemon=True)

    def start(self) -> None:
        """Begin; once."""
        self._thread.start()

    def stop(self) -> None:
        """End the copying at once."""
        self._stopped.set()
        with self._lock:
            if self._stream is not None:
                self._stream.close()

    def finish(self, seconds: float) -> bool:
        """Wait until all output of an ended container is in the file; True when it is."""
        return self._done.wait(seconds)

    def _run(self) -> None:
        try:
            tail: int | None = None
            while not self._stopped.is_set():
                try:
                    flooded = self._copy(tail)
                    if not flooded and not self._running():
                        return
                except (VankaError, OSError):
                    flooded = False  # the engine is away, or the disk is full: it goes on when that is over
                tail = LAST_LINES if flooded else None
                self._stopped.wait(RETRY_S)
        finally:
            self._done.set()

    def _copy(self, tail: int | None) -> bool:
        """Until the stream ends (False), or floods (True)."""
        stream = self._docker.logs(self._container, since=self._since, tail=tail)
        with self._lock:
            self._stream = stream
        if self._stopped.is_set():
            stream.close()
        budget = Budget()
        with self._output.open("ab", buffering=0) as file:
            for piece in stream:
                file.write(piece)
                self._since = time.time()
                if not budget.spend(len(piece)):
                    stream.close()
                    file.write(GAP)
                    return True
        return False

    def _running(self) -> bool:
        found = self._docker.container(self._container)
        return found is not None and found.running


class Mirrors:
    """One mirror a container. Any thread."""

    def __init__(self, docker: Docker) -> None:
        self._docker = docker
        self._lock = threading.Lock()
        self._mirrors: dict[str, Mirror] = {}

    def ensure(self, container: str, output: Path, *, since: float = 0.0) -> None:
        """See that its output is copied from now on: all that was written after that time (0: from its start)."""
        with self._lock:
            mirror = self._mirrors.get(container)
            if mirror is not None:
                return
            mirror = self._mirrors[container] = Mirror(self._docker, container, output, since=since)
        mirror.start()

    def finish(self, container: str, seconds: float) -> None:
        """Wait for the last output of a container that has ended."""
        with self._lock:
            mirror = self._mirrors.get(container)
        if mirror is not None:
            mirror.finish(seconds)

    def forget(self, container: str) -> None:
        """It is to be taken away."""
        with self._lock:
            mirror = self._mirrors.pop(container, None)
        if mirror is not None:
            mirror.stop()

    def close(self) -> None:
        """End all copying; the containers go on."""
        with self._lock:
            mirrors, self._mirrors = list(self._mirrors.values()), {}
        for mirror in mirrors:
            mirror.stop()
