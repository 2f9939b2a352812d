"""The service is killed at random moments of deployments and rollbacks: nothing is half done, lost or run twice."""

from __future__ import annotations

import contextlib
import os
import random
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from actors.errors import VankaError
from runtime.errors import KernelError
from runtime.shell import Cancel
from tests.fakes.gitrepo import GitRepo
from tests.scenarios.service import Service, answer_of, eventually, free_port, program

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks for processes under /proc")

KILLS = int(os.environ.get("VANKA_SERVICE_KILLS", "12"))  # 300 in the long form
SEED = int(os.environ.get("VANKA_SERVICE_SEED", "0")) or random.randrange(1, 10_000)
FILES = 12  # each of them names its commit, so that a mixture is seen
LATEST_S = 1.2  # after what was asked for
# each environment has a port of its own, and the probe finds it in the program's variables
CONNECT = 'import os, socket; socket.create_connection(("127.0.0.1", int(os.environ["PORT"])))'
PROBE = shlex.join([sys.executable, "-c", CONNECT])
ENDED = ("succeeded", "failed", "rolled back", "cancelled")


class Restless(Service):
    """A service whose guardian has no patience to lose: it starts it again at once, however often it dies."""

    def start(self, *options: str) -> None:
        """As `vanka up` does, with short pauses."""
        pauses = ("--first-pause", "0.05", "--longest-pause", "0.05")
        guardian = (sys.executable, "-P", "-m", "runtime.guardian", "--home", str(self.home), *pauses)
        with self.log.open("ab") as log:
            self._guardian = subprocess.Popen(
                [*guardian, "--", sys.executable, "-P", "-m", "actors.cli", "up", *options],
                env=self.environ,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.wait_until_up()


@dataclass
class Shop:
    """A project under fire: what was asked of it and must therefore be on record."""

    service: Service
    repo: GitRepo
    target: Path
    port: int
    test_port: int
    dice: random.Random
    commits: int = 0
    acknowledged: list[str] = field(default_factory=list)

    def commit(self, *, broken: bool = False) -> None:
        """A new commit: every file of it says which one it is."""
        self.commits += 1
        text = f"c{self.commits}"
        main = "raise SystemExit(3)\n" if broken else program(text)
        self.repo.commit({"main.py": main, **{f"data/part{n}.txt": text for n in range(FILES)}}, text)
        self.repo.push()

    def ask(self, command: str, **args: Any) -> str | None:
        """Ask for something; the id of the deployment that was acknowledged, None when the service said no or died."""
        try:
            answer = self.service.ask(command, name="shop", detach=True, **args)
        except (VankaError, KernelError):
            return None
        self.acknowledged.append(answer["id"])
        return str(answer["id"])

    def something(self) -> str | None:
        """One of the things that people do."""
        choice = self.dice.random()
        if choice < 0.45:
            self.commit()
            return self.ask("deploy")
        if choice < 0.60:
            self.commit(broken=True)
            return self.ask("deploy")
        if choice < 0.85:
            versions = [it["version"] for it in self.service.ask("versions", name="shop")]
            return self.ask("rollback", version=self.dice.choice(versions[:8]))
        if choice < 0.95:
            self.commit()
            return self.ask("test", for_s=3600)
        return self.ask("promote") or self.ask("rollback")

    def whole(self) -> str:
        """The commit that the target holds, every file of it; fails when it holds a mixture or a part."""
        texts = {(self.target / f"data/part{n}.txt").read_text() for n in range(FILES)}
        assert len(texts) == 1, f"the target is half made: {texts}"
        text = texts.pop()
        main = (self.target / "main.py").read_text()
        assert main in (program(text), "raise SystemExit(3)\n")
        assert {path.name for path in self.target.iterdir()} >= {"main.py", "data", "venv"}
        return text

    def programs(self, environment: str = "production") -> list[int]:
        """The processes that run as this project's program, by what they can see of themselves."""
        port = self.port if environment == "production" else self.test_port
        return sorted(_processes({f"PORT={port}".encode(), f"VANKA_ENVIRONMENT={environment}".encode()}))


def _processes(wanted: set[bytes]) -> Iterator[int]:
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            with contextlib.suppress(OSError):
                seen = set((entry / "environ").read_bytes().split(b"\0"))
                mine = (entry / "stat").read_text().rpartition(")")[2].split()[0] != "Z"
                if wanted <= seen and mine:
                    yield int(entry.name)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    service = Restless(tmp_path)
    repo = GitRepo.in_directory(tmp_path, "shop")
    made = Shop(service, repo, tmp_path / "apps" / "shop", free_port(), free_port(), random.Random(SEED))
    made.commit()
    try:
        service.start()
        port, test_port = made.port, made.test_port
        service.ask(
            "add",
            name="shop",
            url=str(repo.bare),
            path=str(made.target),
            interval_s=86_400,
            policy="notify",
            probe=PROBE,
        )
        service.ask("set", name="shop", key="PORT", value=str(port))
        service.ask("set", name="shop", key="PORT", value=str(test_port), test=True)
        first = service.ask("deploy", name="shop")
        assert first["state"] == "succeeded", first
        made.acknowledged.append(first["id"])
        yield made
    finally:
        service.close()


def test_service_killed_at_any_moment_leaves_one_whole_release_running_and_no_record_lost(shop: Shop) -> None:
    said = f"seed {SEED}"
    for number in range(KILLS):
        where = f"{said}, kill {number}"
        asked = shop.something()
        # most is over within half a second: early moments are tried more often
        Cancel().wait(LATEST_S * shop.dice.random() ** 2 if asked is not None else 0.0)
        pid = shop.service.wait_until_up()
        os.kill(pid, signal.SIGKILL)
        shop.whole()  # at this very moment, with nobody there to mend it
        shop.service.wait_until_up(other_than=pid)
        if shop.dice.random() < 0.2:  # and once more, while it takes up what it found
            Cancel().wait(shop.dice.random() * 0.5)
            shop.service.kill()
        _ended(shop, where)
        _is_well(shop, where)


def _ended(shop: Shop, where: str) -> None:
    """Everything that was under way comes to its end without anybody's help; a test run may go on."""

    def over() -> bool:
        history = shop.service.ask("history", name="shop", limit=6)
        return all(it["state"] in ENDED or _runs_as_a_test(it) for it in history)

    eventually(
        over, f"{where}: what was cut off comes to its end: {shop.service.ask('history', name='shop', limit=3)}", 60
    )


def _account(shop: Shop) -> str:
    """What the service says of the last deployments, for the one who must find out what went wrong."""
    lines = []
    for it in shop.service.ask("history", name="shop", limit=4):
        lines.append(str({key: it[key] for key in ("id", "kind", "version", "previous", "state", "error", "ended_at")}))
        lines += shop.service.ask("logs", name="shop", deployment=it["id"], lines=40)["lines"]
    return "\n".join([f"{shop.target} -> {os.path.realpath(shop.target)}", *lines])


def _runs_as_a_test(deployment: dict[str, Any]) -> bool:
    verify: str = deployment["stages"][-1]["state"]
    return deployment["environment"] == "test" and verify == "succeeded"


def _is_well(shop: Shop, where: str) -> None:
    status = shop.service.status("shop")
    versions = {it["version"]: it for it in shop.service.ask("versions", name="shop")}
    current = versions[status["version"]]
    assert shop.whole() == current["subject"], f"{where}: {_account(shop)}"
    answer = f"{current['subject']} v{status['version']}"
    eventually(
        lambda: answer_of(shop.port) == answer,
        f"{where}: answers {answer!r}, not {answer_of(shop.port)!r}; {status}",
        20,
    )
    eventually(
        lambda: shop.programs() == [shop.service.status("shop")["pid"]],
        f"{where}: one program, not {shop.programs()}; {shop.service.status('shop')}",
        10,
    )
    tested = shop.service.status("shop")["state"] == "testing"
    eventually(
        lambda: len(shop.programs("test")) == (1 if shop.service.status("shop")["state"] == "testing" else 0),
        f"{where}: testing {tested}, and these run as a test: {shop.programs('test')}",
        20,
    )
    history = {it["id"]: it for it in shop.service.ask("history", name="shop", limit=10_000)}
    lost = [it for it in shop.acknowledged if it not in history]
    assert lost == [], where
    for it in history.values():
        running = [stage["name"] for stage in it["stages"] if stage["state"] == "running"]
        assert it["state"] not in ENDED or running == [], f"{where}: {it['id']} has ended, but {running} runs"
    left = [path for path in (shop.service.home / "projects" / "1" / "releases").glob(".staged-*") if not tested]
    assert left == [], where
