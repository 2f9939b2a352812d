"""A guest: somebody else's repository in a container of its own. What is asked for it and what is told; no I/O."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

MOST_LINES = 30
MOST_STEPS = 12  # the newest commands of a guest that are remembered, each with its output
MEMORY = 256 * 1024**2
DISK = 256 * 1024**2
CPUS = 0.5
TEST_S = 300
LONGEST_S = 30 * 24 * 3600
SETUP_S = 600  # installing what it needs
COMMAND_S = 60  # a command that a person sends


class GuestState(StrEnum):
    """Where a guest stands."""

    PREPARING = "preparing"
    RUNNING = "running"
    RESTARTING = "restarting"  # its program ended by itself and is started again in a moment
    ENDED = "ended"
    FAILED = "failed"


class Ending(StrEnum):
    """How a guest came to its end."""

    NONE = ""
    WELL = "well"
    BAD = "bad"
    STOPPED = "stopped"  # by somebody, who knows


ALIVE = frozenset({GuestState.PREPARING, GuestState.RUNNING, GuestState.RESTARTING})


@dataclass(frozen=True, kw_only=True)
class Wish:
    """A third-party repository to be run. `ref` is a branch, tag or commit; `command` empty: its main.py.

    `test` ends after five minutes unless `for_s` says otherwise; production goes on until somebody stops it, or for
    `for_s`. `memory` and `disk` in bytes (files live in memory too: the container gets the sum), `cpus` in cores.
    `output` and `lines`: what the chat is shown of each command, 30 lines at most. `interval_s`: how often the
    repository is looked at, and run anew when there is a new commit; 0 is never.
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
    output: bool = True
    lines: int = MOST_LINES
    interval_s: int = 0

    @property
    def seconds(self) -> int:
        """How long its program may run; 0: until somebody ends it."""
        if self.for_s is None:
            return TEST_S if self.test else 0
        return min(max(self.for_s, 1), LONGEST_S)

    @property
    def name(self) -> str:
        """What people call the repository: the last part of its address."""
        return self.url.rstrip("/").rpartition("/")[2].rpartition(":")[2].removesuffix(".git") or self.url

    def showing(self, on: bool, lines: int) -> Wish:
        """The same with more or less in the chat."""
        return replace(self, output=on, lines=max(1, min(lines, MOST_LINES)))


@dataclass(frozen=True, kw_only=True)
class Step:
    """One command that ran in a guest's container.

    `exit_code` None: nobody could know. `lines` are at most 30, cut in the middle, where `hidden` are left out;
    `count` is how many it wrote. The whole output, within a bound, is in `file`. `limit`: ended by its time limit.
    `number` counts the guest's commands from 1.
    """

    command: str
    exit_code: int | None
    seconds: float
    count: int
    lines: tuple[str, ...]
    hidden: int
    file: Path
    limit: bool = False
    number: int = 0

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
    """A third-party repository in its container. Times are seconds since 1970; `until` 0: no end is set.

    `run` counts how often it was prepared anew, each time in a container of its own; `commit` is what runs, `tried`
    the newest that was to. `program` and `execution` name what runs in it for good, `commands` what people sent there
    and has not ended. `steps` are the commands so far, the newest last, of all there were `count`.
    """

    id: str
    wish: Wish
    state: GuestState
    started_at: float
    until: float = 0.0
    asked_by: str = ""
    run: int = 1
    tries: int = 0
    commit: str = ""
    tried: str = ""
    program: str = ""
    execution: str = ""
    began_at: float = 0.0
    restarts: int = 0
    running: str = ""
    commands: tuple[str, ...] = ()
    steps: tuple[Step, ...] = field(default=(), repr=False)
    count: int = 0
    error: str = ""
    ended_at: float = 0.0
    ending: Ending = Ending.NONE
    looked_at: float = 0.0
    watch_error: str = ""
    watch_failures: int = 0

    @property
    def name(self) -> str:
        """What people call it."""
        return self.wish.name

    @property
    def alive(self) -> bool:
        """Whether it is on its way or runs."""
        return self.state in ALIVE
