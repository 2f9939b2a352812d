"""pykka at a large scale: its registry near linear, its stop flag light."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any, cast

from pykka import ActorRef, ActorRegistry


class RefSet:
    """What `ActorRegistry` needs of its list, in start order, but with removal in constant time."""

    def __init__(self, refs: list[ActorRef[Any]]) -> None:
        self._refs: dict[ActorRef[Any], None] = dict.fromkeys(refs)

    def append(self, ref: ActorRef[Any]) -> None:
        """Add at the end."""
        self._refs[ref] = None

    def remove(self, ref: ActorRef[Any]) -> None:
        """Take it out; KeyError when it is not there."""
        del self._refs[ref]

    def __contains__(self, ref: object) -> bool:
        return ref in self._refs

    def __iter__(self) -> Iterator[ActorRef[Any]]:
        return iter(list(self._refs))

    def __len__(self) -> int:
        return len(self._refs)

    def __getitem__(self, part: slice) -> list[ActorRef[Any]]:
        return list(self._refs)[part]


def make_linear() -> None:
    """Replace the list inside pykka's registry, once in a process; what is registered stays registered.

    pykka searches its list at each stop: stopping 30,000 actors took 10.8 s. The registry is pykka's own class-wide
    state, so this is the one place where the kernel touches something global.
    """
    with ActorRegistry._actor_refs_lock:
        refs = ActorRegistry._actor_refs
        if isinstance(refs, list):
            ActorRegistry._actor_refs = cast("list[ActorRef[Any]]", RefSet(refs))


def register(ref: ActorRef[Any]) -> None:
    """As `ActorRegistry.register`, without its two log lines for each of ten thousand actors."""
    with ActorRegistry._actor_refs_lock:
        ActorRegistry._actor_refs.append(ref)


def unregister(ref: ActorRef[Any]) -> None:
    """As `ActorRegistry.unregister`; nothing happens when somebody else has done it."""
    with ActorRegistry._actor_refs_lock:
        if ref in ActorRegistry._actor_refs:
            ActorRegistry._actor_refs.remove(ref)


class Flag(threading.Event):
    """A threading.Event that makes its condition when somebody first waits: most actors are never waited for."""

    _made: threading.Condition | None = None
    _making = threading.Lock()

    def __init__(self) -> None:
        self._flag = False

    @property
    def _cond(self) -> threading.Condition:
        with self._making:
            if self._made is None:
                self._made = threading.Condition()
            return self._made

    def is_set(self) -> bool:
        """As the Event's."""
        return self._flag

    def set(self) -> None:
        """As the Event's. The flag is set before looking for waiters, who look at it after making the condition."""
        self._flag = True
        made = self._made
        if made is not None:
            with made:
                made.notify_all()
