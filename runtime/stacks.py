"""What a thread is doing now, as text."""

from __future__ import annotations

import gc
import sys
import traceback


def stack_of(ident: int) -> str:
    """The stack of the thread with that number, innermost call last; empty when there is none. From any thread.

    Python lists the frames while it holds the lock under which threads are made and ended. A collection of garbage
    in that moment whose finalizers start a thread, or let one be started, waits for that lock for ever, and all
    Python with it (CPython issue 106883, mended in 3.12.1 and not in 3.11). So nothing is collected meanwhile.
    """
    collects = gc.isenabled()
    gc.disable()
    try:
        frame = sys._current_frames().get(ident)
    finally:
        if collects:
            gc.enable()
    return "".join(traceback.format_stack(frame)) if frame is not None else ""
