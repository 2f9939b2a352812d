"""Kept-alive HTTP connections: one pool per site, a bound on requests in flight, a limit on each request."""

from __future__ import annotations

import base64
import http.client
import ssl
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

from actors.errors import Unreachable
from actors.source.address import RemoteUrl
from actors.source.overseer import TICK_S, Flight, Overseer
from runtime.errors import Cancelled
from runtime.shell import Cancel

_SOCKET_S = 15.0  # how long one read or connect may be silent
_IDLE_S = 90.0  # servers close idle connections about then
_MOST_BODY = 64 * 1024 * 1024
_MOST_SITES = 4096
_MOST_IDLE = 256  # open files are few


class ProxyError(Exception):
    """These connections cannot get there (a proxy that is not plain http): another way has to be taken."""


@dataclass(frozen=True)
class Answer:
    """What a server said. Header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class _Site:
    """The idle connections to one site through one proxy, newest last, and the right to use one more."""

    def __init__(self, url: RemoteUrl, proxy: str | None, per_site: int) -> None:
        self.slots = threading.BoundedSemaphore(per_site)
        self.idle: list[tuple[http.client.HTTPConnection, float]] = []
        self.proxy = urlsplit(proxy) if proxy else None
        self.absolute = self.proxy is not None and url.scheme == "http"
        if self.proxy is not None and self.proxy.scheme != "http":
            raise ProxyError


class Connections:
    """Sends requests over connections that stay open. Safe from any thread; `close` ends all of them."""

    def __init__(self, *, per_site: int = 8) -> None:
        self._per_site = per_site
        self._guard = threading.Lock()
        self._sites: dict[tuple[str, str], _Site] = {}
        self._proxies = getproxies()
        self._tls: ssl.SSLContext | None = None
        self._overseer = Overseer(self._sweep)
        self._idle = 0
        self._closed = False

    def send(
        self,
        url: RemoteUrl,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes | None = None,
        *,
        proxy: str | None = None,
        limit_s: float = 30.0,
        cancel: Cancel | None = None,
    ) -> Answer:
        """The server's answer to one request. Raises Unreachable, Cancelled, ProxyError."""
        until = time.monotonic() + limit_s
        site = self._site(url, proxy)
        self._take_slot(site, url, until, cancel)
        sent = dict(headers)
        if site.absolute:  # a proxy is told the whole address; for https it only makes a tunnel
            path = f"{url.scheme}://{url.netloc}{path}"
            sent.update(_proxy_headers(site))
        try:
            return self._send(site, url, (method, path, sent, body), until, cancel)
        finally:
            site.slots.release()

    def close(self) -> None:
        """Close what is idle and end what is under way. Nothing can be sent afterwards."""
        with self._guard:
            self._closed = True
            idle = [connection for site in self._sites.values() for connection, _ in site.idle]
            self._sites.clear()
        for connection in idle:
            connection.close()
        self._overseer.close()

    def _send(
        self,
        site: _Site,
        url: RemoteUrl,
        request: tuple[str, str, dict[str, str], bytes | None],
        until: float,
        cancel: Cancel | None,
    ) -> Answer:
        while True:
            connection, used = self._take(site, url)
            flight = Flight(connection, until, cancel)
            try:
                with self._overseer.watching(flight):
                    answer = _exchange(connection, *request)
            except (OSError, http.client.HTTPException, ValueError) as error:
                connection.close()
                if flight.ended == "cancel":
                    raise Cancelled("told to end while a server was asked") from error
                if used and not flight.ended and _was_closed(error):
                    continue  # the server had closed it while it was idle: nothing was answered, so ask again
                raise _unreachable(url, error, flight) from error
            except BaseException:
                connection.close()
                raise
            self._give_back(site, connection)
            return answer

    def _site(self, url: RemoteUrl, proxy: str | None) -> _Site:
        proxy = proxy or self._proxy_for(url)
        name = (url.site, proxy or "")
        with self._guard:
            if self._closed:
                raise Unreachable("the service is stopping")
            site = self._sites.get(name)
            if site is None:
                if len(self._sites) >= _MOST_SITES:
                    self._sites = {key: kept for key, kept in self._sites.items() if kept.idle}
                site = self._sites[name] = _Site(url, proxy, self._per_site)
            return site

    def _proxy_for(self, url: RemoteUrl) -> str | None:
        if not self._proxies or proxy_bypass(url.host):
            return None
        return self._proxies.get(url.scheme) or self._proxies.get("all")

    def _take_slot(self, site: _Site, url: RemoteUrl, until: float, cancel: Cancel | None) -> None:
        while not site.slots.acquire(timeout=TICK_S):
            if cancel is not None and cancel.is_set():
                raise Cancelled("told to end while waiting for a connection")
            if time.monotonic() > until:
                raise Unreachable(f"too many requests to {url.host} are under way", "Try again later.", url=url.safe)

    def _take(self, site: _Site, url: RemoteUrl) -> tuple[http.client.HTTPConnection, bool]:
        with self._guard:
            while site.idle:
                connection, since = site.idle.pop()
                self._idle -= 1
                if since > time.monotonic() - _IDLE_S:
                    return connection, True
                connection.close()
        return self._open(site, url), False

    def _give_back(self, site: _Site, connection: http.client.HTTPConnection) -> None:
        if connection.sock is None:  # the server wants it closed
            return
        with self._guard:
            if not self._closed and self._idle < _MOST_IDLE:
                site.idle.append((connection, time.monotonic()))
                self._idle += 1
                return
        connection.close()

    def _sweep(self) -> None:
        """Close what has been idle for long: servers do the same, and half-closed connections cost open files."""
        before = time.monotonic() - _IDLE_S
        with self._guard:
            for site in self._sites.values():
                while site.idle and site.idle[0][1] < before:
                    connection, _ = site.idle.pop(0)
                    self._idle -= 1
                    connection.close()

    def _open(self, site: _Site, url: RemoteUrl) -> http.client.HTTPConnection:
        """A connection that is not connected yet; it connects with the first request."""
        host, port = (url.host, url.port)
        if site.proxy is not None:
            host, port = site.proxy.hostname or "", site.proxy.port or 3128
        if url.scheme == "http":
            return http.client.HTTPConnection(host, port, timeout=_SOCKET_S)
        with self._guard:
            if self._tls is None:
                self._tls = ssl.create_default_context()  # the system's authorities, SSL_CERT_FILE and SSL_CERT_DIR
        connection = http.client.HTTPSConnection(host, port, timeout=_SOCKET_S, context=self._tls)
        if site.proxy is not None:
            connection.set_tunnel(url.host, url.port, headers=_proxy_headers(site))
        return connection


