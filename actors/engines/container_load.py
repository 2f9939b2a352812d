"""How busy containers are, from what the engine counts."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from actors.engines.docker_calls import Docker
from actors.errors import EngineError, EngineSilent, NoEngine
from runtime.host import ProcessLoad

MOST_FAILURES = 2  # in one look: after so many the others are not asked about
SILENT_S = 60.0  # for so long an engine that did not answer in time is not asked again


class Loads:
    """Remembers each container's counters, so that a look tells of the time since the look before. One thread."""

    def __init__(self, docker: Docker, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._docker = docker
        self._monotonic = monotonic
        self._before: dict[str, tuple[float, int]] = {}
        self._again_at = float("-inf")

    def of(self, containers: Sequence[str]) -> list[ProcessLoad | None]:
        """Each one's; None for what cannot be told, and for all that follow where the engine is away.

        An engine that did not answer in time holds up a look once, and is left alone for a minute then.
        """
        found: list[ProcessLoad | None] = []
        failures = MOST_FAILURES if self._monotonic() < self._again_at else 0
        for container in containers:
            try:
                found.append(self.load(container) if failures < MOST_FAILURES else None)
            except (NoEngine, EngineError) as error:
                found.append(None)
                failures = failures + 1 if type(error) is EngineError else MOST_FAILURES
                if isinstance(error, EngineSilent):
                    self._again_at = self._monotonic() + SILENT_S
        return found

    def load(self, container: str) -> ProcessLoad | None:
        """Per cent of one core since the look before (0 at the first), memory as `docker stats` has it, processes."""
        stats = self._docker.stats(container)
        pids = int((stats or {}).get("pids_stats", {}).get("current") or 0)
        if stats is None or not pids:
            self.forget(container)
            return None
        at, used = self._monotonic(), int(stats["cpu_stats"]["cpu_usage"]["total_usage"])
        before = self._before.get(container)
        self._before[container] = (at, used)
        percent = 0.0
        if before is not None and at > before[0]:
            percent = max(0.0, (used - before[1]) / 1e9 / (at - before[0]) * 100)
        return ProcessLoad(percent, memory(stats.get("memory_stats", {})), pids)

    def forget(self, container: str) -> None:
        """It is gone."""
        self._before.pop(container, None)


def memory(stats: Mapping[str, Any]) -> int:
    """Bytes in use without the file cache that can be given up at any time; cgroup v1 and v2 name it differently."""
    used = int(stats.get("usage", 0))
    detail = stats.get("stats") or {}
    cache = int(detail.get("total_inactive_file", detail.get("inactive_file", 0)))
    return used - cache if cache < used else used
