"""Start: the new release's program."""

from __future__ import annotations

from dataclasses import replace

from actors.engines.engine import shown
from actors.model.deployment import StageName
from actors.pipeline.runs import start_anew
from actors.pipeline.stage import StageResult, Walk
from runtime.output import OutputFile


class Start:
    """Through the engine; the run is recorded so that the next service finds it again."""

    name = StageName.START
    lane = "disk"

    def run(self, walk: Walk) -> StageResult:
        """The walk with the place in the program's log on record; raises EngineError when it cannot be started."""
        services, environment = walk.services, walk.deployment.environment
        log = services.layout.program_log(walk.project, environment)
        begins = OutputFile(log).position()
        run = start_anew(services, walk.project, walk.known_version(), environment)
        what, _end = shown(run.handle)
        walk.say(f"started version {run.version}: {what}")
        return StageResult(walk.with_deployment(replace(walk.deployment, output_from=begins)))
