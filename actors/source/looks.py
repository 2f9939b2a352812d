"""One look per repository address, however many projects want to know: shared, and for all their branches at once."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from actors.errors import NoSuchBranch, SourceError
from actors.source import complaints
from actors.source.address import Access, RemoteUrl
from actors.source.refs import Refs
from actors.source.repository import LOOK_LIMIT_S, Head
from actors.source.shared import Shared
from actors.source.wire import RefList
from runtime.clock import Clock
from runtime.shell import Cancel

_INTEREST_S = 3600.0  # a branch that nobody asked for in this time is not looked at for others any more
_MOST_NAMED = 40  # more branches than that are asked for as a whole
_MOST_KEPT = 50_000
_NAMED = 5  # branches named in an error


@dataclass(frozen=True)
class _Seen:
    """The refs that a look found, and the branches it asked for (None: all)."""

    refs: RefList
    asked: frozenset[str] | None


@dataclass
class _Place:
    """What is known of one address with one access."""

    shared: Shared[_Seen]
    interest: dict[str, float] = field(default_factory=dict)
    used: float = 0.0


class Looks:
    """Answers from young results, joins looks under way, starts new ones. Safe from any thread."""

    def __init__(self, refs: Refs, clock: Clock) -> None:
        self._refs = refs
        self._clock = clock
        self._guard = threading.Lock()
        self._places: dict[tuple[str, str], _Place] = {}

    def head(
        self, url: RemoteUrl, access: Access, branch: str | None, max_age_s: float = 0.0, cancel: Cancel | None = None
    ) -> Head:
        """Where the branch (None: the server's default) stands, by a look that began at most `max_age_s` ago.

        An error of such a look is raised to all who share it. Raises NoSuchBranch and EmptyRepository of its own.
        """
        now = self._clock.monotonic()
        place = self._place(url, access, branch, now)
        seen = place.shared.run(
            lambda: self._look(url, access, place, cancel),
            since=now - max_age_s if max_age_s > 0 else None,
            limit_s=2 * LOOK_LIMIT_S,
            cancel=cancel,
            fits=lambda seen: branch is None or seen.asked is None or branch in seen.asked,
        )
        return self._head(url, branch, seen.refs)

    def branches(self, url: RemoteUrl, access: Access) -> tuple[str, ...]:
        """All branches, the server's default first. Raises EmptyRepository."""
        names = self._refs.look(url, access, ("HEAD", "refs/heads/")).branches
        if not names:
            raise complaints.empty(url)
        return names

    def _place(self, url: RemoteUrl, access: Access, branch: str | None, now: float) -> _Place:
        with self._guard:
            key = (url.raw, access.digest)
            place = self._places.get(key)
            if place is None:
                if len(self._places) >= _MOST_KEPT:
                    self._places = {k: p for k, p in self._places.items() if now - p.used < _INTEREST_S}
                place = self._places[key] = _Place(Shared(self._clock))
            place.used = now
            if branch is not None:
                place.interest[branch] = now
            return place

    def _look(self, url: RemoteUrl, access: Access, place: _Place, cancel: Cancel | None) -> _Seen:
        now = self._clock.monotonic()
        with self._guard:
            place.interest = {name: at for name, at in place.interest.items() if now - at <= _INTEREST_S}
            wanted = sorted(place.interest)
        if len(wanted) > _MOST_NAMED:
            return _Seen(self._refs.look(url, access, ("HEAD", "refs/heads/"), cancel), None)
        refs = self._refs.look(url, access, ("HEAD", *(f"refs/heads/{name}" for name in wanted)), cancel)
        if "HEAD" in refs.refs and all(refs.branch(name) for name in wanted):
            return _Seen(refs, frozenset(wanted))
        return _Seen(
            self._refs.look(url, access, ("HEAD", "refs/heads/"), cancel), None
        )  # to say what there is instead

    def _head(self, url: RemoteUrl, branch: str | None, refs: RefList) -> Head:
        if branch is not None:
            commit = refs.branch(branch)
            if commit is not None:
                return Head(branch, commit)
        elif "HEAD" in refs.refs:
            return Head(refs.default or "HEAD", refs.refs["HEAD"])
        raise self._missing(url, branch, refs.branches)

    def _missing(self, url: RemoteUrl, branch: str | None, names: tuple[str, ...]) -> SourceError:
        if not names:
            return complaints.empty(url)
        shown = ", ".join(names[:_NAMED]) + (", ..." if len(names) > _NAMED else "")
        if branch is None:
            return NoSuchBranch(
                f"the default branch of {url.safe} does not exist", f"Name one of its branches: {shown}.", nearest=shown
            )
        return NoSuchBranch(
            f"{url.safe} has no branch {branch}", f"It has: {shown}.", branch=branch, nearest=shown, url=url.safe
        )
