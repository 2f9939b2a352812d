"""What is asked for a third-party repository and what is told of it; frozen, no I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

MOST_LINES = 30
MEMORY = 256 * 1024**2
DISK = 256 * 1024**2
CPUS = 0.5
PIDS = 64
TEST_S = 300
PRODUCTION_S = 24 * 3600
LONGEST_S = 30 * 24 * 3600
SETUP_S = 600  # installing what it needs
COMMAND_S = 60  # a command that a person sends


class GuestState(StrEnum):
    """Where a guest stands."""

    PREPARING = "preparing"
    RUNNING = "running"
    ENDED = "ended"
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True)
class Wish:
    """A third-party repository to be run. `ref` is a branch, tag or commit; `command` empty: its main.py.

    `test` bounds it to five minutes unless `for_s` says otherwise, production to a day. `memory` and `disk` in bytes
    (files live in memory too: the container gets the sum), `cpus` in cores. `output` and `lines`: what the chat is
    shown of each command, 30 lines at most.
    """

    url: str
    ref: str | None = None
    test: bool = True
    for_s: int | None = None
    command: tuple[str, ...] = ()
    network: bool = True
    memory: int = MEMORY
    disk: int = DISK
    cpus: float = CPUS
    variables: Mapping[str, str] = field(default_factory=dict, repr=False)
    output: bool = True
    lines: int = MOST_LINES

    @property
    def seconds(self) -> int:
        """How long its program may run."""
        default = TEST_S if self.test else PRODUCTION_S
        return min(max(self.for_s or default, 1), LONGEST_S)


@dataclass(frozen=True, kw_only=True)
class Step:
    """One command that ran in a guest's container.

    `exit_code` None: nobody could know. `lines` are at most 30, cut in the middle, where `hidden` are left out;
    `count` is how many it wrote. The whole output, within a bound, is in `file`. `limit`: ended by its time limit.
    """

    command: str
    exit_code: int | None
    seconds: float
    count: int
    lines: tuple[str, ...]
    hidden: int
    file: Path
    limit: bool = False

    def record(self) -> dict[str, Any]:
        """As plain JSON."""
        return {
            "command": self.command,
            "exit_code": self.exit_code,
            "seconds": round(self.seconds, 3),
            "line_count": self.count,
            "lines": list(self.lines),
            "hidden": self.hidden,
            "limit": self.limit,
        }


@dataclass(frozen=True, kw_only=True)
class Guest:
    """A third-party repository in its container. `until` and `started_at` are seconds since 1970.

    `steps` are the commands so far, the newest last; those of an earlier service's life are not known any more.
    """

    id: str
    name: str
    url: str
    test: bool
    state: GuestState
    started_at: float
    until: float
    commit: str = ""
    network: bool = True
    memory: int = MEMORY
    cpus: float = CPUS
    output: bool = True
    lines: int = MOST_LINES
    running: str = ""
    steps: tuple[Step, ...] = ()
    error: str = ""


@dataclass(frozen=True)
class GuestStep:
    """Event: a command of a guest of the chat's has ended."""

    guest: Guest
    step: Step


@dataclass(frozen=True)
class GuestChanged:
    """Event: a guest of the chat's is in another state."""

    guest: Guest
