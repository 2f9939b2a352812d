"""The service's side of the command line: requests from the control socket onto Control, answers and errors back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from actors.cli.answers import ANSWERS, Answer
from actors.cli.asks import Asks, RunThirdParty
from actors.cli.call import Call
from actors.errors import BadUsage, VankaError
from runtime.errors import KernelError
from runtime.local_socket import Emit, Limits, LocalServer, Message

SOCKET_NAME = "control.sock"
MAX_ASKER = 64


class CommandServer:
    """Answers `vanka` commands on the home's control socket until it is stopped.

    `clean` masks secrets in what is shown of logs. `run` runs a third-party repository in a container; without it the
    command is refused. `more` are further commands, such as those of the menus in a terminal. `on_fault` is told of
    what should never have been raised, in the request's thread.
    """

    def __init__(
        self,
        control: Asks,
        home: Path,
        *,
        clean: Callable[[str], str],
        run: RunThirdParty | None = None,
        more: Mapping[str, Answer] | None = None,
        on_fault: Callable[[Message, BaseException], None] | None = None,
        limits: Limits | None = None,
    ) -> None:
        self._control = control
        self._clean = clean
        self._run = run
        self._answers = {**ANSWERS, **(more or {})}
        self._listening = False
        self._server = LocalServer(home / SOCKET_NAME, self.answer, on_fault=on_fault, limits=limits)

    def start(self) -> None:
        """Listen; raises LocalSocketError where that cannot be. Started twice it does nothing."""
        if not self._listening:
            self._server.start()
            self._listening = True

    def stop(self, timeout: float = 5.0) -> None:
        """Listen no more; who still waits is answered with what there is. Returns within `timeout`."""
        self._listening = False
        self._server.stop(timeout)

    def answer(self, request: Message, emit: Emit) -> Message:
        """`{"ok": value}`, or `{"error": ...}` for what a person may be told. In the request's own thread."""
        try:
            return {"ok": self._perform(request, emit)}
        except VankaError as error:
            return {"error": {**error.record(), "exit_code": error.exit_code}}
        except KernelError as error:
            code = type(error).__name__
            return {"error": {"code": code, "message": str(error), "hint": error.hint, "fields": {}, "exit_code": 1}}

    def _perform(self, request: Message, emit: Emit) -> Any:
        command, args = request.get("command"), request.get("args", {})
        answer = self._answers.get(command) if isinstance(command, str) else None
        if answer is None or not isinstance(args, dict):
            raise BadUsage(f"the service does not know the command {command}", "Use the vanka of the same version.")
        who = "".join(letter for letter in str(request.get("by") or "") if letter.isprintable())[:MAX_ASKER]
        asked_by = f"cli:{who}" if who else "cli"
        return answer(Call(self._control, args, asked_by, emit, self._clean, self._run))
