"""A service that remembers what it was asked and answers from what a test put into it; everything else is real."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from actors.control.shapes import NewProject, ProjectStatus
from actors.errors import BadVariable, NoSuchDeployment, NoSuchProject, NothingToDo
from actors.messages import Seen
from actors.model.deployment import Deployment, Kind, StageName, StageRecord, StageState, State, move
from actors.model.project import Environment, Project
from actors.model.run import ProjectState
from actors.model.version import Commit, Version
from actors.source.address import Access
from runtime.vault import Secret

AT = datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=UTC)
SHA = "0123456789abcdef0123456789abcdef01234567"


@dataclass(frozen=True)
class Info:
    name: str
    set_at: datetime


@dataclass(frozen=True)
class Leaf:
    name: str
    kind: str = "actor"
    state: str = "running"
    restarts: int = 0
    inbox: int = 0
    last_error: str | None = None
    children: tuple[Leaf, ...] = ()


@dataclass
class FakeControl:
    """`script` holds the states that the next deployments pass through; `release` lets one end that waits."""

    projects: dict[str, Project] = field(default_factory=dict)
    asked: list[tuple[Any, ...]] = field(default_factory=list)
    values: dict[tuple[str, str, bool], Secret] = field(default_factory=dict)
    deployments: dict[str, Deployment] = field(default_factory=dict)
    ends_as: State = State.SUCCEEDED
    error: str | None = None
    test_over: bool = False
    hold: bool = False
    changed: threading.Condition = field(default_factory=threading.Condition)
    log: Path = Path("missing")

    # --- projects

    def project(self, name: str) -> Project:
        if name not in self.projects:
            near = ",".join(other for other in self.projects if other[:1] == name[:1])
            raise NoSuchProject(f"there is no project {name}", nearest=near)
        return self.projects[name]

    def status(self, name: str) -> ProjectStatus:
        project = self.project(name)
        latest = next((it for it in reversed(self.deployments.values()) if it.project == name), None)
        if latest is None:
            return ProjectStatus(project=project, state=ProjectState.NEVER_DEPLOYED)
        return ProjectStatus(
            project=project,
            state=ProjectState.RUNNING,
            version=3,
            commit=SHA,
            subject="Third",
            author="Ann",
            environment=Environment.PRODUCTION,
            pid=4711,
            uptime_s=61.04,
            restarts=2,
            last_deployment=latest,
        )

    def statuses(self) -> list[ProjectStatus]:
        return [self.status(name) for name in self.projects]

    def add(self, new: NewProject, asked_by: str, access: Access | None = None) -> Project:
        self.asked.append(("add", new, asked_by, access))
        project = Project(
            no=len(self.projects) + 1,
            name=new.name,
            url=new.url,
            path=new.path or f"/srv/{new.name}",
            created_at=AT,
            branch=new.branch,
            interval_s=new.interval_s,
            policy=new.policy,
        )
        self.projects[new.name] = project
        return project

    def edit(self, name: str, asked_by: str, access: Access | None = None, **changes: Any) -> Project:
        self.asked.append(("edit", name, changes if access is None else {**changes, "access": access}))
        self.projects[name] = replace(self.project(name), **changes)
        return self.projects[name]

    def remove(self, name: str, keep_files: bool, asked_by: str) -> tuple[str, ...]:
        self.asked.append(("remove", name, keep_files, asked_by))
        del self.projects[self.project(name).name]
        return ("/home/kept/shop-1/persist",) if keep_files else ()

    def pause(self, name: str, paused: bool) -> Project:
        return self.edit(name, "", paused=paused)

    def set_access(self, name: str, access: Access) -> None:
        self.asked.append(("set_access", name, access))

    # --- variables

    def hook_secret(self, name: str) -> Secret:
        self.project(name)
        return Secret("hook-secret")

    def hook_url(self, name: str) -> str | None:
        return f"http://127.0.0.1:8787/hooks/github/{name}"

    def variables(self, name: str, test: bool) -> list[Info]:
        self.project(name)
        return [Info(key, AT) for owner, key, kind in self.values if owner == name and kind is test]

    def set_variable(self, name: str, key: str, value: Secret, test: bool) -> None:
        if "-" in key:
            raise BadVariable(f"{key} cannot be a variable's name")
        self.values[self.project(name).name, key, test] = value

    def unset_variable(self, name: str, key: str, test: bool) -> None:
        del self.values[name, key, test]

    # --- deployments

    def check(self, name: str, timeout: float = 60) -> Seen:
        return Seen(SHA, new=True)

    def deploy(self, name: str, asked_by: str, commit: str | None = None) -> Deployment:
        return self.begin(name, Kind.DEPLOY, asked_by, commit)

    def test(
        self, name: str, asked_by: str, commit: str | None = None, for_s: int | None = 600, version: int | None = None
    ) -> Deployment:
        return self.begin(name, Kind.TEST, asked_by, commit, for_s)

    def rollback(self, name: str, asked_by: str, version: int | None = None) -> Deployment:
        if version is None and not self.deployments:
            raise NothingToDo("there is no earlier version")
        self.asked.append(("rollback", name, version))
        return self.begin(name, Kind.ROLLBACK, asked_by)

    def promote(self, name: str, asked_by: str) -> Deployment:
        return self.begin(name, Kind.PROMOTE, asked_by)

    def refresh(self, name: str, asked_by: str) -> Deployment:
        return self.begin(name, Kind.DEPLOY, asked_by)

    def discard(self, name: str, asked_by: str) -> Deployment:
        return self.cancel(name, asked_by)

    def cancel(self, name: str, asked_by: str) -> Deployment:
        latest = next(it for it in reversed(self.deployments.values()) if it.project == name)
        with self.changed:
            self.deployments[latest.id] = move(latest, State.CANCELLED, AT)
            self.changed.notify_all()
        return self.deployments[latest.id]

    def begin(
        self, name: str, kind: Kind, asked_by: str, commit: str | None = None, for_s: int | None = None
    ) -> Deployment:
        deployment = Deployment(
            id=f"d{len(self.deployments) + 1}",
            project=self.project(name).name,
            kind=kind,
            environment=Environment.TEST if kind is Kind.TEST else Environment.PRODUCTION,
            asked_by=asked_by,
            queued_at=AT,
            version=3,
            commit=commit or SHA,
            test_for_s=for_s,
        )
        self.deployments[deployment.id] = deployment
        return deployment

    def wait(self, deployment_id: str, timeout_s: float) -> Deployment:
        """Each wait is one step on: running, its stages done, ended."""
        if deployment_id not in self.deployments:
            raise NoSuchDeployment(f"there is no deployment {deployment_id}")
        with self.changed:
            now = self.deployments[deployment_id]
            if now.state is State.QUEUED:
                now = move(now, State.RUNNING, AT)
            elif now.state is State.RUNNING and not now.stages[0].ended_at:
                now = replace(now, stages=tuple(done(stage) for stage in StageName))
            elif now.kind is Kind.TEST and self.test_over:
                return now
            elif self.hold:
                self.changed.wait(timeout_s)
                return self.deployments[deployment_id]
            elif not now.ended:
                now = move(now, self.ends_as, AT + timedelta(seconds=2), self.error)
            self.deployments[deployment_id] = now
            if not now.ended:
                self.changed.wait(timeout_s)
            return now

    # --- programs

    def start(self, name: str, asked_by: str) -> ProjectStatus:
        self.asked.append(("start", name))
        return self.status(name)

    def stop(self, name: str, asked_by: str) -> ProjectStatus:
        self.asked.append(("stop", name))
        return replace(self.status(name), state=ProjectState.STOPPED, pid=None)

    def restart(self, name: str, asked_by: str) -> ProjectStatus:
        self.asked.append(("restart", name))
        return self.status(name)

    def versions(self, name: str) -> list[Version]:
        commit = Commit(SHA, "Third", "Ann", AT)
        return [Version(project=name, number=number, commit=commit, built=True) for number in (4, 3)]

    def pin(self, name: str, number: int, pinned: bool) -> None:
        self.asked.append(("pin", name, number, pinned))

    def history(self, name: str, limit: int = 50) -> list[Deployment]:
        return [it for it in reversed(self.deployments.values()) if it.project == name][:limit]

    def log_tail(
        self, name: str, lines: int = 100, test: bool = False, deployment_id: str | None = None
    ) -> Sequence[str]:
        self.asked.append(("log_tail", name, lines, test, deployment_id))
        return ["one", "two"]

    def log_path(self, name: str, test: bool = False, deployment_id: str | None = None) -> Path:
        return self.log

    def log_begins(self, name: str, test: bool = False, deployment_id: str | None = None) -> int:
        return 0

    # --- the whole

    def load(self) -> dict[str, Any]:
        return {
            "cpu_percent": 12.5,
            "cpu_count": 2,
            "memory_bytes": 300_000_000,
            "memory_limit_bytes": 1_000_000_000,
            "limit_source": "cgroup v2",
            "disk_free_bytes": 5_000_000_000,
            "processes": 7,
            "projects": [{"name": "shop", "cpu_percent": 1.25, "memory_bytes": 20_000_000, "processes": 1}],
            "tests": [{"name": "shop", "cpu_percent": 2.5, "memory_bytes": 10_000_000, "processes": 1}],
            "containers": [{"name": "tool", "kind": "guest", "container": "cafe", "cpu_percent": 0.0}],
        }

    def tree(self) -> Leaf:
        return Leaf("vanka", "supervisor", children=(Leaf("bot", restarts=1, last_error="ValueError: x\ny"),))

    def drill(self, actors: Sequence[str], every: bool) -> list[dict[str, Any]]:
        return [{"actor": name, "down_ms": 1.25} for name in (actors or ("bot",))]

    def notifications(self, limit: int) -> list[dict[str, Any]]:
        return [{"at": "2026-01-02T03:04:05Z", "text": "shop is up", "state": "sent"}]

    def backup(self, file: Path) -> None:
        file.write_text("state")

    def restore(self, file: Path) -> None:
        self.asked.append(("restore", file))

    def rekey(self) -> int:
        return 5


def done(name: StageName) -> StageRecord:
    return StageRecord(name, StageState.SUCCEEDED, AT, AT + timedelta(seconds=1.5))
