"""The command line as a whole: its commands, wrong usage, exit codes, and what nobody may break."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from actors import cli
from actors.cli.answers import ANSWERS
from actors.cli.client import Client
from actors.errors import VankaError
from tests.actors.cli.conftest import Vanka
from tests.actors.cli.fake_control import FakeControl

pytestmark = pytest.mark.usefixtures("shop")
LIMIT_S = 20.0

DOCUMENTED = {
    *("up", "status", "add", "remove", "edit", "vars", "set", "unset", "hook", "check", "deploy", "test"),
    *(
        "promote",
        "discard",
        "cancel",
        "pin",
        "unpin",
        "refresh",
        "rollback",
        "start",
        "stop",
        "restart",
        "versions",
        "history",
    ),
    *("logs", "run", "load", "tree", "drill", "notifications", "backup", "restore", "rekey", "doctor", "chat"),
    *("demo", "version", "completion"),
}


def test_every_documented_command_is_there() -> None:
    _parser, commands = cli.build()
    assert set(commands.parsers) - {"_names"} == DOCUMENTED
    by_socket = DOCUMENTED - {"up", "doctor", "chat", "demo", "version", "completion", "unpin"}
    assert by_socket <= set(ANSWERS)


@pytest.mark.parametrize(
    "argv",
    [
        ["nonsense"],
        [],
        ["add", "shop"],
        ["add", "shop", "url", "--interval", "soon"],
        ["add", "shop", "url", "--policy", "maybe"],
        ["rollback", "shop", "first"],
        ["rollback", "shop", "0"],
        ["logs", "shop", "-n", "-3"],
        ["logs", "shop", "-f", "--json"],
        ["history", "shop", "-n", "-1"],
        ["notifications", "-n", "-1"],
        ["test", "shop", "--for", "0s"],
        ["test", "shop", "--for", "8d"],
        ["add", "blog", ""],
        ["edit", "shop", "--url", ""],
        ["set", "shop", "NO_VALUE"],
        ["edit", "shop"],
        ["drill", "--kill", "bot"],
        ["status", "--jsn"],
    ],
)
def test_wrong_usage_is_one_line_and_exit_code_2(vanka: Vanka, argv: list[str]) -> None:
    ran = vanka(*argv)
    assert ran.code == 2
    assert ran.out == ""
    assert ran.err.startswith("vanka: ")
    assert ran.err.count("\n") == 1


def test_what_is_no_number_of_entries_is_not_called_a_version(vanka: Vanka) -> None:
    assert "is not a number from 0 to" in vanka("history", "shop", "-n", "v3").err


def test_without_a_service_every_command_says_so_with_exit_code_3(lone_vanka: Vanka, server: object) -> None:
    server.stop()  # type: ignore[attr-defined] # the fixture's own server
    for argv in (["status"], ["status", "--json"], ["deploy", "shop"], ["tree"], ["logs", "shop", "-f"]):
        ran = lone_vanka(*argv)
        assert ran.code == 3
        assert ran.out == ""
        assert "no service runs" in ran.err
        assert "vanka up" in ran.err


def test_a_bad_setting_is_exit_code_2(vanka: Vanka, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VANKA_HOME", "/")
    ran = vanka("status")
    assert ran.code == 2
    assert ran.err.startswith("vanka: VANKA_HOME ")


def test_an_unknown_project_is_exit_code_1_with_the_nearest_names(vanka: Vanka) -> None:
    ran = vanka("status", "shup", "--json")
    assert ran.code == 1
    assert ran.out == ""
    assert ran.err == "vanka: there is no project shup. Did you mean shop?\n"


def test_ctrl_c_ends_a_command_quietly(vanka: Vanka, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_args: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Client, "ask", interrupted)
    ran = vanka("status")
    assert (ran.code, ran.out, ran.err) == (130, "", "")


def test_a_fault_of_the_service_is_exit_code_1_and_the_service_lives_on(
    vanka: Vanka, control: FakeControl, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(name: str) -> None:
        raise ZeroDivisionError("oh")

    monkeypatch.setattr(control, "status", broken)
    ran = vanka("status", "shop")
    assert ran.code == 1
    assert "ZeroDivisionError" in ran.err
    assert vanka("vars", "shop").code == 0


def test_an_unknown_command_and_wrong_arguments_are_refused(home: Path, server: object) -> None:
    for command, args in (("explode", {}), ("deploy", {}), ("logs", {"name": "shop", "lines": "many"}), ("pin", [])):
        with pytest.raises(VankaError) as raised:
            Client(home, "").ask(command, args)  # type: ignore[arg-type] # wrong on purpose
        assert raised.value.leave_with == 2  # type: ignore[attr-defined] # what the service said


def test_people_s_control_letters_do_not_reach_the_records(home: Path, server: object, control: FakeControl) -> None:
    Client(home, "me\n\x1b[31m").ask("deploy", {"name": "shop", "detach": True})
    assert control.deployments["d1"].asked_by == "cli:me[31m"


def test_json_may_stand_before_the_command_too(vanka: Vanka) -> None:
    assert vanka("--json", "status").json[0]["name"] == "shop"


@pytest.mark.parametrize("argv", [["--version"], ["--version", "--json"], ["--json", "--version"]])
def test_version_may_be_asked_for_as_an_option(vanka: Vanka, argv: list[str]) -> None:
    ran = vanka(*argv)
    same = vanka("version", *(word for word in argv if word == "--json"))
    assert (ran.code, ran.out, ran.err) == (0, same.out, "")
    assert ran.out


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no file here that is always full")
def test_output_that_finds_no_room_is_said_in_one_line() -> None:
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(
            [sys.executable, "-m", "actors.cli", "version", "--json"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=LIMIT_S,
        )
    assert (ended.returncode, ended.stderr) == (
        1,
        "vanka: the output cannot be written: No space left on device.\n",
    )
