"""One line of the benchmark table."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """What was measured, against what it must reach and against what else did in the same run."""

    name: str
    target: str
    measured: str
    baseline: str
    ratio: float | None
    ok: bool
