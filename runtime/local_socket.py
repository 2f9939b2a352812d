"""The control socket: JSON lines between the running service and a client on the same machine, for its owner only.

One connection carries one request line and any number of progress lines, then one answer line:
`{"request": R}` -> `{"progress": P}` ... `{"answer": A}` or `{"fault": TEXT}`.
"""

from __future__ import annotations

import contextlib
import hmac
import json
import secrets
import selectors
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from runtime.errors import LocalSocketError
from runtime.local_call import LOOPBACK, TRANSPORT, UNIX, Message, call
from runtime.local_listen import is_owner, listen, mark

__all__ = ["Emit", "Limits", "LocalServer", "Message", "call"]

_CHUNK = 64 * 1024
_NO_DESCRIPTOR_S = 0.05


@dataclass(frozen=True)
class Limits:
    """What a client may use up: open connections, bytes of a request, seconds to send it and to take each answer."""

    connections: int = 64
    request_bytes: int = 1024 * 1024
    request_s: float = 10.0
    send_s: float = 20.0


class Emit:
    """What a handler is given: call it to send a line of progress; ask it whether anybody still listens."""

    def __init__(self, send: Callable[[Message], bool]) -> None:
        self._send = send
        self._gone = threading.Event()

    def __call__(self, progress: Mapping[str, Any]) -> None:
        """Send one line of progress. Never raises: where the client is gone, it is dropped and `gone` turns true."""
        if not self._gone.is_set() and not self._send({"progress": dict(progress)}):
            self.cancel()

    @property
    def gone(self) -> bool:
        """Whether the client has hung up, or the server stops: nobody waits for the answer any more."""
        return self._gone.is_set()

    def wait(self, seconds: float) -> bool:
        """Wait that long, or until the client is gone; returns `gone`."""
        return self._gone.wait(seconds)

    def cancel(self) -> None:
        """Tell the handler that nobody waits any more."""
        self._gone.set()


Handler = Callable[[Message, Emit], Message]


@dataclass(eq=False)
class _Connection:
    sock: socket.socket
    deadline: float
    buffer: bytearray = field(default_factory=bytearray)
    emit: Emit | None = None  # set once its request is whole and a thread works on it


