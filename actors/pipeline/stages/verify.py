"""Verify: the started program must be well, by its probe or by staying alive."""

from __future__ import annotations

from dataclasses import replace

from actors.model.deployment import StageName
from actors.pipeline.runs import verdict_on
from actors.pipeline.stage import StageResult, Walk


class Verify:
    """Ends with the program's end, with the first good look, or with the limit."""

    name = StageName.VERIFY
    lane = "verify"

    def run(self, walk: Walk) -> StageResult:
        """The walk with how long the answer took; the verdict's reason when the program is not well."""
        run = walk.services.records.runs.get(walk.project, walk.deployment.environment)
        if run is None:
            return StageResult(walk, "the program's record is gone: it cannot be verified")
        verdict = verdict_on(walk.services, walk.project, walk.known_version(), run, walk.cancel)
        walk.say(f"verify: {verdict.reason}")
        walk = walk.with_deployment(replace(walk.deployment, answered_ms=verdict.answered_ms))
        return StageResult(walk, None if verdict.healthy else verdict.reason, verdict)
