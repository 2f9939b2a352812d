"""Control's part for the service itself: its tree, drills, notices, backups and keys."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from actors.about import own_version
from actors.control.core import Core
from actors.errors import NoSuchActor, Refused
from actors.records import Records
from runtime.cell import Node
from runtime.commands import RestartChild, TerminateChild
from runtime.errors import WrongKey
from runtime.jobs import Done
from runtime.log import get, recent_errors
from runtime.store import Store, restore

log = get("actors.control")
DRILL_S = 30.0  # how long an actor may take to get back up
BOT = "bot"  # its supervisor
SOON_S = 1.0
RESTART_S = 30.0
RESTORE_FILE = "restore.pending"


class ServiceDesk(Core):
    """Called from any thread; a drill blocks until the actors are back."""

    def tree(self) -> Node:
        """The live supervision tree."""
        return self._system.tree()

    def errors(self) -> list[Any]:
        """The last errors that were logged, newest first."""
        return list(recent_errors())

    def service_version(self) -> str:
        """Which Vanka this is."""
        return own_version()

    def uptime_s(self) -> float:
        """For how many seconds the service has run."""
        return (self._services.clock.now() - self._house.started_at).total_seconds()

    def metrics(self) -> str:
        """All meters as Prometheus text, as `/metrics` gives them."""
        return self._services.meters.render().decode("utf-8")

    def restart_bot(self) -> None:
        """Stop the bot and start it again, a moment from now: who asked by the bot is answered first."""
        system = self._system
        system.timers.after(SOON_S, lambda: system.jobs.run("disk", self._restart_bot, _restarted))

    def crash_soon(self, path: str) -> None:
        """Crash an actor a moment from now: for one that has to answer first."""
        self._system.timers.after(SOON_S, lambda: self._system.crash(path))

    def _restart_bot(self) -> None:
        root = self._system.address("/")
        root.ask(TerminateChild(BOT), RESTART_S)
        root.ask(RestartChild(BOT), RESTART_S)

    def drill(self, actors: Sequence[str], every: bool) -> list[dict[str, Any]]:
        """Crash the named actors (or all of them), one after the other, and time how each gets back up.

        Named ones that were parked, because they kept failing, are brought back.
        """
        nodes = {node.path: node for node in _leaves(self._system.tree())}
        wanted = [node for node in nodes.values() if every or any(_matches(node, name) for name in actors)]
        missing = [name for name in actors if not any(_matches(node, name) for node in nodes.values())]
        if missing:
            raise NoSuchActor(f"there is no actor {missing[0]}", "See `vanka tree`.", name=missing[0])
        if not wanted and not every:
            wanted = [next(iter(nodes.values()))] if nodes else []
        parked = [node for node in wanted if not self._lives(node.path)]
        return [
            {
                "actor": node.path,
                "down_ms": self._timed(node, self._revive if node in parked and not every else self._hit),
            }
            for node in wanted
            if not _passing(node)
        ]

    def _timed(self, node: Node, act: Callable[[str], bool]) -> float | None:
        """Milliseconds from then to the next incarnation; None when it did not get back up in time."""
        began = time.perf_counter()
        if not act(node.path):
            return None
        while time.perf_counter() - began < DRILL_S:
            cell = self._system.find(node.path)
            if cell is not None and cell.incarnation > node.incarnation and cell.alive:
                return round((time.perf_counter() - began) * 1000, 3)
            time.sleep(0.0002)
        return None

    def _hit(self, path: str) -> bool:
        return self._system.crash(path)

    def _revive(self, path: str) -> bool:
        """What was parked together comes back together: there may be nothing left to do for this one."""
        return self._bring_back(path) or self._lives(path)

    def _lives(self, path: str) -> bool:
        cell = self._system.find(path)
        return cell is not None and cell.alive

    def backup(self, file: Path) -> None:
        """A consistent copy of all records, secrets sealed. The key is not in it: it stays in `secret.key`."""
        if file.exists():
            raise Refused(f"{file} exists", "Name a file that does not exist yet.")
        if not file.parent.is_dir():
            raise Refused(f"there is no directory {file.parent}", "Make it first.")
        self._house.store.copy_to(file)

    def restore(self, file: Path) -> None:
        """Take a backup's records in place of today's; the service starts again with them. Programs go on running."""
        if not file.is_file():
            raise Refused(f"there is no file {file}", "Name a file that `vanka backup` wrote.")
        self._prove(file)
        pending = self._services.layout.home / RESTORE_FILE
        partial = pending.with_suffix(".partial")
        shutil.copyfile(file, partial)
        os.replace(partial, pending)
        self._house.restart()

    def _prove(self, file: Path) -> None:
        """The backup is whole and our keys open all that is sealed in it: tried on a copy, before anything changes."""
        with tempfile.TemporaryDirectory(dir=self._services.layout.home, prefix="restore-") as scratch:
            directory = Path(scratch) / "store"
            restore(directory, file)
            store = Store.open(directory, on_notice=_unsaid)
            try:
                Records(store, self._records.vault, self._services.clock).reseal()
            except WrongKey as error:
                raise Refused(
                    f"the secrets in {file} were sealed with another key",
                    "Start this service with the key of the old one: in VANKA_SECRET_KEY, or its secret.key.",
                ) from error
            finally:
                store.close()

    def notifications(self, limit: int) -> list[dict[str, Any]]:
        """What was told and what waits for delivery, newest first."""
        return self._house.told(limit)

    def rekey(self) -> int:
        """Seal every secret anew with the first key; how many there were."""
        return self._records.reseal()


def _restarted(done: Done[None]) -> None:
    if done.error is not None:
        log.error("the bot could not be restarted", exc_info=done.error)


def _unsaid(_notice: str) -> None:
    """What a store that is thrown away has to say is of no use to anybody."""


def _leaves(node: Node) -> list[Node]:
    if node.kind != "supervisor":
        return [node]
    return [leaf for child in node.children for leaf in _leaves(child)]


def _matches(node: Node, name: str) -> bool:
    """By path, by its end, or by the name of a supervisor above it: that means all the actors below."""
    path, wanted = f"/{node.path}/", name.strip("/")
    return bool(wanted) and f"/{wanted}/" in path


def _passing(node: Node) -> bool:
    """Jobs and testers are not restarted by their supervisor: the deployer takes the work up again."""
    return node.name.startswith(("job-", "tester-"))
