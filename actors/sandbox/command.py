"""One command in a guest's container: its limits hold from inside and, where the stranger breaks them, from outside."""

from __future__ import annotations

import codecs
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from actors.engines.docker_calls import Docker
from actors.sandbox.box import SOURCE
from actors.sandbox.shapes import Step
from actors.sandbox.transcript import Transcript

GRACE_S = 5  # between TERM and KILL
MARGIN_S = 5.0  # then the container itself is ended
LOOK_S = 0.25
TIMED_OUT = 124


@dataclass(frozen=True)
class Order:
    """What to run: a shell's text, inside of the guest's container only. `gone` ends it early, container and all.

    `on_output` is told what came, as it came: a piece may end anywhere but within a letter.
    """

    text: str
    limit_s: int
    lines: int
    file: Path
    gone: Callable[[], bool]
    on_output: Callable[[str], None]


def run_command(docker: Docker, container: str, order: Order) -> Step:
    """Run it to its end or limit; blocks for that long. Raises EngineError when it cannot be started."""
    began = time.monotonic()
    text = f"cd {SOURCE} && {order.text}"
    limited = ("timeout", "-k", str(GRACE_S), str(order.limit_s), "sh", "-c", text)
    execution = docker.run_in(container, limited)
    over = threading.Event()
    killed = threading.Event()

    def watch() -> None:
        until = began + order.limit_s + GRACE_S + MARGIN_S
        while not over.wait(LOOK_S):
            if order.gone() or time.monotonic() > until:
                killed.set()
                execution.output.close()
                docker.kill(container)
                return

    watcher = threading.Thread(target=watch, name=f"guest-{container[:8]}", daemon=True)
    watcher.start()
    try:
        with Transcript(order.file) as transcript:
            letters = codecs.getincrementaldecoder("utf-8")("replace")  # a letter may come in two pieces
            for piece in execution.output:
                order.on_output(letters.decode(piece))
                killed.wait(transcript.feed(piece))
            order.on_output(letters.decode(b"", final=True))
            lines, hidden = transcript.shown(order.lines)
    finally:
        over.set()
        watcher.join(LOOK_S * 8)
    seconds = time.monotonic() - began
    code = None if killed.is_set() else execution.exit_code()
    late = code == TIMED_OUT or (seconds >= order.limit_s and code != 0)
    return Step(
        command=order.text,
        exit_code=code,
        seconds=seconds,
        count=transcript.count,
        lines=lines,
        hidden=hidden,
        file=order.file,
        limit=late,
    )
