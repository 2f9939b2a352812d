"""The watch over programs, where the machine has no thread to give."""

from __future__ import annotations

import os
import subprocess
import sys
import threading

import pytest

from runtime.identity import process_id
from runtime.lookout import Lookout
from tests.runtime.kit import LIMIT


def test_ends_are_told_after_a_moment_in_which_the_machine_gave_no_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_thread(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    lookout, told = Lookout(turn_s=0.01), threading.Event()
    program = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    process = process_id(program.pid)
    assert process is not None
    with monkeypatch.context() as machine:
        machine.setattr(threading.Thread, "start", no_thread)
        with pytest.raises(RuntimeError):
            lookout.watch(process, os.abort)
    lookout.watch(process, told.set)
    program.communicate(b"\n")
    assert told.wait(LIMIT)
    lookout.stop()
