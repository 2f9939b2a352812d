"""A guardian with a service under it, both real processes, in a directory of their own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from runtime import procfs
from runtime.exits import Exits
from runtime.host import ProcessId, process_id
from tests.runtime.test_shell import eventually

ROOT = Path(__file__).parents[2]
SERVICE = ("-m", "tests.runtime.guarded_service")


class House:
    """A guardian over the test service, in a directory of the test."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.home = directory / "home"
        self.exits = Exits(self.home / "exits.jsonl")
        self.errors = directory / "errors"
        self.guardian: subprocess.Popen[bytes] | None = None
        self.left: list[int] = []
        self.contained = (
            False  # then the numbers that the service tells are others outside, and all ends with the first
        )
        (directory / "code").write_text("0")

    def start(self, *options: str, before: tuple[str, ...] = (), python: str = sys.executable) -> None:
        argv = (sys.executable, "-m", "runtime.guardian", "--home", str(self.home), *options, "--")
        with self.errors.open("ab") as errors:
            self.guardian = subprocess.Popen(
                (*before, *argv, python, *SERVICE, str(self.directory)), cwd=ROOT, stderr=errors
            )

    @property
    def process(self) -> subprocess.Popen[bytes]:
        assert self.guardian is not None
        return self.guardian

    def lives(self) -> list[int]:
        ready = self.directory / "ready"
        return [int(line) for line in ready.read_text().splitlines()] if ready.exists() else []

    def life(self, number: int) -> int:
        """The pid of the service in that life, the first being 1, as soon as it is ready."""
        assert eventually(lambda: len(self.lives()) >= number), self.said()
        return self.lives()[number - 1]

    def tell(self, name: str, text: str = "") -> None:
        staged = self.directory / f"{name}.staged"
        staged.write_text(text)
        staged.replace(self.directory / name)

    def leave_program(self, script: str) -> ProcessId:
        self.tell("spawn", script)
        spawned = self.directory / "spawned"
        assert eventually(spawned.exists)
        self.left.append(int(spawned.read_text()))
        found = process_id(self.left[-1])
        assert found is not None
        return found

    def said(self) -> str:
        return self.errors.read_text()

    def end(self) -> None:
        for pid in (self.process.pid, *(() if self.contained else (*self.lives()[-1:], *self.left))):
            stat = procfs.read(pid)
            if stat is not None and not stat.dead:
                os.kill(pid, signal.SIGKILL)
        self.process.wait(20)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path)
    yield house
    house.end()
