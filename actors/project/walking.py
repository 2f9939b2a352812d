"""Walking: which deployment a job walks, and whether the job is still there. Part of the deployer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from actors.messages import EndJob, JobCommand, StandDown
from actors.model.deployment import Deployment, StageName, StageState
from actors.model.project import Environment, Project
from actors.pipeline.services import Services
from actors.project.job import Job
from runtime.actor import Context
from runtime.address import Address
from runtime.child_spec import ChildSpec, Restart
from runtime.commands import StartChild

MOST_ATTEMPTS = 10  # a deployment that the service died with so often is given up


class Walking:
    """At most one deployment a project. Used in the deployer's own callbacks only."""

    def __init__(self, services: Services, project: Callable[[], Project], context: Context) -> None:
        self._services = services
        self._records = services.records
        self._project = project
        self._context = context
        self._id: str | None = None

    @property
    def walks(self) -> bool:
        """Whether there is one."""
        return self._id is not None

    @property
    def deployment(self) -> Deployment | None:
        """The one that is walked, as its record says now; None when none is."""
        return None if self._id is None else self._records.deployments.get(self._id)

    def begin(self, deployment: Deployment) -> bool:
        """A job walks it from now on, if none does yet. False: it was taken up too often, and is not any more."""
        self._id = deployment.id
        if self._job.alive():
            return True  # it outlived the deployer's crash
        if deployment.attempts >= MOST_ATTEMPTS:
            self._id = None
            return False
        start = partial(Job, self._services, self._project().no, deployment.id)
        family = self._context.address.path.rpartition("/")[0]
        spec = ChildSpec(_job_id(deployment.id), start, restart=Restart.TEMPORARY)
        self._context.system.address(family).tell(StartChild(spec))
        return True

    def lost(self) -> Deployment | None:
        """The one that should be walked, when its job is not there: it crashed, or ended and could not tell."""
        return None if self._id is None or self._job.alive() else self.deployment

    def ended(self, deployment: Deployment) -> bool:
        """That one is not walked any more; False when it was not the one that is."""
        if self._id != deployment.id:
            return False
        self._id = None
        return True

    def cancel(self, asked_by: str) -> Deployment | None:
        """Whoever walks it, now or after a crash, is to end it; None when none is walked.

        On record first: the job may just not be there.
        """
        with self._records.store.transaction():
            found = self.deployment
            if found is None or found.ended:
                return found
            found = self._records.deployments.put(self._project(), replace(found, cancelled_by=asked_by))
        self._job.tell(EndJob(asked_by))
        return found

    def stands_down(self, runner: Address[object]) -> bool:
        """Whether production is being changed right now; the runner is told to leave it alone then."""
        found = self.deployment
        if found is None or not _changes_production(found):
            return False
        runner.tell(StandDown(found.id, self._job))
        return True

    @property
    def _job(self) -> Address[JobCommand]:
        return self._context.sibling(_job_id(self._id or ""))


def _job_id(deployment_id: str) -> str:
    return f"job-{deployment_id}"


def _changes_production(deployment: Deployment) -> bool:
    switching = deployment.stage(StageName.SWITCH).state is not StageState.WAITING
    return deployment.environment is Environment.PRODUCTION and (switching or deployment.going_back)
