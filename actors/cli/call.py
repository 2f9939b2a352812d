"""One request of a client, as the service's side handles it: its checked arguments, its asker, its line back."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from actors.cli import shapes
from actors.cli.asks import Asks, RunThirdParty
from actors.errors import BadUsage
from actors.model.deployment import Deployment
from runtime.local_socket import Emit

TICK_S = 0.5
HEARTBEAT_S = 5.0


@dataclass(frozen=True)
class Call:
    """A request under way, in the thread that the control socket gave it."""

    control: Asks
    args: Mapping[str, Any]
    asked_by: str
    emit: Emit
    clean: Callable[[str], str]
    run: RunThirdParty | None

    def text(self, key: str) -> str:
        """That argument; BadUsage where it is missing or not a text."""
        value = self.args.get(key)
        if not isinstance(value, str) or not value:
            raise BadUsage(f"{key} is missing")
        return value

    def maybe_text(self, key: str) -> str | None:
        """That argument, None where it was not given."""
        return None if self.args.get(key) is None else self.text(key)

    def number(self, key: str, default: int | None = None) -> int:
        """That argument as a whole number; BadUsage where it is none, or missing without a default."""
        value = self.args.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int):
            raise BadUsage(f"{key} is not a whole number")
        return value

    def maybe_number(self, key: str) -> int | None:
        """That argument as a whole number, None where it was not given."""
        return None if self.args.get(key) is None else self.number(key)

    def flag(self, key: str) -> bool:
        """Whether that argument is true."""
        return self.args.get(key) is True

    def texts(self, key: str) -> tuple[str, ...]:
        """That argument as a list of texts; empty where it was not given."""
        value = self.args.get(key) or []
        if not isinstance(value, list) or not all(isinstance(part, str) for part in value):
            raise BadUsage(f"{key} is not a list of texts")
        return tuple(value)

    @property
    def name(self) -> str:
        """The project that the request names."""
        return self.text("name")

    def follow(self, begun: Deployment) -> shapes.Json:
        """Wait until a deployment has ended and tell each change on the way; at once with `detach`.

        Returns the deployment as it then stands: also when the client hangs up, for nobody reads it then.
        """
        latest, told_at = begun, time.monotonic()
        self._tell(latest)
        while not (latest.ended or self.emit.gone or self.flag("detach")):
            asked_at = time.monotonic()
            seen = self.control.wait(latest.id, TICK_S)
            now = time.monotonic()
            # back before its time and not ended: a test run that is over and waits for a decision
            over = not seen.ended and now - asked_at < TICK_S / 2
            if seen != latest or now - told_at > HEARTBEAT_S:
                self._tell(seen)
                told_at = now
            latest = seen
            if over:
                break
        return shapes.deployment(latest)

    def _tell(self, deployment: Deployment) -> None:
        self.emit({"deployment": shapes.deployment(deployment)})
