"""Reader of the guardian's journal: how programs ended whose parent it had become."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from runtime.host import ProcessId

JOURNAL = "exits.jsonl"


@dataclass(frozen=True, slots=True)
class Exit:
    """One program's end. `code` is negative for a signal, `at` seconds since the epoch."""

    process: ProcessId
    code: int
    at: float


class Exits:
    """The journal of one home. Each call reads the file (256 KB at most), so it is always today's; any thread."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def all(self) -> list[Exit]:
        """What the journal holds, oldest first. A line that was torn by a crash is left out; no journal, no exits."""
        try:
            lines = self._file.read_bytes().splitlines()
        except OSError:
            return []
        return [found for line in lines if (found := _parse(line)) is not None]

    def find(self, process: ProcessId) -> Exit | None:
        """How that very process ended; None when the journal does not know it (not yet, or not any more)."""
        return next((found for found in reversed(self.all()) if _same(found.process, process)), None)


def _same(one: ProcessId, other: ProcessId) -> bool:
    known = one.boot and other.boot
    return (one.pid, one.started) == (other.pid, other.started) and (not known or one.boot == other.boot)


def _parse(line: bytes) -> Exit | None:
    try:
        record = json.loads(line)
    except ValueError:
        return None
    match record:
        case {"pid": int(pid), "started": int() | float() as started, "code": int(code), "at": int() | float() as at}:
            return Exit(ProcessId(pid, started, str(record.get("boot", ""))), code, float(at))
        case _:
            return None
