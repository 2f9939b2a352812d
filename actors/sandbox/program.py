"""A guest's own program: begun once and left to itself, looked after from outside, found again by the next service.

It writes into the first process's pipe, and that into the engine's log, so its output is there for whoever comes back.
How it ended is asked of the engine. A line that only we know is put behind its last one: what comes before is all.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from actors.engines.docker_calls import Docker
from actors.engines.docker_sdk import Stream
from actors.errors import EngineError, NoEngine, VankaError
from actors.model.guest import Guest, Step
from actors.sandbox.command import GRACE_S, MARGIN_S, TIMED_OUT, Clean, limited
from actors.sandbox.inside import ENVIRONMENT, OURS, PIPE, USER
from actors.sandbox.transcript import Transcript
from runtime.log import get

LOOK_S = 0.25
YOUNG_S = 60.0
SELDOM_S = 1.0  # a program that has run for a minute need not be looked at so often
AWAY_S = 5.0
DRAIN_S = 5.0

say = get("vanka.sandbox")


def prepare(docker: Docker, container: str, text: str, limit_s: int, env: Mapping[str, str]) -> str:
    """A program that is ready to `begin`; its id, to be put on record first."""
    argv = ("sh", "-c", f'exec "$@" >{PIPE} 2>&1', "sh", *limited(text, limit_s))
    return docker.ready_in(container, argv, {**ENVIRONMENT, **env}, USER)


def end_all(docker: Docker, container: str) -> bool:
    """End everything of the stranger's in its container, and nothing else; False where not even that can be begun."""
    try:
        ending = docker.run_in(container, ("sh", "-c", "kill -KILL -1"), user=USER)
        for _piece in ending.output:
            pass  # to its end
    except EngineError:
        return False  # as many processes as there may be
    return True


@dataclass(frozen=True)
class Ended:
    """How a program came to its end. `lost`: its container is gone with it."""

    step: Step
    lost: bool = False


class Watched:
    """One program that runs, as this service sees it. `follow` in one thread, the rest in any."""

    def __init__(self, docker: Docker, container: str, guest: Guest, file: Path, clean: Clean) -> None:
        self._docker, self._container, self._guest = docker, container, guest
        self.transcript = Transcript(file, clean)
        self._marker = secrets.token_hex(16).encode()
        self._drained = threading.Event()
        self._closing = threading.Event()
        self._lock = threading.Lock()
        self._stream: Stream | None = None

    def follow(self, interrupted: Callable[[], bool], pause: Callable[[float], object]) -> Ended | None:
        """Until it has ended; None when `interrupted` turns true before. `pause` waits, less where it is interrupted.

        An engine that is away is waited for.
        """
        reader = threading.Thread(target=self._read, name=f"guest-{self._guest.id}-output", daemon=True)
        reader.start()
        try:
            while not interrupted():
                found = self._look()
                if found is not None:
                    return found
                pause(LOOK_S if self._age() < YOUNG_S else SELDOM_S)
            return None
        finally:
            self._closing.set()
            with self._lock:
                if self._stream is not None:
                    self._stream.close()
            reader.join(DRAIN_S)
            self.transcript.close()

    def _look(self) -> Ended | None:
        try:
            state = self._docker.execution(self._guest.execution)
            if state is not None and state.running:
                return self._late() if self._is_late() else None
            container = self._docker.container(self._container)
            if container is None or not container.running:
                self._drained.wait(DRAIN_S)
                return Ended(self.step(None), lost=True)
            self._mark_the_end()
            return Ended(self.step(None if state is None else state.exit_code))
        except NoEngine:
            self._closing.wait(AWAY_S)  # it may be restarted; then the container has ended, and that is seen
            return None

    def step(self, code: int | None) -> Step:
        """The program as a command that ended with that code."""
        limit = code == TIMED_OUT and bool(self._guest.until) and time.time() >= self._guest.until - 1
        return self.transcript.step(self._guest.program, code, self._age(), limit=limit)

    def _is_late(self) -> bool:
        """Its own limit did not end it: the stranger has seen to that."""
        return bool(self._guest.until) and time.time() > self._guest.until + GRACE_S + MARGIN_S

    def _late(self) -> Ended:
        self._docker.kill(self._container)
        step = self.transcript.step(self._guest.program, None, self._age(), limit=True)
        return Ended(step, lost=True)

    def _age(self) -> float:
        return max(time.time() - self._guest.began_at, 0.0)

    # --- its output

    def _mark_the_end(self) -> None:
        """Wait until all that it wrote has come; where that cannot be told, for a few seconds."""
        try:
            marking = self._docker.run_in(
                self._container, ("sh", "-c", f"echo {self._marker.decode()} >{PIPE}"), user=OURS
            )
            for _piece in marking.output:
                pass  # to its end
        except EngineError as error:
            say.info("the end of a third-party program's output is not certain", error=error.message)
        self._drained.wait(DRAIN_S)

    def _read(self) -> None:
        """The thread that reads what the engine keeps of its output, from its beginning."""
        since = self._guest.began_at
        try:
            while not (self._closing.is_set() or self._drained.is_set()):
                since = self._read_on(since)
                self._closing.wait(LOOK_S)
        except (VankaError, OSError) as error:
            say.warning("a third-party program's output cannot be read", error=str(error))
        finally:
            self._drained.set()

    def _read_on(self, since: float) -> float:
        """Until the stream ends, which it does when it was silent for long; from when on to read again."""
        stream = self._open(since)
        if stream is None:
            return since
        held = b""
        for piece in stream:
            since = time.time()
            held += piece
            at = held.find(self._marker)
            if at >= 0:
                self.transcript.feed(held[:at])
                self._drained.set()
                stream.close()
                return since
            keep = _beginning(held, self._marker)
            ready, held = held[: len(held) - keep], held[len(held) - keep :]
            if ready:
                self.transcript.feed(ready)
        self.transcript.feed(held)
        found = self._docker.container(self._container)
        if found is None or not found.running:
            self._drained.set()  # there is no more
        return since

    def _open(self, since: float) -> Stream | None:
        try:
            stream = self._docker.logs(self._container, since=since)
        except NoEngine:
            self._closing.wait(AWAY_S)
            return None
        with self._lock:
            self._stream = stream
        if self._closing.is_set():
            stream.close()
        return stream


def _beginning(held: bytes, marker: bytes) -> int:
    """How many bytes at the end of what is held could be the beginning of the marker."""
    return next((size for size in range(min(len(held), len(marker) - 1), 0, -1) if marker.startswith(held[-size:])), 0)
