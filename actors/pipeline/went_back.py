"""After the records went back to an older copy: what the disk and the machine hold is put on record again.

A backup that was restored, or the copy that took a damaged database's place, knows nothing of what happened after it
was made. Without this a number would be given again whose release is another commit's, and a status would name a
version that does not run.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from actors.artifacts.layout import Layout
from actors.artifacts.releases import version_of
from actors.engines.engine import shown
from actors.errors import NoSuchVersion, VankaError
from actors.model.deployment import State
from actors.model.project import Environment, Project
from actors.model.run import Life, Run
from actors.model.version import Version
from actors.pipeline.services import Services
from runtime import log

_LOG = re.compile(r"d(\d+)\.log")
CUT_OFF = "the records went back to a copy that was made while this was under way"
say = log.get("vanka.records")


def catch_up(services: Services, *, brought_back: bool) -> list[str]:
    """What people must know of it. Call it before any actor starts; `brought_back`: the records are an older copy.

    Numbers that the disk shows in use are never given again, whatever the records say. Done as a whole or not at all.
    """
    records, layout = services.records, services.layout
    with records.store.transaction():
        projects = records.projects.all()
        behind = _skip_numbers(services, projects)
        if not (behind or brought_back):
            return []
        told = [text for project in projects if (text := _believe(services, project)) is not None]
        known = {str(project.no) for project in projects}
        lost = [path for path in _entries(layout.projects) if path.name.isdecimal() and path.name not in known]
        return told + [_lost(services, path) for path in lost]


def _skip_numbers(services: Services, projects: Iterable[Project]) -> bool:
    """Whether any number might have been given again."""
    records, layout = services.records, services.layout
    behind = records.projects.skip(max(_project_numbers(layout), default=0))
    for project in projects:
        releases = (version_of(path.name) for path in _entries(layout.releases(project)))
        behind |= records.versions.skip(project, max((number for number in releases if number), default=0))
    logs = (_LOG.fullmatch(path.name) for project in projects for path in _entries(layout.deployments(project)))
    return records.deployments.skip(max((int(name[1]) for name in logs if name), default=0)) or behind


def _project_numbers(layout: Layout) -> Iterator[int]:
    for path in _entries(layout.projects):
        if path.name.isdecimal():
            yield int(path.name)
    for path in _entries(layout.kept):  # NAME-NUMBER
        number = path.name.rpartition("-")[2]
        if number.isdecimal():
            yield int(number)


def _believe(services: Services, project: Project) -> str | None:
    """Let the project's records follow what is in place and what runs; a sentence where they cannot."""
    records, now = services.records, services.clock.now()
    for deployment in records.deployments.unfinished(project):
        end = State.FAILED if deployment.state is State.RUNNING else State.CANCELLED
        records.deployments.move(project, deployment, end, now, CUT_OFF)
    try:
        services.strategy.recover(project)
        held = services.strategy.current(project)
    except VankaError as error:
        return f"{project.name}: {error.message}"
    if held is None:
        return None
    version = _on_record(services, project, held)
    if version is None:
        return (
            f"{project.name}: version {held} is in place, and nothing is on record of it. "
            f"Deploy once: vanka deploy {project.name}"
        )
    if held != records.versions.current(project):
        records.versions.set_current(project, held, now)
        say.warning("what is in production was put on record again", project=project.name, version=held)
    _adopt(services, project, version)
    return None


def _lost(services: Services, path: Path) -> str:
    """Nobody knows any more where such a project comes from; its programs are named, for nobody else finds them."""
    said = (
        f"{path} belongs to a project that is not on record any more: add it again, and take from there what you need."
    )
    running = []
    for engine in services.engines.values():
        with suppress(VankaError):  # an engine that is away
            running += [shown(handle) for handle in engine.everything(int(path.name))]
    if not running:
        return said
    what, how = (" and ".join(words) for words in zip(*running, strict=True))
    return f"{said} Its program runs on ({what}), and Vanka does not look after it: end it with `{how}`."


def _on_record(services: Services, project: Project, number: int) -> Version | None:
    """The version of that number, put on record again where its release tells what it is; None where nothing does."""
    records, releases = services.records.versions, services.releases
    commit = releases.commit(project, number)
    try:
        known = records.get(project, number)
    except NoSuchVersion:
        if commit is None or records.number_of(project, commit.sha) is not None:
            return None
        main = releases.main(project, number)
        version = Version(project=project.name, number=number, commit=commit, built=True, proven=True, main=main)
        records.take_in(version, project)
        return version
    return known if commit is None or commit.sha == known.commit.sha else None


def _adopt(services: Services, project: Project, version: Version) -> None:
    """The program that runs is on record again, so that it runs on; where that is not certain it is started anew."""
    run = services.records.runs.get(project, Environment.PRODUCTION)
    with suppress(VankaError):  # an engine that is away: its programs are found when it is back
        if run is not None and services.engine(run.engine).status(run.handle).life is Life.ALIVE:
            return
        output = services.layout.program_log(project, Environment.PRODUCTION)
        found = services.engine(project.engine).strays(project.name, Environment.PRODUCTION, output)
        if len(found) == 1:
            adopted = Run(
                project=project.name,
                environment=Environment.PRODUCTION,
                version=version.number,
                commit=version.commit.sha,
                engine=project.engine,
                handle=found[0],
                started_at=services.clock.now(),
            )
            services.records.runs.put(project, adopted)


def _entries(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() else []
