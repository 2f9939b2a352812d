"""Seen: the commit that the watcher saw and nobody has decided about yet. Part of the deployer."""

from __future__ import annotations

from collections.abc import Callable

from actors.messages import Deploy
from actors.model.deployment import Deployment, Kind
from actors.model.project import Environment, Project
from actors.pipeline.services import Services

TEST_S = 600  # how long a test run by policy lasts


class Seen:
    """One at a time, the newest. Used in the deployer's own callbacks only."""

    def __init__(self, services: Services, project: Callable[[], Project]) -> None:
        self._records = services.records
        self._project = project
        # what an incarnation that has died was told of is taken up from the record
        watched = self._records.watch.get(project())
        self.sha = watched.sha if watched is not None and not watched.handled else None

    def is_open(self, walked: Deployment | None) -> bool:
        """Whether it can be decided now: a deployment that is just asking the branch may turn out to be of it."""
        return self.sha is not None and (walked is None or walked.commit is not None)

    def order(self, waiting: Deployment | None, walked: Deployment | None, testing: Deployment | None) -> Deploy | None:
        """What the project's policy says is to be done about it, given what is in hand; None: nothing."""
        project = self._project()
        wanted = project.policy.environment
        if self.sha is None or wanted is None:
            return None
        if waiting is not None and (waiting.commit, waiting.environment) == (None, wanted):
            return None  # that one will ask the branch itself
        if any(it is not None and it.commit == self.sha for it in (waiting, walked, testing)):
            return None
        last = self._records.deployments.of(project, limit=1)
        if last and (last[0].commit, last[0].environment) == (self.sha, wanted):
            return None
        if wanted is Environment.TEST:
            return Deploy("watcher", Kind.TEST, commit=self.sha, test_for_s=TEST_S)
        return Deploy("watcher", commit=self.sha)

    def handled(self) -> None:
        """It was decided about, which is on record from now on."""
        sha, self.sha = self.sha, None
        if sha is not None:
            self._records.watch.handled(self._project(), sha)
