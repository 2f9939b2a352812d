"""The kinds of notices, and how each is told to whom nobody asked otherwise: off, silent or loud; pure."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Kind(StrEnum):
    """What a notice is about; in the order in which the chat's settings list them."""

    COMMIT = "commit"
    STARTED = "started"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    ROLLED_BACK = "rolled_back"
    CANCELLED = "cancelled"
    TEST_FINISHED = "test_finished"
    TEST_DISCARDED = "test_discarded"
    DOWN = "down"
    UP = "up"
    PARKED = "parked"
    UNWELL = "unwell"
    WELL = "well"
    WATCH_FAILED = "watch_failed"
    WATCH_RECOVERED = "watch_recovered"
    GUEST_STEP = "guest_step"
    GUEST_COMMIT = "guest_commit"
    GUEST_ENDED = "guest_ended"
    GUEST_FAILED = "guest_failed"
    SERVICE_BACK = "service_back"
    SERVICE = "service"
    ACTOR = "actor"
    LOAD = "load"


class Level(StrEnum):
    """How somebody is told."""

    OFF = "off"
    SILENT = "silent"
    LOUD = "loud"


LOUD: Final = frozenset(
    {
        Kind.FAILED,
        Kind.ROLLED_BACK,
        Kind.TEST_FINISHED,
        Kind.DOWN,
        Kind.PARKED,
        Kind.GUEST_FAILED,
        Kind.UNWELL,
        Kind.SERVICE_BACK,
        Kind.SERVICE,
        Kind.ACTOR,
        Kind.LOAD,
    }
)
ADMINS_ONLY: Final = frozenset({Kind.SERVICE_BACK, Kind.SERVICE, Kind.ACTOR})
# the first to be dropped
MINOR: Final = frozenset(
    {Kind.COMMIT, Kind.STARTED, Kind.CANCELLED, Kind.WATCH_RECOVERED, Kind.GUEST_STEP, Kind.GUEST_COMMIT}
)
# never folded: somebody must decide; somebody waits for what the command wrote
ALONE: Final = frozenset({Kind.TEST_FINISHED, Kind.GUEST_STEP})
GUESTS: Final = frozenset({Kind.GUEST_STEP, Kind.GUEST_COMMIT, Kind.GUEST_ENDED, Kind.GUEST_FAILED})


def default_level(kind: Kind) -> Level:
    """Loud for what somebody should do something about, silent for the rest."""
    return Level.LOUD if kind in LOUD else Level.SILENT
