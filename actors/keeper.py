"""Keeper: the house's own chores - copies of the store, output kept small, clean-up before a disk is full."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import assert_never

from actors.messages import ServiceNotice
from actors.model.project import Environment
from actors.pipeline.services import Services
from runtime.actor import Actor
from runtime.host import free_bytes
from runtime.jobs import Done
from runtime.output import OutputFile
from runtime.store import Store

COPY_S = 3600.0
DISK_S = 60.0
LOW_BYTES = 1024**3  # under so much free space the clean-up begins
TOLD_AGAIN_S = 6 * 3600.0


@dataclass(frozen=True)
class KeepCopy:
    """Time for a copy of the store."""


@dataclass(frozen=True)
class LookAtDisk:
    """Time to see how much is free."""


@dataclass(frozen=True)
class ChoreDone:
    """A chore came back."""

    chore: str
    done: Done[str | None]


Message = KeepCopy | LookAtDisk | ChoreDone


class Keeper(Actor[Message]):
    """Each chore runs as a job, one of a kind at a time."""

    def __init__(self, services: Services, store: Store, home: Path) -> None:
        super().__init__()
        self._services, self._store, self._home = services, store, home
        self._busy: set[str] = set()
        self._told_at: float | None = None

    def on_start(self) -> None:
        """Wind the clocks, and have the output of programs that outlived the service looked after."""
        self._look_after_outputs()
        self.context.every(COPY_S, KeepCopy())
        self.context.every(DISK_S, LookAtDisk())

    def receive(self, message: Message) -> None:
        """Begin a chore, or hear of its end."""
        match message:
            case KeepCopy():
                self._begin("copy", self._copy)
            case LookAtDisk():
                self._begin("disk", self._look_at_disk)
            case ChoreDone(chore, done):
                self._busy.discard(chore)
                if done.error is not None:
                    raise done.error
                if done.value is not None:
                    self._tell(done.value)
            case _:
                assert_never(message)

    def _begin(self, chore: str, work: object) -> None:
        if chore not in self._busy and callable(work):
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

    def _look_at_disk(self) -> str | None:
        free = free_bytes(self._home)
        if free >= LOW_BYTES:
            return None
        freed = self._services.first_aid(LOW_BYTES).bytes
        return (
            f"the disk is nearly full: {free / 1e6:.0f} MB were free under {self._home}, "
            f"{freed / 1e6:.0f} MB of releases that no way back needs were removed"
        )

    def _tell(self, text: str) -> None:
        now = self._services.clock.monotonic()
        if self._told_at is None or now - self._told_at > TOLD_AGAIN_S:
            self._told_at = now
            self.context.publish(ServiceNotice(text))
