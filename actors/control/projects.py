"""Control's part for projects: add, change, remove, their variables and access. Everything is checked first."""

from __future__ import annotations

import contextlib
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

from actors.artifacts.patterns import Patterns
from actors.control.checks import check_health
from actors.control.core import PROJECTS, Core
from actors.control.shapes import NewProject
from actors.errors import (
    BadEngine,
    BadInterval,
    BadName,
    BadPath,
    Busy,
    EmptyRepository,
    NameTaken,
    NoSuchProject,
)
from actors.health import probe
from actors.messages import Look, ProjectAdded, ProjectChanged, ProjectRemoved
from actors.model.project import MAX_INTERVAL_S, MIN_INTERVAL_S, Environment, Project
from actors.pipeline.runs import forget_runs, need_engines, stop_run
from actors.records.variables import VariableInfo, check_variable
from actors.records.watch import Watched
from actors.source import Access, Head, check_branch, parse, split
from runtime.commands import DeleteChild, StartChild, TerminateChild
from runtime.errors import KernelError
from runtime.vault import Secret

NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,63}")
STOP_S = 60.0  # how long a project's actors may take to stop


class ProjectBook(Core):
    """Adding, changing and removing. Called from a job's or a connection's thread: a look at a repository blocks."""

    def check_name(self, name: str) -> str:
        """The name, when a new project may have it; raises BadName, NameTaken."""
        if not NAME.fullmatch(name):
            raise BadName(
                f"{name!r} cannot be a project's name",
                "Use up to 64 letters, digits, - _ . and start with a letter, a digit or _.",
                name=name,
            )
        with contextlib.suppress(NoSuchProject):
            self.project(name)
            raise NameTaken(f"there is a project {name}", "Choose another name.", name=name)
        return name

    def suggest_path(self, name: str) -> str:
        """A directory for a project of that name."""
        return str(self._house.default_root / name)

    def check_path(self, path: str, *, adopt: bool = False, project: Project | None = None) -> None:
        """Raises BadPath or TargetOccupied when a project may not be put there."""
        others = [other for other in self.projects() if project is None or other.no != project.no]
        self._services.targets.check(
            Path(path), project=project, others=others, home=self._services.layout.home, adopt=adopt
        )

    def check_url(self, url: str, access: Access | None = None) -> tuple[str, ...]:
        """The repository's branches, the default one first; raises BadUrl or what git says."""
        address = parse(url)
        return self._services.sources.repository(address, access or Access()).branches()

    def check_branch(self, url: str, branch: str, access: Access | None = None) -> None:
        """Raises BadBranch, NoSuchBranch or what git says."""
        self._services.sources.repository(parse(url), access or Access()).heads(branch=check_branch(branch))

    def add(self, new: NewProject, asked_by: str, access: Access | None = None) -> Project:
        """Check everything, store the project and start its actors; what is refused leaves nothing behind.

        The commit that the branch has now is not new: the first deployment is asked for, later ones follow the policy.
        """
        del asked_by
        self.check_name(new.name)
        path = new.path or self.suggest_path(new.name)
        project = Project(**{**vars(new), "path": path}, no=0, created_at=self._services.clock.now())
        project, access = self._with_address(project, access)
        self._check(project)
        _refuse_own_source(project)
        self.check_path(path, adopt=new.adopt)
        self._services.engine(project.engine).ready()
        head = self._head(project, access or Access())
        with self._house.changing:
            self.check_name(new.name)
            self.check_path(path, adopt=new.adopt)
            project = self._records.projects.add(project)
            if access is not None:
                self._records.credentials.set_access(project, access)
            if head is not None:
                self._records.watch.put(project, Watched(head.branch, head.commit, handled=True))
            self._start_family(project)
        self._system.bus.publish(ProjectAdded(project))
        return project

    def edit(self, name: str, asked_by: str, /, access: Access | None = None, **changes: Any) -> Project:
        """Change settings; the fields of NewProject. They count from the next deployment, start or look on.

        All of them or, where one is refused, none. What opened the old repository is never shown to another host.
        """
        del asked_by
        old = self.project(name)
        if not changes and access is None:
            return old
        new = replace(old, **changes)
        if new.name != old.name:
            self.check_name(new.name)
        if new.url != old.url:
            new, access = self._with_address(new, access)
        self._check(new)
        _refuse_own_source(new)
        if new.path != old.path:
            self.check_path(new.path, adopt=new.adopt, project=old)
            self._refuse_moving(old)
        if new.engine != old.engine:
            self._services.engine(new.engine).ready()
        source_changed = (new.url, new.branch) != (old.url, old.branch)
        elsewhere = parse(new.url).host != parse(old.url).host
        if source_changed or access is not None:
            known = Access() if elsewhere else self._records.credentials.access(old)
            self._head(new, access or known)
        with self._house.changing:
            if new.name != old.name:
                self._stop_family(old)
                self._records.deployments.rename(old, new.name)
            changed = {field: value for field, value in vars(new).items() if getattr(old, field) != value}
            project = self._records.projects.change(old.no, **changed)
            if elsewhere:
                self._records.credentials.forget_access(project)
            if access is not None:
                self._records.credentials.set_access(project, access)
            if source_changed:
                self._records.watch.forget(project)
            if new.name != old.name:
                self._start_family(project)
        self._services.board.write(project.no, next_check_at=self._services.clock.now())  # the watcher looks at once
        self._system.address(f"{PROJECTS}/{project.name}/watcher").tell(Look())
        self._system.bus.publish(ProjectChanged(project))
        return project

    def remove(self, name: str, keep_files: bool, asked_by: str) -> tuple[str, ...]:
        """Stop the project's program and actors, take its files away (unless kept) and forget it.

        Its data stays: returns where. Refused as a whole while an engine that may run its program does not answer.
        """
        del asked_by
        project = self.project(name)
        with self._house.changing:
            need_engines(self._services, project)
            self._stop_family(project)
            for environment in Environment:
                stop_run(self._services, project, environment)
            self._services.targets.remove(project, keep_files=keep_files)
            kept = (*map(str, self._services.cleaner.forget(project)), *forget_runs(self._services, project))
            self._records.forget(project)
            self._services.board.forget(project.no)
        self._system.bus.publish(ProjectRemoved(project))
        return kept

    def pause(self, name: str, paused: bool) -> Project:
        """Stop, or go on, looking for new commits at the interval."""
        return self.edit(name, "", paused=paused)

    def set_access(self, name: str, access: Access) -> None:
        """What opens the project's repository from now on; raises what git says when it does not."""
        project = self.project(name)
        self._head(project, access)
        self._records.credentials.set_access(project, access)

    def hook_secret(self, name: str) -> Secret:
        """The secret that signs the project's webhook; made when it is first asked for."""
        return self._records.credentials.hook_secret(self.project(name))

    def hook_url(self, name: str) -> str | None:
        """Where a hook of the project is heard, as this machine sees it; None where HTTP is off."""
        http = self._house.http
        if http is None:
            return None
        host = f"[{http[0]}]" if ":" in http[0] else http[0]
        return f"http://{host}:{http[1]}/hooks/github/{self.project(name).name}"

    # --- variables

    def variables(self, name: str, test: bool) -> list[VariableInfo]:
        """What may be shown of the variables, by name."""
        return self._records.variables.shown(self.project(name), test=test)

    def set_variable(self, name: str, key: str, value: Secret, test: bool) -> None:
        """Seal a variable; it counts from the program's next start on."""
        project = self.project(name)
        self.check_variable(name, key, value)
        self._records.variables.set(project, key, value, test=test)

    def check_variable(self, name: str, key: str, value: Secret) -> None:
        """Raises BadVariable for what no program can get, or the project's engine cannot use."""
        check_variable(key, value)
        self._services.engine(self.project(name).engine).admit_variable(key, value.reveal())

    def unset_variable(self, name: str, key: str, test: bool) -> None:
        """Forget a variable."""
        self._records.variables.unset(self.project(name), key, test=test)

    def reveal_variable(self, name: str, key: str, test: bool) -> Secret:
        """A variable's value, for the one who may see it."""
        return self._records.variables.reveal(self.project(name), key, test=test)

    # --- checks

    def _with_address(self, project: Project, access: Access | None) -> tuple[Project, Access | None]:
        """The project with a URL that holds no credentials; what the URL held becomes its access."""
        address, held = split(project.url)
        if held.token is not None or held.username is not None:
            access = replace(access or Access(), token=held.token, username=held.username)
        return replace(project, url=address.raw), access

    def _check(self, project: Project) -> None:
        if not MIN_INTERVAL_S <= project.interval_s <= MAX_INTERVAL_S:
            raise BadInterval(
                f"an interval of {project.interval_s} s is not possible",
                "It can be from 15 s to 7 days.",
                interval=str(project.interval_s),
            )
        check_health(project.health)
        if project.engine not in self._services.engines:
            known = ", ".join(sorted(self._services.engines))
            raise BadEngine(f"there is no engine {project.engine}", f"Use one of: {known}.", engine=project.engine)
        if project.branch is not None:
            check_branch(project.branch)
        if project.probe is not None:
            probe.parse(project.probe)
        for inside in (project.main, project.subdir):
            if inside is not None:
                check_inside(inside)
        Patterns(project.persist)
        self._services.engine(project.engine).admit(project)

    def _head(self, project: Project, access: Access) -> Head | None:
        """The branch's head, as proof that the repository can be reached; None for one without a commit yet."""
        try:
            return self._services.sources.repository(parse(project.url), access).heads(branch=project.branch)
        except EmptyRepository:
            return None

    def _refuse_moving(self, project: Project) -> None:
        if self._records.versions.current(project) is not None:
            raise Busy(
                f"{project.name} is deployed in {project.path}",
                "Remove the project with --keep-files and add it with the new path.",
                name=project.name,
            )

    # --- the family

    def _start_family(self, project: Project) -> None:
        spec = self._house.family(project)
        self._system.address(PROJECTS).ask(StartChild(spec), STOP_S)

    def _stop_family(self, project: Project) -> None:
        supervisor = self._system.address(PROJECTS)
        try:
            supervisor.ask(TerminateChild(project.name), STOP_S)
            supervisor.ask(DeleteChild(project.name), STOP_S)
        except KernelError as error:
            raise Busy(f"the actors of {project.name} do not stop: {error}", "Ask again in a moment.") from error


def _refuse_own_source(project: Project) -> None:
    """A repository on this machine must not be where its own project is put: it would be set aside, or lost."""
    address = parse(project.url)
    if address.scheme != "file":
        return
    source, target = Path(address.path).resolve(), Path(project.path).resolve()
    if source == target or source in target.parents or target in source.parents:
        raise BadPath(
            f"{project.path} and the repository {project.url} lie in one another",
            "Choose a directory of its own for the project.",
            path=project.path,
        )


def check_inside(path: str) -> str:
    """A relative path that stays inside the release; raises BadPath."""
    parts = Path(path).parts
    if not parts or Path(path).is_absolute() or ".." in parts or "\0" in path or "\\" in path or path.startswith("-"):
        raise BadPath(
            f"{path!r} is not a path inside the repository", "Give it relative to the top, without `..`.", path=path
        )
    return path
