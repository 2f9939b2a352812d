"""What is said of containers where no Docker engine answers, or where none is needed to see that it cannot be."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from actors.engines import docker_sdk
from actors.engines.container import ContainerEngine
from actors.engines.container_options import check_option
from actors.engines.docker_calls import Docker
from actors.errors import BadOption, NoEngine
from actors.model.project import Project
from actors.model.run import Life
from tests.actors.engines.workshop import SLEEPER, Workshop


def test_without_an_engine_everything_says_how_to_get_one(tmp_path: Path, project: Project) -> None:
    workshop = Workshop(tmp_path, project, None)
    engine = ContainerEngine(
        workshop.layout, Docker("unix:///nowhere/docker.sock"), project=lambda _no: project, kept=lambda _project: ()
    )
    workshop.engine = engine
    with pytest.raises(NoEngine) as refused:
        workshop.build(1, {"main.py": SLEEPER})
    assert "docker.io" in refused.value.hint
    with pytest.raises(NoEngine):
        engine.ready()
    assert engine.status({"container": "x"}).life is Life.UNKNOWN
    assert engine.loads([{"container": "x"}]) == [None]
    engine.close()
    workshop.lookout.stop()


def test_home_that_never_had_a_container_asks_no_engine_to_forget_it(tmp_path: Path, project: Project) -> None:
    workshop = Workshop(tmp_path, project, None)
    nowhere = Docker("unix:///nowhere/docker.sock")
    engine = ContainerEngine(workshop.layout, nowhere, project=lambda _no: project, kept=lambda _project: ())
    assert engine.forget(project) == ()
    engine.close()
    workshop.lookout.stop()


def test_engine_that_says_nothing_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(docker_sdk, "READY_S", 1)
    with socket.socket(socket.AF_UNIX) as mute:
        mute.bind(str(tmp_path / "mute.sock"))
        mute.listen()
        with pytest.raises(NoEngine, match="the Docker engine does not answer"):
            Docker(f"unix://{tmp_path}/mute.sock").ready()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("PORT", "http"), ("PORT", "70000"), ("CONTAINER_PORTS", "here:80:80"), ("CONTAINER_MEMORY", "plenty")),
        *(("CONTAINER_MEMORY", "1"), ("CONTAINER_CPUS", "0"), ("CONTAINER_PIDS", "many")),
    ],
)
def test_variable_that_makes_no_container_is_refused_by_its_name(name: str, value: str) -> None:
    with pytest.raises(BadOption, match=name) as refused:
        check_option(name, value)
    assert refused.value.hint
    check_option(name, "")
    check_option("GREETING", value)
