"""The manual's page, to the letter: exit codes, documents, refusals and settings, against the real command."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from actors.errors import VankaError
from tests.fakes.gitrepo import GitRepo
from tests.scenarios.service import Service, eventually

SLEEPER = """\
import os, time
print(repr({name: os.environ.get(name) for name in os.environ["WANTED"].split()}), flush=True)
open("ready", "w").close()
time.sleep(600)
"""
READY = "test -f ready"
STAGES = ["fetch", "build", "check", "switch", "start", "verify"]
WANTED = "GREETING LINES EMPTY VANKA_PROJECT VANKA_VERSION VANKA_COMMIT VANKA_ENVIRONMENT VANKA_HOME VANKA_SECRET_KEY"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    running = Service(tmp_path_factory.mktemp("product"))
    try:
        running.start()
        yield running
    finally:
        running.close()


@pytest.fixture(scope="module")
def repo(service: Service) -> GitRepo:
    made = GitRepo.in_directory(service.directory / "repos", "shop")
    made.commit({"main.py": SLEEPER, "sub/main.py": SLEEPER}, 'Первый: ✨ <b> & "quoted"')
    made.push()
    return made


@pytest.fixture
def url(repo: GitRepo) -> str:
    return str(repo.bare)


def run(service: Service, *argv: str, stdin: str = "", **environ: str) -> subprocess.CompletedProcess[str]:
    """The command as a person runs it, with other settings laid over the service's."""
    return subprocess.run(
        [sys.executable, "-m", "actors.cli", *argv],
        env={**service.environ, **environ},
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def post(service: Service, name: str, body: bytes, signature: str) -> int:
    request = urllib.request.Request(
        f"http://127.0.0.1:{service.http}/hooks/github/{name}",
        body,
        {"X-Hub-Signature-256": signature, "X-GitHub-Event": "push", "Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as response:
            return int(response.status)
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("VANKA_HTTP", "nonsense"),
        ("VANKA_TELEGRAM_TOKEN", "nonsense"),
        ("VANKA_ADMIN", "me"),
        ("VANKA_SECRET_KEY", "short"),
        ("VANKA_HOME", "/proc/version/home"),
        ("VANKA_HOME", "/proc/home"),
        ("VANKA_LANGUAGE_FILE", "/nowhere"),
    ],
)
def test_bad_setting_is_one_line_that_names_the_variable(tmp_path: Path, variable: str, value: str) -> None:
    service = Service(tmp_path)
    done = run(service, "up", **{variable: value})
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert variable in done.stderr


def test_every_command_of_the_service_says_3_where_none_runs(tmp_path: Path) -> None:
    service = Service(tmp_path)
    commands = ("status", "add x /x", "vars x", "set x A=b", "check x", "deploy x", "logs x", "load", "tree", "drill")
    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(lambda command: run(service, *command.split(), "--json"), commands))
    assert [(it.returncode, it.stdout) for it in done] == [(3, "")] * len(commands)
    assert not service.home.exists()


def test_what_is_refused_is_refused_with_its_code_and_leaves_nothing(service: Service, url: str) -> None:
    occupied = service.directory / "occupied"
    occupied.mkdir()
    (occupied / "theirs").write_text("kept")
    service.cli("add", "taken", url)
    refused = {
        ("taken", url): 1,
        ("b/c", url): 1,
        ("new", "ext::sh -c true"): 1,
        ("new", "/nowhere"): 1,
        ("new", url, "--branch", "nowhere"): 1,
        ("new", url, "--path", "/"): 1,
        ("new", url, "--path", os.path.expanduser("~")): 1,
        ("new", url, "--path", str(service.home)): 1,
        ("new", url, "--path", str(service.home / "in")): 1,
        ("new", url, "--path", str(service.directory)): 1,
        ("new", url, "--path", str(service.directory / "home-apps" / "taken" / "in")): 1,
        ("new", url, "--path", str(occupied / "theirs")): 1,
        ("new", url, "--path", str(occupied)): 1,
        ("new", url, "--path", url, "--adopt"): 1,
        ("new", url, "--path", str(Path(url).parent), "--adopt"): 1,
        ("new", url, "--persist", "../out"): 1,
        ("new", url, "--subdir", "../out"): 1,
        ("new", url, "--interval", "5s"): 2,
        ("new", url, "--interval", "soon"): 2,
        ("new", url, "--policy", "hope"): 2,
        ("new", url, "--engine", "steam"): 2,
        ("new", url, "--probe", "ftp://x"): 2,
        ("new", url, "--probe", "tcp://x"): 2,
        ("new", url, "--wrong"): 2,
        ("new",): 2,
    }
    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(lambda argv: run(service, "add", *argv), refused))
    assert [(it.args[4:], it.returncode) for it in done] == [(list(argv), code) for argv, code in refused.items()]
    assert all(it.stderr.startswith("vanka: ") and it.stderr.count("\n") == 1 for it in done)
    assert [it["name"] for it in service.json("status")] == ["taken"]
    assert (occupied / "theirs").read_text() == "kept"
    service.cli("remove", "taken")
    assert service.cli("status", "taken", code=1).startswith("vanka: there is no project taken")


