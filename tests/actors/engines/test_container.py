"""What both engines promise, asked of both; then what only a container does."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from actors.engines.container import ContainerEngine
from actors.engines.docker_calls import Docker
from actors.errors import BuildError, EngineError, NoEngine
from actors.model.project import Environment, Project
from actors.model.run import Life, RunStatus
from runtime.shell import Cancel
from tests.actors.engines.workshop import Workshop
from tests.scenarios.service import answer_of, eventually, free_port

SERVER = """\
import http.server, os, sys
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = ("TEXT " + os.environ.get("GREETING", "")).strip().encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_): pass
print("up", flush=True)
http.server.HTTPServer(("0.0.0.0", int(os.environ["PORT"])), Answer).serve_forever()
"""
SLEEPER = "import time\nprint('asleep', flush=True)\ntime.sleep(600)\n"
COUNTER = """\
import itertools, time
for number in itertools.count():
    print(number, flush=True)
    time.sleep(0.02)
"""


def server(text: str) -> dict[str, str]:
    """The files of a release that answers with that text."""
    return {"main.py": SERVER.replace("TEXT", text)}


def answers(port: int, text: str) -> bool:
    """Whether that is what is answered there now."""
    return answer_of(port) == text


@pytest.fixture(params=["process", pytest.param("container", marks=pytest.mark.docker)])
def workshop(request: pytest.FixtureRequest, tmp_path: Path, project: Project) -> Iterator[Workshop]:
    docker = request.getfixturevalue("docker") if request.param == "container" else None
    made = Workshop(tmp_path, project, docker)
    yield made
    made.close()


@pytest.fixture
def boxes(docker: Docker, tmp_path: Path, project: Project) -> Iterator[Workshop]:
    """The container engine alone."""
    made = Workshop(tmp_path, project, docker)
    yield made
    made.close()


# --- both engines


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


# --- containers only


@pytest.mark.docker
def test_own_dockerfile_is_used_and_dockerignore_is_obeyed(boxes: Workshop) -> None:
    boxes.build(
        1,
        {
            "Dockerfile": 'FROM python:3.11-slim\nWORKDIR /srv\nCOPY . .\nCMD ["python", "-u", "serve.py"]\n',
            "serve.py": "import os\nprint('files:', sorted(os.listdir()), flush=True)\n",
            ".dockerignore": "*.secret\n",
            "key.secret": "x",
        },
    )
    handle = boxes.start(boxes.order(1))
    assert boxes.engine.wait_end(handle, 30).exit_code == 0
    assert "'serve.py'" in boxes.output()
    assert "key.secret" not in boxes.output()


@pytest.mark.docker
def test_requirements_are_installed_in_the_image_and_a_change_of_code_installs_nothing(boxes: Workshop) -> None:
    package = {"lib/pyproject.toml": "", "requirements.txt": "# nothing but a comment\n"}
    boxes.build(1, {"main.py": "print('one')\n", **package})
    boxes.build(2, {"main.py": "print('two')\n", **package})
    second = boxes.log.read_text().rpartition("building by the standard")[2]
    assert "Using cache" in second.partition("COPY . .")[0].rpartition("pip install")[2]


@pytest.mark.docker
def test_secrets_reach_the_container_and_never_its_image(boxes: Workshop, docker: Docker) -> None:
    boxes.build(1, {"main.py": "import os\nprint(len(os.environ['API_KEY']), flush=True)\n"})
    handle = boxes.start(boxes.order(1, API_KEY="tell-nobody"))
    assert boxes.engine.wait_end(handle, 30).exit_code == 0
    assert "11" in boxes.output()
    image = handle["image"]
    history = docker.ask("it", lambda api: (api.inspect_image(image), api.history(image)))
    assert "tell-nobody" not in str(history)


@pytest.mark.docker
def test_limits_of_memory_cpu_and_processes_are_the_projects_variables(boxes: Workshop, docker: Docker) -> None:
    boxes.build(1, {"main.py": SLEEPER})
    handle = boxes.start(boxes.order(1, CONTAINER_MEMORY="64m", CONTAINER_CPUS="0.5", CONTAINER_PIDS="20"))
    container = handle["container"]
    config = docker.ask("it", lambda api: api.inspect_container(container))["HostConfig"]
    assert (config["Memory"], config["MemorySwap"], config["NanoCpus"], config["PidsLimit"]) == (
        64 * 2**20,
        64 * 2**20,
        500_000_000,
        20,
    )
    assert config["Init"] is True
    assert config["RestartPolicy"]["Name"] in ("no", "")
    wrong = boxes.engine.check(boxes.order(1, CONTAINER_MEMORY="plenty"), Cancel())
    assert wrong is not None
    assert "CONTAINER_MEMORY" in wrong


@pytest.mark.docker
def test_port_is_published_on_the_loopback_address_only_unless_told_otherwise(boxes: Workshop, docker: Docker) -> None:
    boxes.build(1, {"main.py": SLEEPER})
    first, second = free_port(), free_port()
    handle = boxes.start(boxes.order(1, PORT=str(first)))
    test = boxes.start(boxes.order(1, Environment.TEST, PORT="1", CONTAINER_PORTS=f"0.0.0.0:{second}:9000/udp"))

    def bound(handle: dict[str, str]) -> dict[str, list[dict[str, str]]]:
        container = handle["container"]
        found = docker.ask("it", lambda api: api.inspect_container(container))
        bindings: dict[str, list[dict[str, str]]] = found["HostConfig"]["PortBindings"]
        return bindings

    assert bound(handle) == {f"{first}/tcp": [{"HostIp": "127.0.0.1", "HostPort": str(first)}]}
    assert bound(test) == {"9000/udp": [{"HostIp": "0.0.0.0", "HostPort": str(second)}]}


@pytest.mark.docker
def test_port_that_is_taken_is_an_engine_error_and_leaves_no_container(boxes: Workshop) -> None:
    boxes.build(1, {"main.py": SLEEPER})
    port = str(free_port())
    boxes.start(boxes.order(1, PORT=port))
    other = boxes.order(1, Environment.TEST, PORT=port)
    with pytest.raises(EngineError, match="port is already allocated"):
        boxes.engine.start(other)
    assert boxes.engine.strays(other.project, Environment.TEST, other.output) == []


@pytest.mark.docker
def test_persistent_folder_outlives_versions_and_a_test_run_never_sees_it(boxes: Workshop) -> None:
    boxes.persist("data/")
    count = (
        "import pathlib\nfile = pathlib.Path('data/count')\n"
        "number = int(file.read_text()) + 1 if file.exists() else 1\n"
        "file.write_text(str(number))\nprint('count', number, flush=True)\n"
    )
    boxes.build(1, {"main.py": count})
    boxes.build(2, {"main.py": count + "print('second')\n"})
    for version in (1, 2, 1):
        handle = boxes.start(boxes.order(version))
        assert boxes.engine.wait_end(handle, 30).exit_code == 0
        boxes.engine.stop(handle)
    assert "count 3" in boxes.output()
    test = boxes.start(boxes.order(2, Environment.TEST))
    assert boxes.engine.wait_end(test, 30).exit_code == 0
    assert boxes.output(Environment.TEST).splitlines()[0] == "count 1"


@pytest.mark.docker
def test_persistent_path_that_is_no_folder_is_refused_before_anything_is_built(boxes: Workshop) -> None:
    boxes.persist("*.sqlite3")
    with pytest.raises(Exception, match="whole folders only"):
        boxes.build(1, {"main.py": SLEEPER})


@pytest.mark.docker
def test_clean_up_takes_images_without_a_release_and_never_a_kept_one_or_another_homes(
    boxes: Workshop, docker: Docker, tmp_path: Path
) -> None:
    stranger = Workshop(tmp_path / "other", boxes.project, docker)
    try:
        stranger.build(1, {"main.py": "print('stranger')\n"})
        for version in (1, 2):
            boxes.build(version, {"main.py": f"print({version})\n"})
        boxes.kept.remove(1)
        boxes.build(3, {"main.py": "print(3)\n"})
        mark = (boxes.layout.home / "engine-id").read_text().strip()
        tags = sorted(tag.rpartition(":")[2] for it in docker.images({"vanka.home": mark}) for tag in it.tags)
        assert tags == [f"v{version}-{boxes.commit(version)[:12]}" for version in (2, 3)]
        other = (stranger.layout.home / "engine-id").read_text().strip()
        assert len(docker.images({"vanka.home": other})) == 1
    finally:
        stranger.close()


@pytest.mark.docker
def test_image_that_somebody_took_away_is_built_again_from_the_releases_files(boxes: Workshop, docker: Docker) -> None:
    boxes.build(1, {"main.py": "print('still here', flush=True)\n"})
    mark = (boxes.layout.home / "engine-id").read_text().strip()
    for image in docker.images({"vanka.home": mark}):
        assert docker.remove_image(image.tags[0])
    handle = boxes.start(boxes.order(1))
    assert boxes.engine.wait_end(handle, 30).exit_code == 0
    assert "still here" in boxes.output()


@pytest.mark.docker
def test_build_ends_when_it_is_cancelled(boxes: Workshop) -> None:
    cancel = Cancel()
    files = {"Dockerfile": "FROM python:3.11-slim\nRUN echo begun; sleep 300; exit 1\n"}
    failed: list[BaseException] = []

    def build() -> None:
        try:
            boxes.build(1, files, cancel=cancel)
        except BuildError as error:
            failed.append(error)

    thread = threading.Thread(target=build)
    thread.start()
    eventually(lambda: boxes.log.exists() and "begun" in boxes.log.read_text(), "the build is under way", 60)
    cancel.set()
    thread.join(30)
    assert not thread.is_alive()
    assert "cancelled" in str(failed[0])


@pytest.mark.docker
def test_images_own_health_check_is_a_probe(boxes: Workshop) -> None:
    docker_file = (
        "FROM python:3.11-slim\nWORKDIR /srv\nCOPY . .\n"
        "HEALTHCHECK CMD test -e /tmp/well || { echo not yet; exit 1; }\n"
        'CMD ["python", "-u", "main.py"]\n'
    )
    wait = "import os, time\nwhile not os.path.exists('/tmp/go'): time.sleep(0.05)\n"
    boxes.build(1, {"Dockerfile": docker_file, "main.py": wait + "open('/tmp/well', 'w')\ntime.sleep(600)\n"})
    handle = boxes.start(boxes.order(1))
    assert isinstance(boxes.engine, ContainerEngine)
    probe = boxes.engine.probe(handle)
    assert probe is not None
    assert "not yet" in str(probe.look(Cancel()))
    assert boxes.docker is not None
    list(boxes.docker.run_in(handle["container"], ("touch", "/tmp/go")).output)
    eventually(lambda: probe.look(Cancel()) is None, "it is well")


@pytest.mark.docker
def test_output_while_no_service_ran_is_copied_by_the_next_one(boxes: Workshop) -> None:
    boxes.build(1, {"main.py": COUNTER})
    handle = boxes.start(boxes.order(1))
    eventually(lambda: "10" in boxes.output().split(), "it writes")
    assert isinstance(boxes.engine, ContainerEngine)
    boxes.engine.close()
    seen = int(boxes.output().split()[-1])
    wait_until(lambda: lines_of(boxes, handle) > seen + 20)

    boxes.engine = boxes.new_engine()
    boxes.engine.on_end(handle, lambda _status: None)
    eventually(lambda: int(boxes.output().split()[-1]) > seen + 30, "the copying goes on")
    numbers = [int(word) for word in boxes.output().split()]
    assert sorted(set(numbers)) == list(range(max(numbers) + 1))
    assert len(numbers) - len(set(numbers)) <= 2, "what was written in the instant of the end may come twice"


def lines_of(boxes: Workshop, handle: dict[str, str]) -> int:
    """How many lines the engine itself holds."""
    assert boxes.docker is not None
    return len(boxes.docker.ask("it", lambda api: api.logs(handle["container"])).splitlines())


def wait_until(look: Callable[[], bool]) -> None:
    """Until it is so."""
    eventually(look, "it comes to be")


def test_without_an_engine_everything_says_how_to_get_one(tmp_path: Path, project: Project) -> None:
    workshop = Workshop(tmp_path, project, None)
    engine = ContainerEngine(
        workshop.layout, Docker("unix:///nowhere/docker.sock"), project=lambda _no: project, kept=lambda _project: ()
    )
    workshop.engine = engine
    with pytest.raises(NoEngine) as refused:
        workshop.build(1, {"main.py": SLEEPER})
    assert "docker.io" in refused.value.hint
    assert engine.status({"container": "x"}).life is Life.UNKNOWN
    assert engine.loads([{"container": "x"}]) == [None]
    engine.close()
    workshop.lookout.stop()
