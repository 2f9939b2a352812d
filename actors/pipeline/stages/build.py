"""Build: make the release complete, beside the running one."""

from __future__ import annotations

from dataclasses import replace

from actors.engines.engine import BuildOrder
from actors.model.deployment import StageName
from actors.model.version import Version
from actors.pipeline.stage import StageResult, Walk


class Build:
    """A release that is kept whole is used again, if no program has written into it."""

    name = StageName.BUILD
    lane = "build"

    def run(self, walk: Walk) -> StageResult:
        """The walk with a version that is built."""
        services, version = walk.services, walk.known_version()
        releases = services.releases
        if not walk.deployment.refresh and releases.is_pristine(walk.project, version.number):
            walk.say(f"version {version.number} is kept whole: nothing to build")
            return self._done(walk, replace(version, built=True))
        staged = releases.begin(walk.project, version.number)
        repository = services.repository(walk.project)
        repository.checkout(
            version.commit.sha, staged, subdir=walk.project.subdir, cancel=walk.cancel, sink=walk.output
        )
        order = BuildOrder(
            walk.project, version.number, version.commit.sha, staged, walk.output, walk.cancel, walk.deployment.refresh
        )
        environment = services.engine(walk.project.engine).prepare(order)
        releases.complete(walk.project, version.number, staged)
        return self._done(walk, replace(version, built=True, environment_id=environment, main=walk.project.main))

    def _done(self, walk: Walk, version: Version) -> StageResult:
        walk.services.records.versions.put(walk.project, version)
        return StageResult(replace(walk, version=version))
