"""Build: make the release complete, beside the running one."""

from __future__ import annotations

from dataclasses import replace

from actors.engines.engine import BuildOrder
from actors.model.deployment import Kind, StageName
from actors.model.version import Version
from actors.pipeline.stage import StageResult, Walk


class Build:
    """A release that is kept whole is used again, if no program has written into it.

    A deployment or a test gets one that was made for the project as it is set up now; what is rolled back to or
    promoted is taken as it was.
    """

    name = StageName.BUILD
    lane = "build"

    def run(self, walk: Walk) -> StageResult:
        """The walk with a version that is built."""
        services, version = walk.services, walk.known_version()
        releases = services.releases
        if not walk.deployment.refresh and self._is_kept(walk, version):
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
        releases.complete(walk.project, version.number, staged, version.commit)
        return self._done(walk, replace(version, built=True, environment_id=environment, main=walk.project.main))

    def _is_kept(self, walk: Walk, version: Version) -> bool:
        releases, number = walk.services.releases, version.number
        held = releases.commit(walk.project, number)
        if held is not None and held.sha != version.commit.sha:
            return False  # the records went back to an older copy, and the number was given to another commit
        exactly = walk.deployment.kind in (Kind.DEPLOY, Kind.TEST)
        fits = releases.is_made_for(walk.project, number, exactly=exactly)
        return fits and releases.is_pristine(walk.project, number)

    def _done(self, walk: Walk, version: Version) -> StageResult:
        walk.services.records.versions.put(walk.project, version)
        return StageResult(replace(walk, version=version))
