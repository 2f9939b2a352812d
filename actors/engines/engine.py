"""Engine: how a release runs. One protocol; one file an engine; the list of all of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from actors.health.probe import Probe
from actors.model.project import Environment, Project
from actors.model.run import RunStatus
from runtime.host import ProcessLoad
from runtime.shell import Cancel

Handle = dict[str, Any]


@dataclass(frozen=True)
class BuildOrder:
    """A commit's files, checked out at `staged`, that are to become a release. `output` is the deployment's log."""

    project: Project
    version: int
    commit: str
    staged: Path
    output: Path
    cancel: Cancel
    refresh: bool = False


@dataclass(frozen=True)
class RunOrder:
    """Everything an engine must know to start a release.

    `directory` is the target (or the test directory): the program's working directory. `env` is the whole
    environment of the program. `output` is the file that its output is appended to.
    """

    project: str
    environment: Environment
    version: int
    commit: str
    directory: Path
    main: str
    env: Mapping[str, str]
    output: Path


def shown(handle: Handle) -> tuple[str, str]:
    """What a person finds the program by, and the command that ends it by hand."""
    if "pid" in handle:
        return f"process {handle['pid']}", f"kill {handle['pid']}"
    name = str(handle.get("name") or handle.get("container", ""))[:64]
    return f"container {name}", f"docker rm -f {name}"


class Engine(Protocol):
    """Runs releases. Every call blocks (a job's thread, never an actor's) and has a limit.

    A handle is a plain record: it is stored, and means the same program to the next service on this machine.
    """

    name: str

    def ready(self) -> None:
        """Raises NoEngine, with what to do, where what it runs programs with does not answer; a few seconds at most."""
        ...

    def admit(self, project: Project) -> None:
        """Raises BadPath for a project with settings that it cannot run; waits for nothing."""
        ...

    def admit_variable(self, name: str, value: str) -> None:
        """Raises BadOption for a variable that it reads itself and cannot use."""
        ...

    def prepare(self, order: BuildOrder) -> str:
        """Complete the release (its virtual environment, its image). Returns the environment's id.

        Raises BuildError with the tool's own words. Minutes; ends early when `order.cancel` is set.
        """
        ...

    def check(self, order: RunOrder, cancel: Cancel) -> str | None:
        """Why the release in `order.directory` could not start; None when nothing speaks against it."""
        ...

    def start(self, order: RunOrder) -> Handle:
        """Start the program; returns as soon as it runs. Raises EngineError with the reason."""
        ...

    def stop(self, handle: Handle, grace_s: float = 10.0, *, others: Sequence[Handle] = ()) -> None:
        """End the program and all it started: asked first, killed after `grace_s`. An ended one is fine.

        `others`, such as strays, are ended with it, in the same time.
        """
        ...

    def status(self, handle: Handle) -> RunStatus:
        """One look; cheap."""
        ...

    def wait_end(self, handle: Handle, timeout_s: float) -> RunStatus:
        """Wait until it ends, `timeout_s` at most; what a look then tells."""
        ...

    def on_end(self, handle: Handle, tell: Callable[[RunStatus], None]) -> Callable[[], None]:
        """Call `tell` once, from a thread of the engine's, when the program ends. Returns what ends the watching."""
        ...

    def probe(self, handle: Handle) -> Probe | None:
        """The health check that the release itself brings; None where it brings none."""
        ...

    def strays(self, project: str, environment: Environment, output: Path) -> list[Handle]:
        """Programs of that project and environment that run here, recorded or not, and what they left behind."""
        ...

    def everything(self, project_no: int | None = None) -> list[Handle]:
        """All programs of this home that run here, of whatever project or of that one, and what they left behind."""
        ...

    def forget(self, project: Project) -> tuple[str, ...]:
        """Take away what it holds of a removed project, whose programs were stopped: all but its data.

        Returns where that is, as a person finds it.
        """
        ...

    def loads(self, handles: Sequence[Handle]) -> list[ProcessLoad | None]:
        """How busy those programs are, in their order; None for one that has ended. One thread at a time."""
        ...
