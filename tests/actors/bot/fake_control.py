"""A service that holds projects in memory and does at once what it is told; everything round it is real."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from actors.control.shapes import NewProject, ProjectStatus
from actors.errors import (
    AccessDenied,
    BadName,
    NameTaken,
    NoSuchBranch,
    NoSuchDeployment,
    NoSuchProject,
    NoSuchVersion,
    NothingToDo,
    Unknown,
    Unreachable,
)
from actors.messages import Seen
from actors.model.deployment import Deployment, Kind, StageName, StageState, State
from actors.model.load import LoadHistory, Raised, Resource, Thresholds
from actors.model.project import Environment, Project
from actors.model.run import Look, ProjectState
from actors.model.version import Commit, Version
from actors.records.variables import VariableInfo, check_variable
from actors.source.address import Access
from runtime.log import Entry
from runtime.vault import Secret
from tests.actors.bot.fake_shapes import AT, SHAS, Leaf, One, history_of, stage


class FakeControl:
    """`hold` keeps what is begun running until `finish` is called; `fail_next` makes the next deployment fail."""

    def __init__(self) -> None:
        self.all: dict[str, One] = {}
        self.asked: list[tuple[Any, ...]] = []
        self.opened: list[tuple[str, Access | None]] = []  # repositories that were looked into, and with what
        self.reminders: list[tuple[int, int]] = []
        self.numbers = 0
        self.hold = False
        self.fail_next = False
        self.private = False
        self.explode: BaseException | None = None
        self.lock = threading.RLock()
        self.limits = Thresholds()
        self.raised: dict[Resource, Raised] = {}
        self.nothing_measured = False
        self.looks: list[Look] = []
        self.output = ["listening on 8080", "GET / 200", "<b>not markup</b> & more"]

    # --- for tests

    def have(self, name: str, versions: int = 0, **changes: Any) -> Project:
        """A project with so many versions, the newest one running."""
        project = self.add(NewProject(name=name, url=f"https://example.org/{name}.git"), "test")
        one = self.all[name]
        one.project = replace(project, **changes)
        for number in range(1, versions + 1):
            self._built(one, number)
            one.current, one.up = number, True
        return one.project

    def finish(self, name: str, *, good: bool = True) -> None:
        """What runs there has ended."""
        one = self.all[name]
        last = one.history[0]
        state = State.SUCCEEDED if good else State.ROLLED_BACK
        ended = replace(
            last,
            state=state,
            ended_at=AT + timedelta(minutes=1),
            stages=tuple(
                stage(n, StageState.SUCCEEDED if good or n is not StageName.VERIFY else StageState.FAILED)
                for n in StageName
            ),
            error=None if good else "the program ended with code 1",
        )
        one.history[0] = ended
        if last.kind is Kind.TEST:
            one.testing, one.undecided = None, ended
        elif good:
            one.current, one.up, one.undecided = last.version, True, None

    def waits(self, name: str, for_s: int = 600) -> Deployment:
        """A test run that waits until the deployment that is under way has ended."""
        one = self.all[name]
        begun = self._begin(name, Kind.TEST, "anna", None, for_s)
        stages = tuple(stage(it, StageState.WAITING) for it in StageName)
        one.testing, one.history[0] = None, replace(begun, state=State.QUEUED, started_at=None, stages=stages)
        return one.history[0]

    # --- projects

    def projects(self) -> list[Project]:
        return [self.all[name].project for name in sorted(self.all)]

    def project(self, name: str) -> Project:
        return self._one(name).project

    def project_by_no(self, no: int) -> Project:
        if self.explode is not None:
            raise self.explode
        found = next((one.project for one in self.all.values() if one.project.no == no), None)
        if found is None:
            raise NoSuchProject(f"there is no project number {no}", "It was removed.")
        return found

    def _one(self, name: str) -> One:
        if name not in self.all:
            near = ",".join(sorted(it for it in self.all if it[0] == name[:1])[:3])
            raise NoSuchProject(f"there is no project {name}", nearest=near, name=name)
        return self.all[name]

    def status(self, name: str) -> ProjectStatus:
        one = self._one(name)
        going = next((it for it in reversed(one.history) if not it.ended and it is not one.testing), None)
        version = next((it for it in one.versions if it.number == one.current), None)
        if going is not None:
            state = ProjectState.TESTING if going.kind is Kind.TEST else ProjectState.DEPLOYING
        elif one.testing is not None:
            state = ProjectState.TESTING
        elif version is None:
            state = ProjectState.NEVER_DEPLOYED
        else:
            state = ProjectState.RUNNING if one.up else ProjectState.STOPPED
        return ProjectStatus(
            project=one.project,
            state=state,
            version=one.current,
            commit=version.commit.sha if version else None,
            subject=version.commit.subject if version else None,
            author=version.commit.author if version else None,
            environment=Environment.PRODUCTION if version else None,
            pid=4711 if one.up and version else None,
            uptime_s=120.0 if one.up and version else None,
            restarts=one.restarts,
            last_deployment=one.history[0] if one.history else None,
            deploying=going,
            test=one.testing or one.undecided,
            test_undecided=one.undecided is not None,
            last_check_at=AT,
            next_check_s=180.0,
            new_commit=one.new,
            kept_at=AT if version else None,
            looks=tuple(self.looks),
            behind=1 if one.new and version else None,
        )

    def statuses(self) -> list[ProjectStatus]:
        return [self.status(name) for name in sorted(self.all)]

    def statuses_of(self, numbers: Sequence[int]) -> list[ProjectStatus]:
        return [it for number in numbers for it in self.statuses() if it.project.no == number]

    def check_name(self, name: str) -> str:
        if not name.replace("-", "").replace("_", "").isalnum() or not name.isascii():
            raise BadName(f"{name!r} cannot be a project's name", "Use letters and digits.", name=name)
        if name in self.all:
            raise NameTaken(f"there is a project {name}", "Choose another name.", name=name)
        return name

    def suggest_path(self, name: str) -> str:
        return f"/srv/{name}"

    def check_path(self, path: str, *, adopt: bool = False, project: Project | None = None) -> None:
        return None

    def check_url(self, url: str, access: Access | None = None) -> tuple[str, ...]:
        self.opened.append((url, access))
        if not url.startswith(("https://", "git@")):
            raise Unreachable(f"{url} does not answer", "Check the link.")
        if self.private and (access is None or access.token is None):
            raise AccessDenied("the repository wants a token", "Give one.")
        return ("main", "develop")

    def check_branch(self, url: str, branch: str, access: Access | None = None) -> None:
        if branch not in ("main", "develop", "old"):
            raise NoSuchBranch(f"{url} has no branch {branch}", "It has: main, develop, old.", branch=branch)

    def add(self, new: NewProject, asked_by: str, access: Access | None = None) -> Project:
        self.check_name(new.name)
        with self.lock:
            self.asked.append(("add", new, asked_by, access))
            self.numbers += 1
            known = {name: getattr(new, name) for name in new.__dataclass_fields__}
            path = new.path or self.suggest_path(new.name)
            project = Project(**{**known, "path": path}, no=self.numbers, created_at=AT)
            self.all[new.name] = One(project)
        return project

    def edit(self, name: str, asked_by: str, /, **changes: Any) -> Project:
        self.asked.append(("edit", name, changes))
        one = self._one(name)
        if changes.get("name", name) != name:
            self.check_name(changes["name"])
        one.project = replace(one.project, **changes)
        if one.project.name != name:
            self.all[one.project.name] = self.all.pop(name)
        return one.project

    def pause(self, name: str, paused: bool) -> Project:
        return self.edit(name, "", paused=paused)

    def remove(self, name: str, keep_files: bool, asked_by: str) -> tuple[str, ...]:
        self._one(name)
        self.asked.append(("remove", name, keep_files, asked_by))
        del self.all[name]
        return ()

    def set_access(self, name: str, access: Access) -> None:
        self.asked.append(("set_access", name, access))

    # --- variables

    def variables(self, name: str, test: bool) -> list[VariableInfo]:
        own = self._one(name).variables
        return [
            VariableInfo(key, AT, value.reveal()[-2:] if len(value.reveal()) > 7 else "", (key, not kind) in own)
            for (key, kind), value in sorted(own.items(), key=lambda it: it[0])
            if kind is test
        ]

    def check_variable(self, name: str, key: str, value: Secret) -> None:
        self._one(name)
        check_variable(key, value)

    def set_variable(self, name: str, key: str, value: Secret, test: bool) -> None:
        check_variable(key, value)
        self._one(name).variables[key, test] = value

    def unset_variable(self, name: str, key: str, test: bool) -> None:
        if self._one(name).variables.pop((key, test), None) is None:
            raise Unknown(f"{name} has no variable {key}")

    def reveal_variable(self, name: str, key: str, test: bool) -> Secret:
        return self._one(name).variables[key, test]

    def hook_secret(self, name: str) -> Secret:
        return Secret("a-hook-secret")

    def hook_url(self, name: str) -> str | None:
        return f"http://127.0.0.1:8787/hooks/github/{name}"

    # --- deployments

    def check_health(self, name: str) -> Look | None:
        self.asked.append(("check_health", name))
        return self.looks[-1] if self.looks else None

    def refresh(self, name: str, asked_by: str) -> Deployment:
        return self._begin(name, Kind.DEPLOY, asked_by, self._one(name).current)

    def commits(self, name: str, old: str, new: str, most: int = 20) -> list[Commit]:
        return [Commit(new, "Fix <prices> & sums", "Anna", AT)]

    def changes(self, name: str, old: str, new: str, most: int = 20) -> list[str]:
        return [" main.py | 2 +-", " 1 file changed, 1 insertion(+), 1 deletion(-)"]

    def check(self, name: str, timeout: float = 60) -> Seen:
        self.asked.append(("check", name))
        return Seen(SHAS[0], new=False)

    def deploy(self, name: str, asked_by: str, commit: str | None = None) -> Deployment:
        return self._begin(name, Kind.DEPLOY, asked_by)

    def test(
        self, name: str, asked_by: str, commit: str | None = None, for_s: int | None = 600, version: int | None = None
    ) -> Deployment:
        return self._begin(name, Kind.TEST, asked_by, version, for_s)

    def rollback(self, name: str, asked_by: str, version: int | None = None) -> Deployment:
        return self._begin(name, Kind.ROLLBACK, asked_by, version)

    def promote(self, name: str, asked_by: str) -> Deployment:
        one = self._one(name)
        if one.undecided is None:
            raise NothingToDo("there is no test to promote")
        return self._begin(name, Kind.PROMOTE, asked_by, one.undecided.version)

    def discard(self, name: str, asked_by: str) -> Deployment:
        one = self._one(name)
        test = one.undecided or one.testing
        if test is None:
            raise NothingToDo("there is no test")
        self.asked.append(("discard", name))
        one.undecided = one.testing = None
        return test

    def cancel(self, name: str, asked_by: str, deployment_id: str | None = None) -> Deployment:
        one = self._one(name)
        if deployment_id is not None and self.deployment(deployment_id).ended:
            raise NothingToDo("that has ended already", name=name)
        self.asked.append(("cancel", name))
        one.history[0] = replace(one.history[0], state=State.CANCELLED, ended_at=AT)
        one.testing = None
        return one.history[0]

    def extend_test(self, name: str, seconds: int) -> Deployment:
        one = self._one(name)
        assert one.testing is not None
        one.testing = replace(one.testing, test_for_s=(one.testing.test_for_s or 0) + seconds)
        one.history[0] = longer = one.testing
        if seconds < 0:
            self.finish(name)
        return longer

    def _begin(
        self, name: str, kind: Kind, asked_by: str, version: int | None = None, for_s: int | None = None
    ) -> Deployment:
        with self.lock:
            one = self._one(name)
            self.asked.append((kind.value, name, version, asked_by))
            number = version or len(one.versions) + 1
            if version is None:
                self._built(one, number)
            self.numbers += 1
            begun = Deployment(
                id=f"d{self.numbers:08d}",
                project=name,
                kind=kind,
                environment=Environment.TEST if kind is Kind.TEST else Environment.PRODUCTION,
                asked_by=asked_by,
                queued_at=AT,
                started_at=AT,
                state=State.RUNNING,
                version=number,
                commit=one.versions[-number].commit.sha,
                previous=one.current,
                test_for_s=for_s,
                stages=tuple(
                    stage(n, StageState.SUCCEEDED if kind is Kind.TEST else StageState.WAITING) for n in StageName
                ),
            )
            one.history.insert(0, begun)
            if kind is Kind.TEST:
                one.testing = begun
            if not self.hold:
                self.finish(name, good=not self.fail_next)
                self.fail_next = False
            return one.history[0]

    def _built(self, one: One, number: int) -> None:
        subject = f"Change number {number}" if number != 2 else "Fix <prices> & sums"
        commit = Commit(SHAS[(number - 1) % len(SHAS)], subject, "Anna", AT)
        one.versions.insert(0, Version(project=one.project.name, number=number, commit=commit, built=True, proven=True))

    # --- programs

    def remind(self, name: str, person: int, seconds: int) -> None:
        if self._one(name).undecided is None:
            raise NothingToDo(f"no test of {name} waits for a decision")
        self.reminders.append((person, seconds))

    def start(self, name: str, asked_by: str) -> ProjectStatus:
        self.asked.append(("start", name))
        self._one(name).up = True
        return self.status(name)

    def stop(self, name: str, asked_by: str) -> ProjectStatus:
        self.asked.append(("stop", name))
        self._one(name).up = False
        return self.status(name)

    def restart(self, name: str, asked_by: str) -> ProjectStatus:
        self.asked.append(("restart", name))
        return self.status(name)

    def versions(self, name: str) -> list[Version]:
        return list(self._one(name).versions)

    def version(self, name: str, number: int) -> Version:
        found = next((it for it in self._one(name).versions if it.number == number), None)
        if found is None:
            raise NoSuchVersion(f"{name} has no version {number}", "See its versions.")
        return found

    def pin(self, name: str, number: int, pinned: bool) -> Version:
        one = self._one(name)
        one.versions = [replace(it, pinned=pinned) if it.number == number else it for it in one.versions]
        return self.version(name, number)

    def history(self, name: str, limit: int = 50) -> list[Deployment]:
        return self._one(name).history[:limit]

    def journal(self, limit: int = 50, skip: int = 0) -> list[Deployment]:
        every = sorted((it for one in self.all.values() for it in one.history), key=lambda it: it.id, reverse=True)
        return every[skip : skip + limit]

    def deployment(self, deployment_id: str) -> Deployment:
        found = next((it for one in self.all.values() for it in one.history if it.id == deployment_id), None)
        if found is None:
            raise NoSuchDeployment(f"there is no deployment {deployment_id}")
        return found

    def log_tail(self, name: str, lines: int = 100, test: bool = False, deployment_id: str | None = None) -> list[str]:
        self._one(name)
        return self.output[-lines:]

    def log_path(self, name: str, test: bool = False, deployment_id: str | None = None) -> Path:
        return Path("missing")

    # --- the whole

    def service_version(self) -> str:
        return "0.1.0"

    def uptime_s(self) -> float:
        return 3723.0

    def metrics(self) -> str:
        return 'vanka_deployments_total{project="shop",state="succeeded"} 3.0\nvanka_project_up{project="shop"} 1.0\n'

    def crash_soon(self, path: str) -> None:
        self.asked.append(("crash_soon", path))

    def restart_bot(self) -> None:
        self.asked.append(("restart_bot",))

    def load(self) -> dict[str, Any]:
        names = [it for it in sorted(self.all) if self.all[it].up]
        return {
            "cpu_percent": 12.5,
            "cpu_count": 2,
            "memory_bytes": 300 * 1024**2,
            "memory_limit_bytes": 1024**3,
            "disk_free_bytes": 5 * 1024**3,
            "processes": 7,
            "projects": [
                {
                    "name": it,
                    "engine": self.all[it].project.engine,
                    "up": True,
                    "cpu_percent": 1.25,
                    "memory_bytes": 20 * 1024**2,
                    "processes": 1,
                }
                for it in names
            ],
            "tests": [
                {"name": it, "up": True, "cpu_percent": 3.2, "memory_bytes": 84 * 1024**2, "processes": 2}
                for it in sorted(self.all)
                if self.all[it].testing is not None
            ],
            "containers": [],
        }

    def load_history(self, seconds: int, no: int | None = None) -> LoadHistory:
        return history_of(seconds, None if no is None else self.project_by_no(no).name, empty=self.nothing_measured)

    def thresholds(self) -> tuple[Thresholds, dict[Resource, Raised]]:
        return self.limits, self.raised

    def set_threshold(self, resource: Resource, limit: int | None) -> Thresholds:
        self.asked.append(("set_threshold", resource, limit))
        self.limits = self.limits.with_limit(resource, limit)
        return self.limits

    def tree(self) -> Leaf:
        bot = Leaf("bot", "bot/bot", restarts=1, last_error="ValueError: <x>\ny")
        return Leaf("/", "/", "supervisor", children=(Leaf("bot", "bot", "supervisor", children=(bot,)),))

    def drill(self, actors: Any, every: bool) -> list[dict[str, Any]]:
        self.asked.append(("drill", tuple(actors)))
        return [{"actor": name, "down_ms": 1.25} for name in actors]

    def errors(self) -> list[Entry]:
        return [Entry(AT, "error", "actors.bot", "bot/bot", "", "a screen failed", "ValueError: <x>")]
