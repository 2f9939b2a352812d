"""The actor: looks, remembers, tells thresholds once, and goes on after a crash where it was."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from actors.errors import BadInput
from actors.messages import LoadExceeded, LoadRecovered, ProjectRemoved
from actors.metrics import KEEP_S, TELL_AGAIN_S
from actors.model.deployment import Kind, State
from actors.model.load import DAY_S, HOUR_S, Mark, Resource
from actors.model.project import Environment, Project
from runtime.host import ProcessLoad
from tests.actors.metrics.watchtower import CALM, Watchtower, house

__all__ = ["house"]


def test_the_load_names_the_whole_each_project_each_test_run_and_each_container(
    house: Watchtower, project: Project
) -> None:
    house.runs(project, "7")
    house.runs(project, "cafe0123456789", Environment.TEST)
    house.machine.loads_of = {
        "7": ProcessLoad(12.5, 2**20, 3),
        "cafe0123456789": ProcessLoad(50.0, 2**21, 1),
        "c2": ProcessLoad(1.0, 2**22, 2),
    }
    house.machine.guests = [("ab12", "tool", "c2")]
    told = house.desk.load()
    assert (told["cpu_percent"], told["memory_limit_bytes"], told["processes"]) == (10.0, 2**30, 5)
    figures = {"cpu_percent": 12.5, "memory_bytes": 2**20, "processes": 3}
    assert told["projects"] == [{"name": "shop", "engine": "process", "up": True, **figures}]
    assert [(it["name"], it["cpu_percent"]) for it in told["tests"]] == [("shop", 50.0)]
    assert [(it["name"], it["kind"], it["container"]) for it in told["containers"]] == [
        ("shop", "test", "cafe01234567"),
        ("tool", "guest", "c2"),
    ]


def test_program_that_nobody_stopped_is_told_from_one_that_nobody_wants(house: Watchtower, project: Project) -> None:
    def told() -> list[str]:
        house.goes_on(10)
        lines = house.meters.render().decode().splitlines()
        return [line.rpartition(" ")[2] for line in lines if line.startswith(("vanka_project_up{", "vanka_project_w"))]

    assert told() == ["0.0", "0.0"], "never deployed"
    house.runs(project, "7")
    house.machine.loads_of = {"7": ProcessLoad(12.5, 2**20, 3)}
    assert told() == ["1.0", "1.0"]
    house.machine.loads_of = {}
    assert told() == ["0.0", "1.0"], "it has ended"
    house.records.runs.clear(project, Environment.PRODUCTION)
    house.records.versions.set_current(project, 1, house.clock.now())
    assert told() == ["0.0", "1.0"], "no run is on record, but production holds a version"
    house.records.projects.change(project.no, wanted_up=False)
    assert told() == ["0.0", "0.0"], "somebody stopped it"


def test_without_a_docker_engine_the_rest_is_told_and_it_is_asked_seldom(house: Watchtower, project: Project) -> None:
    house.machine.away = True
    house.goes_on(120)
    assert house.machine.asked_for_guests <= 4
    assert house.desk.load()["projects"][0]["name"] == "shop"
    assert house.desk.load()["containers"] == []


def test_the_day_is_there_for_the_whole_and_for_each_project(house: Watchtower, project: Project) -> None:
    house.runs(project, "7")
    house.machine.loads_of = {"7": ProcessLoad(30.0, 2**20, 1)}
    house.goes_on(600, cpu=40.0)
    whole, own = house.desk.load_history(HOUR_S), house.desk.load_history(DAY_S, project.no)
    assert whole.step_s == 10
    assert whole.memory_limit == 2**30
    assert 60 <= len(whole.points) <= 62
    assert whole.points[-1].cpu == 40.0
    assert own.project == "shop"
    assert {(point.cpu, point.memory) for point in own.points} == {(30.0, 2**20)}


def test_a_crash_of_the_actor_costs_no_history(house: Watchtower) -> None:
    house.goes_on(300, cpu=40.0)
    before = house.desk.load_history(HOUR_S).points
    assert house.system.crash("metrics")
    house.settle()
    assert house.desk.load_history(HOUR_S).points[: len(before)] == before


def test_a_restart_of_the_service_costs_no_history_and_a_kill_a_quarter_of_an_hour(house: Watchtower) -> None:
    house.goes_on(600, cpu=40.0)
    house.down()
    house.up()
    assert len(house.desk.load_history(DAY_S).points) >= 10
    house.goes_on(KEEP_S + 60)
    kept = (house.home / "load.history").read_bytes()
    house.goes_on(300)
    house.down()
    (house.home / "load.history").write_bytes(kept)  # as if it had been killed
    house.up()
    assert len(house.desk.load_history(DAY_S).points) >= 25


def test_a_project_that_is_removed_takes_its_history_along(house: Watchtower, project: Project) -> None:
    house.runs(project, "7")
    house.machine.loads_of = {"7": ProcessLoad(30.0, 2**20, 1)}
    house.goes_on(60)
    assert house.desk.load_history(DAY_S, project.no).points
    house.system.bus.publish(ProjectRemoved(project))
    house.settle()
    assert not house.desk.load_history(DAY_S, project.no).points


def test_deployments_of_the_period_are_marks_by_kind(house: Watchtower, project: Project) -> None:
    records, now = house.records.deployments, house.clock.now()

    def ended(
        minutes: int, state: State, kind: Kind = Kind.DEPLOY, where: Environment = Environment.PRODUCTION
    ) -> None:
        at = now - timedelta(minutes=minutes)
        queued = records.open(project, kind, where, "test", at)
        running = records.move(project, queued, State.RUNNING, at)
        if state is not State.RUNNING:
            records.move(project, running, state, at)

    ended(3000, State.SUCCEEDED)
    ended(500, State.SUCCEEDED)
    ended(50, State.FAILED)
    ended(40, State.ROLLED_BACK)
    ended(30, State.SUCCEEDED, Kind.ROLLBACK)
    ended(20, State.SUCCEEDED, Kind.TEST, Environment.TEST)
    ended(10, State.CANCELLED)
    ended(5, State.RUNNING)
    day, hour = house.desk.load_history(DAY_S), house.desk.load_history(HOUR_S, project.no)
    assert [mark.mark for mark in day.marks] == [Mark.SUCCEEDED, Mark.FAILED, Mark.ROLLED_BACK, Mark.ROLLED_BACK]
    assert [mark.mark for mark in hour.marks] == [Mark.FAILED, Mark.ROLLED_BACK, Mark.ROLLED_BACK]
    assert day.marks[0].at == (now - timedelta(minutes=500)).timestamp()


def test_a_threshold_is_told_once_also_over_crashes_and_restarts(house: Watchtower) -> None:
    house.goes_on(600, cpu=98.0)
    (first,) = house.told
    assert isinstance(first, LoadExceeded)
    assert (first.raised.resource, first.raised.limit) == (Resource.CPU, 90)
    house.system.crash("metrics")
    house.goes_on(600)
    house.down()
    house.up()
    house.goes_on(600)
    since = {event.raised.since for event in house.told}
    assert since == {first.raised.since}, "told again, as the same alert: whoever stores notices knows it"
    house.goes_on(600, cpu=5.0)
    assert isinstance(house.told[-1], LoadRecovered)
    assert house.told[-1].raised.since == first.raised.since


def test_an_old_alert_is_not_told_again_after_a_start(house: Watchtower) -> None:
    house.goes_on(600, cpu=98.0)
    house.down()
    house.clock.jump(7200)
    house.told.clear()
    house.up()
    house.goes_on(TELL_AGAIN_S + 10)
    assert house.told == []


def test_memory_and_disk_are_compared_within_the_limits_of_the_container(house: Watchtower) -> None:
    house.machine.load = replace(CALM, memory_bytes=2**30 - 2**20, disk_free_bytes=1)
    house.goes_on(600)
    assert {event.raised.resource for event in house.told} == {Resource.MEMORY, Resource.DISK}
    assert all(event.raised.percent > 95 for event in house.told)


def test_thresholds_are_set_turned_off_and_refused_where_they_make_no_sense(house: Watchtower) -> None:
    assert dict(house.desk.thresholds()[0].limits) == {Resource.CPU: 90, Resource.MEMORY: 90, Resource.DISK: 90}
    house.desk.set_threshold(Resource.CPU, 50)
    house.goes_on(600, cpu=60.0)
    assert [event.raised.limit for event in house.told] == [50]
    assert set(house.desk.thresholds()[1]) == {Resource.CPU}
    house.desk.set_threshold(Resource.CPU, None)
    assert house.desk.thresholds()[0].of(Resource.CPU) is None
    assert house.desk.thresholds()[1] == {}
    house.goes_on(600, cpu=5.0)
    assert len(house.told) == 1
    for limit in (0, 4, 100, -1):
        with pytest.raises(BadInput):
            house.desk.set_threshold(Resource.DISK, limit)
