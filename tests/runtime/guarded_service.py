"""A service for the guardian's tests: says that it is ready, beats, and does what the files in its directory tell it.

The argument is that directory. `ready` gets one line per life: its pid. A file `spawn` holds a program to leave behind
(its pid goes to `spawned`), `exit` a code to end with, `hang` stops the beats, `deaf` ignores the stop signals.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from runtime.heartbeat import attend


def main(directory: Path) -> None:
    heartbeat = attend(follow=not (directory / "alone").exists())
    for number in (signal.SIGTERM, signal.SIGINT):
        deaf = (directory / "deaf").exists()
        signal.signal(number, signal.SIG_IGN if deaf else lambda *_: sys.exit(int((directory / "code").read_text())))
    if not (directory / "mute").exists():
        heartbeat.beat()
    with (directory / "ready").open("a") as ready:
        ready.write(f"{os.getpid()}\n")
    while True:
        if (directory / "exit").exists():
            sys.exit(int((directory / "exit").read_text()))
        if (directory / "spawn").exists():
            script = (directory / "spawn").read_text()
            (directory / "spawn").unlink()
            argv = (sys.executable, "-c", script)
            child = subprocess.Popen(argv, start_new_session=True, stdin=subprocess.DEVNULL)
            (directory / "spawned.new").write_text(str(child.pid))
            (directory / "spawned.new").replace(directory / "spawned")
        if not (directory / "hang").exists() and not (directory / "mute").exists():
            heartbeat.beat()
        time.sleep(0.01)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
