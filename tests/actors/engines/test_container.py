"""What only a container does; what it has in common with every engine is in tests/contracts."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from actors.engines.container import ContainerEngine
from actors.engines.docker_calls import Docker
from actors.errors import BuildError, EngineError
from actors.model.project import Environment, Project
from runtime.shell import Cancel
from tests.actors.engines.workshop import SLEEPER, Workshop
from tests.scenarios.service import eventually, free_port

COUNTER = """\
import itertools, time
for number in itertools.count():
    print(number, flush=True)
    time.sleep(0.02)
"""


@pytest.fixture
def boxes(docker: Docker, tmp_path: Path, project: Project) -> Iterator[Workshop]:
    """The container engine alone."""
    made = Workshop(tmp_path, project, docker)
    yield made
    made.close()


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
    assert "Using cache" in second.partition("COPY . /app/")[0].rpartition("pip install")[2]


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
def test_labels_tell_whose_images_containers_and_volumes_are(boxes: Workshop, docker: Docker) -> None:
    boxes.persist("data/")
    boxes.build(3, {"main.py": SLEEPER})
    handle = boxes.start(boxes.order(3))
    mark = (boxes.layout.home / "engine-id").read_text().strip()
    ours = {"vanka.home": mark, "vanka.project": str(boxes.project.no)}
    container = docker.container(handle["container"])
    assert container is not None
    program = {"vanka.kind": "program", "vanka.name": "shop", "vanka.environment": "production", "vanka.version": "3"}
    assert container.labels.items() >= {**ours, **program}.items()
    (image,) = docker.images({**ours, "vanka.kind": "image"})
    assert image.id == handle["image"]
    assert len(docker.volumes({**ours, "vanka.kind": "data"})) == 1


@pytest.mark.docker
def test_forgotten_project_leaves_its_data_and_nothing_else(boxes: Workshop, docker: Docker) -> None:
    boxes.persist("data/")
    boxes.build(1, {"main.py": "open('data/kept', 'w').write('kept')\n"})
    boxes.build(2, {"main.py": SLEEPER})
    handle = boxes.start(boxes.order(1))
    assert boxes.engine.wait_end(handle, 30).exit_code == 0
    mark = (boxes.layout.home / "engine-id").read_text().strip()
    (volume,) = docker.volumes({"vanka.home": mark})
    (place,) = boxes.engine.forget(boxes.project)
    assert place == f"Docker volume {volume}"
    assert docker.containers({"vanka.home": mark}) == []
    assert docker.images({"vanka.home": mark}) == []
    assert docker.volumes({"vanka.home": mark}) == [volume]


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