def test_values_reach_the_program_and_are_shown_nowhere(service: Service, url: str) -> None:
    value = "sésame = 'open' \"now\""
    service.cli("add", "my.app-1_x", url, "--probe", READY)
    service.cli("set", "my.app-1_x", f"WANTED={WANTED}")
    service.cli("set", "my.app-1_x", "EMPTY=")
    assert run(service, "set", "my.app-1_x", "GREETING=-", stdin=f"{value}\n").returncode == 0
    assert run(service, "set", "my.app-1_x", "LINES=-", stdin="first line\nsecond line\n").returncode == 0
    for bad in ("VANKA_HOME=/x", "1X=2", "WITH SPACE=1"):
        service.cli("set", "my.app-1_x", bad, code=1)
    service.cli("set", "my.app-1_x", "no-equals", code=2)

    deployed = service.json("deploy", "my.app-1_x")
    target = Path(service.status("my.app-1_x")["path"])
    pid = service.status("my.app-1_x")["pid"]
    environ = dict(
        entry.split("=", 1) for entry in Path(f"/proc/{pid}/environ").read_bytes().decode().split("\0") if entry
    )
    assert {name: environ.get(name) for name in WANTED.split()} == {
        "GREETING": value,
        "LINES": "first line\nsecond line",
        "EMPTY": "",
        "VANKA_PROJECT": "my.app-1_x",
        "VANKA_VERSION": "1",
        "VANKA_COMMIT": deployed["commit"],
        "VANKA_ENVIRONMENT": "production",
        "VANKA_HOME": None,
        "VANKA_SECRET_KEY": None,
    }
    assert Path(f"/proc/{pid}/cwd").samefile(target)
    listed = service.json("vars", "my.app-1_x")
    assert [set(it) for it in listed] == [{"name", "set_at"}] * 4
    shown = [service.cli(*command.split()) for command in ("logs my.app-1_x", "vars my.app-1_x", "history my.app-1_x")]
    shown.append(service.cli("logs", "my.app-1_x", "--deployment", deployed["id"]))
    assert all("sésame" not in text and "second line" not in text for text in (*shown, service.log.read_text()))


def test_documents_have_their_fields_and_times_are_in_utc(service: Service, url: str) -> None:
    service.cli("add", "fields", url, "--probe", READY)
    service.cli("set", "fields", "WANTED=HOME")
    service.cli("deploy", "fields")
    service.cli("restart", "fields")

    status = service.json("status", "fields")
    assert len(status) == 1
    assert status[0]["state"] == "running"
    assert {*["name", "state", "version", "commit", "environment", "engine", "pid", "uptime_s", "restarts"]} <= set(
        status[0]
    )
    assert {"interval_s", "policy", "last_deployment"} <= set(status[0])
    history = service.json("history", "fields")
    assert [it["kind"] for it in history] == ["restart", "deploy"]
    assert [it["state"] for it in history] == ["succeeded", "succeeded"]
    assert [stage["name"] for stage in history[1]["stages"]] == STAGES
    assert {
        *["id", "project", "version", "commit", "environment", "kind", "asked_by", "started_at", "ended_at", "error"]
    } <= set(history[0])
    times = [history[1]["started_at"], history[1]["ended_at"], *(it["ended_at"] for it in history[1]["stages"])]
    assert [datetime.fromisoformat(at).utcoffset() for at in times] == [timedelta(0)] * len(times)
    version = service.json("versions", "fields")[0]
    assert {*["version", "commit", "subject", "author", "committed_at", "current"]} <= set(version)
    assert version["subject"] == 'Первый: ✨ <b> & "quoted"'
    assert service.json("check", "fields") == {"commit": version["commit"], "new": False}
    load = service.json("load")
    named = "cpu_percent cpu_count memory_bytes memory_limit_bytes disk_free_bytes processes projects"
    assert {*named.split()} <= set(load)
    nodes = [service.json("tree")]
    while nodes:
        node = nodes.pop()
        assert set(node) == {*["name", "kind", "state", "restarts", "inbox", "last_error", "children"]}
        nodes += node["children"]
    service.cli("stop", "fields")
    assert service.status("fields")["state"] == "stopped"
    service.cli("rollback", "fields", code=1)
    service.cli("rollback", "fields", "9", code=1)
    service.cli("rollback", "fields", "x", code=2)
    for command in ("promote", "discard", "cancel"):
        service.cli(command, "fields", code=1)
    service.cli("deploy", "fields", "--commit", "nowhere", code=1)


