"""How soon a killed service is ready again under the guardian."""

from __future__ import annotations

import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.bench.row import Row

_ROUNDS = 7
_LIMIT_S = 30.0
_ROOT = Path(__file__).parents[2]


def measure() -> list[Row]:
    """SIGKILL of the service to the next one's heartbeat; beside it, the same service started by hand."""
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        (directory / "code").write_text("0")
        service = (sys.executable, "-m", "tests.runtime.guarded_service", name)
        by_hand = statistics.median(_by_hand(directory, service) for _ in range(_ROUNDS))
        guardian = subprocess.Popen(
            # a good period of no length: each death is a first one
            (sys.executable, "-m", "runtime.guardian", "--home", name, "--good-limit", "0", "--", *service),
            cwd=_ROOT,
            stderr=subprocess.DEVNULL,
        )
        try:
            times = [_kill(directory) for _ in range(_ROUNDS)]
        finally:
            guardian.send_signal(signal.SIGTERM)
            guardian.wait(_LIMIT_S)
    worst = max(times)
    return [
        Row(
            "guardian: SIGKILL of the service to the next one ready",
            "under 1 s",
            f"{statistics.median(times):.2f} s (worst of {_ROUNDS}: {worst:.2f} s)",
            f"the service started by hand: {by_hand:.2f} s",
            None,
            worst < 1.0,
        )
    ]


def _by_hand(directory: Path, service: tuple[str, ...]) -> float:
    before = len(_lives(directory))
    began = time.monotonic()
    child = subprocess.Popen(service, cwd=_ROOT)
    try:
        _await(directory, before + 1)
        return time.monotonic() - began
    finally:
        child.kill()
        child.wait(_LIMIT_S)
        (directory / "ready").unlink()


def _kill(directory: Path) -> float:
    before = len(_lives(directory)) or 1
    pid = _await(directory, before)
    began = time.monotonic()
    os.kill(pid, signal.SIGKILL)
    _await(directory, before + 1)
    return time.monotonic() - began


def _lives(directory: Path) -> list[int]:
    ready = directory / "ready"
    return [int(line) for line in ready.read_text().split()] if ready.exists() else []


def _await(directory: Path, count: int) -> int:
    until = time.monotonic() + _LIMIT_S
    while len(lives := _lives(directory)) < count:
        if time.monotonic() > until:
            raise TimeoutError("the service did not come up")
        time.sleep(0.002)
    return lives[count - 1]
