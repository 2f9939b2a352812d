"""The stack of a thread, asked for while Python is busy with everything else."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

from runtime.stacks import stack_of

# Garbage whose finalizer starts a thread, and a collection that is due a few objects later: for some numbers within the
# look itself.
COLLECTED_MEANWHILE = """
import gc, sys, threading
from runtime.stacks import stack_of

class StartsAThread:
    def __init__(self):
        self.me = self
    def __del__(self):
        threading.Thread(target=int).start()

for _ in range(8):
    threading.Thread(target=threading.Event().wait, daemon=True).start()
for number in range(300):
    gc.disable()
    StartsAThread()
    gc.enable()
    gc.set_threshold(gc.get_count()[0] + number % 12, 1, 1)
    assert "<module>" in stack_of(threading.main_thread().ident)
print("came through")
"""


def test_the_stack_tells_where_a_thread_waits() -> None:
    released = threading.Event()

    def waits_here() -> None:
        released.wait(30)

    thread = threading.Thread(target=waits_here)
    thread.start()
    try:
        assert "waits_here" in stack_of(thread.ident or 0)
    finally:
        released.set()
        thread.join()


def test_a_thread_that_ended_has_no_stack() -> None:
    thread = threading.Thread(target=int)
    thread.start()
    thread.join()
    assert stack_of(thread.ident or 0) == ""


def test_a_look_at_a_stack_never_stops_python_when_garbage_is_collected_meanwhile() -> None:
    here = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", COLLECTED_MEANWHILE], cwd=here, capture_output=True, text=True, timeout=60
    )
    assert done.stdout == "came through\n", done.stderr
