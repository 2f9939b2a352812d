"""Where everything lies under Vanka's home; pure paths, nothing is created here."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from actors.model.project import Environment, Project


@dataclass(frozen=True)
class Layout:
    """The paths of one home. `home` is kept absolute and free of links, so that paths may be compared as text."""

    home: Path

    def __post_init__(self) -> None:
        """Resolve the home once: every link that we make names it."""
        object.__setattr__(self, "home", Path(os.path.realpath(self.home)))

    @property
    def projects(self) -> Path:
        """What belongs to projects, by their numbers."""
        return self.home / "projects"

    @property
    def mirrors(self) -> Path:
        """The bare mirrors, one a URL."""
        return self.home / "mirrors"

    @property
    def store(self) -> Path:
        """The database."""
        return self.home / "store"

    @property
    def kept(self) -> Path:
        """What a removed project leaves behind because only a person may throw it away."""
        return self.home / "kept"

    def project(self, project: Project) -> Path:
        """Everything of ours that belongs to one project."""
        return self.projects / str(project.no)

    def releases(self, project: Project) -> Path:
        """The release directories, their markers and manifests."""
        return self.project(project) / "releases"

    def environments(self, project: Project) -> Path:
        """The stored virtual environments, by hash."""
        return self.project(project) / "environments"

    def persist(self, project: Project) -> Path:
        """The persistent paths of the project: the only copy of its data. No clean-up enters it."""
        return self.project(project) / "persist"

    def replaced(self, project: Project) -> Path:
        """One earlier copy of each persistent path that a program replaced by a new file."""
        return self.project(project) / "replaced"

    def aside(self, project: Project) -> Path:
        """What was found in an adopted target, whole. No clean-up enters it."""
        return self.project(project) / "aside"

    def test_directory(self, project: Project) -> Path:
        """Where a test run works."""
        return self.project(project) / "test"

    def logs(self, project: Project) -> Path:
        """The programs' output."""
        return self.project(project) / "logs"

    def program_log(self, project: Project, environment: Environment) -> Path:
        """The output of the program in that environment."""
        return self.logs(project) / f"{environment.value}.log"

    def deployments(self, project: Project) -> Path:
        """The logs of the deployments."""
        return self.project(project) / "deployments"

    def deployment_log(self, project: Project, deployment_id: str) -> Path:
        """The log of one deployment."""
        return self.deployments(project) / f"{deployment_id}.log"

    def switch_journal(self, project: Project) -> Path:
        """Exists only while the target is being changed."""
        return self.project(project) / "switch.json"

    def placed(self, project: Project) -> Path:
        """What was put into the target last, and how."""
        return self.project(project) / "placed.json"

    def target(self, project: Project) -> Path:
        """The directory that the user named."""
        return Path(project.path)
