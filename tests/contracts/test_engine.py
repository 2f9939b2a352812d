"""What every engine promises: one suite, run over each of them by parametrisation."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from actors.artifacts.environments import Environments
from actors.artifacts.layout import Layout
from actors.artifacts.releases import Releases
from actors.engines.engine import BuildOrder, Engine, Handle, RunOrder
from actors.engines.process import ProcessEngine
from actors.errors import BuildError
from actors.model.project import Environment, Project
from actors.model.run import Life, RunStatus
from runtime.lookout import Lookout
from runtime.programs import Programs
from runtime.shell import Cancel
from tests.scenarios.service import eventually

WAITS = "import time\nprint('up', flush=True)\ntime.sleep(600)\n"
DEAF = "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint('up', flush=True)\ntime.sleep(600)\n"
SAYS = "import json, os\nprint(json.dumps([os.getcwd(), dict(os.environ)]), flush=True)\n"
HAS_A_CHILD = """\
import subprocess, sys, time
code = "import os, time; print('child', flush=True); time.sleep(600)"
subprocess.Popen([sys.executable, "-c", code], start_new_session=True)
time.sleep(600)
"""


@dataclass
class Bed:
    """An engine on a home of its own. `released` makes a release with this main file and orders its start."""

    engine: Engine
    home: Path
    project: Project
    started: list[Handle]
    version: int = 0

    def build(self, main: str, **files: str) -> BuildOrder:
        """A staged release that is to be prepared."""
        self.version += 1
        staged = Releases(Layout(self.home)).begin(self.project, self.version)
        for name, text in {"main.py": main, **files}.items():
            (staged / name).write_text(text)
        output = self.home / f"deployment-{self.version}.log"
        return BuildOrder(self.project, self.version, "c" * 40, staged, output, Cancel())

    def released(self, main: str, env: Mapping[str, str] | None = None, **files: str) -> RunOrder:
        """A release that is ready, and the order to run it."""
        order = self.build(main, **files)
        self.engine.prepare(order)
        directory = Releases(Layout(self.home)).complete(self.project, self.version, order.staged)
        return RunOrder(
            project=self.project.name,
            environment=Environment.PRODUCTION,
            version=self.version,
            commit=order.commit,
            directory=directory,
            main=self.project.main,
            env={"VANKA_PROJECT": self.project.name, "VANKA_ENVIRONMENT": "production", **(env or {})},
            output=self.home / "production.log",
        )

    def start(self, order: RunOrder) -> Handle:
        """Start it; it is ended with the test."""
        handle = self.engine.start(order)
        self.started.append(handle)
        return handle

    def says(self, order: RunOrder, text: str) -> str:
        """The program's output, once this text is in it."""

        def seen() -> str:
            said = order.output.read_text() if order.output.exists() else ""
            return said if text in said else ""

        return eventually(seen, f"the program says {text!r}")


def process_engine(home: Path, lookout: Lookout) -> Engine:
    return ProcessEngine(Environments(Layout(home)), Programs(home / "exits.jsonl"), lookout)


ENGINES: dict[str, Callable[[Path, Lookout], Engine]] = {"process": process_engine}


@pytest.fixture(params=sorted(ENGINES))
def bed(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bed]:
    lookout = Lookout()
    project = Project(no=1, name="shop", url="", path=str(tmp_path / "t"), created_at=datetime(2026, 1, 1, tzinfo=UTC))
    made = Bed(ENGINES[request.param](tmp_path / "home", lookout), tmp_path / "home", project, [])
    try:
        yield made
    finally:
        for handle in made.started:
            made.engine.stop(handle, 0.1)
        lookout.stop()


def test_started_program_lives_and_a_stopped_one_does_not(bed: Bed) -> None:
    order = bed.released(WAITS)
    assert bed.engine.check(order, Cancel()) is None
    handle = bed.start(order)
    bed.says(order, "up")
    assert bed.engine.status(handle).life is Life.ALIVE
    bed.engine.stop(handle)
    assert bed.engine.status(handle).life is Life.ENDED
    bed.engine.stop(handle)  # once more is fine