class LocalServer:
    """Listens at `path` and calls `handle(request, emit)` for each request, each in a thread of its own.

    `handle` returns the answer; an exception out of it becomes a fault line for that client and is told to `on_fault`,
    never the end of the server. `path`'s directory must exist and be the owner's alone.
    """

    def __init__(
        self,
        path: Path,
        handle: Handler,
        *,
        on_fault: Callable[[Message, BaseException], None] | None = None,
        limits: Limits | None = None,
        transport: str = TRANSPORT,
    ) -> None:
        self._path = path
        self._handle = handle
        self._on_fault = on_fault
        self._limits = limits or Limits()
        self._transport = transport
        self._token = secrets.token_urlsafe(32) if transport == LOOPBACK else ""
        self._connections: set[_Connection] = set()  # touched by the loop's thread only
        self._finished: deque[_Connection] = deque(maxlen=2 * self._limits.connections)
        self._stop_by: float | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Listen. Raises LocalSocketError where that cannot be, NoListener never."""
        self._listener, self._mark = listen(self._path, self._transport, self._token, self._limits.connections)
        self._listener.setblocking(False)
        self._selector = selectors.DefaultSelector()
        self._wake_out, self._wake_in = socket.socketpair()
        for end in (self._wake_in, self._wake_out):
            end.setblocking(False)
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._selector.register(self._wake_out, selectors.EVENT_READ)
        self._thread = threading.Thread(target=self._run, name="control-socket", daemon=True)
        self._thread.start()

    def stop(self, timeout: float = 5.0) -> None:
        """Listen no more, tell the handlers that are still at work, wait for them; returns within `timeout`."""
        if self._thread is None:
            return
        self._stop_by = time.monotonic() + timeout
        self._wake()
        self._thread.join(timeout + 1.0)

    # --- the loop: one thread accepts, reads requests and notices who hangs up; only it closes connections

    def _run(self) -> None:
        try:
            while self._stop_by is None or (self._connections and time.monotonic() < self._stop_by):
                for key, _events in self._selector.select(0.5):
                    self._ready(key)
                self._reap()
                if self._stop_by is not None:
                    self._hang_up()
        finally:
            self._hang_up()
            with contextlib.suppress(OSError):
                # a later service may have put its own socket there
                if mark(self._path) == self._mark:
                    self._path.unlink()
            for end in (self._wake_in, self._wake_out, *(connection.sock for connection in self._connections)):
                end.close()
            self._selector.close()

    def _ready(self, key: selectors.SelectorKey) -> None:
        if key.fileobj is self._listener:
            self._accept()
        elif key.fileobj is self._wake_out:
            with contextlib.suppress(BlockingIOError):
                self._wake_out.recv(_CHUNK)
        else:
            self._read(key.data)

    def _accept(self) -> None:
        try:
            sock, _address = self._listener.accept()
        except OSError:
            # the client gave up first, or no descriptor is free: then it stays readable, and must not keep us busy
            time.sleep(_NO_DESCRIPTOR_S)
            return
        sock.settimeout(self._limits.send_s)
        if len(self._connections) >= self._limits.connections:
            _send(sock, {"fault": "too many clients at once; try again"})
            sock.close()
        elif self._transport == UNIX and not is_owner(sock):
            sock.close()
        else:
            connection = _Connection(sock, time.monotonic() + self._limits.request_s)
            self._connections.add(connection)
            self._selector.register(sock, selectors.EVENT_READ, connection)

    def _read(self, connection: _Connection) -> None:
        try:
            data = connection.sock.recv(_CHUNK)
        except OSError:
            data = b""
        if connection.emit is not None:
            # at work: the end of the stream says that the client hung up, and nothing else may come
            self._selector.unregister(connection.sock)
            connection.emit.cancel()
            return
        connection.buffer += data
        line, newline, _rest = connection.buffer.partition(b"\n")
        if newline:
            self._begin(connection, bytes(line))
        elif not data:
            self._close(connection)
        elif len(connection.buffer) > self._limits.request_bytes:
            self._refuse(connection, "the request is too long")

    def _begin(self, connection: _Connection, line: bytes) -> None:
        connection.buffer.clear()
        try:
            envelope = json.loads(line)
            request, token = envelope["request"], envelope.get("token", "")
            well_formed = isinstance(request, dict) and isinstance(token, str)
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            well_formed = False
        if not well_formed:
            self._refuse(connection, "not a request")
        elif not hmac.compare_digest(token.encode(), self._token.encode()):
            self._refuse(connection, "wrong token")
        elif self._stop_by is not None:
            self._refuse(connection, "the service is stopping")
        else:
            connection.emit = Emit(lambda message: _send(connection.sock, message))
            worker = threading.Thread(target=self._work, args=(connection, request), name="control", daemon=True)
            try:
                worker.start()
            except RuntimeError as error:
                self._refuse(connection, str(error))

    def _work(self, connection: _Connection, request: Message) -> None:
        """One request, in its own thread."""
        emit = connection.emit
        try:
            if emit is None:
                raise LocalSocketError("the connection was never begun")
            _send(connection.sock, {"answer": self._handle(request, emit)})
        except BaseException as error:  # noqa: BLE001 - the thread's edge: a handler's fault ends its request, no more
            _send(connection.sock, {"fault": f"{type(error).__name__}: {error}"})
            if self._on_fault is not None:
                self._on_fault(request, error)
        finally:
            self._finished.append(connection)
            self._wake()

    def _refuse(self, connection: _Connection, reason: str) -> None:
        _send(connection.sock, {"fault": reason})
        self._close(connection)

    def _reap(self) -> None:
        """Close what is answered, and those that never finished their request."""
        while self._finished:
            self._close(self._finished.popleft())
        now = time.monotonic()
        for connection in [c for c in self._connections if c.emit is None and c.deadline < now]:
            self._refuse(connection, "the request did not come in time")

    def _hang_up(self) -> None:
        """Listen no more. Who sent no request yet is closed; who waits gets what the handler still answers."""
        with contextlib.suppress(KeyError, ValueError):
            self._selector.unregister(self._listener)
        self._listener.close()
        for connection in list(self._connections):
            if connection.emit is None:
                self._close(connection)
            else:
                connection.emit.cancel()

    def _close(self, connection: _Connection) -> None:
        with contextlib.suppress(KeyError, ValueError):
            self._selector.unregister(connection.sock)
        connection.sock.close()
        self._connections.discard(connection)

    def _wake(self) -> None:
        with contextlib.suppress(OSError):
            self._wake_in.send(b"\0")


def _send(sock: socket.socket, message: Message) -> bool:
    """One line to the other side; False when it is gone or does not take it in time."""
    try:
        sock.sendall(json.dumps(message, separators=(",", ":")).encode() + b"\n")
    except OSError:
        return False
    return True
