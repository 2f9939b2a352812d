"""Container engine: an image for each version, and a container of it as the program."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path

from actors.artifacts.layout import Layout
from actors.engines.container_ends import Ends
from actors.engines.container_health import ImageHealth
from actors.engines.container_load import Loads
from actors.engines.container_logs import Mirrors
from actors.engines.container_options import check_option, options
from actors.engines.container_removals import Removals
from actors.engines.container_spec import folders, spec_for
from actors.engines.docker_calls import Docker
from actors.engines.docker_shapes import Container, Image
from actors.engines.engine import BuildOrder, Handle, RunOrder
from actors.engines.images import (
    ENVIRONMENT,
    HOME,
    KIND,
    PROJECT,
    RECIPE,
    STANDARD,
    Images,
    Wanted,
    home_mark,
    known_to_engines,
)
from actors.engines.parsing import why_not_run
from actors.engines.recipe import DOCKERFILE
from actors.errors import BadPath, BadVariable, BuildError, EngineError, NoEngine
from actors.health.probe import Probe
from actors.model.project import Environment, Project
from actors.model.run import Life, RunStatus
from runtime.host import ProcessLoad
from runtime.shell import Cancel

AT_ONCE = 8  # containers that are stopped at a time
LAST_OUTPUT_S = 3.0  # how long the last lines of an ended container are waited for


class ContainerEngine:
    """Runs each program as a container of the version's image. Connects to the engine when it is first needed.

    Containers outlive the service: a handle holds the container's id. Persistent paths are named volumes, because a
    service that itself runs in a container shares no paths with the engine; a test run gets nameless ones that go with
    it. Variables reach the container at its start and never its image.
    """

    name = "container"

    def __init__(
        self,
        layout: Layout,
        docker: Docker,
        *,
        project: Callable[[int], Project],
        kept: Callable[[Project], Sequence[int]],
    ) -> None:
        self._layout = layout
        self._docker = docker
        self._project = project
        self._kept = kept
        self._images = Images(docker, lambda: self._home)
        self._mirrors = Mirrors(docker)
        self._ends = Ends(docker, lambda: {HOME: self._home, KIND: "program"})
        self._loads = Loads(docker)
        self._removals = Removals(docker)

    def close(self) -> None:
        """Stop listening and copying; the containers go on."""
        self._ends.close()
        self._mirrors.close()
        self._removals.close()
        self._docker.close()

    # --- before the start

    def ready(self) -> None:
        """A Docker engine answers, within seconds."""
        self._docker.ready()

    def admit(self, project: Project) -> None:
        """Its persistent paths can be volumes."""
        folders(project)

    def admit_variable(self, name: str, value: str) -> None:
        """Ports and limits that make a container."""
        check_option(name, value)

    def prepare(self, order: BuildOrder) -> str:
        """Build the version's image; its id. Images whose releases are gone are taken away."""
        project = order.project
        wanted = Wanted(project.no, project.name, order.version, order.commit)
        folders(project)
        with order.output.open("ab", buffering=0) as log:
            image = self._images.make(
                wanted,
                order.staged,
                project.main,
                cancel=order.cancel,
                say=lambda line: _write(log.write, line),
                fresh=order.refresh,
            )
            gone = self._images.tidy(project.no, {*self._kept(project), order.version})
            if gone:
                _write(log.write, f"{gone} images of releases that are gone were removed")
        return image.id

    def check(self, order: RunOrder, cancel: Cancel) -> str | None:
        """The image is there, its main file parses (standard recipe), and the variables make a container."""
        try:
            options(order.env)
            folders(self._project(self._number(order.output)))
        except (BadVariable, BadPath) as error:
            return f"{error.message}. {error.hint}"
        image = self._image(order, cancel)
        if image.labels.get(RECIPE) != STANDARD:
            return None
        return why_not_run(order, (sys.executable, "-I", "-S"), cancel)

    # --- the program

    def start(self, order: RunOrder) -> Handle:
        """A new container of the version's image, which is never built again while the engine has it."""
        chosen = options(order.env)
        image = self._image(order, Cancel())
        spec = spec_for(order, image, chosen, self._project(self._number(order.output)), self._home)
        for mount in spec.mounts:
            if mount.volume:
                self._docker.add_volume(mount.volume, {HOME: self._home, KIND: "data", PROJECT: spec.labels[PROJECT]})
        container = self._docker.create(spec)
        try:
            self._docker.start(container)
        except EngineError as error:
            self._docker.remove(container)
            raise EngineError(
                f"the container could not be started: {error.message}", "See the deployment's log."
            ) from error
        order.output.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._mirrors.ensure(container, order.output)
        return {"container": container, "name": spec.name, "image": image.id, "output": str(order.output)}

    def stop(self, handle: Handle, grace_s: float = 10.0, *, others: Sequence[Handle] = ()) -> None:
        """TERM, `grace_s`, KILL; its last output is in the file then. It is taken away a moment later."""
        containers = dict.fromkeys(_id(each) for each in (handle, *others))
        with ThreadPoolExecutor(min(len(containers), AT_ONCE)) as threads:
            for stopped in [threads.submit(self._stop, container, grace_s) for container in containers]:
                stopped.result()

    def _stop(self, container: str, grace_s: float) -> None:
        self._docker.stop(container, grace_s)
        self._mirrors.finish(container, LAST_OUTPUT_S)
        self._mirrors.forget(container)
        self._removals.later(container)
        self._loads.forget(container)

    def status(self, handle: Handle) -> RunStatus:
        """What the engine says: gone is ended, nobody knows how. UNKNOWN while the engine itself does not answer."""
        try:
            return _status(self._docker.container(_id(handle)))
        except (NoEngine, EngineError):
            return RunStatus(Life.UNKNOWN)

    def wait_end(self, handle: Handle, timeout_s: float) -> RunStatus:
        """Wakes at the end itself."""
        if timeout_s > 0:
            until = time.monotonic() + timeout_s
            ended = Cancel()
            unwatch = self._ends.watch(_id(handle), ended.set)
            try:
                ended.wait(until - time.monotonic())
            finally:
                unwatch()
        status = self.status(handle)
        if status.life is Life.ENDED:
            self._mirrors.finish(_id(handle), LAST_OUTPUT_S)
        return status

    def on_end(self, handle: Handle, tell: Callable[[RunStatus], None]) -> Callable[[], None]:
        """One thread hears of all ends. A program that was adopted has its output copied from here on."""
        container, output = _id(handle), Path(str(handle.get("output", "")))
        if handle.get("output"):
            written = output.stat().st_mtime if output.exists() else 0.0
            self._mirrors.ensure(container, output, since=written)

        def ended() -> None:
            self._mirrors.finish(container, LAST_OUTPUT_S)
            tell(self.status(handle))

        return self._ends.watch(container, ended)

    def strays(self, project: str, environment: Environment, output: Path) -> list[Handle]:
        """Told by their labels; ended ones too, for they are to be taken away."""
        del project  # it may have had another name when the container was made: its number counts
        labels = {HOME: self._home, KIND: "program", PROJECT: str(self._number(output))}
        gone = self._removals.pending()
        found = self._docker.containers({**labels, ENVIRONMENT: environment.value})
        return [{"container": container, "output": str(output)} for container in found if container not in gone]

    def forget(self, project: Project) -> tuple[str, ...]:
        """Its containers and images go; its volumes stay. Nothing is asked of an engine that never was ours."""
        if not known_to_engines(self._layout.home):
            return ()
        ours = {HOME: self._home, PROJECT: str(project.no)}
        for container in self._docker.containers({**ours, KIND: "program"}):
            self._docker.remove(container)
        self._images.tidy(project.no, ())
        return tuple(f"Docker volume {name}" for name in self._docker.volumes({**ours, KIND: "data"}))

    def everything(self, project_no: int | None = None) -> list[Handle]:
        """Told by their labels; nothing where the engine is away, for nothing was started with it then."""
        one = {} if project_no is None else {PROJECT: str(project_no)}
        try:
            found = self._docker.containers({HOME: self._home, KIND: "program", **one})
        except NoEngine:
            found = []
        return [{"container": container} for container in found]

    def loads(self, handles: Sequence[Handle]) -> list[ProcessLoad | None]:
        """What the engine counts: CPU since the look before, memory without what is only cached."""
        return self._loads.of([_id(handle) for handle in handles])

    def probe(self, handle: Handle) -> Probe | None:
        """The HEALTHCHECK of the image, run inside of the container; None for an image without one."""
        image = self._docker.image(str(handle.get("image", ""))) if handle.get("image") else None
        return ImageHealth(self._docker, _id(handle), image.health) if image is not None and image.health else None

    # --- small things

    @cached_property
    def _home(self) -> str:
        return home_mark(self._layout.home)

    def _number(self, output: Path) -> int:
        """The project's number, from where its output goes: the one thing in an order that never changes."""
        number = output.parent.parent.name
        if not number.isdecimal():
            raise EngineError(f"{output} is not a project's output file")
        return int(number)

    def _image(self, order: RunOrder, cancel: Cancel) -> Image:
        """The version's image. One that somebody took away is built again from the release's own files."""
        wanted = Wanted(self._number(order.output), order.project, order.version, order.commit)
        found = self._images.find(wanted)
        if found is not None:
            return found
        if not (order.directory / DOCKERFILE).is_file() and not (order.directory / order.main).is_file():
            raise EngineError(f"the image {self._images.tag(wanted)} is gone, and so are the files to build it again")
        lines: list[str] = []
        try:
            return self._images.make(wanted, order.directory, order.main, cancel=cancel, say=lines.append)
        except BuildError as error:
            raise EngineError(f"the image was gone and could not be built again: {error.message}") from error


def _status(found: Container | None) -> RunStatus:
    if found is None:
        return RunStatus(Life.ENDED)
    if found.running:
        return RunStatus(Life.ALIVE, pid=found.pid)
    return RunStatus(Life.ENDED, found.exit_code, found.pid)


def _id(handle: Mapping[str, object]) -> str:
    container = handle.get("container")
    if not isinstance(container, str) or not container:
        raise EngineError("this is no record of a container")
    return container


def _write(write: Callable[[bytes], object], line: str) -> None:
    write(line.encode("utf-8", "replace") + b"\n")
