"""Queue: the one that waits for its turn; a newer request takes its place. Part of the deployer."""

from __future__ import annotations

from collections.abc import Callable

from actors.messages import Deploy, DeploymentEnded, DeploymentQueued
from actors.model.deployment import Deployment, State
from actors.model.project import Environment, Project
from actors.pipeline.services import Services
from runtime.actor import Context


class Queue:
    """Everything in it is on record first. Used in the deployer's own callbacks only."""

    def __init__(self, services: Services, project: Callable[[], Project], context: Context) -> None:
        self._services = services
        self._records = services.records.deployments
        self._project = project
        self._context = context
        self.waiting: Deployment | None = None

    def open(self, order: Deploy, environment: Environment, commit: str | None, note: str | None) -> Deployment:
        """A new deployment, on record; `join` makes it wait."""
        return self._records.open(
            self._project(),
            order.kind,
            environment,
            order.asked_by,
            self._services.clock.now(),
            commit=commit,
            version=order.version,
            test_for_s=order.test_for_s,
            refresh=order.refresh,
            note=note,
        )

    def join(self, deployment: Deployment) -> None:
        """Let a new one wait, and tell of it."""
        self._context.publish(DeploymentQueued(deployment))
        self.put(deployment)

    def put(self, deployment: Deployment) -> None:
        """Let it wait; what waited before is cancelled."""
        older, self.waiting = self.waiting, deployment
        if older is not None:
            self.end(older, State.CANCELLED, f"replaced by {deployment.id}")

    def take(self) -> Deployment | None:
        """Whose turn it is; nothing waits then."""
        taken, self.waiting = self.waiting, None
        return taken

    def end(self, deployment: Deployment, state: State, why: str) -> Deployment:
        """A deployment that no job will walk ends here."""
        now = self._services.clock.now()
        ended = self._records.move(self._project(), deployment, state, now, why)
        self._context.publish(DeploymentEnded(ended))
        return ended
