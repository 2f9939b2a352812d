"""From which load on somebody is told, and which alerts were raised: both outlive the service."""

from __future__ import annotations

from typing import Any

from actors.model.load import Raised, Resource, Thresholds
from actors.records.codec import maybe_time_in, time_in, time_out
from runtime.store import Store
from runtime.table import Table

_ONE = "all"


class ThresholdRecords:
    """The thresholds of this service, and the last alert of each resource. Any thread."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._limits = Table(store, "threshold", schema=1, encode=_limits_out, decode=_limits_in)
        self._raised = Table(store, "threshold-raised", schema=1, encode=_raised_out, decode=_raised_in)

    def get(self) -> Thresholds:
        """As they were set; the defaults where nobody set any."""
        return self._limits.get(_ONE) or Thresholds()

    def set(self, resource: Resource, limit: int | None) -> Thresholds:
        """Another one; None turns it off, and what was raised is forgotten with it. Returns them all."""
        with self._store.transaction():
            if limit is None:
                self._raised.delete(resource.value)
            changed = self.get().with_limit(resource, limit)
            self._limits.put(_ONE, changed)
        return changed

    def raised(self) -> dict[Resource, Raised]:
        """The last alert of each resource that ever had one; it may be over."""
        return {raised.resource: raised for _key, raised in self._raised.scan()}

    def put_raised(self, raised: Raised) -> None:
        """An alert, or that it is over."""
        self._raised.put(raised.resource.value, raised)


def _limits_out(thresholds: Thresholds) -> dict[str, Any]:
    return {"limits": {resource.value: limit for resource, limit in thresholds.limits.items()}}


def _limits_in(plain: dict[str, Any]) -> Thresholds:
    return Thresholds({Resource(name): limit for name, limit in plain["limits"].items()})


def _raised_out(raised: Raised) -> dict[str, Any]:
    return {
        **vars(raised),
        "resource": raised.resource.value,
        "since": time_out(raised.since),
        "over": time_out(raised.over),
    }


def _raised_in(plain: dict[str, Any]) -> Raised:
    return Raised(
        **{
            **plain,
            "resource": Resource(plain["resource"]),
            "since": time_in(plain["since"]),
            "over": maybe_time_in(plain["over"]),
        }
    )
