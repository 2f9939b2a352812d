"""The way back: a release failed after the target was touched; the version before runs again."""

from __future__ import annotations

from dataclasses import replace

from actors.errors import VankaError
from actors.model.project import Environment
from actors.model.run import Life, Run
from actors.model.version import Version
from actors.pipeline.runs import start_anew, stop_run, verdict_on
from actors.pipeline.stage import Walk
from actors.pipeline.stages.build import Build
from runtime.shell import Cancel

SOON_S = 3.0  # how long one that was cancelled still looks whether the version before is well


def go_back(walk: Walk) -> str | None:
    """Bring `deployment.previous` back into production and look that it is well. May be repeated.

    None when the version before runs again; else why it does not (nothing ran before, or it does not start either).
    Blocks for as long as the verification takes; when a person wants it over, for three seconds of it. The way itself
    is not to be cancelled: half a way back is no way.
    """
    services, project = walk.services, walk.project
    environment = walk.deployment.environment
    stop_run(services, project, environment)
    if environment is Environment.TEST:
        services.releases.remove_test(project)
        return None
    if walk.deployment.previous is None:
        return "no version ran before"
    to_the_end = Cancel()
    try:
        version = services.records.versions.get(project, walk.deployment.previous)
        if not services.releases.is_whole(project, version.number):
            walk.say(f"version {version.number} is not kept whole any more: building it again")
            Build().run(replace(walk, version=version, cancel=to_the_end))
        release = services.releases.path(project, version.number)
        services.strategy.switch(project, version.number, release, stop=lambda: None)
        run = start_anew(services, project, version, environment)
    except VankaError as error:
        walk.say(f"the way back failed: {error.message}")
        return error.message
    return _look(walk, version, run)


def _look(walk: Walk, version: Version, run: Run) -> str | None:
    """Why the version before is not well. When somebody waits for the end, it is enough that it has not ended."""
    services, project = walk.services, walk.project
    verdict = verdict_on(services, project, version, run, walk.hurry)
    if walk.hurry.is_set() and not verdict.healthy:
        verdict = verdict_on(services, project, version, run, Cancel(), SOON_S)
        if not verdict.healthy and services.engine(run.engine).status(run.handle).life is Life.ALIVE:
            walk.say(f"back to version {version.number}: it runs; cancelled before it was found well: {verdict.reason}")
            return None
    walk.say(f"back to version {version.number}: {verdict.reason}")
    return None if verdict.healthy else verdict.reason
