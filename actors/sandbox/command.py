"""One command in a guest's container: its limits hold from inside and, where the stranger breaks them, from outside."""

from __future__ import annotations

import codecs
import math
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from actors.engines.docker_calls import Docker
from actors.model.guest import Step
from actors.sandbox.inside import ENVIRONMENT, SOURCE, USER
from actors.sandbox.transcript import Transcript

GRACE_S = 5  # between TERM and KILL
MARGIN_S = 5.0  # then the container itself is ended
LOOK_S = 0.25
TIMED_OUT = 124

Clean = Callable[[str], str]


@dataclass(frozen=True)
class Order:
    """What to run: a shell's text, inside of the guest's container only. `gone` ends it early, container and all.

    `limit_s` 0 is no limit. `on_output` is told what came, as it came: a piece may end anywhere but within a letter.
    `clean` masks what nobody is to read in the lines that are kept to be shown.
    """

    text: str
    limit_s: int
    file: Path
    gone: Callable[[], bool]
    env: Mapping[str, str] = field(default_factory=dict, repr=False)
    on_output: Callable[[str], None] = lambda _text: None
    clean: Clean = lambda text: text


def limited(text: str, limit_s: int) -> tuple[str, ...]:
    """The arguments that run a shell's text where the repository's files are, for so long at most."""
    return ("timeout", "-k", str(GRACE_S), str(limit_s), "sh", "-c", f"cd {SOURCE} && {text}")


def run_command(docker: Docker, container: str, order: Order) -> Step:
    """Run it to its end or limit; blocks for that long. Raises EngineError when it cannot be started."""
    began = time.monotonic()
    execution = docker.run_in(container, limited(order.text, order.limit_s), {**ENVIRONMENT, **order.env}, USER)
    over = threading.Event()
    killed = threading.Event()

    def watch() -> None:
        until = began + order.limit_s + GRACE_S + MARGIN_S if order.limit_s else math.inf
        while not over.wait(LOOK_S):
            if order.gone() or time.monotonic() > until:
                killed.set()
                execution.output.close()
                docker.kill(container)
                return

    watcher = threading.Thread(target=watch, name=f"guest-{container[:8]}", daemon=True)
    watcher.start()
    try:
        with Transcript(order.file, order.clean) as transcript:
            letters = codecs.getincrementaldecoder("utf-8")("replace")
            for piece in execution.output:
                order.on_output(letters.decode(piece))
                killed.wait(transcript.feed(piece))
            order.on_output(letters.decode(b"", final=True))
    finally:
        over.set()
        watcher.join(LOOK_S * 8)
    seconds = time.monotonic() - began
    code = None if killed.is_set() else execution.exit_code()
    late = code == TIMED_OUT or (0 < order.limit_s <= seconds and code != 0)
    return transcript.step(order.text, code, seconds, limit=late)
