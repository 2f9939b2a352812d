"""One worker at a time in each place, and nobody waits for another place's."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

import pytest

from actors.errors import Busy
from actors.model.project import Environment, Project
from actors.pipeline import places
from actors.pipeline.places import Places
from runtime.errors import Cancelled
from runtime.shell import Cancel

LIMIT_S = 30.0


def project(no: int = 1) -> Project:
    return Project(no=no, name=f"p{no}", url="", path="/nowhere", created_at=datetime(2026, 1, 1, tzinfo=UTC))


def test_second_worker_waits_until_the_first_has_left() -> None:
    here, entered, leave = Places(), threading.Event(), threading.Event()
    order: list[str] = []

    def first() -> None:
        with here.program(project(), Environment.PRODUCTION):
            entered.set()
            assert leave.wait(LIMIT_S)
            order.append("first")

    def second() -> None:
        with here.program(project(), Environment.PRODUCTION):
            order.append("second")

    workers = [threading.Thread(target=work) for work in (first, second)]
    workers[0].start()
    assert entered.wait(LIMIT_S)
    workers[1].start()
    leave.set()
    for worker in workers:
        worker.join(LIMIT_S)
    assert order == ["first", "second"]


def test_other_environments_other_projects_and_deployments_are_other_places() -> None:
    here, passed = Places(), threading.Event()

    def elsewhere() -> None:
        with (
            here.program(project(), Environment.TEST),
            here.program(project(2), Environment.PRODUCTION),
            here.walk(project(), Environment.PRODUCTION),
        ):
            passed.set()

    with here.program(project(), Environment.PRODUCTION), here.program(project(), Environment.PRODUCTION):
        worker = threading.Thread(target=elsewhere)
        worker.start()
        worker.join(LIMIT_S)
    assert passed.is_set()


def test_who_waits_too_long_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "PLACE_S", 0.01)
    here, said = Places(), threading.Event()

    def late() -> None:
        with pytest.raises(Busy), here.program(project(), Environment.TEST):
            raise AssertionError
        said.set()

    with here.program(project(), Environment.TEST):
        worker = threading.Thread(target=late)
        worker.start()
        worker.join(LIMIT_S)
    assert said.is_set()


@pytest.mark.parametrize("environment", list(Environment))
def test_project_is_not_idle_while_a_stage_of_it_is_at_work_in_any_environment(environment: Environment) -> None:
    here, seen = Places(), []

    def look() -> None:
        with here.idle(project()) as idle:
            seen.append(idle)

    def looked() -> bool:
        worker = threading.Thread(target=look)
        worker.start()
        worker.join(LIMIT_S)
        return seen[-1]

    with here.walk(project(), environment):
        assert not looked()
    assert looked()
    with here.walk(project(), environment):  # and it left nothing locked
        assert seen == [False, True]


def test_who_is_told_to_end_does_not_wait_for_the_place() -> None:
    here, said, cancel = Places(), threading.Event(), Cancel()

    def cancelled() -> None:
        with pytest.raises(Cancelled), here.walk(project(), Environment.TEST, cancel):
            raise AssertionError
        said.set()

    with here.walk(project(), Environment.TEST):
        worker = threading.Thread(target=cancelled)
        worker.start()
        cancel.set()
        worker.join(LIMIT_S)
    assert said.is_set()