def _exchange(
    connection: http.client.HTTPConnection, method: str, path: str, headers: dict[str, str], body: bytes | None
) -> Answer:
    connection.request(method, path, body=body, headers=headers)
    response = connection.getresponse()
    content = response.read(_MOST_BODY)
    if not response.isclosed() and response.read(1):
        connection.close()
        raise ValueError("the answer is too large")
    return Answer(response.status, {name.lower(): value for name, value in response.getheaders()}, content)


def _was_closed(error: Exception) -> bool:
    return isinstance(error, http.client.RemoteDisconnected | ConnectionError | ssl.SSLEOFError)


def _unreachable(url: RemoteUrl, error: Exception, flight: Flight) -> Unreachable:
    if flight.ended == "limit" or isinstance(error, TimeoutError):
        return Unreachable(f"{url.host} took too long to answer", "Look at the network.", url=url.safe)
    if isinstance(error, ssl.SSLCertVerificationError):
        return Unreachable(
            f"the certificate of {url.host} cannot be trusted: {error.verify_message}",
            "If it is signed by an authority of your own, name its file in SSL_CERT_FILE.",
            url=url.safe,
        )
    said = error.strerror if isinstance(error, OSError) and error.strerror else str(error) or type(error).__name__
    return Unreachable(f"{url.host} does not answer: {said}", "Look at the address and the network.", url=url.safe)


def _proxy_headers(site: _Site) -> dict[str, str]:
    if site.proxy is None or site.proxy.username is None:
        return {}
    login = f"{unquote(site.proxy.username)}:{unquote(site.proxy.password or '')}"
    return {"Proxy-Authorization": "Basic " + base64.b64encode(login.encode()).decode()}
