"""Commands that need no running service, as processes of their own."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from actors.cli import doctor
from actors.cli.service import CommandServer
from tests.actors.cli.conftest import Vanka

ROOT = Path(__file__).resolve().parents[3]
LIMIT_S = 60.0
DEMO_LIMIT_S = 300.0


def run(*argv: str, limit: float = LIMIT_S, **environ: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("VANKA_")}
    return subprocess.run(
        [sys.executable, "-P", "-m", "actors.cli", *argv],
        env=kept | {"PYTHONPATH": str(ROOT), **environ},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=limit,
        check=False,
    )


@pytest.fixture
def silent_server() -> Iterator[int]:
    """A port where connections are taken and nothing is ever said."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_the_demo_tells_its_story_and_leaves_nothing_behind(tmp_path: Path) -> None:
    ran = run("demo", limit=DEMO_LIMIT_S, TMPDIR=str(tmp_path))
    assert ran.returncode == 0, ran.stdout + ran.stderr
    for words in ("v1 deployed", "found and deployed by itself", "v3 ", "is killed", "never restarted", "back to v1"):
        assert words in ran.stdout
    assert ran.stdout.rstrip().endswith("everything was stopped and removed")
    assert list(tmp_path.glob("vanka-demo-*")) == []


def test_up_with_a_bad_setting_is_one_line_and_exit_code_2(tmp_path: Path) -> None:
    ran = run("up", VANKA_HOME=str(tmp_path), VANKA_HTTP="everywhere")
    assert ran.returncode == 2
    assert ran.stderr.startswith("vanka: VANKA_HTTP ")
    assert ran.stderr.count("\n") == 1


def test_up_where_a_service_runs_already_says_so(vanka: Vanka, server: CommandServer) -> None:
    ran = vanka("up")
    assert ran.code == 1
    assert "already" in ran.err


def test_what_a_client_needs_is_all_that_it_loads(tmp_path: Path) -> None:
    ran = run("status", PYTHONPROFILEIMPORTTIME="1", VANKA_HOME=str(tmp_path))
    assert ran.returncode == 3
    for heavy in ("telebot", "git", "docker", "cryptography", "psutil", "structlog", "pykka", "diskcache", "requests"):
        assert f" {heavy}\n" not in ran.stderr


def test_doctor_looks_at_everything_and_names_the_mend(
    lone_vanka: Vanka, monkeypatch: pytest.MonkeyPatch, silent_server: int
) -> None:
    monkeypatch.setenv("VANKA_TELEGRAM_API", f"http://127.0.0.1:{silent_server}")
    monkeypatch.setenv("VANKA_TELEGRAM_TOKEN", "123456:hunter2")
    monkeypatch.setattr(doctor, "NETWORK_LIMIT_S", 0.5)
    ran = lone_vanka("doctor", "--json")
    found = {it["name"]: it for it in ran.json}
    assert found.keys() >= {"python", "git", "docker", "uv", "disk", "telegram", "service"}
    assert ran.code == 1
    assert found["telegram"]["result"] == "bad"
    assert "hunter2" not in ran.out
    assert found["service"]["result"] == "warning"
    assert all(it["mend"] for it in ran.json if it["result"] != "ok")
    assert "BAD  telegram: " in lone_vanka("doctor").out


def test_doctor_sees_a_running_service(vanka: Vanka, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VANKA_TELEGRAM_API", "http://127.0.0.1:9")
    found = {it["name"]: it for it in vanka("doctor", "--json").json}
    assert found["service"]["result"] == "ok"
    assert found["telegram"]["result"] == "warning"


def test_service_whose_guardian_ended_before_it_was_up_does_not_become_one(tmp_path: Path) -> None:
    ran = run("up", VANKA_HOME=str(tmp_path / "home"), VANKA_HTTP="off", VANKA_GUARDIAN="1")
    assert ran.returncode == 1
    assert "guardian" in ran.stderr
    assert not (tmp_path / "home").exists()