def test_hook_is_heard_when_it_is_signed_and_a_replay_does_no_harm(service: Service, repo: GitRepo, url: str) -> None:
    service.cli("add", "hooked", url, "--probe", READY, "--interval", "7d")
    service.cli("set", "hooked", "WANTED=HOME")
    service.cli("deploy", "hooked")
    hook = service.json("hook", "hooked")
    assert hook["url"] == f"http://127.0.0.1:{service.http}/hooks/github/hooked"
    repo.commit({"new": "file"}, "Pushed")
    repo.push()
    body = json.dumps({"ref": "refs/heads/main"}).encode()
    signature = "sha256=" + hmac.new(hook["secret"].encode(), body, hashlib.sha256).hexdigest()
    assert post(service, "hooked", body, "sha256=00") == 401
    assert post(service, "nobody", body, signature) == 401
    assert 200 <= post(service, "hooked", body, signature) < 300
    assert service.ended("hooked", 2)["commit"] == repo.head()
    assert 200 <= post(service, "hooked", body, signature) < 300
    service.cli("check", "hooked")
    assert len(service.json("history", "hooked")) == 2


def test_metrics_are_named_as_the_manual_names_them(service: Service, url: str) -> None:
    service.cli("add", "counted", url, "--probe", READY)
    service.cli("set", "counted", "WANTED=HOME")
    service.cli("deploy", "counted")
    service.cli("check", "counted")
    service.cli("load")
    with urllib.request.urlopen(f"http://127.0.0.1:{service.http}/metrics", timeout=10) as response:
        text = response.read().decode()
    service.cli("drill", "counted")
    for line in (
        'vanka_deployments_total{environment="production",project="counted",state="succeeded"} 1.0',
        'vanka_project_up{project="counted"} 1.0',
        'vanka_watch_checks_total{result="unchanged"}',
        'vanka_deployment_duration_seconds_count{environment="production",project="counted"} 1.0',
    ):
        assert line in text
    with urllib.request.urlopen(f"http://127.0.0.1:{service.http}/health", timeout=10) as response:
        assert (response.status, json.loads(response.read())["up"]) == (200, True)


def test_drilling_again_and_again_costs_nobody_his_place(service: Service, url: str) -> None:
    service.cli("add", "drilled", url)
    for _ in range(8):
        them = service.json("drill", "drilled", "control")
        assert {it["actor"].rpartition("/")[2] for it in them} == {"deployer", "runner", "watcher", "control"}
        assert all(it["down_ms"] < 5000 for it in them)
    assert "GaveUp" not in json.dumps(service.json("tree"))
    service.cli("check", "drilled")
    service.cli("drill", "nobody", code=1)


def test_200_commands_at_once_are_all_answered(service: Service) -> None:
    def ask(turn: int) -> Any:
        return service.ask(("status", "tree", "names", "load")[turn % 4])

    with ThreadPoolExecutor(50) as pool:
        assert all(answer is not None for answer in pool.map(ask, range(200)))


def test_of_many_who_want_one_name_one_gets_it(service: Service, url: str) -> None:
    def add(turn: int) -> str:
        try:
            return str(service.ask("add", name="wanted", url=url, path=str(service.directory / f"place{turn}"))["name"])
        except VankaError as refused:
            return refused.message

    with ThreadPoolExecutor(8) as pool:
        answers = sorted(pool.map(add, range(8)))
    assert answers == ["there is a project wanted"] * 7 + ["wanted"]


def test_second_service_on_the_same_home_is_refused(service: Service) -> None:
    done = run(service, "up")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "already" in done.stderr
    eventually(lambda: service.ask("ping"), "the first one goes on")
