"""Cheap watching: where a server's branches stand, by the least that each server can do.

The ladder: one version-2 `ls-refs` POST over a kept-alive connection; `GET info/refs`, which tells an object format
that is not SHA-1, or gives the refs of an older server; `git ls-remote`. What works is remembered per address.
"""

from __future__ import annotations

import base64
import tempfile
import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from actors.errors import Unreachable
from actors.source import complaints, wire
from actors.source.address import Access, RemoteUrl
from actors.source.connections import Answer, Connections, ProxyError
from actors.source.repository import LOOK_LIMIT_S
from actors.source.tool import Tool
from actors.source.wire import RefList
from runtime.clock import Clock
from runtime.shell import Cancel

_AGENT = "git/2.45 (vanka)"  # some servers show their pages, not their repositories, to other names
_SERVICE = "/git-upload-pack"
_INFO = "/info/refs?service=git-upload-pack"
_MOST_REMEMBERED = 50_000
_REMEMBER_S = 24 * 3600.0  # a server may have learnt something better since
_MOST_WAIT_S = 3600.0
_DEFAULT_WAIT_S = 60.0
_MOST_MOVES = 5


@dataclass(frozen=True)
class _Way:
    """What works for an address: the rung (post, get, tool), where it moved to, the object format, since when."""

    rung: str = "post"
    base: RemoteUrl | None = None
    object_format: str = "sha1"
    since: float = 0.0


class _OtherWayError(Exception):
    """The server does not do it like that: take the next rung."""


class Refs:
    """Asks servers for their refs. Safe from any thread."""

    def __init__(self, tool: Tool, clock: Clock, *, per_site: int = 8) -> None:
        self._tool = tool
        self._clock = clock
        self._connections = Connections(per_site=per_site)
        self._guard = threading.Lock()
        self._ways: OrderedDict[str, _Way] = OrderedDict()
        self._wait_until: dict[tuple[str, str], float] = {}

    def close(self) -> None:
        """Close all connections."""
        self._connections.close()

    def look(self, url: RemoteUrl, access: Access, prefixes: Sequence[str], cancel: Cancel | None = None) -> RefList:
        """The refs with those prefixes (`HEAD`, `refs/heads/main`); the server may show more, or none.

        Raises Unreachable (`fields["retry_after"]`: seconds the server wants us to stay away; asked again before,
        nothing is sent), AccessDenied, HostKeyChanged, Cancelled.
        """
        if url.scheme not in ("https", "http"):
            return self._by_tool(url, access, prefixes, cancel)
        self._obey(url, access)
        way = self._way(url)
        ask = _Ask(self._connections, url, access, prefixes, cancel)
        try:
            found, better = self._climb(ask, way)
        except ProxyError:
            return self._by_tool(url, access, prefixes, cancel)
        except Unreachable as error:
            self._note_wait(url, access, error)
            raise
        if better != way:
            self._remember(url, better)
        return found

    def _climb(self, ask: _Ask, way: _Way) -> tuple[RefList, _Way]:
        if way.rung == "post":
            try:
                return ask.post(way)
            except _OtherWayError:
                way = _Way(base=way.base)
        if way.rung != "tool":
            try:
                return ask.get(way)
            except _OtherWayError:
                way = replace(way, rung="tool")
        return self._by_tool(ask.url, ask.access, ask.prefixes, ask.cancel), way

    def _by_tool(self, url: RemoteUrl, access: Access, prefixes: Sequence[str], cancel: Cancel | None) -> RefList:
        patterns = [f"{prefix}*" if prefix.endswith("/") else prefix for prefix in prefixes]
        with tempfile.TemporaryFile() as listing:  # many refs are more than an outcome keeps
            outcome = self._tool.run(
                ("ls-remote", "--symref", "--", url.raw, *patterns),
                timeout=LOOK_LIMIT_S,
                url=url,
                access=access,
                cancel=cancel,
                sink=listing,
            )
            if not outcome.ok:
                raise complaints.classify(outcome.text, url, access, timed_out=outcome.timed_out)
            listing.seek(0)
            return wire.read_ls_remote(listing.read().decode("utf-8", "surrogateescape"))

    def _way(self, url: RemoteUrl) -> _Way:
        with self._guard:
            way = self._ways.get(url.raw)
            if way is None or self._clock.monotonic() - way.since > _REMEMBER_S:
                return _Way()
            return way

    def _remember(self, url: RemoteUrl, way: _Way) -> None:
        with self._guard:
            self._ways[url.raw] = replace(way, since=self._clock.monotonic())
            self._ways.move_to_end(url.raw)
            while len(self._ways) > _MOST_REMEMBERED:
                self._ways.popitem(last=False)

    def _obey(self, url: RemoteUrl, access: Access) -> None:
        with self._guard:
            left = self._wait_until.get((url.site, access.digest), 0.0) - self._clock.monotonic()
        if left > 0:
            raise _told_to_wait(url, left)

    def _note_wait(self, url: RemoteUrl, access: Access, error: Unreachable) -> None:
        seconds = error.fields.get("retry_after")
        if seconds is None:
            return
        now = self._clock.monotonic()
        with self._guard:
            self._wait_until = {key: until for key, until in self._wait_until.items() if until > now}
            self._wait_until[(url.site, access.digest)] = now + float(seconds)


