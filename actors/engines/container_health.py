"""An image's own health check as one look: its command, run inside of the container."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from actors.engines.docker_calls import Docker
from actors.errors import VankaError
from runtime.shell import Cancel

LOOK_S = 5.0
MAX_BYTES = 4096


@dataclass(frozen=True)
class ImageHealth:
    """Well when the command ends with 0, as HEALTHCHECK means it. The engine's own schedule is not waited for."""

    docker: Docker
    container: str
    argv: tuple[str, ...]

    def look(self, stop: Cancel) -> str | None:
        """Run it once, LOOK_S at most."""
        try:
            execution = self.docker.run_in(self.container, self.argv)
            said = b""
            limit = threading.Timer(LOOK_S, execution.output.close)
            limit.start()
            try:
                with stop.telling(execution.output.close):
                    for piece in execution.output:
                        said = (said + piece)[-MAX_BYTES:]
            finally:
                limit.cancel()
            code = execution.exit_code()
        except VankaError as error:
            return f"the image's health check could not be run: {error.message}"
        if code == 0:
            return None
        last = said.decode("utf-8", "replace").strip().splitlines()[-1:]
        why = "took too long" if code is None else f"ended with {code}"
        return f"the image's health check {why}: {''.join(last)}".rstrip(": ")
