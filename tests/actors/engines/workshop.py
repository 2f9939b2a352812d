"""Both engines under one roof: releases to run, and what a test may ask of either in the same words."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from operator import methodcaller
from pathlib import Path

from actors.artifacts.environments import Environments
from actors.artifacts.layout import Layout
from actors.engines.container import ContainerEngine
from actors.engines.docker_calls import Docker
from actors.engines.engine import BuildOrder, Engine, Handle, RunOrder
from actors.engines.process import ProcessEngine
from actors.model.project import Environment, Project
from runtime.lookout import Lookout
from runtime.programs import Programs
from runtime.shell import Cancel
from tests.scenarios.service import answer_of

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


def server(text: str) -> dict[str, str]:
    """The files of a release that answers with that text."""
    return {"main.py": SERVER.replace("TEXT", text)}


def answers(port: int, text: str) -> bool:
    """Whether that is what is answered there now."""
    return answer_of(port) == text


class Workshop:
    """One home, one project and an engine. `close` leaves nothing behind."""

    def __init__(self, directory: Path, project: Project, docker: Docker | None) -> None:
        self.layout = Layout(directory / "home")
        self.project = project
        self.docker = docker
        self.lookout = Lookout()
        self.kept: list[int] = []
        self.handles: list[Handle] = []
        self.layout.home.mkdir(parents=True, exist_ok=True)
        self.engine: Engine = self.new_engine()

    def new_engine(self) -> Engine:
        """Another engine on the same home: what the next service has."""
        if self.docker is None:
            programs = Programs(self.layout.home / "exits.jsonl")
            return ProcessEngine(Environments(self.layout), programs, self.lookout)
        return ContainerEngine(
            self.layout, Docker(), project=lambda _number: self.project, kept=lambda _project: self.kept
        )

    def build(self, version: int, files: Mapping[str, str], *, cancel: Cancel | None = None) -> RunOrder:
        """A release of these files, made ready by the engine."""
        staged = self.layout.releases(self.project) / str(version)
        for name, text in files.items():
            path = staged / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        self.log.parent.mkdir(parents=True, exist_ok=True)
        order = BuildOrder(self.project, version, self.commit(version), staged, self.log, cancel or Cancel())
        self.engine.prepare(order)
        self.kept.append(version)
        return self.order(version)

    def order(self, version: int, environment: Environment = Environment.PRODUCTION, **env: str) -> RunOrder:
        """The order to run that version."""
        return RunOrder(
            project=self.project.name,
            environment=environment,
            version=version,
            commit=self.commit(version),
            directory=self.layout.releases(self.project) / str(version),
            main=self.project.main,
            env={"VANKA_PROJECT": self.project.name, "VANKA_ENVIRONMENT": environment.value, **env},
            output=self.layout.program_log(self.project, environment),
        )

    @staticmethod
    def commit(version: int) -> str:
        """A commit's id for that version."""
        return f"{version:x}" * 40

    @property
    def log(self) -> Path:
        """The deployment's log."""
        return self.layout.deployment_log(self.project, "d1")

    def start(self, order: RunOrder) -> Handle:
        """Start it; it ends with the workshop."""
        handle = self.engine.start(order)
        self.handles.append(handle)
        return handle

    def output(self, environment: Environment = Environment.PRODUCTION) -> str:
        """What the program wrote so far."""
        path = self.layout.program_log(self.project, environment)
        return path.read_text(errors="replace") if path.exists() else ""

    def persist(self, *patterns: str) -> None:
        """Give the project persistent paths."""
        self.project = replace(self.project, persist=patterns)

    def close(self) -> None:
        """Stop and remove all that is ours."""
        for handle in self.handles:
            self.engine.stop(handle, 0)
        self.lookout.stop()
        if isinstance(self.engine, ContainerEngine) and self.docker is not None:
            mark = (
                (self.layout.home / "engine-id").read_text().strip()
                if os.path.exists(self.layout.home / "engine-id")
                else "-"
            )
            remove_all(self.docker, {"vanka.home": mark})
            self.engine.close()


def remove_all(docker: Docker, labels: Mapping[str, str]) -> None:
    """Whatever in the engine has these labels."""
    for container in docker.containers(labels):
        docker.remove(container)
    for image in docker.images(labels):
        for name in image.tags or (image.id,):
            docker.remove_image(name)
    wanted = [f"{name}={value}" for name, value in labels.items()]
    found = docker.ask("the volumes", lambda api: api.volumes(filters={"label": wanted}))
    for volume in found.get("Volumes") or []:
        docker.find("the volume", methodcaller("remove_volume", volume["Name"], force=True))
    for network in docker.networks(labels):
        docker.remove_network(network)
