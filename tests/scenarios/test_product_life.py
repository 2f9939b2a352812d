"""What becomes of a repository, a home and a service in the course of their lives, as the manual promises it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.gitrepo import GitRepo
from tests.scenarios.service import Service, eventually

SLEEPER = "import time\nopen('ready', 'w').close()\ntime.sleep(600)\n"
READY = "test -f ready"
KEYS = ("MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=", "ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA=")


@pytest.fixture
def repo(tmp_path: Path) -> GitRepo:
    made = GitRepo.in_directory(tmp_path / "repos", "shop")
    made.commit({"main.py": SLEEPER}, "One")
    return made


@pytest.fixture
def others(tmp_path: Path) -> Iterator[list[Service]]:
    """Further services of a test; none of them is left running."""
    made: list[Service] = []
    yield made
    for service in made:
        service.close()


def add(service: Service, repo: GitRepo, name: str = "shop", *options: str) -> None:
    service.cli("add", name, str(repo.bare), "--probe", READY, "--interval", "7d", *options)


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_empty_repository_is_taken_and_deployed_when_its_first_commit_comes(service: Service, tmp_path: Path) -> None:
    empty = GitRepo.in_directory(tmp_path / "repos", "empty")
    add(service, empty)
    assert "no commit" in service.cli("check", "shop", code=1)
    assert "no commit" in service.status("shop")["watch_error"]
    empty.commit({"main.py": SLEEPER}, "First")
    assert service.json("check", "shop") == {"commit": empty.head(), "new": True}
    assert service.ended("shop", 1)["state"] == "succeeded"
    assert service.status("shop")["watch_error"] is None


def test_history_that_is_skipped_rewritten_lost_and_found_again(service: Service, repo: GitRepo) -> None:
    add(service, repo)
    service.cli("deploy", "shop")
    repo.commit({"more": "1"}, "Words only [skip ci]")
    assert service.json("check", "shop")["new"] is True
    assert len(service.json("history", "shop")) == 1

    rewritten = repo.rewrite("Rewritten")
    assert service.json("check", "shop") == {"commit": rewritten, "new": True}
    assert service.ended("shop", 2)["commit"] == rewritten

    away = repo.bare.with_name("away.git")
    repo.bare.rename(away)
    assert "no repository" in service.cli("check", "shop", code=1)
    status = service.status("shop")
    assert (status["state"], "no repository" in status["watch_error"]) == ("running", True)
    away.rename(repo.bare)
    assert service.json("check", "shop")["new"] is False
    assert service.status("shop")["watch_error"] is None

    service.cli("edit", "shop", "--branch", "main")
    repo.delete_branch("main")
    service.cli("check", "shop", code=1)
    assert service.status("shop")["state"] == "running"


def test_edit_of_the_branch_is_looked_at_and_two_projects_share_one_address(service: Service, repo: GitRepo) -> None:
    add(service, repo)
    add(service, repo, "twin", "--policy", "notify")
    service.cli("deploy", "shop")
    repo.switch("dev", create=True)
    repo.commit({"dev": "1"}, "Dev")
    service.cli("edit", "shop", "--branch", "dev")
    assert service.ended("shop", 2)["commit"] == repo.head()
    repo.tag("v1.0")
    for wanted in (repo.head()[:8], "v1.0"):
        assert service.json("deploy", "twin", "--commit", wanted)["commit"] == repo.head()
    service.cli("edit", "twin", "--interval", "15s", "--policy", "test", "--pause")
    assert service.status("twin")["paused"] is True
    service.cli("edit", "twin", "--resume")
    assert service.status("twin")["next_check_s"] <= 16.5
    assert len([it for it in (service.home / "mirrors").iterdir() if it.is_dir()]) == 1


def test_removed_project_leaves_its_directory_usable_when_files_are_kept(service: Service, repo: GitRepo) -> None:
    add(service, repo)
    service.cli("deploy", "shop")
    status = service.status("shop")
    target = Path(status["path"])
    service.cli("remove", "shop", "--keep-files")
    assert not alive(status["pid"])
    assert (target / "main.py").read_text() == SLEEPER
    assert subprocess.run([target / "venv/bin/python", "-c", "pass"], check=False, timeout=30).returncode == 0
    add(service, repo, "shop", "--adopt")
    service.cli("deploy", "shop")
    service.cli("remove", "shop")
    assert not os.path.lexists(target)


def test_state_moves_to_another_machine_with_its_key_and_with_no_other(
    tmp_path: Path, repo: GitRepo, others: list[Service]
) -> None:
    old = Service(tmp_path / "old", VANKA_SECRET_KEY=KEYS[0])
    new = Service(tmp_path / "new", VANKA_SECRET_KEY=f"{KEYS[1]},{KEYS[0]}")
    wrong = Service(tmp_path / "wrong", VANKA_SECRET_KEY=KEYS[1])
    others += (old, new, wrong)
    for service in others:
        service.directory.mkdir()
        service.start()
    add(old, repo)
    old.cli("set", "shop", "PASSWORD=correct horse")
    backup = tmp_path / "vanka.backup"
    old.cli("backup", str(backup))
    old.cli("backup", str(backup), code=1)
    assert b"correct horse" not in backup.read_bytes()

    before = new.wait_until_up()
    new.cli("restore", str(backup))
    new.wait_until_up(other_than=before)
    assert [it["name"] for it in new.json("vars", "shop")] == ["PASSWORD"]
    assert new.json("rekey")["secrets"] >= 1
    new.cli("deploy", "shop")
    environ = Path(f"/proc/{new.status('shop')['pid']}/environ").read_bytes()
    assert b"PASSWORD=correct horse\0" in environ

    assert "key" in wrong.cli("restore", str(backup), code=1)
    assert wrong.json("status") == []
    wrong.cli("restore", str(tmp_path / "nowhere"), code=1)
    (tmp_path / "nonsense").write_text("no backup")
    wrong.cli("restore", str(tmp_path / "nonsense"), code=1)
    assert wrong.json("status") == []


def test_stop_leaves_programs_running_unless_it_was_told_to_stop_them(service: Service, repo: GitRepo) -> None:
    add(service, repo)
    service.cli("deploy", "shop")
    pid = service.status("shop")["pid"]
    assert service.stop() == 0
    assert alive(pid)
    service.start("--stop-projects")
    assert service.status("shop")["pid"] == pid
    assert service.stop() == 0
    assert not alive(pid)
    service.start()
    eventually(lambda: service.status("shop")["state"] == "running", "the program is started again")


def test_ctrl_c_ends_it_like_sigterm(tmp_path: Path) -> None:
    service = Service(tmp_path)
    up = subprocess.Popen(
        [sys.executable, "-m", "actors.cli", "up"],
        env=service.environ,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        service.log.touch()
        service.wait_until_up()
        os.killpg(up.pid, signal.SIGINT)
        _out, said = up.communicate(timeout=20)
    finally:
        if up.poll() is None:
            os.killpg(up.pid, signal.SIGKILL)
    assert up.returncode == 0
    assert said.count("VANKA_TELEGRAM_TOKEN") == 1
    assert "Traceback" not in said
    shutil.rmtree(service.home)


def test_service_that_cannot_start_says_why_and_what_to_do_in_one_line_of_two_sentences(tmp_path: Path) -> None:
    service = Service(tmp_path)
    service.home.mkdir(mode=0o700)
    (service.home / "secret.key").write_text("short\n")
    up = subprocess.run(
        [sys.executable, "-m", "actors.cli", "up"], env=service.environ, capture_output=True, text=True, timeout=60
    )
    assert up.returncode == 2
    assert up.stderr.startswith("vanka: a key in VANKA_SECRET_KEY is shorter than 16 characters. Take 32 random bytes")
    assert up.stderr.count("\n") == 1
