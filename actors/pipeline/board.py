"""Live facts for people: what the actors know of themselves that is not worth a durable record."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from actors.model.run import Look


@dataclass(frozen=True)
class Live:
    """What is shown of a project beside its records."""

    last_check_at: datetime | None = None
    next_check_at: datetime | None = None
    watch_error: str | None = None
    parked: bool = False
    next_start_s: float | None = None
    looks: tuple[Look, ...] = ()
    unwell_since: datetime | None = None


class Board:
    """Written by the actors, read by whoever shows something. Any thread; it does not survive the service."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._live: dict[int, Live] = {}

    def read(self, project_no: int) -> Live:
        """What is known now; an empty Live for a project nobody wrote of."""
        return self._live.get(project_no, Live())

    def write(self, project_no: int, **facts: Any) -> None:
        """Change some facts."""
        with self._lock:
            self._live[project_no] = replace(self._live.get(project_no, Live()), **facts)

    def forget(self, project_no: int) -> None:
        """The project is gone."""
        with self._lock:
            self._live.pop(project_no, None)
