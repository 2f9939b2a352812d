"""Process engine: a virtual environment, and the main file as a process of its own."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from actors.artifacts.environments import Environments
from actors.artifacts.installer import Installer
from actors.engines.engine import BuildOrder, Handle, RunOrder
from actors.engines.parsing import why_not_run
from actors.engines.surroundings import environment, python_of
from actors.errors import BuildError, EngineError
from actors.model.project import Environment, Project
from actors.model.run import Life, RunStatus
from runtime.errors import HostError, ShellError
from runtime.host import ProcessId, ProcessLoad, ProcessSampler, is_alive
from runtime.lookout import Lookout
from runtime.programs import Programs
from runtime.shell import Cancel, Command
from runtime.strays import find_strays


class ProcessEngine:
    """Starts `venv/bin/python main.py` in the target, with its output in a file and a session of its own.

    Programs outlive the service: a handle holds the process's pid and start time, which mean that process and no other.
    """

    name = "process"

    def __init__(
        self, environments: Environments, programs: Programs, lookout: Lookout, *, installer: Installer = "uv"
    ) -> None:
        self._environments = environments
        self._place = environments.layout.projects  # the tools of its environment come first on each program's path
        self._programs = programs
        self._lookout = lookout
        self._installer = installer
        self._sampler = ProcessSampler()

    def ready(self) -> None:
        """Always."""

    def admit(self, project: Project) -> None:
        """Any."""

    def admit_variable(self, name: str, value: str) -> None:
        """It reads none."""

    def prepare(self, order: BuildOrder) -> str:
        """Give the staged release its `venv`; the id of the stored environment."""
        if not (order.staged / order.project.main).is_file():
            raise BuildError(
                f"there is no {order.project.main} in the repository",
                "Add it, or name another file with --main.",
                main=order.project.main,
            )
        info = self._environments.ensure(
            order.project,
            order.staged,
            installer=self._installer,
            cancel=order.cancel,
            sink=order.output,
            refresh=order.refresh,
        )
        self._environments.link(order.staged, info, sink=order.output)
        return info.id

    def check(self, order: RunOrder, cancel: Cancel) -> str | None:
        """The interpreter starts, and the main file parses."""
        return why_not_run(order, (str(python_of(order.directory)),), cancel)

    def start(self, order: RunOrder) -> Handle:
        """As the protocol says; the program's own failure to go on is for `verify` to find."""
        # the interpreter is named by the release, not by the target, so that a later flip changes nothing under it
        python = python_of(Path(os.path.realpath(order.directory)))
        command = Command((str(python), order.main), cwd=order.directory, env=environment(order))
        order.output.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            process = self._programs.spawn(command, output=order.output)
        except (ShellError, OSError) as error:
            raise EngineError(f"{order.main} could not be started: {error}", "See the deployment's log.") from error
        return dict(process.to_record())

    def stop(self, handle: Handle, grace_s: float = 10.0, *, others: Sequence[Handle] = ()) -> None:
        """TERM to the whole group, `grace_s`, KILL; nothing of it is left, or EngineError."""
        processes = [ProcessId.from_record(each) for each in (handle, *others)]
        if not self._programs.stop(*processes, grace=grace_s):
            raise EngineError(f"process {processes[0].pid} could not be ended", "Look at it with ps; end it by hand.")

    def status(self, handle: Handle) -> RunStatus:
        """Alive by pid and start time; the exit code from us or from the guardian's journal."""
        return self._status(ProcessId.from_record(handle))

    def wait_end(self, handle: Handle, timeout_s: float) -> RunStatus:
        """Wakes at the end itself."""
        process = ProcessId.from_record(handle)
        self._programs.wait_end(process, timeout_s)
        return self._status(process)

    def on_end(self, handle: Handle, tell: Callable[[RunStatus], None]) -> Callable[[], None]:
        """One thread watches all programs."""
        process = ProcessId.from_record(handle)
        return self._lookout.watch(process, lambda: tell(self._status(process)))

    def probe(self, handle: Handle) -> None:
        """A process brings no health check of its own."""

    def strays(self, project: str, environment: Environment, output: Path) -> list[Handle]:
        """Told by their variables, and by their output file or a path of this home; on Linux, where these are seen."""
        wanted = {"VANKA_PROJECT": project, "VANKA_ENVIRONMENT": environment.value}
        return [dict(process.to_record()) for process in find_strays(self._place, wanted, output)]

    def everything(self, project_no: int | None = None) -> list[Handle]:
        """As `strays`, whatever the project's name."""
        anybodys = dict.fromkeys(("VANKA_PROJECT", "VANKA_ENVIRONMENT"))
        place = self._place if project_no is None else self._place / str(project_no)
        return [dict(process.to_record()) for process in find_strays(place, anybodys)]

    def forget(self, project: Project) -> tuple[str, ...]:
        """All of a process lies in the project's own directories: clean-up knows them."""
        del project
        return ()

    def loads(self, handles: Sequence[Handle]) -> list[ProcessLoad | None]:
        """One look at the machine for all of them."""
        processes: list[ProcessId | None] = []
        for handle in handles:
            try:
                processes.append(ProcessId.from_record(handle))
            except HostError:
                processes.append(None)
        found = self._sampler.sample([process for process in processes if process is not None])
        return [None if process is None else found.get(process) for process in processes]

    def _status(self, process: ProcessId) -> RunStatus:
        if is_alive(process):
            return RunStatus(Life.ALIVE, pid=process.pid)
        return RunStatus(Life.ENDED, self._programs.exit_code(process), process.pid)
