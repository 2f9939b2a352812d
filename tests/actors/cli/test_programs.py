"""Commands about programs and about the service as a whole."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
from pathlib import Path

import pytest

from actors.cli.answers import ANSWERS
from actors.cli.client import Client
from tests.actors.cli.conftest import STATUS_FIELDS, Vanka
from tests.actors.cli.fake_control import FakeControl

pytestmark = pytest.mark.usefixtures("shop")


def test_start_stop_and_restart_show_the_status(vanka: Vanka, control: FakeControl) -> None:
    assert vanka("deploy", "shop").code == 0
    for command in ("start", "stop", "restart"):
        ran = vanka(command, "shop", "--json")
        assert ran.code == 0
        assert ran.json.keys() >= STATUS_FIELDS
        assert control.asked[-1] == (command, "shop")


def test_logs_shows_lines(vanka: Vanka, control: FakeControl) -> None:
    assert vanka("logs", "shop").out == "one\ntwo\n"
    assert vanka("logs", "shop", "-n", "7", "--deployment", "d1", "--json").json == {"lines": ["one", "two"]}
    assert control.asked[-1] == ("log_tail", "shop", 7, False, "d1")


def test_logs_follows_what_is_added_and_masks_secrets(
    vanka: Vanka, control: FakeControl, home: Path, tmp_path: Path
) -> None:
    control.log = tmp_path / "program.log"
    control.log.write_text("zero\none\nhunter2 two\n")
    seen: list[str] = []
    enough = threading.Event()

    class Enough(Exception):
        pass

    def show(progress: dict[str, list[str]]) -> None:
        seen.extend(progress["lines"])
        if "two" in seen[-1] if seen else False:
            with control.log.open("a") as file:
                file.write("three\n")
        if "three" in seen:
            enough.set()
            raise Enough

    with pytest.raises(Enough):
        Client(home, "").ask("logs", {"name": "shop", "lines": 2, "follow": True}, show)
    assert enough.is_set()
    assert seen == ["one", "[hidden] two", "three"]


def test_run_without_a_container_engine_is_refused(vanka: Vanka) -> None:
    ran = vanka("run", "https://example.org/x.git", "--for", "5m", "--command", "pytest", "-q")
    assert ran.code == 1
    assert "no container engine" in ran.err


def test_load_tree_and_notifications(vanka: Vanka) -> None:
    load = vanka("load", "--json").json
    assert load.keys() >= {
        *("cpu_percent", "cpu_count", "memory_bytes", "memory_limit_bytes", "disk_free_bytes", "processes", "projects")
    }
    told = vanka("load").out
    assert "19.1 MB" in told or "19 MB" in told
    assert "tests\nNAME" in told
    assert "containers\nNAME" in told
    assert "286 MB of 954 MB (limit of cgroup v2)" in told
    tree = vanka("tree", "--json").json
    assert set(tree) == {"name", "kind", "state", "restarts", "inbox", "last_error", "children"}
    assert vanka("tree").out.splitlines()[1] == "  bot [actor] running, 1 restarts, ValueError: x y"
    assert vanka("notifications", "--json").json[0]["text"] == "shop is up"
    assert "shop is up" in vanka("notifications").out


def test_drill_names_who_got_back_up(vanka: Vanka) -> None:
    assert vanka("drill", "bot", "--json").json == [{"actor": "bot", "down_ms": 1.25}]
    assert "1.2 ms" in vanka("drill", "--all").out
    assert vanka("drill").code == 0


def test_the_service_is_not_killed_where_nobody_would_start_it_again(vanka: Vanka) -> None:
    ran = vanka("drill", "--kill")
    assert ran.code == 1
    assert "guardian" in ran.err


def test_backup_restore_and_rekey(
    vanka: Vanka, control: FakeControl, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert vanka("backup", "state", "--json").json == {"file": str(tmp_path / "state")}
    assert (tmp_path / "state").read_text() == "state"
    assert vanka("restore", "state").code == 0
    assert control.asked[-1] == ("restore", tmp_path / "state")
    assert vanka("rekey").out == "Done: 5 secrets.\n"


def test_completion_scripts_name_every_command(vanka: Vanka) -> None:
    for shell in ("bash", "zsh"):
        ran = vanka("completion", shell)
        assert ran.code == 0
        assert all(name in ran.out for name in ANSWERS.keys() & {"deploy", "status", "vars", "drill"})
        assert "--persist" in ran.out
    assert vanka("_names").out == "shop\n"


def test_version_needs_no_service(lone_vanka: Vanka) -> None:
    assert lone_vanka("version").out.startswith("vanka 0.")
    assert "python" in lone_vanka("version", "--json").json


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash on this machine")
def test_bash_completes_commands_and_options(vanka: Vanka, tmp_path: Path) -> None:
    script = vanka("completion", "bash").out
    ask = "\nCOMP_WORDS=({words}); COMP_CWORD={at}; _vanka; echo ${{COMPREPLY[@]}}"
    for words, at, wanted in (("vanka dep", 1, "deploy"), ("vanka deploy shop --de", 3, "--detach")):
        done = subprocess.run(
            ["bash", "-c", script + ask.format(words=words, at=at)],
            env={"PATH": os.environ["PATH"]},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        assert done.stdout.split() == [wanted]