def test_program_that_does_not_listen_is_killed_after_its_grace(bed: Bed) -> None:
    order = bed.released(DEAF)
    handle = bed.start(order)
    bed.says(order, "up")
    bed.engine.stop(handle, 0.3)
    status = bed.engine.status(handle)
    assert (status.life, status.exit_code) in [(Life.ENDED, -9), (Life.ENDED, 137)]


def test_nothing_that_the_program_started_is_left_when_it_was_stopped(bed: Bed) -> None:
    order = bed.released(HAS_A_CHILD)
    handle = bed.start(order)
    bed.says(order, "child")
    load = bed.engine.loads([handle])[0]
    assert load is not None
    assert load.processes >= 2
    bed.engine.stop(handle)
    assert bed.engine.loads([handle]) == [None]
    assert bed.engine.strays("shop", Environment.PRODUCTION, order.output) == []


@pytest.mark.parametrize("code", [0, 7])
def test_exit_code_is_known(bed: Bed, code: int) -> None:
    handle = bed.start(bed.released(f"raise SystemExit({code})\n"))
    status = bed.engine.wait_end(handle, 30)
    assert (status.life, status.exit_code) == (Life.ENDED, code)


def test_waiting_for_an_end_is_over_in_time_while_the_program_lives(bed: Bed) -> None:
    assert bed.engine.wait_end(bed.start(bed.released(WAITS)), 0.05).life is Life.ALIVE


def test_end_is_told_once_and_not_to_who_does_not_listen_any_more(bed: Bed) -> None:
    first, second = bed.start(bed.released(WAITS)), bed.start(bed.released("import time\ntime.sleep(0.3)\nexit(4)\n"))
    told: list[RunStatus] = []
    ended = threading.Event()
    quiet = bed.engine.on_end(first, told.append)

    def hear(status: RunStatus) -> None:
        told.append(status)
        ended.set()

    bed.engine.on_end(second, hear)
    quiet()
    bed.engine.stop(first)
    assert ended.wait(30)
    assert [status.exit_code for status in told] == [4]


def test_handle_means_the_same_program_to_the_next_service(bed: Bed, request: pytest.FixtureRequest) -> None:
    handle = bed.start(bed.released(WAITS))
    lookout = Lookout()
    name = request.node.callspec.params["bed"]
    try:
        other = ENGINES[name](bed.home, lookout)
        assert other.status(dict(handle)).life is Life.ALIVE
        other.stop(dict(handle))
        assert bed.engine.status(handle).life is Life.ENDED
    finally:
        lookout.stop()


def test_program_sees_its_variables_its_directory_and_nothing_of_ours(
    bed: Bed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VANKA_TELEGRAM_TOKEN", "not-for-programs")
    order = bed.released(SAYS, {"COLOUR": "green"})
    bed.engine.wait_end(bed.start(order), 30)
    said = bed.says(order, "COLOUR")
    assert '"green"' in said
    assert '"VANKA_PROJECT": "shop"' in said
    assert "not-for-programs" not in said


def test_program_that_no_record_names_is_found(bed: Bed) -> None:
    order = bed.released(WAITS)
    handle = bed.start(order)
    bed.says(order, "up")
    found = bed.engine.strays("shop", Environment.PRODUCTION, order.output)
    assert found == [handle]
    assert bed.engine.strays("shop", Environment.TEST, order.output) == []
    assert bed.engine.strays("shop2", Environment.PRODUCTION, order.output) == []


def test_release_without_its_main_file_or_that_does_not_parse_is_refused_with_a_reason(bed: Bed) -> None:
    missing = bed.build("")
    os.unlink(missing.staged / "main.py")
    with pytest.raises(BuildError, match=r"no main\.py"):
        bed.engine.prepare(missing)
    order = bed.released("def broken(:\n")
    reason = bed.engine.check(order, Cancel())
    assert reason is not None
    assert "SyntaxError" in reason
    assert bed.engine.check(replace(order, main="other.py"), Cancel()) is not None