@dataclass(frozen=True)
class _Ask:
    """One look at one address over HTTP."""

    connections: Connections
    url: RemoteUrl
    access: Access
    prefixes: Sequence[str]
    cancel: Cancel | None

    def post(self, way: _Way) -> tuple[RefList, _Way]:
        """The version-2 request. Raises _OtherWayError."""
        body = wire.ls_refs(self.prefixes, way.object_format)
        answer, base = self._send(way, "POST", _SERVICE, body)
        if not answer.headers.get("content-type", "").startswith("application/x-git-upload-pack-result"):
            raise _OtherWayError
        try:
            return wire.read_ls_refs(answer.body), replace(way, base=base)
        except wire.WireError:
            raise _OtherWayError from None

    def get(self, way: _Way) -> tuple[RefList, _Way]:
        """What the server tells of itself, and then the refs. Raises _OtherWayError."""
        answer, base = self._send(way, "GET", _INFO, None)
        if not answer.headers.get("content-type", "").startswith("application/x-git-upload-pack-advertisement"):
            raise _OtherWayError
        try:
            told = wire.read_advertisement(answer.body)
        except wire.WireError:
            raise _OtherWayError from None
        if told.version == 2:
            return self.post(_Way("post", base, told.object_format))
        return told.refs, _Way("get", base, told.object_format)

    def _send(self, way: _Way, method: str, suffix: str, body: bytes | None) -> tuple[Answer, RemoteUrl | None]:
        """The server's answer with status 200, and where it moved to for good. Redirects are followed."""
        base, lasting = way.base or self.url, way.base
        for _ in range(_MOST_MOVES + 1):
            answer = self._once(base, method, suffix, body)
            if answer.status not in (301, 302, 303, 307, 308):
                self._check(answer, sure=way.since > 0 or method == "GET")
                return answer, lasting
            there = base.moved(_strip(answer.headers.get("location", ""), base, suffix))
            if there is None:
                raise Unreachable(f"{self.url.safe} sends us to an address that cannot be used", url=self.url.safe)
            base = there
            lasting = there if answer.status in (301, 308) else lasting
        raise Unreachable(f"{self.url.safe} sends us in a circle", url=self.url.safe)

    def _once(self, base: RemoteUrl, method: str, suffix: str, body: bytes | None) -> Answer:
        headers = {"Git-Protocol": "version=2", "User-Agent": _AGENT, "Accept": "*/*"}
        if body is not None:
            headers["Content-Type"] = "application/x-git-upload-pack-request"
            headers["Accept"] = "application/x-git-upload-pack-result"
        login = _shown(self.access, self.url, base).login(base)
        if login is not None:
            headers["Authorization"] = "Basic " + base64.b64encode(":".join(login).encode()).decode()
        return self.connections.send(
            base,
            method,
            base.path + suffix,
            headers,
            body,
            proxy=self.access.proxy,
            limit_s=LOOK_LIMIT_S,
            cancel=self.cancel,
        )

    def _check(self, answer: Answer, *, sure: bool) -> None:
        """Raise what the status tells of. `sure`: a 404 means that nothing is there, not that it is done otherwise."""
        status = answer.status
        wait = _retry_after(answer)
        if status in (429, 503) or (status == 403 and wait is not None):
            seconds = min(_DEFAULT_WAIT_S if wait is None else wait, _MOST_WAIT_S)
            raise _told_to_wait(self.url, seconds, f" ({status})")
        if status in (401, 403):
            raise complaints.denied(self.url, self.access)
        if status in (404, 410) and sure:
            raise complaints.absent(self.url)
        if status in (502, 504, 408):
            raise Unreachable(f"{self.url.host} answers with error {status}", "Try again later.", url=self.url.safe)
        if status != 200:
            raise _OtherWayError


def _shown(access: Access, mine: RemoteUrl, other: RemoteUrl) -> Access:
    """The token also goes to the same host's https, when it was given for its http."""
    upgraded = mine.host == other.host and other.scheme == "https" and mine.port is None and other.port is None
    return access if upgraded else access.for_other(mine, other)


def _strip(location: str, base: RemoteUrl, suffix: str) -> str:
    """The repository's new address out of the place that a request for it was sent to."""
    if location.startswith("/"):
        location = f"{base.scheme}://{base.netloc}{location}"
    return location.removesuffix(suffix) if location.endswith(suffix) else ""


def _told_to_wait(url: RemoteUrl, seconds: float, said: str = "") -> Unreachable:
    return Unreachable(
        f"{url.host} wants no requests for {seconds:.0f} s{said}",
        "A token raises most servers' limits.",
        url=url.safe,
        retry_after=f"{max(seconds, 1.0):.0f}",
    )


def _retry_after(answer: Answer) -> float | None:
    """Seconds from `Retry-After`, given as such or as a date."""
    text = answer.headers.get("retry-after", "").strip()
    if text.isdecimal():
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return max(0.0, (aware - datetime.now(UTC)).total_seconds())
