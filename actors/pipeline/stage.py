"""Stage protocol: one step of a deployment, what it is given and what it says."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from actors.model.deployment import Deployment, StageName
from actors.model.project import Project
from actors.model.run import Verdict
from actors.model.version import Version
from actors.pipeline.services import Services
from runtime.shell import Cancel

LIMIT_S = 15 * 60.0  # how long one stage may take


@dataclass(frozen=True)
class Walk:
    """What a stage may know and use. Stages return a changed copy; nothing is shared but the services.

    `output` is the deployment's log, appended to. `version` is None until fetch has found the commit's number.
    `cancel` ends what is being done; `hurry` is set when a person wants it over: the way back is gone, but not waited
    for long.
    """

    project: Project
    deployment: Deployment
    services: Services
    cancel: Cancel
    output: Path
    version: Version | None = None
    hurry: Cancel = field(default_factory=Cancel)

    def known_version(self) -> Version:
        """The version, once fetch has found it."""
        if self.version is None:
            raise ValueError("the fetch stage has not run")
        return self.version

    def with_deployment(self, deployment: Deployment) -> Walk:
        """The walk with the deployment's newer record."""
        return replace(self, deployment=deployment)

    def say(self, text: str) -> None:
        """Append a line to the deployment's log."""
        line = self.services.redactor.clean(text)
        with self.output.open("ab") as log:
            log.write(line.encode("utf-8", "replace") + b"\n")


@dataclass(frozen=True)
class StageResult:
    """How a stage ended: the walk to go on with, or the reason to stop; and what a probe found, if it was one."""

    walk: Walk
    reason: str | None = None
    verdict: Verdict | None = None

    @property
    def ok(self) -> bool:
        """Whether the next stage may run."""
        return self.reason is None


class Stage(Protocol):
    """One step. `lane` names the bounded executor that it runs in."""

    name: StageName
    lane: str

    def run(self, walk: Walk) -> StageResult:
        """Do it, in a job's thread. A VankaError is a failed stage with that reason; other exceptions are ours."""
        ...


def alone(stage: Stage, walk: Walk) -> StageResult:
    """Run a stage when nothing that an earlier, crashed job began is at work any more. In a job's thread."""
    with walk.services.places.walk(walk.project, walk.deployment.environment, walk.cancel):
        if walk.cancel.is_set():
            return StageResult(walk, "cancelled")
        return stage.run(walk)
