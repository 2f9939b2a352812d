"""One commit, all the way, for a project that runs as a container: deployed, changed, broken, rolled back, adopted."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from actors.engines.docker_calls import Docker
from tests.actors.engines.workshop import remove_all
from tests.fakes.docker_engine import docker, docker_engine
from tests.fakes.gitrepo import GitRepo
from tests.fakes.gitserver import GitServer
from tests.scenarios.service import Service, answer_of, eventually, free_port, program

__all__ = ["docker", "docker_engine"]

pytestmark = pytest.mark.docker


class Box:
    """A container project of the service that answers on a port, and its repository."""

    def __init__(self, service: Service, repo: GitRepo, url: str) -> None:
        self.service, self.repo, self.port = service, repo, free_port()
        self.push("one", deploy=False)
        target = str(service.directory / "apps" / "shop")
        probe = f"http://127.0.0.1:{self.port}/"
        service.cli("add", "shop", url, "--path", target, "--engine", "container", "--probe", probe)
        service.cli("set", "shop", f"PORT={self.port}")

    def push(self, text: str | None, *, deploy: bool = True) -> None:
        """A new commit with a program that answers with that text (None: one that ends at once), and its deployment."""
        answering = program(text or "").replace("127.0.0.1", "0.0.0.0")
        self.repo.commit({"main.py": answering if text else "print('no', flush=True)\nraise SystemExit(7)\n"}, "next")
        if deploy:
            count = len(self.service.ask("history", name="shop")) + 1
            self.service.cli("check", "shop")
            self.service.ended("shop", count)

    def answers(self, text: str) -> None:
        """It answers that, soon."""
        eventually(lambda: answer_of(self.port) == text, f"the program answers {text!r}")


@pytest.fixture
def box(docker: Docker, service: Service, hosting: GitServer) -> Iterator[Box]:
    made = Box(service, hosting.repo("shop"), hosting.url("shop"))
    yield made
    mark = service.home / "engine-id"
    if mark.exists():
        if service.ask("status"):
            service.cli("stop", "shop")
        remove_all(docker, {"vanka.home": mark.read_text().strip()})


def test_container_project_is_deployed_changed_rolled_back_when_broken_and_by_hand(box: Box) -> None:
    service = box.service
    first = service.json("deploy", "shop")
    assert (first["state"], first["version"]) == ("succeeded", 1), first["error"]
    box.answers("one v1")

    box.push("two")
    box.answers("two v2")
    box.push(None)
    broken = service.ask("history", name="shop")[0]
    assert (broken["state"], broken["version"]) == ("rolled back", 3)
    assert "ended with 7" in broken["error"]
    box.answers("two v2")
    assert any(line == "no" for line in service.ask("logs", name="shop", deployment=broken["id"])["lines"])

    back = service.json("rollback", "shop", "1")
    assert (back["state"], back["kind"]) == ("succeeded", "rollback")
    box.answers("one v1")
    lines = "\n".join(service.ask("logs", name="shop", deployment=back["id"])["lines"])
    assert "nothing to build" in lines
    assert "Step " not in lines


def test_container_goes_on_while_the_service_dies_and_is_adopted_not_restarted(box: Box, docker: Docker) -> None:
    service = box.service
    service.cli("deploy", "shop")
    before = service.status("shop")
    service.kill()
    after = service.status("shop")
    assert (after["pid"], after["restarts"], after["state"]) == (before["pid"], 0, "running")
    box.answers("one v1")

    assert service.stop() == 0
    box.answers("one v1")
    service.start()
    assert service.status("shop")["pid"] == before["pid"]

    mine = {"vanka.home": (service.home / "engine-id").read_text().strip(), "vanka.kind": "program"}
    (container,) = docker.containers(mine)
    docker.kill(container)
    eventually(lambda: service.status("shop")["pid"] not in (before["pid"], None), "the runner starts it again")
    box.answers("one v1")


def test_test_run_of_a_container_goes_on_beside_production_and_is_promoted(box: Box) -> None:
    service = box.service
    service.cli("deploy", "shop")
    test_port = free_port()
    service.cli("edit", "shop", "--policy", "notify", "--probe", f"tcp://127.0.0.1:{test_port}")
    service.cli("set", "shop", f"PORT={test_port}", "--test")
    box.push("two", deploy=False)
    service.cli("check", "shop")
    service.json("test", "shop", "--for", "1h", "--detach")
    eventually(lambda: answer_of(test_port) == "two v2", "the tested program answers")
    box.answers("one v1")
    service.cli("edit", "shop", "--probe", f"http://127.0.0.1:{box.port}/")
    eventually(lambda: service.status("shop")["test"] is not None, "the test run is on")
    assert service.json("promote", "shop")["state"] == "succeeded"
    box.answers("two v2")
    eventually(lambda: answer_of(test_port) == "", "the test's container is gone")


def test_load_and_logs_of_a_container_are_those_of_any_project(box: Box) -> None:
    service = box.service
    service.cli("deploy", "shop")
    eventually(lambda: "up as one" in service.cli("logs", "shop"), "its output is in the project's log")

    def seen() -> bool:
        told = service.json("load")
        (load,), (held,) = told["projects"], told["containers"] or [{}]
        known = held.get("name") == "shop" and held["kind"] == "project" and len(held["container"]) == 12
        return bool(load["up"] and load["memory_bytes"] > 2**20 and load["processes"] >= 1 and known)

    eventually(seen, "its load is told")


def test_removed_project_leaves_its_data_in_the_engine_says_where_and_nothing_else(box: Box, docker: Docker) -> None:
    service = box.service
    service.cli("edit", "shop", "--persist", "data/")
    service.cli("deploy", "shop")
    mark = {"vanka.home": (service.home / "engine-id").read_text().strip()}
    assert docker.containers(mark)
    removed = service.cli("remove", "shop")
    (volume,) = docker.volumes(mark)
    assert removed.endswith(f"Its data is kept in\n  Docker volume {volume}\n")
    assert answer_of(box.port) == ""
    assert docker.containers(mark) == []
    assert docker.images(mark) == []
