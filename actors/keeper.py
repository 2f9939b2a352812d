"""Keeper: the house's own chores - copies of the store, output kept small, unused mirrors, room on the disk."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import assert_never

from actors.messages import ServiceNotice
from actors.model.project import Environment
from actors.pipeline.services import Services
from actors.source import parse
from runtime import log
from runtime.actor import Actor
from runtime.host import free_bytes
from runtime.jobs import Done
from runtime.output import OutputFile
from runtime.store import Store

COPY_S = 3600.0
DISK_S = 60.0
LOW_BYTES = 1024**3  # under so much free space the clean-up begins
TOLD_AGAIN_S = 6 * 3600.0
FIRST_MIRRORS_S = 600.0  # a service that is restarted each day comes to it, too
MIRRORS_S = 24 * 3600.0
MOST_TROUBLES = 200

say = log.get("vanka.keeper")


@dataclass(frozen=True)
class KeepCopy:
    """Time for a copy of the store."""


@dataclass(frozen=True)
class LookAtDisk:
    """Time to see how much is free."""


@dataclass(frozen=True)
class LookAtMirrors:
    """Time to see which mirrors nobody needs any more."""


@dataclass(frozen=True)
class Disk:
    """What a look at the disk led to: a sentence when it is nearly full, and what could not be removed."""

    low: str | None = None
    troubles: tuple[str, ...] = ()


@dataclass(frozen=True)
class ChoreDone:
    """A chore came back; the look at the disk with what it found."""

    chore: str
    done: Done[Disk | None]


Message = KeepCopy | LookAtDisk | LookAtMirrors | ChoreDone


class Keeper(Actor[Message]):
    """Each chore runs as a job, one of a kind at a time."""

    def __init__(self, services: Services, store: Store, home: Path) -> None:
        super().__init__()
        self._services, self._store, self._home = services, store, home
        self._busy: set[str] = set()
        self._told_at: float | None = None
        self._troubles: tuple[str, ...] = ()

    def on_start(self) -> None:
        """Wind the clocks, and have the output of programs that outlived the service looked after."""
        self._look_after_outputs()
        self.context.every(COPY_S, KeepCopy())
        self.context.every(DISK_S, LookAtDisk())
        self.context.after(FIRST_MIRRORS_S, LookAtMirrors())

    def receive(self, message: Message) -> None:
        """Begin a chore, or hear of its end."""
        match message:
            case KeepCopy():
                self._begin("copy", self._copy)
            case LookAtDisk():
                self._begin("disk", self._look_at_disk)
            case LookAtMirrors():
                self.context.after(MIRRORS_S, LookAtMirrors())
                self._begin("mirrors", self._forget_mirrors)
            case ChoreDone(chore, done):
                self._busy.discard(chore)
                if done.error is not None:
                    raise done.error
                if done.value is not None:
                    self._tell(done.value)
            case _:
                assert_never(message)

    def _begin(self, chore: str, work: Callable[[], Disk | None]) -> None:
        if chore not in self._busy:
            self._busy.add(chore)
            self.context.job("disk", work, lambda done: ChoreDone(chore, done))

    def _copy(self) -> None:
        self._store.keep_copy()

    def _look_after_outputs(self) -> None:
        services = self._services
        for project in services.records.projects.all():
            for environment in Environment:
                if services.records.runs.get(project, environment) is not None:
                    services.rotation.add(OutputFile(services.layout.program_log(project, environment)))

    def _forget_mirrors(self) -> None:
        """Those of removed projects, of submodules and of others' repositories that nobody fetched for a month."""
        in_use = [parse(project.url) for project in self._services.records.projects.all()]
        gone = self._services.sources.forget_unused(in_use)
        if gone:
            say.info("mirrors that nobody uses were removed", count=gone)

    def _look_at_disk(self) -> Disk:
        free = free_bytes(self._home)
        if free >= LOW_BYTES:
            return Disk()
        done = self._services.first_aid(LOW_BYTES)
        for trouble in done.problems:
            say.warning("the clean-up goes on without it", trouble=trouble)
        return Disk(
            f"the disk is nearly full: {free / 1e6:.0f} MB were free under {self._home}, "
            f"{done.bytes / 1e6:.0f} MB of releases that no way back needs were removed",
            done.problems[:MOST_TROUBLES],
        )

    def _tell(self, disk: Disk) -> None:
        """That the disk is full, now and then; what cannot be removed, once for as long as it stays so."""
        now = self._services.clock.monotonic()
        if disk.low is not None and (self._told_at is None or now - self._told_at > TOLD_AGAIN_S):
            self._told_at = now
            self.context.publish(ServiceNotice(disk.low))
        fresh = [trouble for trouble in disk.troubles if trouble not in self._troubles]
        self._troubles = disk.troubles
        if fresh:
            more = f" (and {len(fresh) - 1} more, see the log)" if len(fresh) > 1 else ""
            self.context.publish(ServiceNotice(f"the disk could not be cleaned up: {fresh[0]}{more}"))
