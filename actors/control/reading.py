"""Control's part for reading: how the projects stand, versions, history, logs."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from actors.control.core import Core
from actors.control.shapes import ProjectStatus
from actors.errors import NoSuchDeployment, NoSuchProject, SourceError
from actors.model.deployment import Deployment, StageName, StageState, State
from actors.model.project import Environment, Project
from actors.model.run import Life, ProjectState, Run, RunStatus
from actors.model.version import Commit, Version
from actors.records.watch import Watched


class Reading(Core):
    """Nothing here changes anything, and nothing waits for an actor. Any thread."""

    def statuses(self) -> list[ProjectStatus]:
        """How all projects stand, by name."""
        return [self._status(project) for project in self.projects()]

    def statuses_of(self, numbers: Sequence[int]) -> list[ProjectStatus]:
        """How these projects stand; those that are gone are left out."""
        found = []
        for number in numbers:
            with contextlib.suppress(NoSuchProject):
                found.append(self._status(self.project_by_no(number)))
        return found

    def status(self, name: str) -> ProjectStatus:
        """How a project stands, and how far its production is behind; raises NoSuchProject."""
        status = self._status(self.project(name))
        if status.new_commit is None or status.commit is None:
            return status
        with contextlib.suppress(SourceError):  # one of the two is not in the mirror (any more)
            behind = self._services.repository(status.project).commits_between(status.commit, status.new_commit.sha)
            return replace(status, behind=behind)
        return status

    def versions(self, name: str) -> list[Version]:
        """Newest first."""
        return self._records.versions.of(self.project(name))

    def version(self, name: str, number: int) -> Version:
        """One version; raises NoSuchVersion."""
        return self._records.versions.get(self.project(name), number)

    def commits(self, name: str, old: str, new: str, most: int = 20) -> list[Commit]:
        """The commits that `new` has and `old` has not, newest first; raises what git says."""
        return self._services.repository(self.project(name)).newest_between(old, new, most)

    def changes(self, name: str, old: str, new: str, most: int = 20) -> list[str]:
        """The files in which two commits differ, a line each as git sums them up; raises what git says."""
        return self._services.repository(self.project(name)).changes_between(old, new, most)

    def pin(self, name: str, number: int, pinned: bool) -> Version:
        """Keep a version's release for ever, or no longer."""
        return self._records.versions.change(self.project(name), number, pinned=pinned)

    def history(self, name: str, limit: int = 50) -> list[Deployment]:
        """The project's deployments, newest first."""
        return self._records.deployments.of(self.project(name), limit)

    def journal(self, limit: int = 50, skip: int = 0) -> list[Deployment]:
        """The deployments of all projects, newest first."""
        return self._records.deployments.journal(limit, skip)

    def deployment(self, deployment_id: str) -> Deployment:
        """One deployment; raises NoSuchDeployment."""
        return self._records.deployments.get(deployment_id)

    def log_path(self, name: str, test: bool = False, deployment_id: str | None = None) -> Path:
        """The file that holds the output of the program, or of a deployment. Secrets in it are not masked."""
        project = self.project(name)
        if deployment_id is None:
            environment = Environment.TEST if test else Environment.PRODUCTION
            return self._services.layout.program_log(project, environment)
        deployment = self.deployment(deployment_id)
        if deployment.project != project.name:
            raise NoSuchDeployment(
                f"{deployment_id} is not a deployment of {name}", f"See `vanka history {name}`.", id=deployment_id
            )
        return self._services.layout.deployment_log(project, deployment_id)

    def log_tail(self, name: str, lines: int = 100, test: bool = False, deployment_id: str | None = None) -> list[str]:
        """The last lines, secrets masked; empty when nothing was written yet. Of tests, those of the last one only."""
        since = self.log_begins(name, test, deployment_id)
        return self._services.tail(self.log_path(name, test, deployment_id), lines, since=since)

    def log_begins(self, name: str, test: bool = False, deployment_id: str | None = None) -> int:
        """The size of that file before what it holds of the last test run; 0 for all but the log of tests."""
        if not test or deployment_id is not None:
            return 0
        begins = (it.output_from for it in self.history(name) if it.environment is Environment.TEST)
        return next((it for it in begins if it is not None), 0)

    # --- one status

    def _status(self, project: Project) -> ProjectStatus:
        records, live = self._records, self._services.board.read(project.no)
        unfinished = records.deployments.unfinished(project)
        testing = next((d for d in unfinished if d.environment is Environment.TEST and _runs_already(d)), None)
        deploying = next((d for d in unfinished if d is not testing), None)
        undecided = records.deployments.undecided(project) if testing is None else None
        current = records.versions.current(project)
        version = None if current is None else records.versions.get(project, current)
        run = records.runs.get(project, Environment.PRODUCTION)
        look = self._look(run)
        now = self._services.clock.now()
        last = deploying or next(iter(records.deployments.of(project, limit=1)), None)
        up = run is not None and look is not None and look.life is Life.ALIVE
        watched = records.watch.get(project)
        parked = self._parked(project)
        next_check = None if parked is not None else live.next_check_at
        return ProjectStatus(
            project=project,
            state=ProjectState.FAILED if parked else _state(project, deploying, testing, version, look, last),
            parked=parked,
            version=current,
            commit=None if version is None else version.commit.sha,
            subject=None if version is None else version.commit.subject,
            author=None if version is None else version.commit.author,
            environment=None if version is None else Environment.PRODUCTION,
            pid=look.pid if up and look is not None else None,
            uptime_s=(now - run.started_at).total_seconds() if up and run is not None else None,
            restarts=0 if run is None else run.restarts,
            exit_code=None if look is None else look.exit_code,
            last_deployment=last,
            deploying=deploying,
            test=testing or (undecided[0] if undecided is not None else None),
            test_undecided=undecided is not None,
            last_check_at=live.last_check_at,
            next_check_s=None if next_check is None else max((next_check - now).total_seconds(), 0.0),
            watch_error=live.watch_error,
            new_commit=_new_commit(watched, version),
            kept_at=records.versions.current_since(project),
            looks=live.looks,
            unwell_since=live.unwell_since,
        )

    def _look(self, run: Run | None) -> RunStatus | None:
        return None if run is None else self._services.engine(run.engine).status(run.handle)


def _new_commit(watched: Watched | None, version: Version | None) -> Commit | None:
    if watched is None or watched.commit is None or (version is not None and version.commit.sha == watched.sha):
        return None
    return watched.commit


def _runs_already(deployment: Deployment) -> bool:
    return deployment.stage(StageName.VERIFY).state is StageState.SUCCEEDED


def _state(
    project: Project,
    deploying: Deployment | None,
    testing: Deployment | None,
    version: Version | None,
    look: RunStatus | None,
    last: Deployment | None,
) -> ProjectState:
    """The one word that people see."""
    if deploying is not None and deploying.environment is Environment.PRODUCTION:
        return ProjectState.DEPLOYING
    if testing is not None or deploying is not None:
        return ProjectState.TESTING
    if version is None:
        failed = last is not None and last.state is State.FAILED and last.environment is Environment.PRODUCTION
        return ProjectState.FAILED if failed else ProjectState.NEVER_DEPLOYED
    if look is not None and look.life is Life.ALIVE:
        return ProjectState.RUNNING
    return ProjectState.FAILED if project.wanted_up else ProjectState.STOPPED
