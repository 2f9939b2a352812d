"""Check: prove that the release can be started, before anything that runs is touched."""

from __future__ import annotations

from actors.model.deployment import StageName
from actors.pipeline.runs import run_order
from actors.pipeline.stage import StageResult, Walk


class Check:
    """Asks the engine: is everything there, does the main file parse, does the interpreter start?"""

    name = StageName.CHECK
    lane = "build"

    def run(self, walk: Walk) -> StageResult:
        """The same walk; a reason when the release cannot start."""
        services, version = walk.services, walk.known_version()
        directory = services.releases.path(walk.project, version.number)
        order = run_order(services, walk.project, version, walk.deployment.environment, directory)
        reason = services.engine(walk.project.engine).check(order, walk.cancel)
        if reason is None:
            walk.say("the release can start")
        return StageResult(walk, reason)
