"""/health, /metrics, hooks: a small HTTP server that calls plain functions."""

from __future__ import annotations

import os
import re
import socket
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Protocol
from urllib.parse import parse_qsl

# waitress publishes no types; everything it gives us stays in this file
from waitress import wasyncore  # type: ignore[import-untyped]
from waitress.server import create_server  # type: ignore[import-untyped]

from runtime import log
from runtime.errors import WebError

PLAIN = "text/plain; charset=utf-8"
LOOPBACK = "127.0.0.1"
_TURN = 1.0  # seconds that the loop sleeps at most when nobody wakes it


@dataclass(frozen=True, slots=True)
class Request:
    """One request. Header names are in lower case; of a query field given twice the last counts.

    `params` holds what stood in the place of `{name}` in the route's path.
    """

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    params: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Response:
    """What is sent back."""

    status: int = 200
    body: bytes | str = b""
    content_type: str = PLAIN
    headers: Mapping[str, str] = field(default_factory=dict)


Handler = Callable[[Request], Response]


@dataclass(frozen=True, slots=True)
class Route:
    """`handler` answers `method` on `path`, in one of the server's own threads. `{name}` in the path is one segment.

    A handler must answer soon: a few of them run at once. What it raises becomes a 500 without details, and a log line.
    """

    method: str
    path: str
    handler: Handler
    pattern: re.Pattern[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        parts = re.split(r"\{(\w+)\}", self.path)
        source = "".join(f"(?P<{part}>[^/]+)" if place % 2 else re.escape(part) for place, part in enumerate(parts))
        object.__setattr__(self, "pattern", re.compile(source))


class _StartResponse(Protocol):
    def __call__(self, status: str, headers: list[tuple[str, str]], /) -> object: ...


class WebServer:
    """Serves the routes in threads of its own. Bound to loopback unless told otherwise.

    `port` 0 takes any free port. A body larger than `body_limit` bytes is refused with 413 before a handler sees it.
    """

    def __init__(
        self,
        host: str = LOOPBACK,
        port: int = 0,
        routes: Sequence[Route] = (),
        *,
        body_limit: int = 1 << 20,
        threads: int = 4,
    ) -> None:
        self.host = host
        self._wanted_port = port
        self._app = _App(routes)
        self._limit = body_limit
        self._threads = threads
        self._running: _Running | None = None

    @property
    def port(self) -> int:
        """The port that it listens on; before the start the one that was asked for."""
        return self._wanted_port if self._running is None else self._running.port

    @property
    def url(self) -> str:
        """Where it is reached, without a slash at the end."""
        return f"http://[{self.host}]:{self.port}" if ":" in self.host else f"http://{self.host}:{self.port}"

    def start(self) -> None:
        """Listens when it returns. Raises WebError when the address cannot be had; started twice it does nothing."""
        if self._running is None:
            self._running = _Running(self._listen(), self._app, self._limit, self._threads)

    def stop(self, timeout: float = 5.0) -> bool:
        """Lets running handlers finish within `timeout` seconds and closes every socket. False: one still hangs."""
        running, self._running = self._running, None
        return running is None or running.stop(timeout)

    def _listen(self) -> socket.socket:
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        try:
            if not 0 <= self._wanted_port < 65536:
                raise OSError("there is no such port")
            return socket.create_server((self._address(family), self._wanted_port), family=family)
        except OSError as error:
            reason = os.strerror(error.errno) if error.errno else str(error)
            raise WebError(
                f"cannot listen on {self.host}:{self._wanted_port}: {reason}",
                "Another program may have this port. Choose another one with VANKA_HTTP=host:port, or VANKA_HTTP=off.",
            ) from error

    def _address(self, family: socket.AddressFamily) -> str:
        """What the host's name stands for. Asked here, as the resolver's error numbers are not the system's."""
        try:
            found = socket.getaddrinfo(self.host or None, None, family, socket.SOCK_STREAM, 0, socket.AI_PASSIVE)
        except OSError as error:
            raise OSError("there is no host of that name") from error
        return str(found[0][4][0])


class _Running:
    """One started server: its socket, its loop, its threads."""

    def __init__(self, listener: socket.socket, app: _App, body_limit: int, threads: int) -> None:
        self.port: int = listener.getsockname()[1]
        self._sockets: dict[int, Any] = {}
        self._server = create_server(
            app,
            map=self._sockets,
            sockets=[listener],
            threads=threads,
            max_request_body_size=body_limit,
            channel_timeout=30,
            connection_limit=200,
            ident=None,
            expose_tracebacks=False,
            clear_untrusted_proxy_headers=True,
            asyncore_use_poll=True,
        )
        self._stopping = threading.Event()
        self._grace = 5.0
        self._thread = threading.Thread(target=self._loop, name="web", daemon=True)
        self._thread.start()

    def stop(self, timeout: float) -> bool:
        until = time.monotonic() + timeout
        self._grace = timeout * 0.8
        self._stopping.set()
        self._server.pull_trigger()
        self._thread.join(max(0.0, until - time.monotonic()))
        return not self._thread.is_alive() and not self._server.task_dispatcher.threads

    def _loop(self) -> None:
        try:
            while not self._stopping.is_set():
                try:
                    wasyncore.loop(timeout=_TURN, use_poll=True, map=self._sockets, count=1)
                except Exception:  # noqa: BLE001 - a thread's edge: one broken connection must not end the server
                    log.get(__name__).exception("the web server's loop failed and goes on")
                    self._stopping.wait(0.1)
        finally:
            self._server.task_dispatcher.shutdown(timeout=self._grace)
            wasyncore.close_all(self._sockets, ignore_all=True)


class _App:
    """The WSGI side: finds the route, calls it, and turns whatever happens into an answer."""

    def __init__(self, routes: Sequence[Route]) -> None:
        self._routes = tuple(routes)

    def __call__(self, environ: Mapping[str, Any], start_response: _StartResponse) -> Iterable[bytes]:
        method, path = str(environ["REQUEST_METHOD"]), _decoded(environ["PATH_INFO"])
        try:
            response = self._answer(method, path, environ)
            body = response.body.encode() if isinstance(response.body, str) else response.body
            status = f"{response.status} {_phrase(response.status)}"
            headers = {**response.headers, "Content-Type": response.content_type}
            pairs = [(name, _one_line(value)) for name, value in headers.items()]
        except BaseException:  # noqa: BLE001 - a thread's edge: the caller gets no details, the log gets them all
            log.get(__name__).exception("a request failed", method=method, path=path)
            status, body, pairs = "500 Internal Server Error", b"internal error\n", [("Content-Type", PLAIN)]
        start_response(status, [*pairs, ("Content-Length", str(len(body)))])
        return [b"" if method == "HEAD" else body]

    def _answer(self, method: str, path: str, environ: Mapping[str, Any]) -> Response:
        found = [(route, match) for route in self._routes if (match := route.pattern.fullmatch(path))]
        if not found:
            return Response(404, "not found\n")
        wanted = "GET" if method == "HEAD" else method
        for route, match in found:
            if route.method == wanted:
                return route.handler(_request(method, path, environ, match.groupdict()))
        allowed = {route.method for route, _ in found}
        allowed |= {"HEAD"} & {"HEAD" if name == "GET" else "" for name in allowed}
        return Response(405, "method not allowed\n", headers={"Allow": ", ".join(sorted(allowed))})


def _request(method: str, path: str, environ: Mapping[str, Any], params: Mapping[str, str]) -> Request:
    headers = {key[5:].replace("_", "-").lower(): str(value) for key, value in environ.items() if key[:5] == "HTTP_"}
    headers |= {"content-type": str(environ["CONTENT_TYPE"])} if environ.get("CONTENT_TYPE") else {}
    query = dict(parse_qsl(str(environ.get("QUERY_STRING", "")), keep_blank_values=True, max_num_fields=100))
    return Request(method, path, query, headers, environ["wsgi.input"].read(), params)


def _decoded(path: str) -> str:
    return path.encode("latin-1", "replace").decode("utf-8", "replace")


def _phrase(status: int) -> str:
    return HTTPStatus(status).phrase if status in set(HTTPStatus) else "Status"


def _one_line(value: str) -> str:
    if "\r" in value or "\n" in value:
        raise ValueError("a header holds a line break")
    return value
