"""A strict Telegram Bot API over real HTTP on loopback, for tests."""

from __future__ import annotations

import contextlib
import json
import socket
import struct
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeVar

from tests.fakes.botapi.faults import Fault, Faults, Kind
from tests.fakes.botapi.methods import Methods
from tests.fakes.botapi.rates import Rates
from tests.fakes.botapi.reading import Call, read_call
from tests.fakes.botapi.refusal import RefusalError, Refused
from tests.fakes.botapi.schema import Schema
from tests.fakes.botapi.users import User
from tests.fakes.botapi.world import Chat, Clock, SystemClock, World

T = TypeVar("T")
TOKEN = "700000001:AAFakeTokenForTests_0123456789abcdefg"
_BIND_SECONDS = 5.0


class BotApiServer:
    """The server, the people who use it, and what shall go wrong. A context manager, or call `start` and `close`.

    `url` is the base address for the bot, `token` the only token it takes. `refused` holds every call that was refused
    (not those that failed by an ordered fault); `calls` the names and parameters of the last calls that passed.
    """

    def __init__(self, *, clock: Clock | None = None, token: str = TOKEN, username: str = "vanka_test_bot") -> None:
        self.token = token
        self.world = World(clock or SystemClock(), username)
        self.rates = Rates()
        self.faults = Faults()
        self.refused: list[Refused] = []
        self.calls: deque[tuple[str, dict[str, Any]]] = deque(maxlen=20_000)
        self.closing = threading.Event()
        self._schema = Schema()
        self._methods = Methods(self.world, self.rates, self.closing.is_set)
        self._connections: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._port = 0
        self._http: ThreadingHTTPServer | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> BotApiServer:
        """Listens on a free port of loopback."""
        self._listen()
        return self

    def close(self) -> None:
        """Ends every connection and long poll; idempotent."""
        self.closing.set()
        self._deafen()

    def __enter__(self) -> BotApiServer:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def url(self) -> str:
        """The base address, without the token."""
        return f"http://127.0.0.1:{self._port}"

    def user(self, number: int, language_code: str | None = "ru", name: str = "") -> User:
        """A person with an account (the same one for the same number); the first text starts the private chat."""
        with self.world.changed:
            if number in self.world.users:
                return User(self.world, self.world.chats[number])
            account: dict[str, Any] = {"id": number, "is_bot": False, "first_name": name or f"User {number}"}
            account["username"] = f"user{number}"
            if language_code is not None:
                account["language_code"] = language_code
            self.world.users[number] = account
            self.world.chats[number] = Chat(number, "private")
            return User(self.world, self.world.chats[number])

    def group(self, number: int = -1001, title: str = "Team", *, privacy: bool = True) -> Chat:
        """A group with the bot in it; with `privacy` it hears commands only and may not delete what others wrote."""
        with self.world.changed:
            chat = Chat(number, "supergroup", title, started=True, privacy=privacy)
            self.world.chats[number] = chat
            return chat

    def wait_for(self, predicate: Callable[[], T], timeout: float = 10.0) -> T:
        """Waits until the predicate is true; it is looked at whenever anything changed on the server."""
        return self.world.wait_for(predicate, timeout)

    def push_raw(self, update: Any) -> None:
        """Sends the bot an update as it is, however broken."""
        self.world.push_raw(update)

    def forgive(self, *codes: int) -> list[Refused]:
        """Takes the refusals with these codes (all, if none is given) out of `refused` and returns them."""
        taken = [r for r in self.refused if not codes or r.code in codes]
        self.refused[:] = [r for r in self.refused if codes and r.code not in codes]
        return taken

    def assert_nothing_refused(self) -> None:
        """AssertionError that lists the calls that the real server would have refused."""
        assert not self.refused, "calls that Telegram would refuse:\n" + "\n".join(map(str, self.refused))

    @contextlib.contextmanager
    def outage(self) -> Iterator[None]:
        """Telegram is away: every connection is cut and new ones are refused until the end of the block."""
        self.goes_away()
        try:
            yield
        finally:
            self.comes_back()

    def goes_away(self) -> None:
        """The outage begins; presses and messages of users queue up meanwhile."""
        self._deafen()

    def comes_back(self) -> None:
        """The outage ends, on the same port."""
        self._listen()

    def _listen(self) -> None:
        class Bound(_Handler):
            api = self

        end = time.monotonic() + _BIND_SECONDS
        while True:
            try:
                self._http = _Listener(("127.0.0.1", self._port), Bound)
                break
            except OSError:
                if time.monotonic() > end:
                    raise
                self.closing.wait(0.02)
        self._port = self._http.server_address[1]
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), name="bot-api", daemon=True)
        self._thread.start()

    def _deafen(self) -> None:
        http, self._http = self._http, None
        if http is None:
            return
        http.shutdown()
        http.server_close()
        if self._thread is not None:
            self._thread.join(5)
        with self._lock:
            connections = list(self._connections)
        for connection in connections:
            with contextlib.suppress(OSError):  # it may have been closed by the other side meanwhile
                connection.shutdown(socket.SHUT_RDWR)
        with self.world.changed:
            self.world.cut = self.world.poll  # long polls of cut connections end, without a conflict
            self.world.changed.notify_all()

    def opened(self, connection: socket.socket, there: bool) -> None:
        """Keeps track of what is connected."""
        with self._lock:
            (self._connections.add if there else self._connections.discard)(connection)

    def answer(self, call: Call, fault: Fault | None) -> tuple[int, dict[str, Any]]:
        """Status and JSON for a call; what is refused is recorded."""
        if fault is not None and fault.kind is Kind.STATUS:
            parameters = {"parameters": {"retry_after": fault.retry_after}} if fault.retry_after else {}
            text = (
                f"Too Many Requests: retry after {fault.retry_after}" if fault.code == 429 else "Internal Server Error"
            )
            return fault.code, {"ok": False, "error_code": fault.code, "description": text} | parameters
        try:
            if call.problem is not None:
                raise call.problem
            if call.token != self.token:
                raise RefusalError(401, "Unauthorized")
            params = self._schema.check(call.method, call.params)
            result = self._methods.call(call.method, params)
        except RefusalError as error:
            if not self.closing.is_set():
                self.refused.append(Refused(call.method, error.code, error.description, call.params))
            body: dict[str, Any] = {"ok": False, "error_code": error.code, "description": error.description}
            return error.code, body | ({"parameters": error.parameters} if error.parameters else {})
        self.calls.append((call.method, params))
        return 200, {"ok": True, "result": result}

    def download(self, token: str, path: str) -> bytes | None:
        """The content of a file under `/file/bot<token>/`, None where there is none."""
        file = self.world.files.get(path.removeprefix("documents/")) if token == self.token else None
        return file[1] if file else None


