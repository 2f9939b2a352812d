"""Publish a fact to the subscribers of its type."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from runtime.address import Address

log = logging.getLogger("runtime.bus")

Translate = Callable[[Any], Any]


class Bus:
    """Facts go to everybody who subscribed to their type or to a base of it, once each. Safe from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._by_type: dict[type, dict[Address[Any], tuple[Translate | None, int]]] = {}

    def subscribe(
        self, event_type: type, address: Address[Any], translate: Translate | None = None, *, incarnation: int = 0
    ) -> None:
        """From now on each such event is told to `address`; `translate` makes the message of it (None: tell nothing).

        A second subscription of the same address to the same type takes the place of the first, unless a later
        `incarnation` made that.
        """
        with self._lock:
            subscribers = self._by_type.setdefault(event_type, {})
            present = subscribers.get(address)
            if present is None or not 0 < incarnation < present[1]:
                subscribers[address] = (translate, incarnation)

    def unsubscribe(self, address: Address[Any], *, before: int | None = None) -> None:
        """Forget the address; with `before`, only what incarnations older than that subscribed."""
        with self._lock:
            for event_type, subscribers in list(self._by_type.items()):
                entry = subscribers.get(address)
                if entry is not None and (before is None or 0 < entry[1] < before):
                    del subscribers[address]
                    if not subscribers:
                        del self._by_type[event_type]

    def wanted(self, event_type: type) -> bool:
        """Whether anybody would be told of such an event."""
        with self._lock:
            return any(base in self._by_type for base in event_type.__mro__)

    def publish(self, event: object) -> None:
        """Tell every subscriber. Never raises: a translation that fails is logged and its subscriber left out."""
        told: dict[Address[Any], Translate | None] = {}
        with self._lock:
            for base in type(event).__mro__:
                for address, (translate, _) in self._by_type.get(base, {}).items():
                    told.setdefault(address, translate)
        for address, translate in told.items():
            message = event
            if translate is not None:
                try:
                    message = translate(event)
                except BaseException:
                    # foreign code in the publisher's thread must not harm the publisher
                    log.exception("could not translate %s for %s", type(event).__name__, address.path)
                    continue
                if message is None:
                    continue
            address.tell(message)
