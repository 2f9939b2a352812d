"""What every engine promises: one suite, run over each of them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from actors.engines.container import ContainerEngine
from actors.errors import BuildError
from actors.model.project import Environment, Project
from actors.model.run import Life, RunStatus
from runtime.shell import Cancel
from tests.actors.engines.workshop import SLEEPER, Workshop, answers, server
from tests.fakes.docker_engine import docker, docker_engine
from tests.scenarios.service import answer_of, eventually, free_port

__all__ = ["docker", "docker_engine"]

DEAF = "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint('up', flush=True)\ntime.sleep(600)\n"
SAYS = "import json, os\nprint(json.dumps([os.getcwd(), dict(os.environ)]), flush=True)\n"
HAS_A_CHILD = """\
import subprocess, sys, time
code = "import os, time; print('child', flush=True); time.sleep(600)"
subprocess.Popen([sys.executable, "-c", code], start_new_session=True)
time.sleep(600)
"""


@pytest.fixture(params=["process", pytest.param("container", marks=pytest.mark.docker)])
def workshop(request: pytest.FixtureRequest, tmp_path: Path, project: Project) -> Iterator[Workshop]:
    docker = request.getfixturevalue("docker") if request.param == "container" else None
    made = Workshop(tmp_path, project, docker)
    yield made
    made.close()


def test_release_is_built_checked_started_and_answers_with_its_variables_until_it_is_stopped(
    workshop: Workshop,
) -> None:
    workshop.build(1, server("one"))
    port = free_port()
    order = workshop.order(1, PORT=str(port), GREETING="hello")
    assert workshop.engine.check(order, Cancel()) is None

    handle = workshop.start(order)
    eventually(lambda: answer_of(port) == "one hello", "the program answers")
    status = workshop.engine.status(handle)
    assert status.life is Life.ALIVE
    assert status.pid
    assert workshop.engine.wait_end(handle, 0.05).life is Life.ALIVE

    workshop.engine.stop(handle)
    assert workshop.engine.status(handle).life is Life.ENDED
    assert answer_of(port) == ""
    workshop.engine.stop(handle)  # one that has ended is fine


def test_earlier_version_runs_again_without_being_built(workshop: Workshop) -> None:
    port = free_port()
    for version, text in enumerate(("one", "two"), start=1):
        workshop.build(version, server(text))
    for version, text in ((2, "two"), (1, "one")):
        built = workshop.log.read_text()
        handle = workshop.start(workshop.order(version, PORT=str(port)))
        eventually(partial(answers, port, text), f"version {version} answers")
        workshop.engine.stop(handle)
        assert workshop.log.read_text() == built


def test_end_is_told_once_with_the_exit_code_and_all_output_is_in_the_file_by_then(workshop: Workshop) -> None:
    workshop.build(1, {"main.py": "print('the last words', flush=True)\nraise SystemExit(7)\n"})
    handle = workshop.start(workshop.order(1))
    heard: list[RunStatus] = []
    output: list[str] = []
    told = threading.Event()

    def tell(status: RunStatus) -> None:
        heard.append(status)
        output.append(workshop.output())
        told.set()

    workshop.engine.on_end(handle, tell)
    assert told.wait(20)
    status = workshop.engine.wait_end(handle, 10)
    assert (status.life, status.exit_code) == (Life.ENDED, 7)
    assert [(it.life, it.exit_code) for it in heard] == [(Life.ENDED, 7)]
    assert "the last words" in output[0]


def test_waiting_for_the_end_wakes_when_the_program_ends(workshop: Workshop) -> None:
    workshop.build(1, {"main.py": "import time\ntime.sleep(0.5)\nraise SystemExit(3)\n"})
    handle = workshop.start(workshop.order(1))
    status = workshop.engine.wait_end(handle, 30)
    assert (status.life, status.exit_code) == (Life.ENDED, 3)


def test_watching_that_was_given_up_tells_nothing(workshop: Workshop) -> None:
    workshop.build(1, {"main.py": SLEEPER})
    handle = workshop.start(workshop.order(1))
    heard: list[RunStatus] = []
    workshop.engine.on_end(handle, heard.append)()
    workshop.engine.stop(handle, 0)
    assert workshop.engine.wait_end(handle, 5).life is Life.ENDED
    assert heard == []


def test_the_next_service_finds_the_same_program_by_its_handle_and_as_a_stray(workshop: Workshop) -> None:
    workshop.build(1, {"main.py": SLEEPER})
    order = workshop.order(1)
    handle = workshop.start(order)
    eventually(lambda: "asleep" in workshop.output(), "it runs")

    again = workshop.new_engine()
    assert again.status(handle).life is Life.ALIVE
    assert again.status(handle).pid == workshop.engine.status(handle).pid
    found = again.strays(order.project, order.environment, order.output)
    assert len(found) == 1
    assert again.strays(order.project, Environment.TEST, workshop.order(1, Environment.TEST).output) == []
    again.stop(found[0])
    assert workshop.engine.status(handle).life is Life.ENDED
    if isinstance(again, ContainerEngine):
        again.close()


def test_test_run_goes_on_beside_production(workshop: Workshop) -> None:
    workshop.build(1, server("one"))
    workshop.build(2, server("two"))
    ports = free_port(), free_port()
    production = workshop.start(workshop.order(1, PORT=str(ports[0])))
    test = workshop.start(workshop.order(2, Environment.TEST, PORT=str(ports[1]), GREETING="test"))
    eventually(lambda: (answer_of(ports[0]), answer_of(ports[1])) == ("one", "two test"), "both answer")
    workshop.engine.stop(test)
    assert workshop.engine.status(production).life is Life.ALIVE
    assert answer_of(ports[0]) == "one"


def test_release_that_does_not_parse_or_lacks_its_main_file_is_refused(workshop: Workshop) -> None:
    with pytest.raises(BuildError, match=r"main\.py"):
        workshop.build(1, {"other.py": ""})
    workshop.build(2, {"main.py": "def broken(:\n"})
    reason = workshop.engine.check(workshop.order(2), Cancel())
    assert reason is not None
    assert "SyntaxError" in reason


def test_what_cannot_be_installed_is_a_build_error_with_the_tools_own_words(workshop: Workshop) -> None:
    with pytest.raises(BuildError) as failed:
        workshop.build(1, {"main.py": "", "requirements.txt": "no-such-package-anywhere==1.0 --no-such-option\n"})
    assert "no-such-option" in failed.value.output
    assert "no-such-option" in workshop.log.read_text()


def test_load_tells_processes_and_memory_and_nothing_of_what_has_ended(workshop: Workshop) -> None:
    workshop.build(1, {"main.py": "print('busy', flush=True)\nwhile True: pass\n"})
    handle = workshop.start(workshop.order(1))
    eventually(lambda: "busy" in workshop.output(), "it runs")

    def busy() -> bool:
        load = workshop.engine.loads([handle])[0]
        return load is not None and load.cpu_percent > 20 and load.memory_bytes > 2**20 and load.processes >= 1

    eventually(busy, "it is seen to be busy")
    workshop.engine.stop(handle, 0)
    assert workshop.engine.loads([handle]) == [None]


def test_program_that_does_not_listen_is_killed_after_its_grace(workshop: Workshop) -> None:
    workshop.build(1, {"main.py": DEAF})
    handle = workshop.start(workshop.order(1))
    eventually(lambda: "up" in workshop.output(), "it runs")
    ended: list[RunStatus] = []
    told = threading.Event()

    def tell(status: RunStatus) -> None:
        ended.append(status)
        told.set()

    workshop.engine.on_end(handle, tell)
    workshop.engine.stop(handle, 0.3)
    assert told.wait(20)
    assert ended[0].life is Life.ENDED
    assert workshop.engine.status(handle).life is Life.ENDED


def test_nothing_that_the_program_started_is_left_when_it_was_stopped(workshop: Workshop) -> None:
    workshop.build(1, {"main.py": HAS_A_CHILD})
    order = workshop.order(1)
    handle = workshop.start(order)
    eventually(lambda: "child" in workshop.output(), "its child runs")
    load = workshop.engine.loads([handle])[0]
    assert load is not None
    assert load.processes >= 2
    workshop.engine.stop(handle)
    assert workshop.engine.loads([handle]) == [None]
    assert workshop.engine.strays(order.project, order.environment, order.output) == []


@pytest.mark.parametrize("code", [0, 7])
def test_exit_code_is_known(workshop: Workshop, code: int) -> None:
    workshop.build(1, {"main.py": f"raise SystemExit({code})\n"})
    status = workshop.engine.wait_end(workshop.start(workshop.order(1)), 30)
    assert (status.life, status.exit_code) == (Life.ENDED, code)


def test_program_sees_its_variables_and_nothing_of_ours(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VANKA_TELEGRAM_TOKEN", "not-for-programs")
    workshop.build(1, {"main.py": SAYS})
    handle = workshop.start(workshop.order(1, COLOUR="green"))
    assert workshop.engine.wait_end(handle, 30).exit_code == 0
    said = eventually(workshop.output, "it says what it sees")
    assert '"COLOUR": "green"' in said
    assert '"VANKA_PROJECT": "shop"' in said
    assert "not-for-programs" not in said


def test_main_file_that_is_not_there_is_a_reason(workshop: Workshop) -> None:
    workshop.build(1, {"main.py": SLEEPER})
    reason = workshop.engine.check(replace(workshop.order(1), main="other.py"), Cancel())
    assert reason is not None
    assert "other.py" in reason


def test_engine_that_is_there_says_so_and_forgets_a_project_with_all_but_its_data(workshop: Workshop) -> None:
    workshop.engine.ready()
    workshop.persist("data/")
    workshop.engine.admit(workshop.project)
    workshop.build(1, {"main.py": SLEEPER})
    handle = workshop.start(workshop.order(1))
    workshop.engine.stop(handle)
    first = workshop.engine.forget(workshop.project)
    assert workshop.engine.forget(workshop.project) == first  # once more is fine
