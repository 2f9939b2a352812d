"""What every command is given: its arguments, the service to ask, and the ways to say something."""

from __future__ import annotations

import argparse
import contextlib
import getpass
import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

from actors import settings
from actors.cli.client import Client
from actors.cli.progress import Progress
from actors.cli.text import one_line
from actors.errors import VankaError


class Failed(VankaError):
    """What was asked was done and did not succeed; its result was already shown."""

    code = "failed"


class Detached(Exception):
    """The person stopped waiting; the work goes on. `notice` is the sentence for them."""

    def __init__(self, notice: str) -> None:
        super().__init__(notice)
        self.notice = notice


@dataclass(frozen=True)
class Context:
    """One run of one command."""

    args: argparse.Namespace
    environ: Mapping[str, str]
    out: TextIO = field(default_factory=lambda: sys.stdout)
    err: TextIO = field(default_factory=lambda: sys.stderr)
    stdin: TextIO = field(default_factory=lambda: sys.stdin)

    @property
    def as_json(self) -> bool:
        """Whether one JSON document is wanted instead of people's text."""
        return bool(getattr(self.args, "json", False))

    @property
    def home(self) -> Path:
        """The state directory that the environment names; raises BadSetting."""
        return settings.home(self.environ)

    @property
    def client(self) -> Client:
        """The service of that home."""
        return Client(self.home, _user())

    def ask(self, command: str, **args: Any) -> Any:
        """The service's answer to a short command."""
        return self.client.ask(command, _given(args))

    def ask_deployment(self, command: str, **args: Any) -> dict[str, Any]:
        """The deployment that a command led to, as it stands when waiting ends; progress is shown on the way.

        Raises Detached on Ctrl-C.
        """
        progress = Progress(self.err, quiet=self.as_json)
        try:
            with progress:
                answer: dict[str, Any] = self.client.ask_long(command, _given(args), progress)
        except KeyboardInterrupt:
            begun = progress.deployment
            if begun is None:
                raise
            name = begun["project"]
            what = f"{begun['kind']} {begun['id']}"
            raise Detached(f"Detached: {what} goes on. See: vanka status {name}. End it: vanka cancel {name}") from None
        return answer

    def show(self, value: Any, text: Callable[[Any], str]) -> None:
        """The value as one JSON document, or as people read it."""
        if self.as_json:
            json.dump(value, self.out, ensure_ascii=False, indent=2)
            self.out.write("\n")
        else:
            self.out.write(text(value) + "\n")
        self.out.flush()

    def note(self, line: str) -> None:
        """A line for the person that is no result: on standard error."""
        self.err.write(line + "\n")
        self.err.flush()

    def complain(self, error: VankaError) -> None:
        """One line on standard error: `vanka: WHAT. HINT`."""
        hint = error.hint or _nearest(error)
        self.note(one_line(f"vanka: {error.message.rstrip('. ')}. {hint}", limit=2000).rstrip())


def _nearest(error: VankaError) -> str:
    near = [name.strip() for name in error.fields.get("nearest", "").split(",") if name.strip()]
    return f"Did you mean {' or '.join(near)}?" if near else ""


def _given(args: Mapping[str, Any]) -> dict[str, Any]:
    """Without what was not given: the service knows its own defaults."""
    return {key: value for key, value in args.items() if value is not None}


def _user() -> str:
    with contextlib.suppress(KeyError, OSError, ImportError):
        return getpass.getuser()
    return ""
