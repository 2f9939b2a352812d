"""A git hosting service on loopback: `git http-backend` behind a small server with tokens and faults."""

from __future__ import annotations

import base64
import os
import re
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BufferedIOBase
from pathlib import Path
from typing import Any

from tests.fakes.gitrepo import ENVIRONMENT, LIMIT_S, GitRepo, git

__all__ = ["Fault", "GitRepo", "GitServer", "Request", "git"]


@dataclass(frozen=True)
class Request:
    """One request as the server saw it. `sent` counts all bytes of the answer, with its head."""

    method: str
    path: str
    status: int
    received: int
    sent: int
    protocol: str
    authorization: str


@dataclass
class Fault:
    """What goes wrong with the next `times` requests whose path holds `path`. Status 0 cuts the connection."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    times: int = 1
    path: str = ""


class _Held(BufferedIOBase):
    """Holds an answer back until it has been counted and written down."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner
        self._held = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._held += data
        return len(data)

    def held(self) -> int:
        return len(self._held)

    def release(self) -> None:
        data, self._held = bytes(self._held), bytearray()
        self._inner.write(data)


class GitServer:
    """Serves the repositories below a directory over smart HTTP. Use it in a `with`."""

    def __init__(self, root: Path, *, token: str | None = None, tls: ssl.SSLContext | None = None) -> None:
        self.root = root
        self.token = token
        self.smart = True  # False: as a plain web server, which git calls dumb
        self.version_2 = True  # False: as a server that has never heard of it
        self.requests: list[Request] = []
        self.faults: list[Fault] = []
        self.before: Callable[[str], None] | None = None  # called with the path before a request is answered
        self.moved: dict[str, str] = {}  # beginnings of paths, and the addresses that they moved to
        self._tls = tls
        self._open: set[socket.socket] = set()
        self._guard = threading.Lock()
        root.mkdir(parents=True, exist_ok=True)

    def __enter__(self) -> GitServer:
        self._http = _Listener(self)
        if self._tls is not None:
            plain = self._http.socket
            self._http.socket = self._tls.wrap_socket(plain, server_side=True, do_handshake_on_connect=False)
        self.port = int(self._http.server_address[1])
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._thread.join(10)
        self.cut()
        self._http.server_close()

    def url(self, name: str) -> str:
        """The address of the repository of that name."""
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}/{name}.git"

    def repo(self, name: str = "shop", **options: str) -> GitRepo:
        """A new repository of that name."""
        return GitRepo(self.root / f"{name}.git", self.root / f"{name}.work", **options)

    def fail(self, status: int, *, times: int = 1, path: str = "", **headers: str) -> None:
        """Let the next requests fail; `Retry_After="30"` becomes that header. Status 0 cuts the connection."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.faults.append(Fault(status, named, times, path))

    def cut(self) -> None:
        """Close every connection that is open now."""
        with self._guard:
            for connection in self._open:
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:  # the other side was quicker
                    continue

    def looks(self) -> list[Request]:
        """The requests that asked for refs."""
        return [request for request in self.requests if request.method == "POST" or "info/refs" in request.path]

    def take_fault(self, path: str) -> Fault | None:
        """The fault that the next request is to meet."""
        with self._guard:
            for fault in self.faults:
                if fault.times > 0 and fault.path in path:
                    fault.times -= 1
                    return fault
            return None

    def opened(self, connection: socket.socket, *, closed: bool = False) -> None:
        """Keep account of the connections."""
        with self._guard:
            (self._open.discard if closed else self._open.add)(connection)

    def note(self, request: Request) -> None:
        """Write the request down."""
        with self._guard:
            self.requests.append(request)


class _Listener(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, owner: GitServer) -> None:
        self.owner = owner
        super().__init__(("127.0.0.1", 0), _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Connections that break are what tests make on purpose."""

    def process_request(self, request: Any, client_address: Any) -> None:
        self.owner.opened(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self.owner.opened(request, closed=True)
        super().shutdown_request(request)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Listener

    def setup(self) -> None:
        if isinstance(self.request, ssl.SSLSocket):
            self.request.settimeout(LIMIT_S)
            self.request.do_handshake()
        super().setup()
        self.answer = _Held(self.wfile)
        self.wfile = self.answer

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Requests are kept in `requests`, not printed."""

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def _serve(self) -> None:
        owner = self.server.owner
        asked = self.path
        self.path = re.sub(r"^http://[^/]+", "", self.path)  # it also serves as the proxy to itself
        body = self._body()
        if owner.before is not None:
            owner.before(self.path)
        status = self._answer(owner, body)
        owner.note(
            Request(
                self.command,
                asked,
                status,
                len(body),
                self.answer.held(),
                self.headers.get("Git-Protocol", ""),
                self.headers.get("Authorization", ""),
            )
        )
        if status:
            self.answer.release()

    def _answer(self, owner: GitServer, body: bytes) -> int:
        fault = owner.take_fault(self.path)
        if fault is not None and fault.status == 0:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return 0
        if fault is not None:
            return self._reply(fault.status, fault.headers, b"that did not work\n")
        for beginning, there in owner.moved.items():
            if self.path.startswith(beginning):
                return self._reply(301, {"Location": there + self.path.removeprefix(beginning)}, b"")
        if owner.token is not None and not self._allowed(owner.token):
            return self._reply(401, {"WWW-Authenticate": 'Basic realm="git"'}, b"who are you?\n")
        if not owner.smart:
            return self._file(owner)
        return self._cgi(owner, body)

    def _allowed(self, token: str) -> bool:
        kind, _, encoded = self.headers.get("Authorization", "").partition(" ")
        if kind != "Basic":
            return False
        return base64.b64decode(encoded).decode().partition(":")[2] == token

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "") == "chunked":
            parts = []
            while size := int(self.rfile.readline().split(b";")[0], 16):
                parts.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(parts)
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _file(self, owner: GitServer) -> int:
        path = owner.root / self.path.partition("?")[0].lstrip("/")
        if self.command != "GET" or not path.is_file():
            return self._reply(404 if self.command == "GET" else 405, {}, b"not here\n")
        return self._reply(200, {"Content-Type": "text/plain"}, path.read_bytes())

    def _cgi(self, owner: GitServer, body: bytes) -> int:
        path, _, query = self.path.partition("?")
        environment = {
            "PATH": os.environ["PATH"],
            **ENVIRONMENT,
            "GIT_PROJECT_ROOT": str(owner.root),
            "GIT_HTTP_EXPORT_ALL": "1",
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "REQUEST_METHOD": self.command,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "REMOTE_USER": "ivan",
            "REMOTE_ADDR": "127.0.0.1",
        }
        if owner.version_2 and self.headers.get("Git-Protocol"):
            environment["GIT_PROTOCOL"] = self.headers["Git-Protocol"]
        done = subprocess.run(
            ["git", "http-backend"],
            input=body,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            timeout=LIMIT_S,
            check=False,
        )
        head, _, content = done.stdout.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n") if ": " in line)
        status = int(headers.pop("Status", "200").split(" ")[0]) if headers else 500
        return self._reply(status, headers, content)

    def _reply(self, status: int, headers: Mapping[str, str], content: bytes) -> int:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
        return status
