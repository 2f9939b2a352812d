"""What a guest's container is like inside: users, places, and the first process, which is ours.

The first process belongs to another user than all that the stranger runs: he cannot end it, look into it or reach its
output. It takes what the guest's program writes from a pipe that has room for nothing, hands it on to the engine's log
at the pace that it likes, buries orphans, and ends the container when its time is over, whoever is there to see it.
"""

from __future__ import annotations

USER = "10001:10001"  # all that is the stranger's
OURS = "10002:10002"  # the first process
PLACE = "/work"
SOURCE = f"{PLACE}/source"
DESK = "/vanka"
PIPE = f"{DESK}/out"
FEW_MB = 16 * 1024**2
OWN_MEMORY = 24 * 1024**2  # of the first process, beside what the guest may use
BURST_BYTES = 2 * 1024**2
BYTES_PER_S = 1024**2
LOG_BYTES = 4 * 1024**2  # more than a burst: a reader who is on time misses nothing
LOG_FILES = 2
FOR_EVER_S = 100 * 365 * 24 * 3600

_OPTIONS = "rw,exec,nosuid,nodev,uid=10001,gid=10001,mode=0700"
_DESK = "rw,noexec,nosuid,nodev,uid=10002,gid=10002,mode=0711,size=64k"

ENVIRONMENT = {
    "HOME": f"{PLACE}/home",
    "TMPDIR": f"{PLACE}/scratch",
    "PATH": f"{PLACE}/home/.local/bin:/usr/local/bin:/usr/bin:/bin",
    "PYTHONUNBUFFERED": "1",
    "PIP_USER": "1",
    "PIP_NO_CACHE_DIR": "1",
    "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    "LANG": "C.UTF-8",
}

FIRST = """\
import os, select, signal, sys, time
pipe, seconds, burst, rate = sys.argv[1], *map(float, sys.argv[2:])
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
os.umask(0)
os.mkfifo(pipe, 0o622)
source = os.open(pipe, os.O_RDWR | os.O_NONBLOCK)
began = spent_at = time.monotonic()
room = burst
while (left := began + seconds - time.monotonic()) > 0:
    if not select.select([source], [], [], min(left, 3600))[0]:
        continue
    piece = os.read(source, 65536)
    now = time.monotonic()
    room, spent_at = min(burst, room + (now - spent_at) * rate) - len(piece), now
    while piece:
        piece = piece[os.write(1, piece):]
    if room < 0:
        time.sleep(-room / rate)
"""


def first(seconds: int) -> tuple[str, ...]:
    """The command of the first process; `seconds` 0: it ends only when it is ended."""
    return ("python3", "-ISc", FIRST, PIPE, str(seconds or FOR_EVER_S), str(BURST_BYTES), str(BYTES_PER_S))


def directories(disk: int) -> dict[str, str]:
    """What can be written in the container: all of it in memory, all of it bounded."""
    return {PLACE: f"{_OPTIONS},size={disk}", "/tmp": f"{_OPTIONS},size={FEW_MB}", DESK: _DESK}  # noqa: S108 - inside
