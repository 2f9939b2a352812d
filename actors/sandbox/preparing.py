"""From a wish to a container in which the repository's program can begin: fetched, shut in, its requirements there."""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from actors.engines.docker_calls import Docker
from actors.errors import VankaError
from actors.model.guest import SETUP_S, Guest, Step, Wish
from actors.sandbox.box import Boxes
from actors.sandbox.command import Clean, Order, run_command
from actors.sandbox.source import checked_out
from actors.source import Access, Sources
from runtime.log import get
from runtime.shell import Cancel

INSTALL = "pip install -r requirements.txt"
MAIN = "python main.py"

say = get("vanka.sandbox")


@dataclass(frozen=True)
class Workshop:
    """What a guest is prepared with; one for all of them. `clean` masks secrets in what is shown."""

    docker: Docker
    boxes: Boxes
    sources: Sources
    root: Path
    clean: Clean

    def file(self, guest: str, name: str = "") -> Path:
        """A file for the output of one more command of the guest's."""
        folder = self.root / guest
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder / f"{name or time.time_ns()}.log"


@dataclass(frozen=True)
class Asked:
    """What goes with the wish and is in no record of it: secrets, and who is told of what happens on the way."""

    access: Access = field(repr=False)
    env: Mapping[str, str] = field(repr=False)
    on_commit: Callable[[str], object]
    on_command: Callable[[str], object]
    on_step: Callable[[Step], object]
    on_output: Callable[[str], None] = lambda _text: None


@dataclass(frozen=True)
class Ready:
    """A container in which the program can begin; `program` empty: the repository has no main file."""

    container: str
    commit: str
    program: str


def prepare(workshop: Workshop, guest: Guest, ref: str | None, asked: Asked, cancel: Cancel) -> Ready | Step:
    """Do it; blocks for minutes. The command that failed on the way, where one did; else raises VankaErrors.

    Nothing of it is left where it could not be done.
    """
    with _undone(workshop.boxes, guest):
        with checked_out(workshop.sources, workshop.root, guest.wish.url, asked.access, ref, cancel) as (files, commit):
            asked.on_commit(commit)
            texts = _texts(files, guest.wish)
            container = workshop.boxes.make(guest, files, cancel)
        for text in texts[:-1]:
            asked.on_command(text)
            order = Order(
                text,
                SETUP_S,
                workshop.file(guest.id),
                cancel.is_set,
                asked.env,
                asked.on_output,
                workshop.clean,
            )
            step = run_command(workshop.docker, container, order)
            if step.exit_code != 0:
                workshop.boxes.remove(guest.id, run=guest.run)
                return step
            asked.on_step(step)
    return Ready(container, commit, texts[-1])


@contextmanager
def _undone(boxes: Boxes, guest: Guest) -> Iterator[None]:
    try:
        yield
    except BaseException:
        try:
            boxes.remove(guest.id, run=guest.run)
        except VankaError as error:
            say.warning("a third-party container could not be taken away yet", error=error.message)
        raise


def _texts(directory: Path, wish: Wish) -> list[str]:
    """What is run, as a person would type it; the last one is the program, empty where there is none."""
    install = [INSTALL] if wish.network and (directory / "requirements.txt").is_file() else []
    if wish.command:
        return [*install, wish.command[0] if len(wish.command) == 1 else shlex.join(wish.command)]
    return [*install, MAIN if (directory / "main.py").is_file() else ""]
