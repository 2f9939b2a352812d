"""Control's part for the load: now, over a day, and from which load on somebody is told."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from actors.control.core import Core
from actors.errors import BadInput, Refused
from actors.messages import TakeHistory, TakeLoad
from actors.model.deployment import Deployment, Kind, State
from actors.model.load import (
    DAY_S,
    HIGHEST_LIMIT,
    LOWEST_LIMIT,
    PROJECT,
    LoadHistory,
    LoadMark,
    Mark,
    Raised,
    Resource,
    Thresholds,
    load_key,
)
from actors.model.project import Environment
from runtime.errors import ActorDead, AskTimeout

LOAD_S = 10.0
METRICS = "metrics"
FEW, MOST = 100, 2000  # deployments that are looked through for a chart's marks


class LoadDesk(Core):
    """Called from any thread that may block."""

    def load(self) -> dict[str, Any]:
        """CPU, memory, disk and processes of what we may use, of each project, test run and container."""
        answer = self._ask_metrics(TakeLoad())
        assert isinstance(answer, dict)  # noqa: S101 - the metrics actor's promise
        return answer

    def load_history(self, seconds: int, no: int | None = None) -> LoadHistory:
        """The load of the last `seconds` (a day at most), with the deployments that ended: of all, or of a project."""
        project = None if no is None else self.project_by_no(no)
        key = None if project is None else load_key(PROJECT, project.no)
        found = self._ask_metrics(TakeHistory(min(max(seconds, 60), DAY_S), key))
        assert isinstance(found, LoadHistory)  # noqa: S101 - the metrics actor's promise
        name = None if project is None else project.name
        marks = tuple(mark for mark in self._marks(found.start) if name in (None, mark.project))
        return replace(found, project=name, marks=marks)

    def thresholds(self) -> tuple[Thresholds, dict[Resource, Raised]]:
        """From which load on somebody is told, and the alerts that stand."""
        records = self._records.thresholds
        return records.get(), {resource: it for resource, it in records.raised().items() if it.over is None}

    def set_threshold(self, resource: Resource, limit: int | None) -> Thresholds:
        """Another threshold in per cent; None: nobody is told. Raises BadInput."""
        if limit is not None and not LOWEST_LIMIT <= limit <= HIGHEST_LIMIT:
            raise BadInput(f"{limit} % cannot be a threshold", f"Use {LOWEST_LIMIT} to {HIGHEST_LIMIT} %, or off.")
        return self._records.thresholds.set(resource, limit)

    def _ask_metrics(self, message: TakeLoad | TakeHistory) -> object:
        try:
            return self._system.address(METRICS).ask(message, LOAD_S)
        except (ActorDead, AskTimeout) as error:
            raise Refused(f"the load cannot be told right now: {error}", "Ask again in a moment.") from error

    def _marks(self, start: float) -> list[LoadMark]:
        """The deployments to production that ended since then, oldest first; of very many the newest."""
        journal: list[Deployment] = []
        for limit in (FEW, MOST):
            journal = self._records.deployments.journal(limit)
            # one that was asked for before may have ended since: a day of waiting is allowed for
            if len(journal) < limit or journal[-1].queued_at.timestamp() < start - DAY_S:
                break
        marks = [mark for it in journal if (mark := _mark(it)) is not None and mark.at >= start]
        return sorted(marks, key=lambda mark: mark.at)


def _mark(deployment: Deployment) -> LoadMark | None:
    """How a chart shows it; None for what is not shown: what runs, was cancelled, or was a test."""
    if deployment.ended_at is None or deployment.environment is not Environment.PRODUCTION:
        return None
    marks = {State.SUCCEEDED: Mark.SUCCEEDED, State.FAILED: Mark.FAILED, State.ROLLED_BACK: Mark.ROLLED_BACK}
    mark = marks.get(deployment.state)
    if mark is Mark.SUCCEEDED and deployment.kind is Kind.ROLLBACK:
        mark = Mark.ROLLED_BACK  # somebody asked for it: an older version runs all the same
    return None if mark is None else LoadMark(deployment.ended_at.timestamp(), mark, deployment.project)
