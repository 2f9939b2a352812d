"""`vanka demo`: a commit deployed, changed, broken and rolled back, the service killed and back; every step verified.

A client like any other: all that it knows of the service it asks over the control socket of a temporary home.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn, TextIO, TypeVar

import actors
from actors.cli.client import Client
from actors.cli.demo_sample import SampleRepository, ask, free_port
from actors.errors import VankaError
from runtime.errors import ConnectionLost, KernelError
from runtime.host import ProcessId, is_alive, process_id
from runtime.shell import Child, Command, clean_env, kill_group, launch

T = TypeVar("T")

NAME = "hello"
UP_LIMIT_S = 60.0
STEP_LIMIT_S = 180.0
STOP_LIMIT_S = 20.0
LOOK_S = 0.05
TAIL_LINES = 25


class NotTrue(VankaError):
    """A step of the story did not come true."""

    code = "demo"


def main(out: TextIO) -> int:
    """Tell the story; 0 when all of it came true. Whatever happens, nothing of it is left running or lying about."""
    base = Path(tempfile.mkdtemp(prefix="vanka-demo-"))
    story = Story(base, out)
    try:
        with _stop_signal_as_interrupt():
            try:
                story.tell()
            finally:
                story.clean_up()
    except KeyboardInterrupt:
        story.say("interrupted; everything was stopped and removed")
        return 130
    except (VankaError, KernelError) as error:
        story.say(f"NOT TRUE: {error}")
        return 1
    finally:
        shutil.rmtree(base, ignore_errors=True)
    story.say("all of it came true; everything was stopped and removed")
    return 0


@contextmanager
def _stop_signal_as_interrupt() -> Iterator[None]:
    """SIGTERM cleans up like Ctrl-C does."""

    def interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


class Story:
    """One run of the demo in a directory of its own."""

    def __init__(self, base: Path, out: TextIO) -> None:
        self._base = base
        self._out = out
        self._home = base / "home"
        self._log = base / "service.log"
        self._begun = time.monotonic()
        self._client = Client(self._home, "demo")
        self._service: Child | None = None
        self._programs: list[ProcessId] = []
        self._port = free_port()

    def say(self, line: str) -> None:
        """One line with the seconds since the beginning."""
        self._out.write(f"{time.monotonic() - self._begun:6.1f} s  {line}\n")
        self._out.flush()

    def tell(self) -> None:
        """The whole story; raises NotTrue at the first thing that is not as it should be."""
        self.say(f"a service of its own in {self._home}")
        repository = SampleRepository(self._base / "repository")
        repository.commit_greeting("hello")
        self._start_service()
        self._first_deployment()
        self._new_commit(repository)
        self._broken_commit(repository)
        self._killed_service()
        self._way_back()
        self._end()

    # --- the steps

    def _start_service(self) -> None:
        checkout = str(Path(actors.__path__[0]).parent)
        environ = clean_env({"VANKA_HOME": str(self._home), "VANKA_HTTP": "off", "PYTHONPATH": checkout})
        command = Command((sys.executable, "-P", "-m", "actors.cli", "up", "--stop-projects"), self._base, environ)
        with self._log.open("ab") as log:
            self._service = launch(command, output=log.fileno())
        pid = self._until("the service did not come up", self._ping, UP_LIMIT_S)
        self.say(f"the service is up (pid {pid}) under its guardian (pid {self._service.pid})")

    def _first_deployment(self) -> None:
        target = self._base / "site"
        repository = self._base / "repository"
        probe = f"http://127.0.0.1:{self._port}/"
        self._client.ask(
            "add", {"name": NAME, "url": str(repository), "path": str(target), "interval_s": 15, "probe": probe}
        )
        self._client.ask("set", {"name": NAME, "key": "PORT", "value": str(self._port)})
        self.say(f"project {NAME} added: {repository} into {target}; its page will be on port {self._port}")
        deployment = self._client.ask_long("deploy", {"name": NAME}, self._stage)
        self._succeeded(deployment)
        self._greets("hello")
        self._true((target / "main.py").is_file(), f"{target} does not hold the commit's files")
        self.say(f"v{deployment['version']} deployed: the page says hello")

    def _new_commit(self, repository: SampleRepository) -> None:
        commit = repository.commit_greeting("good evening")
        self.say(f"somebody pushes {commit[:7]}")
        deployment = self._deployed_by_itself(commit)
        self._succeeded(deployment)
        self._greets("good evening")
        self.say(f"v{deployment['version']} found and deployed by itself: the page says good evening")

    def _broken_commit(self, repository: SampleRepository) -> None:
        commit = repository.commit_mistake()
        self.say(f"somebody pushes {commit[:7]}, which cannot even start")
        deployment = self._deployed_by_itself(commit)
        state, error = deployment["state"], deployment["error"]
        self._true(state in ("failed", "rolled back"), f"the broken commit ended as {state}")
        self._greets("good evening")
        self.say(f"v{deployment['version']} {state}: {' '.join(str(error).split())[:150]}")
        self.say("nobody did anything, and the page says good evening again")

    def _killed_service(self) -> None:
        program = self._greets("good evening")
        service = self._client.ask("ping", {})["pid"]
        begun = time.monotonic()
        os.kill(service, signal.SIGKILL if hasattr(signal, "SIGKILL") else signal.SIGTERM)
        self.say(f"the service (pid {service}) is killed without warning")

        def back() -> int | None:
            pid = self._ping()
            return pid if pid != service else None

        new = self._until("the service did not come back", back, UP_LIMIT_S)
        self.say(f"it is back (pid {new}) after {time.monotonic() - begun:.2f} s")
        self._until("the program was not adopted", lambda: self._status()["state"] == "running" or None, UP_LIMIT_S)
        self._true(self._greets("good evening") == program, "the program was restarted")
        self.say(f"the program (pid {program}) ran on: it was never restarted for it")

    def _way_back(self) -> None:
        deployment = self._client.ask_long("rollback", {"name": NAME, "version": 1}, self._stage)
        self._succeeded(deployment)
        self._greets("hello")
        took = len(self._client.ask("history", {"name": NAME}))
        self.say(f"back to v1 by its number: the page says hello; {took} deployments are on record")

    def _end(self) -> None:
        self._client.ask("remove", {"name": NAME})
        self._true(ask(self._port) is None, "the program still answers after its project was removed")
        service, self._service = self._service, None
        if service is not None:
            service.terminate()
            code = self._until("the service did not stop", service.poll, STOP_LIMIT_S)
            self._true(code == 0, f"the service stopped with exit code {code}")
        self.say("the project is removed, the service stopped in order")

    # --- what the steps are made of

    def _ping(self) -> int | None:
        if self._service is not None and self._service.poll() is not None:
            raise NotTrue(f"vanka up ended with exit code {self._service.returncode}")
        with suppress(VankaError, ConnectionLost):  # it is not there yet: that is what we wait for
            pid: int = self._client.ask("ping", {})["pid"]
            return pid
        return None

    def _status(self) -> dict[str, Any]:
        status: dict[str, Any] = self._client.ask("status", {"name": NAME})[0]
        return status

    def _deployed_by_itself(self, commit: str) -> dict[str, Any]:
        """The deployment that the watcher's find led to, when it has ended."""
        self._client.ask("check", {"name": NAME})

        def ended() -> dict[str, Any] | None:
            newest: dict[str, Any] = self._client.ask("history", {"name": NAME, "limit": 1})[0]
            return newest if newest["commit"] == commit and newest["ended_at"] else None

        return self._until(f"commit {commit[:7]} was not deployed", ended, STEP_LIMIT_S)

    def _greets(self, greeting: str) -> int:
        """The process id of the program that greets like this, when it does."""

        def answer() -> int | None:
            said = ask(self._port)
            return said["pid"] if said and said["greeting"] == greeting else None

        pid = self._until(f"the page does not say {greeting}", answer, UP_LIMIT_S)
        found = process_id(pid)
        if found is not None and found not in self._programs:
            self._programs.append(found)
        return pid

    def _stage(self, _progress: dict[str, Any]) -> None:
        """The story tells of deployments that have ended."""

    def _succeeded(self, deployment: dict[str, Any]) -> None:
        self._true(
            deployment["state"] == "succeeded", f"{deployment['kind']} {deployment['state']}: {deployment['error']}"
        )

    def _true(self, it_is: bool, otherwise: str) -> None:
        if not it_is:
            raise NotTrue(otherwise)

    def _until(self, otherwise: str, look: Callable[[], T | None], limit: float) -> T:
        give_up = time.monotonic() + limit
        while (found := look()) is None:
            if time.monotonic() > give_up:
                raise NotTrue(f"{otherwise} within {limit:g} s")
            time.sleep(LOOK_S)
        return found

    # --- afterwards

    def clean_up(self) -> None:
        """Stop what a story that broke off left running; does nothing after one that was told to its end."""
        service, self._service = self._service, None
        if service is not None:
            self._show_log()
            # the service first: it stops its programs in order; the guardian would start it again if it only died
            service.terminate()
            try:
                self._until("the service did not stop", service.poll, STOP_LIMIT_S)
            except NotTrue:
                kill_group(service.pid)
        for program in filter(is_alive, self._programs):
            kill_group(program.pid)

    def _show_log(self) -> None:
        with suppress(OSError):
            lines = self._log.read_text(encoding="utf-8", errors="replace").splitlines()[-TAIL_LINES:]
            self._out.writelines(f"          | {line[:300]}\n" for line in lines)
