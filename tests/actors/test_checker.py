"""Running programs are looked at on a schedule; one that stays unwell is told of, and helped as its owner wished."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from actors.artifacts.layout import Layout
from actors.checker import GRACE_S, Checker
from actors.messages import LookAtHealth, ProgramUnwell, ProgramWell, ProjectChanged
from actors.model.project import Environment, Health, Project, Remedy
from actors.model.run import Life, Look, Run, RunStatus
from actors.pipeline.board import Board
from actors.records import Records
from runtime.actor import Actor
from runtime.child_spec import ChildSpec, supervisor
from runtime.jobs import Lane
from runtime.system import System
from tests.conftest import commit
from tests.fakes.clock import FakeClock
from tests.runtime.kit import until

EVERY = 60


class Program:
    """A program that answers on a port, well or not; real HTTP."""

    def __init__(self) -> None:
        self.well = True
        self.asked = 0
        program = self

        class Answer(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                program.asked += 1
                self.send_response(200 if program.well else 503)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Silent."""

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer)
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True)
        self.thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}/health"

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


class Engine:
    """Says that the program lives."""

    alive = True

    def status(self, _handle: object) -> RunStatus:
        return RunStatus(Life.ALIVE if self.alive else Life.ENDED)


class Control:
    """Writes down what it is asked to do."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, str]] = []

    def restart(self, name: str, asked_by: str) -> None:
        self.asked.append(("restart", name, asked_by))

    def rollback(self, name: str, asked_by: str) -> None:
        self.asked.append(("rollback", name, asked_by))


class Clinic:
    """A checker over one project's program."""

    def __init__(self, records: Records, project: Project, clock: FakeClock, home: Path) -> None:
        self.records, self.project, self.clock = records, project, clock
        self.engine, self.control, self.board = Engine(), Control(), Board()
        self.heard: list[Any] = []
        services: Any = SimpleNamespace(
            clock=clock, layout=Layout(home), records=records, board=self.board, engine=lambda _name: self.engine
        )
        self.system = System(clock=clock, lanes={"health": Lane(2, 50)})
        heard = self.heard

        class Ear(Actor[Any]):
            def on_start(self) -> None:
                self.context.subscribe(ProgramUnwell)
                self.context.subscribe(ProgramWell)

            def receive(self, message: Any) -> None:
                heard.append(message)

        control: Any = self.control
        children = [ChildSpec("ear", Ear), ChildSpec("checker", partial(Checker, services, control))]
        self.system.start(supervisor("root", children))

    def looks(self) -> tuple[Look, ...]:
        return self.board.read(self.project.no).looks

    def after_looks(self, count: int) -> None:
        """Time passes until so many more looks were made."""
        for _ in range(count):
            seen = len(self.looks()), self.looks()[-1:]
            self.clock.advance(EVERY)
            until(lambda seen=seen: (len(self.looks()), self.looks()[-1:]) != seen)  # type: ignore[misc]

    def settled(self) -> list[Any]:
        self.system.settle(5)
        return self.heard


@pytest.fixture
def program() -> Iterator[Program]:
    running = Program()
    yield running
    running.close()


@contextmanager
def clinic(records: Records, project: Project, program: Program, home: Path, **health: Any) -> Iterator[Clinic]:
    clock = FakeClock()
    changed = records.projects.change(project.no, probe=program.url, health=Health(every_s=EVERY, **health))
    number = records.versions.number(changed, commit()).number
    records.versions.set_current(changed, number, clock.now())
    started = clock.now() - timedelta(seconds=GRACE_S)
    run = Run(
        project=changed.name,
        environment=Environment.PRODUCTION,
        version=number,
        commit="a" * 40,
        engine="process",
        handle={},
        started_at=started,
    )
    records.runs.put(changed, run)
    opened = Clinic(records, changed, clock, home)
    yield opened
    opened.system.stop(5.0)


def test_a_program_is_looked_at_on_schedule_and_nobody_is_told_while_it_is_well(
    records: Records, project: Project, program: Program, tmp_path: Path
) -> None:
    with clinic(records, project, program, tmp_path) as it:
        it.after_looks(12)
        assert len(it.looks()) == 10
        assert all(look.reason is None for look in it.looks())
        assert it.settled() == []


def test_people_are_told_once_after_so_many_bad_looks_and_once_when_it_is_well_again(
    records: Records, project: Project, program: Program, tmp_path: Path
) -> None:
    with clinic(records, project, program, tmp_path, fails=3) as it:
        program.well = False
        it.after_looks(2)
        assert it.settled() == []
        it.after_looks(4)
        assert [(type(told), told.times, told.reason) for told in it.settled()] == [
            (ProgramUnwell, 3, f"{program.url} answers 503")
        ]
        assert it.board.read(it.project.no).unwell_since is not None
        assert it.control.asked == []
        program.well = True
        it.after_looks(2)
        assert [type(told) for told in it.settled()] == [ProgramUnwell, ProgramWell]
        assert it.board.read(it.project.no).unwell_since is None


def test_a_program_is_restarted_and_what_did_not_help_is_tried_again_later_and_later(
    records: Records, project: Project, program: Program, tmp_path: Path
) -> None:
    with clinic(records, project, program, tmp_path, fails=1, remedy=Remedy.RESTART) as it:
        program.well = False
        it.after_looks(4)
        until(lambda: len(it.control.asked) == 3)  # at the first, second and fourth bad look
        assert it.control.asked[0] == ("restart", "shop", "health")


def test_a_program_is_rolled_back_once(records: Records, project: Project, program: Program, tmp_path: Path) -> None:
    with clinic(records, project, program, tmp_path, fails=2, remedy=Remedy.ROLLBACK) as it:
        program.well = False
        it.after_looks(8)
        assert it.settled()
        assert it.control.asked == [("rollback", "shop", "health")]


def test_what_does_not_run_and_what_has_just_started_is_left_alone(
    records: Records, project: Project, program: Program, tmp_path: Path
) -> None:
    with clinic(records, project, program, tmp_path, fails=1) as it:
        program.well = False
        run = records.runs.get(it.project, Environment.PRODUCTION)
        assert run is not None
        records.runs.put(it.project, replace(run, started_at=it.clock.now() + timedelta(seconds=EVERY)))
        it.clock.advance(EVERY)
        until(lambda: program.asked > 0)
        it.engine.alive = False
        it.clock.advance(EVERY)
        assert it.settled() == []


def test_a_look_can_be_asked_for_at_any_time_and_a_schedule_can_be_switched_off(
    records: Records, project: Project, program: Program, tmp_path: Path
) -> None:
    with clinic(records, project, program, tmp_path) as it:
        off = records.projects.change(it.project.no, health=Health(every_s=0))
        it.system.bus.publish(ProjectChanged(off))
        it.system.settle(5)
        it.clock.advance(10 * EVERY)
        assert program.asked == 0
        program.well = False
        found = it.system.address("checker").ask(LookAtHealth(it.project.no), 5)
        assert found.reason == f"{program.url} answers 503"
        assert it.looks() == (found,)
        assert it.settled() == [], "who looks does not want to be told"