def reset(connection: socket.socket) -> None:
    """Cuts a connection so that the other side sees a reset; called by the connection's own thread, which then ends."""
    with contextlib.suppress(OSError):  # it may have been closed by the other side meanwhile
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()


class _Listener(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A connection that breaks is a bot's business, not an error of the server."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    api: BotApiServer

    def setup(self) -> None:
        super().setup()
        self.api.opened(self.connection, True)

    def finish(self) -> None:
        self.api.opened(self.connection, False)
        super().finish()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the base class's
        """Silent: tests read what the server recorded."""

    def do_GET(self) -> None:
        """A call with its parameters in the address, or a download."""
        if self.path.startswith("/file/bot"):
            token, _, path = self.path.removeprefix("/file/bot").partition("/")
            content = self.api.download(token, path)
            self._send(404 if content is None else 200, content or b"Not Found", "application/octet-stream")
            return
        self._handle()

    def do_POST(self) -> None:
        """A call with its parameters in the body."""
        self._handle()

    def _handle(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        call = read_call(self.path, self.headers.get("Content-Type") or "", self.rfile.read(length))
        fault = self.api.faults.take(call.method)
        kind = fault.kind if fault else None
        if fault is not None and kind is Kind.LATENCY:
            self.api.closing.wait(fault.seconds)
        if kind is Kind.RESET_BEFORE:
            self._cut()
            return
        status, answer = self.api.answer(call, fault)
        if kind is Kind.RESET_AFTER:
            self._cut()
            return
        if fault is not None and kind is Kind.LATE_ANSWER:
            self.api.closing.wait(fault.seconds)
        body = json.dumps(answer).encode()
        if kind is Kind.BROKEN_JSON:
            body = body[: len(body) // 2]
        if kind is Kind.WRONG_JSON:
            body = b'[{"ok": "?"}]'
        self._send(status, body, "application/json")

    def _send(self, status: int, body: bytes, content_type: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def _cut(self) -> None:
        self.close_connection = True
        reset(self.connection)
