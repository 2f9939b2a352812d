"""Who works where: a project's deployment, and each place that a program runs in, have one worker at a time."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from actors.errors import Busy
from actors.model.project import Environment, Project
from runtime.errors import Cancelled
from runtime.shell import Cancel

WALK_S = 15 * 60.0  # a stage that was given up ends within its own limit
PLACE_S = 60.0  # a stop and a start
SLICE_S = 0.25  # how often one that waits looks whether it was told to end


class Places:
    """Locks for work in jobs' threads. An actor that crashed may leave a thread behind: its successor's waits for it.

    Any thread. The one that has a place may ask for it again.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._places: dict[tuple[int, str], threading.RLock] = {}

    @contextmanager
    def walk(self, project: Project, environment: Environment, cancel: Cancel | None = None) -> Iterator[None]:
        """While a stage of a deployment to there, or its way back, works.

        Raises Busy after a quarter of an hour, and Cancelled when `cancel` is set while it waits.
        """
        with self._hold(project, f"walk to {environment}", WALK_S, cancel):
            yield

    @contextmanager
    def program(self, project: Project, environment: Environment) -> Iterator[None]:
        """While that environment's program is stopped or started. Raises Busy after a minute."""
        with self._hold(project, environment.value, PLACE_S):
            yield

    @contextmanager
    def idle(self, project: Project) -> Iterator[bool]:
        """Whether no stage of the project is at work anywhere; none begins in this block then. Never waits."""
        held = []
        for environment in Environment:
            place = self._place(project, f"walk to {environment}")
            if place.acquire(blocking=False):
                held.append(place)
        try:
            yield len(held) == len(Environment)
        finally:
            for place in held:
                place.release()

    @contextmanager
    def _hold(self, project: Project, what: str, limit_s: float, cancel: Cancel | None = None) -> Iterator[None]:
        place = self._place(project, what)
        until = time.monotonic() + limit_s
        while not place.acquire(timeout=SLICE_S):
            if cancel is not None and cancel.is_set():
                raise Cancelled("told to end while waiting for what was given up before")
            if time.monotonic() < until:
                continue
            raise Busy(f"{project.name} is still being changed by what was given up before", "Ask again in a while.")
        try:
            yield
        finally:
            place.release()

    def _place(self, project: Project, what: str) -> threading.RLock:
        with self._lock:
            return self._places.setdefault((project.no, what), threading.RLock())
