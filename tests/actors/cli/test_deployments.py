"""Commands that lead to deployments: waiting, detaching, and what went wrong."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from actors.cli.client import Client
from actors.model.deployment import State
from tests.actors.cli.conftest import DEPLOYMENT_FIELDS, Vanka
from tests.actors.cli.fake_control import SHA, FakeControl

pytestmark = pytest.mark.usefixtures("shop")


def test_deploy_waits_shows_the_stages_and_prints_the_deployment(vanka: Vanka) -> None:
    ran = vanka("deploy", "shop", "--commit", "abc1234")
    assert ran.code == 0
    assert "fetch v3: done in 1.5 s" in ran.err
    assert "deploy of shop v3 abc1234: succeeded in 2 s" in ran.out


def test_deploy_as_json_is_one_document_and_nothing_else(vanka: Vanka) -> None:
    ran = vanka("deploy", "shop", "--json")
    assert ran.code == 0
    assert ran.err == ""
    assert ran.json.keys() >= DEPLOYMENT_FIELDS
    assert [stage["name"] for stage in ran.json["stages"]] == ["fetch", "build", "check", "switch", "start", "verify"]
    assert set(ran.json["stages"][0]) == {"name", "state", "started_at", "ended_at"}
    assert ran.json["asked_by"].startswith("cli")
    assert ran.json["started_at"] == "2026-01-02T03:04:05.678Z"


@pytest.mark.parametrize("state", [State.FAILED, State.ROLLED_BACK, State.CANCELLED])
def test_a_deployment_that_went_wrong_is_exit_code_1_with_the_reason(
    vanka: Vanka, control: FakeControl, state: State
) -> None:
    control.ends_as, control.error = state, "the program ended\nwith code 3"
    ran = vanka("deploy", "shop", "--json")
    assert ran.code == 1
    assert ran.json["state"] == str(state)
    assert ran.err == (
        f"vanka: deploy of shop: {state}: the program ended with code 3. See: vanka logs shop --deployment d1\n"
    )


def test_detach_returns_at_once(vanka: Vanka, control: FakeControl) -> None:
    ran = vanka("deploy", "shop", "--detach", "--json")
    assert ran.code == 0
    assert ran.json["state"] == "queued"
    assert control.deployments["d1"].state is State.QUEUED


def test_ctrl_c_while_waiting_detaches_and_says_so(
    vanka: Vanka, control: FakeControl, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = Client.ask_long

    def interrupted(self: Client, command: str, args: dict[str, object], on_progress: object) -> object:
        def stop(progress: dict[str, object]) -> None:
            on_progress(progress)  # type: ignore[operator] # what the command gave
            raise KeyboardInterrupt

        return asked(self, command, args, stop)

    control.hold = True
    monkeypatch.setattr(Client, "ask_long", interrupted)
    ran = vanka("deploy", "shop")
    assert ran.code == 130
    assert "Detached: deploy d1 goes on" in ran.err
    assert "vanka cancel shop" in ran.err
    assert not control.deployments["d1"].ended


def test_a_test_run_that_is_over_ends_the_waiting(vanka: Vanka, control: FakeControl) -> None:
    control.test_over = True
    ran = vanka("test", "shop", "--for", "5m", "--json")
    assert ran.code == 0
    assert (ran.json["kind"], ran.json["environment"], ran.json["test_for_s"]) == ("test", "test", 300)
    assert "vanka promote" in vanka("test", "shop").err
    assert vanka("test", "shop", "--json").json["test_for_s"] == 300  # as the manual says


def test_promote_rollback_and_refresh_lead_to_deployments(vanka: Vanka, control: FakeControl) -> None:
    assert vanka("promote", "shop", "--json").json["kind"] == "promote"
    assert vanka("rollback", "shop", "v2", "--json").json["kind"] == "rollback"
    assert control.asked[-1] == ("rollback", "shop", 2)
    assert vanka("refresh", "shop", "--json").json["kind"] == "deploy"


def test_nothing_to_roll_back_to_is_exit_code_1(vanka: Vanka) -> None:
    ran = vanka("rollback", "shop")
    assert ran.code == 1
    assert ran.err == "vanka: there is no earlier version.\n"


def test_cancel_and_discard_are_done_when_it_has_ended(vanka: Vanka) -> None:
    for command in ("cancel", "discard"):
        assert vanka("deploy", "shop", "--detach").code == 0
        ran = vanka(command, "shop", "--json")
        assert ran.code == 0
        assert ran.json["state"] == "cancelled"


def test_waiting_is_taken_up_again_when_the_service_comes_back(
    vanka: Vanka, control: FakeControl, monkeypatch: pytest.MonkeyPatch
) -> None:
    from actors.cli import client
    from runtime.errors import ConnectionLost

    real = client.call
    lost = []

    def lose_the_first(path: Path, request: dict[str, object], *rest: object) -> object:
        answer = real(path, request, *rest)  # type: ignore[arg-type] # passed through
        if request["command"] == "deploy" and not lost:
            lost.append(request)
            raise ConnectionLost("the service went away")
        return answer

    monkeypatch.setattr(client, "call", lose_the_first)
    ran = vanka("deploy", "shop", "--json")
    assert lost
    assert ran.code == 0
    assert ran.json["state"] == "succeeded"


def test_check_pin_versions_and_history(vanka: Vanka, control: FakeControl) -> None:
    assert vanka("check", "shop", "--json").json == {"commit": SHA, "new": True}
    assert vanka("pin", "shop", "3").code == 0
    assert vanka("unpin", "shop", "v3").code == 0
    assert control.asked[-2:] == [("pin", "shop", 3, True), ("pin", "shop", 3, False)]
    assert vanka("deploy", "shop").code == 0
    versions = vanka("versions", "shop", "--json").json
    assert [(it["version"], it["current"]) for it in versions] == [(4, False), (3, True)]
    assert versions[0].keys() >= {"version", "commit", "subject", "author", "committed_at", "current"}
    (entry,) = vanka("history", "shop", "--json").json
    assert entry.keys() >= DEPLOYMENT_FIELDS
    assert "v3" in vanka("history", "shop").out
    assert "current" in vanka("versions", "shop").out


def test_a_project_s_own_texts_stay_on_their_line(vanka: Vanka, control: FakeControl) -> None:
    assert vanka("deploy", "shop").code == 0
    control.deployments["d1"] = replace(control.deployments["d1"], error="several\nlines")
    assert len(vanka("history", "shop").out.splitlines()) == 2


@pytest.mark.skipif(os.name == "nt", reason="Ctrl-C cannot be sent to one process there")
def test_ctrl_c_in_a_real_terminal_detaches_too(home: Path, vanka: Vanka, control: FakeControl) -> None:
    control.hold = True
    root = Path(__file__).resolve().parents[3]
    with subprocess.Popen(
        [sys.executable, "-P", "-m", "actors.cli", "deploy", "shop"],
        env=os.environ | {"PYTHONPATH": str(root), "VANKA_HOME": str(home)},
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as child:
        assert child.stderr is not None
        assert child.stderr.readline() == "deploy shop: d1\n"
        child.send_signal(signal.SIGINT)
        assert child.wait(60) == 130
        assert "Detached: deploy d1 goes on" in child.stderr.read()
    assert not control.deployments["d1"].ended
