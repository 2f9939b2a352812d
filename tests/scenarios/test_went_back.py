"""The records go back to an older copy: what is in production, what runs and every number stay true."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest

from tests.fakes.gitrepo import GitRepo
from tests.scenarios.service import Service, answer_of, eventually, free_port, program

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="finds programs under /proc")


class Shop:
    """A project whose program answers with its text and version."""

    def __init__(self, service: Service, directory: Path, name: str = "shop") -> None:
        self.service, self.name, self.port = service, name, free_port()
        self.repo = GitRepo.in_directory(directory, name)
        self.path = directory / "apps" / name
        self.commit("one")
        service.ask(
            "add",
            name=name,
            url=str(self.repo.bare),
            path=str(self.path),
            policy="notify",
            probe=f"tcp://127.0.0.1:{self.port}",
        )
        service.ask("set", name=name, key="PORT", value=str(self.port))

    def commit(self, text: str) -> str:
        return self.repo.commit({"main.py": program(text)}, text)

    def deploy(self, text: str | None = None) -> dict[str, object]:
        if text is not None:
            self.commit(text)
        done: dict[str, object] = self.service.ask("deploy", name=self.name)
        assert done["state"] == "succeeded"
        return done

    @property
    def answer(self) -> str:
        return answer_of(self.port)


@pytest.fixture
def shop(service: Service, tmp_path: Path) -> Shop:
    """Version 1 is in production, and a backup knows of nothing else."""
    made = Shop(service, tmp_path)
    made.deploy()
    service.ask("backup", file=str(tmp_path / "old.bak"))
    return made


def restore(service: Service, tmp_path: Path) -> None:
    pid = service.wait_until_up()
    service.ask("restore", file=str(tmp_path / "old.bak"))
    service.wait_until_up(other_than=pid)


def test_status_after_a_restore_names_the_version_that_runs_and_the_program_runs_on(
    service: Service, shop: Shop, tmp_path: Path
) -> None:
    shop.deploy("two")
    shop.deploy("three")
    pid = service.status("shop")["pid"]
    restore(service, tmp_path)
    status = service.status("shop")
    assert (status["state"], status["version"], status["pid"]) == ("running", 3, pid)
    assert status["commit"] == shop.repo.head()
    assert shop.answer == "three v3"


def test_no_number_is_given_again_after_a_restore(service: Service, shop: Shop, tmp_path: Path) -> None:
    done = shop.deploy("two")
    late = Shop(service, tmp_path, "late")
    late.deploy()
    restore(service, tmp_path)
    assert [it["name"] for it in service.ask("status")] == ["shop"]
    later = shop.deploy("three")
    assert str(later["id"]) > str(done["id"])
    assert later["version"] == 3
    eventually(lambda: shop.answer == "three v3", "the third commit is in production")
    other = Shop(service, tmp_path, "other")
    other.deploy()
    assert other.answer == "one v1"
    numbers = {path.name for path in (service.home / "projects").iterdir()}
    assert numbers == {"1", "2", "3"}


def test_project_that_the_copy_does_not_know_is_told_of(service: Service, shop: Shop, tmp_path: Path) -> None:
    late = Shop(service, tmp_path, "late")
    late.deploy()
    pid = service.status("late")["pid"]
    restore(service, tmp_path)
    said = service.log.read_text()
    assert f"{service.home}/projects/2 belongs to a project that is not on record any more" in said
    assert f"Its program runs on (process {pid})" in said
    assert f"kill {pid}" in said
    eventually(
        lambda: any(f"kill {pid}" in notice["text"] for notice in service.ask("notifications", limit=50)), "it is told"
    )
    assert shop.answer == "one v1"
    assert Path(f"/proc/{pid}").exists()  # it is nobody's any more, and a person is to decide
    os.kill(pid, signal.SIGKILL)


def test_deployment_that_was_under_way_in_the_copy_does_not_go_on(service: Service, shop: Shop, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    shop.commit("two")
    service.ask("edit", name="shop", probe=f"test -e {gate}")
    under_way = service.ask("deploy", name="shop", detach=True)["id"]
    eventually(
        lambda: service.ask("history", name="shop")[0]["stages"][-1]["state"] == "running", "it is being verified"
    )
    backup = tmp_path / "old.bak"
    backup.unlink()
    service.ask("backup", file=str(backup))
    gate.touch()
    assert service.ended("shop", 2)["state"] == "succeeded"
    shop.deploy("three")
    restore(service, tmp_path)
    assert shop.answer == "three v3"
    status = service.status("shop")
    assert (status["state"], status["version"]) == ("running", 3)
    cut = next(it for it in service.ask("history", name="shop") if it["id"] == under_way)
    assert cut["state"] == "failed"
    assert "went back" in cut["error"]


def test_damaged_database_that_an_older_copy_replaces_costs_no_truth(
    service: Service, shop: Shop, tmp_path: Path
) -> None:
    service.stop()
    service.start()  # a copy is made at each start
    shop.deploy("two")
    pid = service.status("shop")["pid"]
    service.stop()
    for name in ("cache.db", "cache.db-wal", "cache.db-shm"):
        (service.home / "store" / name).unlink(missing_ok=True)
    service.start()
    status = service.status("shop")
    assert (status["version"], status["pid"]) == (2, pid)
    assert shop.deploy("three")["version"] == 3
    assert shop.answer == "three v3"
