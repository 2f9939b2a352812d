"""Checker: looks at running programs by their probes, on a schedule; tells when one stays unwell, and helps it."""

from __future__ import annotations

import random
import sys
from dataclasses import dataclass
from functools import partial
from typing import assert_never

from actors.control import Control
from actors.errors import NoSuchProject
from actors.messages import (
    LookAtHealth,
    ProgramUnwell,
    ProgramWell,
    ProjectAdded,
    ProjectChanged,
    ProjectRemoved,
)
from actors.model.project import Environment, Project, Remedy
from actors.model.run import Look
from actors.pipeline.runs import look_at
from actors.pipeline.services import Services
from runtime.actor import Actor
from runtime.jobs import Done
from runtime.log import get
from runtime.reply import Deferred
from runtime.timers import Timer

log = get("actors.checker")
LANE = "health"
ASKED_BY = "health"
KEPT = 10  # looks that are shown
GRACE_S = 60.0  # a program that has just been started may take so long until it is well
FIRST_S = 15.0  # the first looks after a start are spread over so long


@dataclass(frozen=True)
class Due:
    """Time to look; `serial` tells an old timer from the one that counts."""

    no: int
    serial: int


@dataclass(frozen=True)
class Seen:
    """A look that was made on schedule. None: there was nothing to look at."""

    no: int
    serial: int
    done: Done[Look | None]


@dataclass(frozen=True)
class SeenNow:
    """A look that somebody asked for."""

    no: int
    asked: Deferred
    done: Done[Look | None]


@dataclass(frozen=True)
class Helped:
    """The remedy was given."""

    name: str
    done: Done[object]


Message = ProjectAdded | ProjectChanged | ProjectRemoved | LookAtHealth | Due | Seen | SeenNow | Helped


@dataclass
class Patient:
    """One project's program."""

    serial: int = 0
    timer: Timer | None = None
    fails: int = 0
    unwell_at: float | None = None
    help_at: int = 0  # so many bad looks until the next remedy


