"""What all parts of Control stand on: the services, the running kernel, and how an actor is asked."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from actors.control.endings import Endings
from actors.errors import Busy, NoSuchProject
from actors.model.project import Project
from actors.pipeline.services import Services
from runtime.cell import State
from runtime.child_spec import ChildSpec
from runtime.commands import RestartChild
from runtime.errors import ActorDead, AskTimeout, KernelError
from runtime.store import Store
from runtime.system import ROOT, System

PROJECTS = "projects"  # the supervisor of the families
ASK_S = 10.0


@dataclass(frozen=True)
class House:
    """What the tree hands to Control."""

    services: Services
    system: System
    store: Store
    family: Callable[[Project], ChildSpec]
    default_root: Path
    restart: Callable[[], None]
    told: Callable[[int], list[dict[str, Any]]]
    started_at: datetime
    http: tuple[str, int] | None = None
    endings: Endings = field(default_factory=Endings)
    changing: threading.RLock = field(default_factory=threading.RLock)  # adding and removing, one at a time


class Core:
    """The common part; see Control."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._services = house.services
        self._records = house.services.records
        self._system = house.system

    def project(self, name: str) -> Project:
        """The project of that name; raises NoSuchProject, which names the nearest."""
        return self._records.projects.get(name)

    def project_by_no(self, no: int) -> Project:
        """The project of that number; raises NoSuchProject."""
        return self._records.projects.by_no(no)

    def projects(self) -> list[Project]:
        """All projects, by name."""
        return self._records.projects.all()

    def _ask(self, project: Project, actor: str, message: Any, timeout: float = ASK_S) -> Any:
        """What one of the project's actors answers; raises what it refused with, or Busy when it does not answer."""
        address = self._system.address(f"{PROJECTS}/{project.name}/{actor}")
        try:
            if not address.alive():
                self._take_up_again(project)
            return address.ask(message, timeout)
        except (ActorDead, AskTimeout) as error:
            if not any(known.no == project.no for known in self.projects()):
                raise NoSuchProject(
                    f"there is no project {project.name}", "It was removed.", name=project.name
                ) from error
            raise Busy(
                f"the {actor} of {project.name} does not answer: {error}",
                "It is being restarted; ask again in a moment, or see `vanka tree`.",
                name=project.name,
            ) from error

    def _take_up_again(self, project: Project) -> None:
        """Actors that kept failing were parked: whoever asks for them now wants them back. No harm where they run."""
        self._bring_back(f"{PROJECTS}/{project.name}")

    def _bring_back(self, path: str) -> bool:
        """Start what is parked or was stopped at that path, or above it; False where nothing is."""
        names = path.split("/")
        for depth, name in enumerate(names):
            cell = self._system.find("/".join(names[: depth + 1]))
            if cell is not None and cell.state in (State.FAILED, State.STOPPED):
                above = self._system.address("/".join(names[:depth]) or ROOT)
                with contextlib.suppress(KernelError):
                    above.ask(RestartChild(name), ASK_S)
                    return True
                return False
        return False

    def _parked(self, project: Project) -> str | None:
        """Why the project's actors are parked; None while they are not."""
        cell = self._system.find(f"{PROJECTS}/{project.name}")
        if cell is None or cell.state is not State.FAILED:
            return None
        return self._services.redactor.clean(cell.last_error) or "they kept failing"
