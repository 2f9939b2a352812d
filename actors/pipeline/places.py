"""Who works where: a project's deployment, and each place that a program runs in, have one worker at a time."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from actors.errors import Busy
from actors.model.project import Environment, Project

WALK_S = 15 * 60.0  # a stage that was given up ends within its own limit
PLACE_S = 60.0  # a stop and a start


class Places:
    """Locks for work in jobs' threads. An actor that crashed may leave a thread behind: its successor's waits for it.

    Any thread. The one that has a place may ask for it again.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._places: dict[tuple[int, str], threading.RLock] = {}

    @contextmanager
    def walk(self, project: Project, environment: Environment) -> Iterator[None]:
        """While a stage of a deployment to there, or its way back, works. Raises Busy after a quarter of an hour."""
        with self._hold(project, f"walk to {environment}", WALK_S):
            yield

    @contextmanager
    def program(self, project: Project, environment: Environment) -> Iterator[None]:
        """While that environment's program is stopped or started. Raises Busy after a minute."""
        with self._hold(project, environment.value, PLACE_S):
            yield

    @contextmanager
    def _hold(self, project: Project, what: str, limit_s: float) -> Iterator[None]:
        with self._lock:
            place = self._places.setdefault((project.no, what), threading.RLock())
        if not place.acquire(timeout=limit_s):
            raise Busy(f"{project.name} is still being changed by what was given up before", "Ask again in a while.")
        try:
            yield
        finally:
            place.release()
