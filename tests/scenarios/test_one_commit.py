"""One commit, all the way: added, deployed, changed, broken, rolled back, killed, and always answering."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fakes.gitrepo import GitRepo
from tests.fakes.gitserver import GitServer
from tests.scenarios.service import Service, answer_of, eventually, free_port, program


class Shop:
    """A project of the service that answers on a port, and its repository."""

    def __init__(self, service: Service, repo: GitRepo, url: str, *, probe: bool = True, **options: str) -> None:
        self.service, self.repo, self.port = service, repo, free_port()
        self.target = service.directory / "apps" / "shop"
        repo.commit({"main.py": program("one")}, "One")
        repo.push()
        more = [part for name, value in options.items() for part in (f"--{name}", value)]
        checked = ["--probe", f"http://127.0.0.1:{self.port}/"] if probe else []
        service.cli("add", "shop", url, "--path", str(self.target), "--interval", "15s", *checked, *more)
        service.cli("set", "shop", f"PORT={self.port}")

    def push(self, text: str | None, message: str = "next", **files: str) -> str:
        """A new commit with a program that answers with that text (None: one that ends at once)."""
        main = "raise SystemExit(7)\n" if text is None else program(text)
        self.repo.commit({"main.py": main, **files}, message)
        self.repo.push()
        return self.repo.head()

    def answer(self) -> str:
        """What it answers now."""
        return answer_of(self.port)

    def answers(self, text: str) -> None:
        """It answers that, soon."""
        eventually(lambda: self.answer() == text, f"the program answers {text!r}, not {self.answer()!r}")


@pytest.fixture
def shop(service: Service, hosting: GitServer) -> Shop:
    return Shop(service, hosting.repo("shop"), hosting.url("shop"))


def test_new_commit_is_found_and_deployed_and_a_broken_one_is_rolled_back_while_the_old_one_answers(shop: Shop) -> None:
    service = shop.service
    assert service.status("shop")["state"] == "never deployed"

    first = service.json("deploy", "shop")
    assert (first["state"], first["version"], first["kind"]) == ("succeeded", 1, "deploy")
    assert [stage["name"] for stage in first["stages"]] == ["fetch", "build", "check", "switch", "start", "verify"]
    shop.answers("one v1")

    shop.push("two", "Two")
    second = service.ended("shop", 2)
    assert (second["state"], second["version"], second["asked_by"]) == ("succeeded", 2, "watcher")
    shop.answers("two v2")

    shop.push(None, "Broken")
    service.cli("check", "shop")
    third = service.ended("shop", 3)
    assert (third["state"], third["version"]) == ("rolled back", 3)
    assert "ended with 7" in third["error"]
    shop.answers("two v2")
    status = service.status("shop")
    assert (status["state"], status["version"]) == ("running", 2)
    versions = service.json("versions", "shop")
    assert [(version["version"], version["current"]) for version in versions] == [(3, False), (2, True), (1, False)]


def test_program_is_never_restarted_because_the_service_died(shop: Shop) -> None:
    service = shop.service
    service.cli("deploy", "shop")
    before = service.status("shop")

    service.kill()
    after = service.status("shop")
    assert (after["pid"], after["restarts"], after["state"]) == (before["pid"], 0, "running")

    assert service.stop() == 0
    shop.answers("one v1")
    service.start()
    assert service.status("shop")["pid"] == before["pid"]


def test_rollback_goes_to_the_version_before_or_to_any_by_number(shop: Shop) -> None:
    service = shop.service
    service.cli("deploy", "shop")
    for number, text in enumerate(("two", "three"), start=2):
        shop.push(text)
        service.cli("check", "shop")
        service.ended("shop", number)
    shop.answers("three v3")

    back = service.json("rollback", "shop")
    assert (back["state"], back["kind"], back["version"]) == ("succeeded", "rollback", 2)
    shop.answers("two v2")
    assert service.json("rollback", "shop", "1")["version"] == 1
    shop.answers("one v1")
    assert service.json("rollback", "shop", "3")["version"] == 3
    shop.answers("three v3")
    assert "no version 9" in service.cli("rollback", "shop", "9", code=1)


def test_what_cannot_be_built_or_parsed_never_touches_production(shop: Shop) -> None:
    service = shop.service
    service.cli("deploy", "shop")
    pid = service.status("shop")["pid"]

    shop.push("two", **{"requirements.txt": "no-such-package-anywhere==1.0 --no-such-option\n"})
    service.cli("check", "shop")
    failed = service.ended("shop", 2)
    assert failed["state"] == "failed"
    assert failed["error"].startswith("build:")

    shop.repo.commit({"main.py": "def broken(:\n", "requirements.txt": ""}, "Syntax")
    shop.repo.push()
    service.cli("check", "shop")
    failed = service.ended("shop", 3)
    assert failed["state"] == "failed"
    assert failed["error"].startswith("check:")
    assert "SyntaxError" in failed["error"]
    assert service.status("shop")["pid"] == pid
    shop.answers("one v1")


def test_test_run_beside_production_is_promoted_as_it_was_tested(shop: Shop) -> None:
    service = shop.service
    service.cli("deploy", "shop")
    test_port = free_port()
    service.cli("edit", "shop", "--policy", "notify", "--probe", "tcp://127.0.0.1:" + str(test_port))
    service.cli("set", "shop", f"PORT={test_port}", "--test")
    service.cli("set", "shop", "GREETING=tested", "--test")
    shop.push("two")

    running = service.json("test", "shop", "--for", "1h", "--detach")
    eventually(lambda: answer_of(test_port) == "two v2 tested", "the tested program answers")
    assert service.status("shop")["state"] == "testing"
    shop.answers("one v1")

    service.cli("edit", "shop", "--probe", f"http://127.0.0.1:{shop.port}/")
    eventually(lambda: service.status("shop")["test"] is not None, "the test run is on")
    promoted = service.json("promote", "shop")
    assert (promoted["state"], promoted["kind"], promoted["commit"]) == (
        "succeeded",
        "promote",
        running["commit"] or promoted["commit"],
    )
    shop.answers("two v2")
    assert answer_of(test_port) == ""


def test_test_run_is_discarded_and_production_is_not_touched(shop: Shop) -> None:
    service = shop.service
    service.cli("deploy", "shop")
    pid = service.status("shop")["pid"]
    test_port = free_port()
    service.cli("edit", "shop", "--policy", "notify", "--probe", f"tcp://127.0.0.1:{test_port}")
    service.cli("set", "shop", f"PORT={test_port}", "--test")
    shop.push("two")

    finished = service.json("test", "shop", "--for", "1s")
    assert (finished["state"], finished["environment"]) == ("succeeded", "test")
    service.cli("discard", "shop")
    eventually(lambda: service.status("shop")["test"] is None, "no test waits any more")
    assert service.status("shop")["pid"] == pid
    assert "no test run" in service.cli("promote", "shop", code=1)


def test_version_that_keeps_ending_in_its_first_minutes_is_rolled_back_by_itself(shop: Shop) -> None:
    service = shop.service
    service.cli("deploy", "shop")
    mortal = program("mortal").replace(".serve_forever()", ".handle_request()")
    shop.repo.commit({"main.py": mortal}, "Answers once")
    shop.repo.push()
    service.cli("check", "shop")
    assert service.ended("shop", 2)["state"] == "succeeded"

    def poked() -> bool:
        shop.answer()
        return len(service.ask("history", name="shop")) == 3

    eventually(poked, "the way back begins", 30)
    back = service.ended("shop", 3)
    assert (back["kind"], back["asked_by"], back["version"], back["state"]) == ("rollback", "vanka", 1, "succeeded")
    shop.answers("one v1")


def test_stopped_stays_stopped_until_it_is_started_also_over_a_restart_of_the_service(shop: Shop) -> None:
    service = shop.service
    service.cli("deploy", "shop")
    assert service.json("stop", "shop")["state"] == "stopped"
    assert shop.answer() == ""
    service.kill()
    assert service.status("shop")["state"] == "stopped"
    assert service.json("start", "shop")["state"] == "running"
    shop.answers("one v1")
    pid = service.status("shop")["pid"]
    assert service.json("restart", "shop")["pid"] != pid


def test_program_killed_from_outside_is_started_again(shop: Shop) -> None:
    import os
    import signal

    service = shop.service
    service.cli("deploy", "shop")
    pid = service.status("shop")["pid"]
    os.kill(pid, signal.SIGKILL)
    eventually(lambda: service.status("shop")["pid"] not in (None, pid), "another process runs")
    shop.answers("one v1")
    assert service.status("shop")["restarts"] == 1


def test_drill_crashes_every_actor_and_nobody_notices(shop: Shop) -> None:
    service = shop.service
    service.cli("deploy", "shop")
    before = service.status("shop")
    drilled = service.json("drill", "--all")
    assert {entry["actor"] for entry in drilled} >= {"projects/shop/deployer", "projects/shop/runner", "doors"}
    assert all(entry["down_ms"] is not None for entry in drilled)
    after = service.status("shop")
    assert (after["pid"], after["state"]) == (before["pid"], "running")
    shop.push("two")
    service.cli("check", "shop")
    assert service.ended("shop", 2)["state"] == "succeeded"


def test_removed_project_leaves_nothing_of_ours_and_its_program_ends(shop: Shop) -> None:
    service = shop.service
    service.cli("deploy", "shop")
    assert (shop.target / "main.py").is_file()
    service.cli("remove", "shop")
    assert shop.answer() == ""
    assert not shop.target.exists()
    assert "no project shop" in service.cli("status", "shop", code=1)


def test_program_sees_its_variables_and_nothing_of_the_service(service: Service, tmp_path: Path) -> None:
    repo = GitRepo.in_directory(tmp_path, "env")
    repo.commit(
        {"main.py": "import json, os, time\nprint(json.dumps(dict(os.environ)), flush=True)\ntime.sleep(600)\n"}
    )
    repo.push()
    service.cli("add", "env", str(repo.bare), "--path", str(tmp_path / "env-app"))
    service.cli("set", "env", "COLOUR=green")
    service.cli("deploy", "env")
    import json

    seen = json.loads(service.ask("logs", name="env", lines=1)["lines"][0])
    ours = {name: value for name, value in seen.items() if name.startswith("VANKA")}
    assert ours == {
        "VANKA_PROJECT": "env",
        "VANKA_VERSION": "1",
        "VANKA_COMMIT": repo.head(),
        "VANKA_ENVIRONMENT": "production",
    }
    assert seen["COLOUR"] == "green"
