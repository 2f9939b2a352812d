"""The domain's nouns as the JSON that scripts read: fields and words to the letter of the documentation."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from actors.cli.asks import Node, Status, Variable
from actors.model.deployment import Deployment
from actors.model.project import Project
from actors.model.version import Commit, Version

Json = dict[str, Any]


def time(at: datetime | None) -> str | None:
    """ISO 8601 in UTC, to the millisecond, `Z` at its end; None stays None."""
    return None if at is None else at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def project(it: Project) -> Json:
    """What was told of a project."""
    return {
        "no": it.no,
        "name": it.name,
        "url": it.url,
        "branch": it.branch,
        "path": it.path,
        "subdir": it.subdir,
        "interval_s": it.interval_s,
        "policy": str(it.policy),
        "engine": it.engine,
        "main": it.main,
        "probe": it.probe,
        "health": health(it),
        "persist": list(it.persist),
        "paused": it.paused,
        "created_at": time(it.created_at),
    }


def health(it: Project) -> Json:
    """How its running program is looked at."""
    return {**vars(it.health), "remedy": str(it.health.remedy)}


def deployment(it: Deployment) -> Json:
    """One attempt to put a release into an environment, with its stages in order."""
    return {
        "id": it.id,
        "project": it.project,
        "version": it.version,
        "commit": it.commit,
        "environment": str(it.environment),
        "kind": str(it.kind),
        "asked_by": it.asked_by,
        "queued_at": time(it.queued_at),
        "started_at": time(it.started_at),
        "ended_at": time(it.ended_at),
        "state": str(it.state),
        "stages": [
            {
                "name": str(stage.name),
                "state": str(stage.state),
                "started_at": time(stage.started_at),
                "ended_at": time(stage.ended_at),
            }
            for stage in it.stages
        ],
        "previous": it.previous,
        "test_for_s": it.test_for_s,
        "error": it.error,
        "note": it.note,
    }


def status(it: Status) -> Json:
    """A project's state and what runs."""
    uptime = it.uptime_s
    return {
        "name": it.project.name,
        "state": str(it.state),
        "version": it.version,
        "commit": it.commit,
        "subject": it.subject,
        "author": it.author,
        "environment": it.environment and str(it.environment),
        "engine": it.project.engine,
        "pid": it.pid,
        "uptime_s": None if uptime is None else round(uptime, 1),
        "restarts": it.restarts,
        "interval_s": it.project.interval_s,
        "policy": str(it.project.policy),
        "paused": it.project.paused,
        "path": it.project.path,
        "url": it.project.url,
        "branch": it.project.branch,
        "probe": it.project.probe,
        "health": health(it.project),
        "persist": list(it.project.persist),
        "last_deployment": it.last_deployment and deployment(it.last_deployment),
        "deploying": it.deploying and deployment(it.deploying),
        "test": it.test and deployment(it.test),
        "last_check_at": time(it.last_check_at),
        "next_check_s": it.next_check_s,
        "watch_error": it.watch_error,
        "parked": it.parked,
        "new_commit": it.new_commit and commit(it.new_commit),
    }


def commit(it: Commit) -> Json:
    """A commit as people know it."""
    return {"commit": it.sha, "subject": it.subject, "author": it.author, "committed_at": time(it.committed_at)}


def versions(them: Iterable[Version], current: int | None) -> list[Json]:
    """Versions, each told whether it is the one in production."""
    return [
        {
            "version": it.number,
            **commit(it.commit),
            "current": it.number == current,
            "built": it.built,
            "proven": it.proven,
            "failed": it.failed,
            "pinned": it.pinned,
        }
        for it in them
    ]


def variable(it: Variable) -> Json:
    """A variable's name and when it was set; never its value."""
    return {"name": it.name, "set_at": time(it.set_at)}


def node(it: Node) -> Json:
    """An actor of the tree with those below it."""
    return {
        "name": it.name,
        "kind": it.kind,
        "state": it.state,
        "restarts": it.restarts,
        "inbox": it.inbox,
        "last_error": it.last_error,
        "children": [node(child) for child in it.children],
    }
