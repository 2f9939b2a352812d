"""Commands about projects and variables: what is asked of the service, and what is shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from actors.model.project import Health, Policy, Remedy
from tests.actors.cli.conftest import DEPLOYMENT_FIELDS, STATUS_FIELDS, Vanka
from tests.actors.cli.fake_control import SHA, FakeControl

pytestmark = pytest.mark.usefixtures("shop")


def test_add_gives_all_its_options_to_the_service(vanka: Vanka, control: FakeControl) -> None:
    ran = vanka(
        *("add", "blog", "https://example.org/mono.git", "--branch", "main", "--path", "/srv/blog", "--subdir", "blog"),
        *("--interval", "1h30m", "--policy", "notify", "--engine", "container", "--main", "app.py"),
        *("--probe", "http://127.0.0.1:8000/health", "--persist", "db", "*.sqlite3", "--adopt", "--json"),
    )
    assert ran.code == 0
    assert ran.json["name"] == "blog"
    new = control.asked[-1][1]
    assert (new.branch, new.path, new.subdir, new.interval_s) == ("main", "/srv/blog", "blog", 5400)
    assert (new.policy, new.engine, new.main) == (Policy.NOTIFY, "container", "app.py")
    assert (new.probe, new.persist, new.adopt) == ("http://127.0.0.1:8000/health", ("db", "*.sqlite3"), True)


def test_add_without_a_path_leaves_the_choice_to_the_service(vanka: Vanka, control: FakeControl) -> None:
    assert vanka("add", "blog", "https://example.org/blog.git").code == 0
    assert control.asked[-1][1].path is None
    assert control.asked[-1][1].interval_s == 60  # as the manual says


def test_a_local_repository_and_a_path_are_meant_from_where_the_person_stands(
    vanka: Vanka, control: FakeControl, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "repo").mkdir()
    monkeypatch.chdir(tmp_path)
    assert vanka("add", "blog", "repo", "--path", "www").code == 0
    new = control.asked[-1][1]
    assert (new.url, new.path) == (str(tmp_path / "repo"), str(tmp_path / "www"))


def test_an_empty_address_is_no_repository_and_not_the_directory_that_one_stands_in(
    vanka: Vanka, control: FakeControl
) -> None:
    before = list(control.asked)
    ran = vanka("add", "blog", "")
    assert ran.code == 2
    assert "address" in ran.err
    assert control.asked == before


def test_how_a_running_program_is_looked_at_is_told_by_options(vanka: Vanka, control: FakeControl) -> None:
    options = ("--health-every", "2m", "--health-timeout", "10s", "--health-fails", "5", "--health-action", "restart")
    assert vanka("add", "blog", "https://example.org/blog.git", *options).code == 0
    assert control.asked[-1][1].health == Health(every_s=120, timeout_s=10, fails=5, remedy=Remedy.RESTART)
    assert vanka("edit", "shop", "--health-every", "off").code == 0
    assert control.asked[-1] == ("edit", "shop", {"health": Health(every_s=0)})
    assert vanka("edit", "shop", "--health-action", "pray").code == 2


def test_a_token_comes_from_a_file_or_from_standard_input(vanka: Vanka, control: FakeControl, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("ghp_1\n")
    assert vanka("add", "blog", "https://example.org/b", "--token", str(tmp_path / "token")).code == 0
    assert control.asked[-1][3].token.reveal() == "ghp_1"
    assert vanka("edit", "blog", "--token", "-", stdin="ghp_2\n").code == 0
    assert control.asked[-1][2]["access"].token.reveal() == "ghp_2"
    ran = vanka("edit", "blog", "--deploy-key", str(tmp_path / "missing"))
    assert ran.code == 2
    assert "missing" in ran.err


def test_edit_changes_only_what_was_given(vanka: Vanka, control: FakeControl) -> None:
    ran = vanka("edit", "shop", "--interval", "2d", "--policy", "test", "--json")
    assert ran.code == 0
    assert control.asked[-1] == ("edit", "shop", {"interval_s": 2 * 86400, "policy": Policy.TEST})
    assert ran.json["policy"] == "test"


def test_edit_is_one_change_of_all_that_was_given(vanka: Vanka, control: FakeControl, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("ghp_1\n")
    given = ("--url", "https://example.org/new", "--token", str(tmp_path / "token"), "--pause", "--interval", "1h")
    before = list(control.asked)
    assert vanka("edit", "shop", *given).code == 0
    ((command, name, changes),) = control.asked[len(before) :]
    assert (command, name) == ("edit", "shop")
    assert changes.pop("access").token.reveal() == "ghp_1"
    assert changes == {"url": "https://example.org/new", "paused": True, "interval_s": 3600}


def test_edit_takes_a_setting_away_with_an_empty_text(vanka: Vanka, control: FakeControl) -> None:
    assert vanka("edit", "shop", "--branch", "").code == 0
    assert control.asked[-1] == ("edit", "shop", {"branch": None})


def test_remove_forgets_the_project(vanka: Vanka, control: FakeControl) -> None:
    assert vanka("remove", "shop", "--keep-files").code == 0
    assert control.asked[-1][:3] == ("remove", "shop", True)
    assert "No projects yet" in vanka("status").out


def test_status_is_a_list_with_the_documented_fields(vanka: Vanka) -> None:
    (never,) = vanka("status", "--json").json
    assert never.keys() >= STATUS_FIELDS
    assert (never["state"], never["version"], never["last_deployment"]) == ("never deployed", None, None)
    assert vanka("deploy", "shop").code == 0
    (now,) = vanka("status", "shop", "--json").json
    assert (now["state"], now["version"], now["commit"], now["pid"]) == ("running", 3, SHA, 4711)
    assert now["last_deployment"].keys() >= DEPLOYMENT_FIELDS
    assert now["environment"] == "production"


def test_status_for_people_is_a_table_or_a_card(vanka: Vanka) -> None:
    assert vanka("deploy", "shop").code == 0
    table = vanka("status").out
    assert table.splitlines()[0].startswith("NAME")
    assert "0123456" in table
    assert "pid 4711, up 1 min 1 s, 2 restarts" in vanka("status", "shop").out


def test_a_variable_s_value_is_never_shown(vanka: Vanka, control: FakeControl) -> None:
    ran = vanka("set", "shop", "KEY=hunter2=x", "--json")
    assert ran.code == 0
    assert ran.json == {"name": "KEY", "set_at": "2026-01-02T03:04:05.678Z"}
    assert control.values["shop", "KEY", False].reveal() == "hunter2=x"
    for argv in (["vars", "shop"], ["vars", "shop", "--json"]):
        assert "hunter2" not in vanka(*argv).out
    assert vanka("vars", "shop", "--json").json == [ran.json]
    assert vanka("vars", "shop", "--test", "--json").json == []


def test_a_variable_s_value_can_come_from_standard_input(vanka: Vanka, control: FakeControl) -> None:
    assert vanka("set", "shop", "KEY=-", "--test", stdin="two\nlines\n").code == 0
    assert control.values["shop", "KEY", True].reveal() == "two\nlines"
    assert vanka("unset", "shop", "KEY", "--test").code == 0
    assert control.values == {}


def test_an_empty_value_is_a_value(vanka: Vanka, control: FakeControl) -> None:
    assert vanka("set", "shop", "KEY=").code == 0
    assert control.values["shop", "KEY", False].reveal() == ""


def test_a_refused_variable_is_exit_code_1(vanka: Vanka) -> None:
    ran = vanka("set", "shop", "A-B=1")
    assert ran.code == 1
    assert ran.err == "vanka: A-B cannot be a variable's name.\n"
