"""What is the process engine's own: its interpreter, its output file, programs that outlive the service."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from actors.artifacts.environments import Environments
from actors.artifacts.layout import Layout
from actors.engines.engine import Handle, RunOrder
from actors.engines.process import ProcessEngine
from actors.errors import EngineError
from actors.model.project import Environment
from actors.model.run import Life
from runtime.host import process_id
from runtime.lookout import Lookout
from runtime.programs import Programs
from runtime.shell import Cancel
from tests.scenarios.service import CHECKOUT, eventually

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="environments lie elsewhere there")

# a service that starts one program through the engine, says its handle, and is killed
SERVICE = """\
import json, sys, time
from pathlib import Path
from tests.actors.engines.test_process import engine_of, order_of
home = Path(sys.argv[1])
print(json.dumps(engine_of(home)[0].start(order_of(home))), flush=True)
time.sleep(600)
"""

# as daemons are made: a session of its own, whose leader and parent have ended, and no output of ours
MAKES_A_DAEMON = """\
import os, time
said = os.dup(1)
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.chdir("/")
        nowhere = os.open(os.devnull, os.O_RDWR)
        for stream in range(3):
            os.dup2(nowhere, stream)
        os.write(said, f"daemon {os.getpid()}\\n".encode())
        os.close(said)
        time.sleep(600)
    os._exit(0)
os.wait()
time.sleep(600)
"""


def engine_of(home: Path) -> tuple[ProcessEngine, Lookout]:
    lookout = Lookout()
    return ProcessEngine(Environments(Layout(home)), Programs(home / "exits.jsonl"), lookout), lookout


def order_of(home: Path, **env: str) -> RunOrder:
    return RunOrder(
        project="shop",
        environment=Environment.PRODUCTION,
        version=1,
        commit="c" * 40,
        directory=home / "release",
        main="main.py",
        env={"VANKA_PROJECT": "shop", **env},
        output=home / "logs" / "production.log",
    )


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A release whose environment's interpreter is the one that runs the tests."""
    release = tmp_path / "home" / "release"
    (release / "venv" / "bin").mkdir(parents=True)
    (release / "venv" / "bin" / "python").symlink_to(sys.executable)
    return tmp_path / "home"


@pytest.fixture
def engine(home: Path) -> Iterator[ProcessEngine]:
    made, lookout = engine_of(home)
    yield made
    lookout.stop()


def write(home: Path, main: str) -> None:
    (home / "release" / "main.py").write_text(main)


def test_code_of_a_program_that_outlived_its_service_is_known_through_the_guardian(
    home: Path, engine: ProcessEngine, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    write(home, f"import os, time\nwhile not os.path.exists({str(gate)!r}): time.sleep(0.02)\nos._exit(7)\n")
    command = [sys.executable, "-m", "runtime.guardian", "--home", str(home), "--first-pause", "30", "--"]
    guardian = subprocess.Popen(
        [*command, sys.executable, "-c", SERVICE, str(home)],
        cwd=CHECKOUT,
        env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
        stdout=subprocess.PIPE,
    )
    assert guardian.stdout is not None
    try:
        handle: Handle = json.loads(guardian.stdout.readline())
        children = Path(f"/proc/{guardian.pid}/task/{guardian.pid}/children").read_text().split()
        os.kill(int(children[0]), signal.SIGKILL)
        assert engine.status(handle).life is Life.ALIVE
        gate.touch()
        assert engine.wait_end(handle, 30).life is Life.ENDED
        eventually(lambda: engine.status(handle).exit_code == 7, "the guardian wrote the code down")
    finally:
        guardian.terminate()
        guardian.wait(30)
        guardian.stdout.close()


def test_output_of_both_streams_is_appended_to_the_file_over_starts(home: Path, engine: ProcessEngine) -> None:
    write(home, "import sys\nprint('out')\nprint('err', file=sys.stderr)\n")
    for _ in range(2):
        engine.wait_end(engine.start(order_of(home)), 30)
    log = home / "logs" / "production.log"
    assert sorted(log.read_text().split()) == ["err", "err", "out", "out"]
    assert log.stat().st_mode & 0o777 == 0o600


def test_tools_of_the_environment_come_first_unless_the_project_says_otherwise(
    home: Path, engine: ProcessEngine
) -> None:
    write(home, "import os\nprint(os.environ['PATH'])\n")
    engine.wait_end(engine.start(order_of(home)), 30)
    engine.wait_end(engine.start(order_of(home, PATH="/only/this")), 30)
    first, second = (home / "logs" / "production.log").read_text().split()
    assert first.startswith(f"{home}/release/venv/bin{os.pathsep}")
    assert second == "/only/this"


def test_environment_whose_interpreter_is_gone_is_a_reason_and_an_engine_error(
    home: Path, engine: ProcessEngine
) -> None:
    write(home, "print(1)\n")
    (home / "release" / "venv" / "bin" / "python").unlink()
    order = order_of(home)
    reason = engine.check(order, Cancel())
    assert reason is not None
    assert "Python does not start" in reason
    with pytest.raises(EngineError):
        engine.start(order)


def test_record_of_an_earlier_boot_means_no_program_of_today(home: Path, engine: ProcessEngine) -> None:
    write(home, "import time\ntime.sleep(600)\n")
    handle = engine.start(order_of(home))
    try:
        old = {**handle, "boot": "another-boot"}
        assert engine.status(old).life is Life.ENDED
        engine.stop(old)
        assert engine.status(handle).life is Life.ALIVE
    finally:
        engine.stop(handle, 0.1)


def test_daemon_that_a_program_made_is_found_and_ended_with_it(home: Path, engine: ProcessEngine) -> None:
    write(home, MAKES_A_DAEMON)
    release = home / "projects" / "1" / "releases" / "1"
    release.parent.mkdir(parents=True)
    (home / "release").rename(release)
    order = replace(order_of(home, VANKA_ENVIRONMENT="production"), directory=release)
    handle = engine.start(order)
    said = eventually(lambda: "daemon " in order.output.read_text() and order.output.read_text(), "it is there")
    assert said
    daemon = int(said.split()[1])
    strays = engine.strays("shop", Environment.PRODUCTION, order.output)
    assert {stray["pid"] for stray in strays} == {handle["pid"], daemon}
    assert {stray["pid"] for stray in engine.everything()} == {handle["pid"], daemon}
    assert engine.strays("shop", Environment.TEST, order.output) == []
    engine.stop(handle, 5.0, others=strays)
    assert engine.everything() == []
    assert process_id(daemon) is None


def test_program_does_not_see_what_only_builds_and_git_need(
    home: Path, engine: ProcessEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("GITHUB_TOKEN", "PIP_EXTRA_INDEX_URL", "UV_INDEX_OURS_PASSWORD", "SSH_AUTH_SOCK"):
        monkeypatch.setenv(name, "not-for-programs")
    write(home, "import os\nprint(dict(os.environ))\n")
    engine.wait_end(engine.start(order_of(home, COLOUR="green")), 30)
    said = (home / "logs" / "production.log").read_text()
    assert "green" in said
    assert "not-for-programs" not in said
