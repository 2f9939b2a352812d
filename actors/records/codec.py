"""Plain dicts to frozen nouns and back: times as ISO 8601 in UTC, enums by value."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from actors.model.deployment import Deployment, Kind, StageName, StageRecord, StageState, State
from actors.model.project import Environment, Health, Policy, Project, Remedy
from actors.model.run import Run
from actors.model.version import Commit, Version

Plain = dict[str, Any]


def time_out(at: datetime | None) -> str | None:
    """The time as text, in UTC; None stays None."""
    return None if at is None else at.astimezone(UTC).isoformat()


def time_in(text: str) -> datetime:
    """The time that `time_out` wrote."""
    return datetime.fromisoformat(text)


def maybe_time_in(text: str | None) -> datetime | None:
    """As `time_in`; None stays None."""
    return None if text is None else time_in(text)


def project_out(project: Project) -> Plain:
    """A project as it is stored."""
    plain = dict(vars(project))
    plain["created_at"] = time_out(project.created_at)
    plain["policy"] = project.policy.value
    plain["persist"] = list(project.persist)
    plain["health"] = {**vars(project.health), "remedy": project.health.remedy.value}
    return plain


def project_in(plain: Plain) -> Project:
    """The project that `project_out` wrote."""
    known = dict(plain)
    known["created_at"] = time_in(plain["created_at"])
    known["policy"] = Policy(plain["policy"])
    known["persist"] = tuple(plain["persist"])
    if "health" in plain:  # records from before there was a schedule do not have it
        known["health"] = Health(**{**plain["health"], "remedy": Remedy(plain["health"]["remedy"])})
    return Project(**known)


def commit_out(commit: Commit) -> Plain:
    """A commit as it is stored."""
    return {**vars(commit), "committed_at": time_out(commit.committed_at)}


def commit_in(plain: Plain) -> Commit:
    """The commit that `commit_out` wrote."""
    return Commit(**{**plain, "committed_at": time_in(plain["committed_at"])})


def version_out(version: Version) -> Plain:
    """A version as it is stored."""
    return {**vars(version), "commit": commit_out(version.commit)}


def version_in(plain: Plain) -> Version:
    """The version that `version_out` wrote."""
    return Version(**{**plain, "commit": commit_in(plain["commit"])})


def stage_out(stage: StageRecord) -> Plain:
    """A stage as it is stored, and as `--json` shows it."""
    return {
        "name": stage.name.value,
        "state": stage.state.value,
        "started_at": time_out(stage.started_at),
        "ended_at": time_out(stage.ended_at),
    }


def stage_in(plain: Plain) -> StageRecord:
    """The stage that `stage_out` wrote."""
    return StageRecord(
        StageName(plain["name"]),
        StageState(plain["state"]),
        maybe_time_in(plain["started_at"]),
        maybe_time_in(plain["ended_at"]),
    )


def deployment_out(deployment: Deployment) -> Plain:
    """A deployment as it is stored."""
    plain = dict(vars(deployment))
    for name in ("queued_at", "started_at", "ended_at"):
        plain[name] = time_out(plain[name])
    plain["kind"] = deployment.kind.value
    plain["environment"] = deployment.environment.value
    plain["state"] = deployment.state.value
    plain["stages"] = [stage_out(stage) for stage in deployment.stages]
    return plain


def deployment_in(plain: Plain) -> Deployment:
    """The deployment that `deployment_out` wrote."""
    known = dict(plain)
    known["queued_at"] = time_in(plain["queued_at"])
    known["started_at"] = maybe_time_in(plain["started_at"])
    known["ended_at"] = maybe_time_in(plain["ended_at"])
    known["kind"] = Kind(plain["kind"])
    known["environment"] = Environment(plain["environment"])
    known["state"] = State(plain["state"])
    known["stages"] = tuple(stage_in(stage) for stage in plain["stages"])
    return Deployment(**known)


def run_out(run: Run) -> Plain:
    """A run as it is stored."""
    return {**vars(run), "environment": run.environment.value, "started_at": time_out(run.started_at)}


def run_in(plain: Plain) -> Run:
    """The run that `run_out` wrote."""
    return Run(
        **{**plain, "environment": Environment(plain["environment"]), "started_at": time_in(plain["started_at"])}
    )
