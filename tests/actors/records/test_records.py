"""Records come back as they were put, keep their numbers, and one project's never mix with another's."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from actors.errors import BadVariable, NameTaken, NoSuchProject, NoSuchVersion, Unknown
from actors.model.deployment import IllegalMove, Kind, StageName, StageRecord, StageState, State
from actors.model.project import Environment, Policy, Project
from actors.model.run import Run
from actors.records import Records
from actors.records.watch import Watched
from runtime.vault import Secret
from tests.conftest import commit

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def test_project_comes_back_as_it_was_put(records: Records, project: Project) -> None:
    full = records.projects.change(
        project.no,
        branch="main",
        subdir="web",
        interval_s=60,
        policy=Policy.TEST,
        probe="tcp://localhost:1",
        persist=("db", "*.sqlite3"),
        paused=True,
    )
    assert records.projects.get("shop") == full
    assert records.projects.by_no(project.no) == full


def test_taken_name_is_refused_and_an_unknown_one_names_the_nearest(records: Records, project: Project) -> None:
    with pytest.raises(NameTaken):
        records.projects.add(project)
    with pytest.raises(NoSuchProject) as refused:
        records.projects.get("shpo")
    assert refused.value.fields["nearest"] == "shop"


def test_renamed_project_is_found_by_its_new_name_only(records: Records, project: Project) -> None:
    records.projects.change(project.no, name="store")
    assert records.projects.get("store").no == project.no
    with pytest.raises(NoSuchProject):
        records.projects.get("shop")


def test_number_of_a_removed_project_is_not_used_again(records: Records, project: Project) -> None:
    records.forget(project)
    again = records.projects.add(project)
    assert again.no > project.no
    assert records.versions.of(again) == []


def test_commit_keeps_its_number_and_new_ones_count_on(records: Records, project: Project) -> None:
    first = records.versions.number(project, commit("a"))
    second = records.versions.number(project, commit("b"))
    assert (first.number, second.number) == (1, 2)
    assert records.versions.number(project, commit("a")).number == 1
    assert [version.number for version in records.versions.of(project)] == [2, 1]
    with pytest.raises(NoSuchVersion):
        records.versions.get(project, 3)


def test_version_before_is_the_newest_older_one_that_was_once_kept(records: Records, project: Project) -> None:
    for letter in "abcd":
        records.versions.number(project, commit(letter))
    for number in (1, 2, 4):
        records.versions.change(project, number, proven=True)
    before = records.versions.before(project, 4)
    assert before is not None
    assert before.number == 2
    assert records.versions.before(project, 1) is None


def test_deployment_comes_back_with_its_stages_and_leaves_the_open_ones_when_it_ends(
    records: Records, project: Project
) -> None:
    table = records.deployments
    opened = table.open(project, Kind.DEPLOY, Environment.PRODUCTION, "ann", NOON, commit="a" * 40)
    running = table.move(project, opened, State.RUNNING, NOON)
    staged = table.put(project, running.with_stage(StageRecord(StageName.FETCH, StageState.RUNNING, NOON)))
    assert table.get(opened.id) == staged
    assert table.unfinished(project) == [staged]
    ended = table.move(project, staged, State.SUCCEEDED, NOON + timedelta(seconds=5))
    assert table.unfinished(project) == []
    assert table.of(project) == [ended]
    with pytest.raises(IllegalMove):
        table.move(project, ended, State.RUNNING, NOON)


def test_journal_is_newest_first_over_all_projects_and_outlives_them(records: Records, project: Project) -> None:
    other = records.projects.add(replace(project, name="other"))
    first = records.deployments.open(project, Kind.DEPLOY, Environment.PRODUCTION, "ann", NOON)
    second = records.deployments.open(other, Kind.TEST, Environment.TEST, "bob", NOON)
    records.forget(project)
    assert [entry.id for entry in records.deployments.journal()] == [second.id, first.id]
    assert [entry.id for entry in records.deployments.journal(1, skip=1)] == [first.id]
    assert records.deployments.of(other) == [second]


def test_test_variables_are_laid_over_the_others_in_a_test_only(records: Records, project: Project) -> None:
    variables = records.variables
    variables.set(project, "URL", Secret("live"), test=False)
    variables.set(project, "DEBUG", Secret("no"), test=False)
    variables.set(project, "URL", Secret("fake"), test=True)

    def values(environment: Environment) -> dict[str, str]:
        return {name: secret.reveal() for name, secret in variables.values(project, environment)}

    assert values(Environment.PRODUCTION) == {"DEBUG": "no", "URL": "live"}
    assert values(Environment.TEST) == {"DEBUG": "no", "URL": "fake"}
    assert [info.overrides for info in variables.shown(project, test=True)] == [True]


def test_values_are_sealed_on_disk_and_short_ones_show_nothing(records: Records, project: Project) -> None:
    records.variables.set(project, "KEY", Secret("a-secret-that-is-long"), test=False)
    records.variables.set(project, "PIN", Secret("1234"), test=False)
    assert [info.tail for info in records.variables.shown(project, test=False)] == ["ng", ""]
    stored = [record for _key, record in records.store.scan("variable/")]
    assert "a-secret-that-is-long" not in repr(stored)


@pytest.mark.parametrize(
    ("name", "value"), [("1A", "x"), ("A-B", "x"), ("", "x"), ("VANKA_X", "x"), ("A", "a\0b"), ("A", "x" * 70_000)]
)
def test_variable_that_no_process_can_get_is_refused(records: Records, project: Project, name: str, value: str) -> None:
    with pytest.raises(BadVariable):
        records.variables.set(project, name, Secret(value), test=False)
    with pytest.raises(Unknown):
        records.variables.unset(project, name or "A", test=False)


def test_run_and_watch_records_come_back(records: Records, project: Project) -> None:
    run = Run(
        project="shop",
        environment=Environment.PRODUCTION,
        version=1,
        commit="a" * 40,
        engine="process",
        handle={"pid": 7, "started": 9},
        started_at=NOON,
    )
    records.runs.put(project, run)
    assert records.runs.get(project, Environment.PRODUCTION) == run
    assert records.runs.get(project, Environment.TEST) is None
    seen = Watched("main", "a" * 40, False, commit("a"))
    records.watch.put(project, seen)
    records.watch.handled(project, "b" * 40)
    assert records.watch.get(project) == seen
    records.watch.handled(project, "a" * 40)
    assert records.watch.get(project) == replace(seen, handled=True)


def test_every_secret_is_sealed_anew_with_the_first_key(records: Records, project: Project) -> None:
    records.variables.set(project, "KEY", Secret("value-one"), test=False)
    records.credentials.hook_secret(project)
    assert records.reseal() == 2
    assert records.variables.reveal(project, "KEY", test=False).reveal() == "value-one"
