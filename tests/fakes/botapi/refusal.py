"""What the Bot API server says when it does not do what it was asked."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


class RefusalError(Exception):
    """Ends a call with an error answer; `parameters` is the answer's `ResponseParameters`."""

    def __init__(self, code: int, description: str, **parameters: int) -> None:
        super().__init__(description)
        self.code = code
        self.description = description
        self.parameters = parameters


def bad(description: str) -> RefusalError:
    """A 400, in the words of the real server."""
    return RefusalError(400, f"Bad Request: {description}")


@dataclass(frozen=True)
class Refused:
    """One call that was refused, kept for the tests: who called what, and why not."""

    method: str
    code: int
    description: str
    params: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        shown = {name: str(value)[:300] for name, value in self.params.items()}
        return f"{self.method} -> {self.code} {self.description}  {shown}"
