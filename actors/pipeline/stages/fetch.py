"""Fetch: bring the commit into the mirror and give it its number."""

from __future__ import annotations

from dataclasses import replace

from actors.errors import NoSuchCommit, SourceError
from actors.model.deployment import StageName
from actors.model.version import Commit, Version
from actors.pipeline.stage import StageResult, Walk
from actors.records.watch import Watched
from actors.source.repository import Repository

FULL_ID = (40, 64)  # hex digits of a SHA-1 and of a SHA-256 repository


class Fetch:
    """Asks the repository only when the wanted commit is not here yet."""

    name = StageName.FETCH
    lane = "git"

    def run(self, walk: Walk) -> StageResult:
        """The walk with its version; the commit is kept in the mirror from now on."""
        records = walk.services.records
        wanted = walk.deployment
        if wanted.version is not None:
            version = records.versions.get(walk.project, wanted.version)
        else:
            repository = walk.services.repository(walk.project)
            watched = records.watch.get(walk.project)
            commit = repository.commit(self._find(walk, repository))
            sha = commit.sha
            version = records.versions.number(walk.project, commit)
            if wanted.commit is None and wanted.environment is walk.project.policy.environment:
                self._seen(walk, watched, commit)
            repository.keep(keeper(walk, version), sha)
        if walk.deployment.version is None:
            walk.say(f"commit {version.commit.sha} is version {version.number}: {version.commit.subject}")
        deployment = replace(wanted, version=version.number, commit=version.commit.sha)
        return StageResult(replace(walk, deployment=deployment, version=version))

    def _seen(self, walk: Walk, before: Watched | None, commit: Commit) -> None:
        """The branch's newest is being done with as the policy wants: to the watcher it is nothing new any more.

        Otherwise it would be done again, be it after it had failed and been rolled back. What the watcher saw in the
        meantime is left alone.
        """
        watch = walk.services.records.watch
        branch = walk.project.branch or (before.branch if before is not None else "")
        with walk.services.records.store.transaction():
            if watch.get(walk.project) == before and (before is None or before.sha != commit.sha):
                watch.put(walk.project, Watched(branch, commit.sha, handled=True, commit=commit))

    def _find(self, walk: Walk, repository: Repository) -> str:
        wanted = walk.deployment.commit
        if wanted is not None:
            try:
                return repository.resolve(wanted, walk.project.branch)
            except NoSuchCommit:
                walk.say(f"{wanted} is not here yet")
            except SourceError as error:
                walk.say(f"the mirror does not tell: {error.message}")
        full = wanted if wanted is not None and len(wanted) in FULL_ID else None
        repository.fetch(cancel=walk.cancel, sink=walk.output, commit=full)
        return repository.resolve(wanted, walk.project.branch)


def keeper(walk: Walk, version: Version) -> str:
    """The name under which a version's commit is kept from the mirror's own clean-up."""
    return f"{walk.project.no}/{version.number}"
