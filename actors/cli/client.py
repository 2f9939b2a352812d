"""The client's side: a command sent to the running service of a home, its answer or its error brought back."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from actors.errors import NoService, VankaError
from runtime.errors import ConnectionLost, LocalSocketError, NoListener
from runtime.local_call import call

SOCKET_NAME = "control.sock"
SILENCE_S = 150.0  # longer than any single step of the service that tells nothing meanwhile
BACK_AGAIN_S = 60.0
BETWEEN_TRIES_S = 0.2

OnProgress = Callable[[dict[str, Any]], None]


class Said(VankaError):
    """What the service itself said went wrong, with the code and the exit code that it gave."""

    def __init__(self, record: Mapping[str, Any]) -> None:
        fields = {str(key): str(value) for key, value in (record.get("fields") or {}).items()}
        super().__init__(str(record.get("message", "it failed")), str(record.get("hint", "")), **fields)
        self.kind = str(record.get("code", "error"))
        self.leave_with = int(record.get("exit_code", 1))


class Client:
    """Asks the service of one home. Holds no connection between calls."""

    def __init__(self, home: Path, asked_by: str) -> None:
        self._home = home
        self._asked_by = asked_by

    def ask(self, command: str, args: Mapping[str, Any], on_progress: OnProgress | None = None) -> Any:
        """The answer to one command. Raises NoService, or what the service said (Said), or VankaError."""
        request = {"command": command, "args": dict(args), "by": self._asked_by}
        try:
            answer = call(self._home / SOCKET_NAME, request, on_progress, SILENCE_S)
        except NoListener as error:
            raise NoService(f"no service runs on {self._home}", "Start it: vanka up") from error
        except ConnectionLost:
            raise
        except LocalSocketError as error:
            raise VankaError(str(error), error.hint) from error
        if "error" in answer:
            raise Said(answer["error"])
        return answer.get("ok")

    def ask_long(self, command: str, args: Mapping[str, Any], on_progress: OnProgress) -> Any:
        """Like `ask`, for what leads to a deployment: when the service dies on the way and comes back, so do we.

        A deployment that was begun is a record of the service's; the next incarnation resumes it, and we wait on.
        """
        begun: dict[str, Any] = {}

        def note(progress: dict[str, Any]) -> None:
            begun.update(progress.get("deployment") or {})
            on_progress(progress)

        try:
            return self.ask(command, args, note)
        except ConnectionLost as error:
            if not begun:
                raise _lost(error) from error
        give_up = time.monotonic() + BACK_AGAIN_S
        while True:
            try:
                return self.ask("wait", {"deployment": begun["id"]}, note)
            except (NoService, ConnectionLost) as error:
                if time.monotonic() > give_up:
                    raise _lost(error) from error
            time.sleep(BETWEEN_TRIES_S)


def _lost(error: Exception) -> VankaError:
    hint = getattr(error, "hint", "")
    return error if isinstance(error, VankaError) else VankaError(str(error), hint)