class Checker(Actor[Message]):
    """One timer a project that has a probe. A look is a job; what it found is put on the board, for people."""

    def __init__(self, services: Services, control: Control) -> None:
        super().__init__()
        self._services, self._control = services, control
        self._patients: dict[int, Patient] = {}

    def on_start(self) -> None:
        """Listen, and plan the first looks, spread in time."""
        for event in (ProjectAdded, ProjectChanged, ProjectRemoved):
            self.context.subscribe(event)
        for project in self._services.records.projects.all():
            self._plan(project, min(FIRST_S, project.health.every_s) * random.random())  # noqa: S311 - spreads load only

    def receive(self, message: Message) -> object:
        """Answers LookAtHealth with a Look, or None where nothing runs."""
        match message:
            case ProjectAdded(project) | ProjectChanged(project):
                self._plan(project, project.health.every_s)
            case ProjectRemoved(project):
                self._forget(project.no)
            case LookAtHealth(no):
                return self._look_now(no)
            case Due(no, serial):
                self._due(no, serial)
            case Seen(no, serial, done):
                self._seen(no, serial, done)
            case SeenNow(no, asked, done):
                self._seen_now(no, asked, done)
            case Helped(name, done):
                if done.error is not None:
                    log.warning("an unwell program could not be helped", project=name, error=str(done.error))
            case _:
                assert_never(message)
        return None

    # --- when

    def _plan(self, project: Project, seconds: float) -> None:
        """The next look; none for a program without a probe: the runner hears of its end at once."""
        patient = self._patients.setdefault(project.no, Patient())
        patient.serial += 1
        if patient.timer is not None:
            patient.timer.cancel()
            patient.timer = None
        if project.probe is None or not project.health.every_s:
            self._patients.pop(project.no)
            self._services.board.write(project.no, unwell_since=None)
            return
        patient.timer = self.context.after(seconds, Due(project.no, patient.serial))

    def _forget(self, no: int) -> None:
        patient = self._patients.pop(no, None)
        if patient is not None and patient.timer is not None:
            patient.timer.cancel()

    def _due(self, no: int, serial: int) -> None:
        patient = self._patients.get(no)
        if patient is not None and patient.serial == serial:
            project = self._project(no)
            if project is None:
                self._forget(no)
            else:
                self.context.job(LANE, partial(look, self._services, project), partial(Seen, no, serial))

    # --- what was found

    def _seen(self, no: int, serial: int, done: Done[Look | None]) -> None:
        patient, project = self._patients.get(no), self._project(no)
        if patient is None or project is None or patient.serial != serial:
            return  # planned anew, or removed, meanwhile
        self._plan(project, project.health.every_s)
        found = done.value
        if done.error is not None:
            log.warning("a look at a program failed", project=project.name, error=str(done.error))
        if found is None:
            patient.fails = 0  # it does not run, or is just being changed: others look after that
            return
        self._show(no, found)
        if found.reason is None:
            self._well(project, patient)
        else:
            self._unwell(project, patient, found.reason)

    def _well(self, project: Project, patient: Patient) -> None:
        patient.fails = 0
        if patient.unwell_at is None:
            return
        after = self._services.clock.monotonic() - patient.unwell_at
        patient.unwell_at = None
        self._services.board.write(project.no, unwell_since=None)
        self.context.publish(ProgramWell(project.name, self._version(project), after))

    def _unwell(self, project: Project, patient: Patient, reason: str) -> None:
        patient.fails += 1
        wanted = project.health
        if patient.fails < wanted.fails:
            return
        if patient.unwell_at is None:
            patient.unwell_at, patient.help_at = self._services.clock.monotonic(), patient.fails
            self._services.board.write(project.no, unwell_since=self._services.clock.now())
            told = ProgramUnwell(project.name, self._version(project), reason, patient.fails, wanted.remedy)
            self.context.publish(told)
        if patient.fails >= patient.help_at and wanted.remedy is not Remedy.NOTIFY:
            # what did not help is not tried as often again; going back twice would lose one version after the other
            patient.help_at = patient.fails * 2 if wanted.remedy is Remedy.RESTART else sys.maxsize
            self.context.job(LANE, partial(help_, self._control, project), partial(Helped, project.name))

    def _show(self, no: int, found: Look) -> None:
        board = self._services.board
        board.write(no, looks=(*board.read(no).looks, found)[-KEPT:])

    # --- now

    def _look_now(self, no: int) -> Deferred:
        answer = self.context.defer()
        project = self._project(no)
        if project is None:
            answer.fail(NoSuchProject(f"there is no project number {no}", "It was removed."))
        else:
            self.context.job(LANE, partial(look_at, self._services, project), partial(SeenNow, no, answer))
        return answer

    def _seen_now(self, no: int, asked: Deferred, done: Done[Look | None]) -> None:
        if done.error is not None:
            asked.fail(done.error)
            return
        if done.value is not None:
            self._show(no, done.value)
        asked.answer(done.value)

    # --- small things

    def _project(self, no: int) -> Project | None:
        try:
            return self._services.records.projects.by_no(no)
        except NoSuchProject:
            return None

    def _version(self, project: Project) -> int:
        return self._services.records.versions.current(project) or 0


def look(services: Services, project: Project) -> Look | None:
    """A look on schedule: none at a program that is being changed, or that was started just now and is not well yet."""
    if any(not it.ended for it in services.records.deployments.unfinished(project)):
        return None
    found = look_at(services, project)
    run = services.records.runs.get(project, Environment.PRODUCTION)
    if found is None or found.reason is None or run is None:
        return found
    return None if (found.at - run.started_at).total_seconds() < GRACE_S else found


def help_(control: Control, project: Project) -> object:
    """The remedy; in a job, for it waits for the program. What cannot be done now is tried again after more looks."""
    if project.health.remedy is Remedy.ROLLBACK:
        return control.rollback(project.name, ASKED_BY)
    return control.restart(project.name, ASKED_BY)
