"""The store under SIGKILL: a writer is killed at random moments, and all that it acknowledged is there."""

from __future__ import annotations

import json
import os
import random
import select
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from runtime.store import Store

REPOSITORY = Path(__file__).parents[2]
SHORT, LONG = 25, 500
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is a signal of POSIX")

# One line a round on standard output, written only after the store has returned. A round changes two records in one
# transaction, one alone, takes a number, sometimes deletes and sometimes makes a copy.
_WRITER = """
import json, os, sys
from pathlib import Path
from runtime.store import Store
def say(**line): os.write(1, json.dumps(line).encode() + b"\\n")
store = Store.open(Path(sys.argv[1]), on_notice=lambda words: say(notice=words))
round = int(sys.argv[2])
say(ready=1)
while True:
    round += 1
    with store.transaction():
        store.put("pair/left", {"n": round})
        store.put("pair/right", {"n": round, "text": "x" * (round % 3000)})
    store.put(f"round/{round:08}", {"n": round})
    number = store.next_number("rounds")
    gone = None
    if round % 3 == 0:
        gone = round - 2
        store.delete(f"round/{gone:08}")
    if round % 40 == 0:
        store.keep_copy()
    say(round=round, number=number, gone=gone)
"""


@dataclass
class Tally:
    """What the killed writers acknowledged, and what of it was not found afterwards."""

    kills: int = 0
    acknowledged: int = 0
    lost: list[str] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)


@dataclass
class _Known:
    last: int = 0
    number: int = 0
    rounds: set[int] = field(default_factory=set)


def kill_writers(home: Path, kills: int, seed: int) -> Tally:
    """Start a writer, kill it within 60 ms of its being ready (every fourth time while it starts), look, again."""
    moments = random.Random(seed)
    tally, known = Tally(), _Known()
    for number in range(kills):
        lines = _one_writer(home, known.last, moments, while_it_starts=number % 4 == 3)
        tally.kills += 1
        for line in lines:
            _take(line, known, tally)
        _look(home, known, tally)
    return tally


def _one_writer(home: Path, start: int, moments: random.Random, *, while_it_starts: bool) -> list[dict[str, object]]:
    writer = subprocess.Popen(
        [sys.executable, "-c", _WRITER, str(home), str(start)], cwd=REPOSITORY, stdout=subprocess.PIPE
    )
    with writer:
        assert writer.stdout is not None
        handle = writer.stdout.fileno()
        got = b""
        try:
            if while_it_starts:
                time.sleep(moments.uniform(0.05, 0.3))  # the moment of the kill, not a wait for something
            else:
                got = _read_until_ready(handle)
                time.sleep(moments.uniform(0.0, 0.06))  # likewise
        finally:
            writer.send_signal(signal.SIGKILL)
        writer.wait(10)
        while chunk := os.read(handle, 65536):
            got += chunk
    # a line that was cut is of a round that was not acknowledged
    return [json.loads(line) for line in got.split(b"\n")[:-1]]


def _read_until_ready(handle: int) -> bytes:
    got = b""
    deadline = time.monotonic() + 60
    while b"ready" not in got:
        readable, _, _ = select.select([handle], [], [], max(0.0, deadline - time.monotonic()))
        chunk = os.read(handle, 65536) if readable else b""
        if not chunk:
            raise AssertionError(f"the writer did not get ready: {got!r}")
        got += chunk
    return got


def _take(line: dict[str, object], known: _Known, tally: Tally) -> None:
    if "notice" in line:
        tally.notices.append(str(line["notice"]))
    if "round" not in line:
        return
    round_, number = line["round"], line["number"]
    assert isinstance(round_, int)
    assert isinstance(number, int)
    if number <= known.number:
        tally.lost.append(f"number {number} was given twice")
    known.last, known.number = round_, number
    known.rounds.add(round_)
    if isinstance(line["gone"], int):
        known.rounds.discard(line["gone"])
    tally.acknowledged += 5 if line["gone"] else 4


def _look(home: Path, known: _Known, tally: Tally) -> None:
    """Everything acknowledged is there; of the round that was cut short a whole step, or nothing."""
    store = Store.open(home, on_notice=tally.notices.append)
    try:
        left, right = store.get("pair/left"), store.get("pair/right")
        there = {record["n"] for _, record in store.scan("round/")}
        taken = store.next_number("rounds")
    finally:
        store.close()
    if (left or {}).get("n") != (right or {}).get("n"):
        tally.lost.append(f"half a transaction: {left} {right}")
    if known.last and (left is None or not known.last <= left["n"] <= known.last + 1):
        tally.lost.append(f"pair {known.last}, found {left}")
    # the round after the last acknowledged one may have put its record and may have deleted an older one
    begun = {known.last + 1, known.last - 1} if known.last else {1}
    tally.lost.extend(f"round {number}" for number in sorted(known.rounds - there - begun))
    tally.lost.extend(f"round {number} is back" for number in sorted(there - known.rounds - begun))
    if taken <= known.number:
        tally.lost.append(f"number {taken} would be given twice")
    known.number = taken
    # the next writer starts after what is there, so that a record half a round ahead is not taken for its own
    known.rounds = set(there)
    known.last = left["n"] if left is not None else known.last


def test_no_acknowledged_write_is_lost_when_the_service_is_killed_at_any_moment(tmp_path: Path) -> None:
    kills = int(os.environ.get("VANKA_STORE_KILLS", str(SHORT)))
    seed = random.SystemRandom().randrange(2**32)
    tally = kill_writers(tmp_path / "store", kills, seed)
    assert (tally.lost, tally.notices) == ([], []), f"seed {seed}"
    assert tally.kills == kills
    assert tally.acknowledged > 0
