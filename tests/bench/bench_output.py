"""What a gigabyte of a program's output costs us: CPU, memory and disk."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.bench.row import Row

_BYTES = 1 << 30
_LIMIT_S = 300
_ROOT = Path(__file__).parents[2]
# Each runs in a process of its own, so that CPU time and memory are those of the one thing measured.
_ROTATED = """
import json, pathlib, resource, subprocess, sys, time
from runtime.output import OutputFile
from runtime.rotation import Rotation
file = OutputFile(pathlib.Path(sys.argv[1]))
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
def size(path):
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
rotation = Rotation(lambda path, error: sys.exit(str(error)))
before = peak()
with file.path.open("ab") as out:
    program = subprocess.Popen((sys.executable, "-c", sys.argv[2]), stdout=out)
rotation.add(file)
rotation.start()
disk = 0
while program.poll() is None:
    disk = max(disk, sum(map(size, file.path.parent.iterdir())))
    time.sleep(0.02)
rotation.stop()
print(json.dumps({"cpu": time.process_time(), "memory": peak() - before, "disk": disk}))
"""
_LOGGED = """
import json, logging.handlers, resource, subprocess, sys, time
handler = logging.handlers.RotatingFileHandler(sys.argv[1], maxBytes=10 << 20, backupCount=3)
log = logging.getLogger(); log.addHandler(handler); log.setLevel(logging.INFO)
with subprocess.Popen((sys.executable, "-c", sys.argv[2]), stdout=subprocess.PIPE, text=True) as program:
    for line in program.stdout:
        log.info(line.rstrip())
print(json.dumps({"cpu": time.process_time()}))
"""
_WRITER = "import sys\nblock = (b'x' * 99 + b'\\n') * 10486\nfor _ in range({}): sys.stdout.buffer.write(block)"
_SHARE = 32  # line by line takes minutes: it gets this part of the output, and the figure is scaled


def measure() -> list[Row]:
    """1 GB as fast as a program can write it, rotated beside it; against the log handler fed line by line."""
    ours = _run(_ROTATED, _BYTES)
    theirs = _run(_LOGGED, _BYTES // _SHARE)["cpu"] * _SHARE
    cpu, memory, disk = ours["cpu"], ours["memory"] / 2**20, ours["disk"] / 2**20
    return [
        Row(
            "output: CPU for 1 GB of a program's output, kept bounded",
            "1.5 s",
            f"{cpu:.2f} s",
            f"RotatingFileHandler line by line: {theirs:.0f} s",
            theirs / cpu,
            cpu <= 1.5,
        ),
        Row("output: memory for that", "5 MB", f"{memory:.1f} MB", "-", None, memory <= 5),
        Row("output: disk at the worst moment", "bounded: 256 MB", f"{disk:.0f} MB", "1,024 MB", None, disk <= 256),
    ]


def _run(script: str, size: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as name:
        writer = _WRITER.format(size // (1 << 20))
        argv = (sys.executable, "-c", script, f"{name}/x.log", writer)
        done = subprocess.run(argv, cwd=_ROOT, capture_output=True, check=True, timeout=_LIMIT_S)
        found: dict[str, float] = json.loads(done.stdout)
        return found
