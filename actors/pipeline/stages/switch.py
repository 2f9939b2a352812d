"""Switch: the old program stops, the place changes to the new release."""

from __future__ import annotations

from actors.model.deployment import StageName
from actors.model.project import Environment
from actors.pipeline.runs import stop_run
from actors.pipeline.stage import StageResult, Walk


class Switch:
    """Production changes by the project's strategy; a test gets a directory of its own, made anew."""

    name = StageName.SWITCH
    lane = "disk"

    def run(self, walk: Walk) -> StageResult:
        """The same walk. It may be repeated: the end is the same."""
        services, version = walk.services, walk.known_version()
        environment = walk.deployment.environment
        release = services.releases.path(walk.project, version.number)
        if environment is Environment.TEST:
            stop_run(services, walk.project, environment)
            services.releases.copy_for_test(walk.project, version.number)
            return StageResult(walk)
        report = services.strategy.switch(
            walk.project,
            version.number,
            release,
            stop=lambda: stop_run(services, walk.project, environment),
        )
        walk.say(f"the target holds version {version.number} ({report.how})")
        if report.aside is not None:
            walk.say(f"what was found there is kept in {report.aside}")
        return StageResult(walk)
