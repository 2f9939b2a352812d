"""HTTP under telebot: its calls as POST bodies over kept-alive connections, and every failure as one of our errors.

telebot puts all parameters of a call into its address, keeps its settings in module globals and lets errors carry the
token. So it is used up to the point where the request is made (`apihelper.CUSTOM_REQUEST_SENDER`, the one global that
is set, once): the request itself is made here, by the `Wire` that the calling thread is in. Nothing is tried twice.
"""

from __future__ import annotations

import http.client
import json
import logging
import re
import socket
import ssl
import time
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Protocol

import certifi
import telebot
import urllib3
from telebot import apihelper
from urllib3.contrib.socks import SOCKSProxyManager
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError, ProxyError

from actors.bot.wire import Conflict, Refused, RetryAfter, TelegramError, Unauthorized, Unreachable
from actors.bot.wire_body import Upload, encode
from actors.errors import BadSetting

OFFICIAL = "https://api.telegram.org"
MAX_ANSWER = 32 * 1024 * 1024
MAX_DESCRIPTION = 200
_CONNECTIONS = 16
_CHUNK = 64 * 1024
_DEFAULT_RETRY_SECONDS = 5.0


class Revealing(Protocol):
    """A secret that shows itself only when asked."""

    def reveal(self) -> str:
        """The value."""
        ...


@dataclass(frozen=True)
class _Call:
    """The call that a thread is in; `extra` are parameters that telebot cannot express."""

    wire: Wire
    read_timeout: float
    extra: Mapping[str, object]


@dataclass(frozen=True)
class _Answer:
    """What telebot wants of a response."""

    status_code: int
    reason: str
    content: bytes
    parsed: Any

    @property
    def text(self) -> str:
        """Not the content: telebot writes it into its debug log."""
        return ""

    def json(self) -> Any:
        """The parsed body."""
        return self.parsed


_current: ContextVar[_Call | None] = ContextVar("telegram_call", default=None)


class Wire:
    """One bot's connections to one Bot API server; safe from any thread, closed by `close`."""

    def __init__(self, token: Revealing, api: str | None, proxy: str | None, connect: float, read: float) -> None:
        base = (api or OFFICIAL).rstrip("/")
        if not re.fullmatch(r"https?://[^\s/?#]+(?:/[^\s?#]*)?", base):
            raise BadSetting("the address of the Bot API server must start with http:// or https://")
        if not re.fullmatch(r"\d{1,20}:[A-Za-z0-9_-]{1,200}", token.reveal()):
            raise BadSetting("the bot's token must look like 123456789:AAF... as @BotFather shows it")
        self._token = token
        self._base = base
        self._connect = connect
        self._read = read
        self._pool = _pool(proxy)

    def call(
        self,
        function: Callable[..., Any],
        *arguments: object,
        read_timeout: float | None = None,
        extra: Mapping[str, object] | None = None,
        **named: object,
    ) -> Any:
        """Calls a function of telebot's apihelper with the token; what it returns, or a `TelegramError`."""
        mark = _current.set(_Call(self, read_timeout or self._read, extra or {}))
        try:
            return function(self._token.reveal(), *arguments, **named)
        finally:
            _current.reset(mark)

    def post(self, method: str, params: Mapping[str, object], files: Mapping[str, Any] | None, read: float) -> _Answer:
        """One request with its parameters in the body: an answer with "ok": true, or a `TelegramError`."""
        body, headers = encode(params, files)
        url = f"{self._base}/bot{self._token.reveal()}/{method}"
        status, content = self._request(method, "POST", url, read, MAX_ANSWER, body, headers)
        parsed = _parsed(content)
        if isinstance(parsed, dict) and parsed.get("ok") is True and "result" in parsed:
            return _Answer(status, "", content, parsed)
        raise _error(method, status, parsed)

    def download(self, path: str, limit: int) -> bytes:
        """The content of a file; `Refused` if it is gone (404) or larger than `limit` bytes (413)."""
        url = f"{self._base}/file/bot{self._token.reveal()}/{path}"
        status, content = self._request("download", "GET", url, self._read, limit, None, {})
        if 400 <= status < 500:
            raise Refused("download", status, "the file is not there any more")
        if status != 200:
            raise _error("download", status, None)
        return content

    def close(self) -> None:
        """Lets the idle connections go; calls under way end by themselves."""
        self._pool.clear()

    def _request(
        self,
        method: str,
        verb: str,
        url: str,
        read: float,
        limit: int,
        body: bytes | Upload | None,
        headers: dict[str, str],
    ) -> tuple[int, bytes]:
        """Raises outside of the handler, so that no context with the address in it hangs on our error."""
        end = time.monotonic() + self._connect + read
        timeout = urllib3.Timeout(connect=self._connect, read=read)
        response: urllib3.BaseHTTPResponse | None = None
        failure: TelegramError
        try:
            response = self._pool.request(
                verb,
                url,
                body=body,
                headers=headers,
                timeout=timeout,
                retries=False,
                redirect=False,
                preload_content=False,
            )
            content = _read(method, response, limit, end)
            response.release_conn()
            return response.status, content
        except TelegramError as error:
            failure = error
        except (HTTPError, http.client.HTTPException, OSError, ValueError) as error:
            failure = Unreachable(method, type(error).__name__, maybe_delivered=_maybe_delivered(error))
        if response is not None:
            response.close()
        raise failure


def _send(
    method: str,
    request_url: str,
    params: Mapping[str, object] | None = None,
    files: Mapping[str, Any] | None = None,
    timeout: tuple[float, float] | None = None,
    proxies: Any = None,
) -> Any:
    """telebot's request sender: the wire of the calling thread, or telebot's own way where there is none."""
    call = _current.get()
    if call is None:
        session = apihelper._get_req_session()  # type: ignore[no-untyped-call]  # telebot is half typed
        return session.request(method, request_url, params=params, files=files, timeout=timeout, proxies=proxies)
    name = request_url.rpartition("/")[2]
    return call.wire.post(name, dict(params or {}) | dict(call.extra), files, call.read_timeout)


def _silence(record: logging.LogRecord) -> bool:
    return record.levelno >= logging.WARNING


apihelper.CUSTOM_REQUEST_SENDER = _send  # type: ignore[assignment]  # telebot says None, and means a function
telebot.logger.disabled = True  # it writes parameters and answers; whatever matters is in our errors
logging.getLogger("urllib3.connectionpool").addFilter(_silence)  # its debug lines hold the address, and so the token


def _pool(proxy: str | None) -> urllib3.PoolManager:
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())  # a slim machine may have no certificates of its own
    alive = [*urllib3.connection.HTTPConnection.default_socket_options, (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)]
    for name, seconds in (("TCP_KEEPIDLE", 30), ("TCP_KEEPINTVL", 10), ("TCP_KEEPCNT", 3)):
        if hasattr(socket, name):  # a connection that a router forgot is found before a message is lost in it
            alive.append((socket.IPPROTO_TCP, getattr(socket, name), seconds))
    options: dict[str, Any] = {"maxsize": _CONNECTIONS, "ssl_context": context, "socket_options": alive}
    if not proxy:
        return urllib3.PoolManager(**options)
    kind = proxy.partition("://")[0].lower()
    if kind in ("socks5", "socks5h", "socks4", "socks4a"):
        return SOCKSProxyManager(proxy, **options)
    if kind in ("http", "https"):
        auth = urllib3.util.parse_url(proxy).auth
        return urllib3.ProxyManager(
            proxy, proxy_headers=urllib3.make_headers(proxy_basic_auth=auth) if auth else None, **options
        )
    raise BadSetting("the proxy must be http://, https://, socks5:// or socks5h://")


def _read(method: str, response: urllib3.BaseHTTPResponse, limit: int, end: float) -> bytes:
    parts: list[bytes] = []
    size = 0
    while chunk := response.read(_CHUNK):
        parts.append(chunk)
        size += len(chunk)
        if size > limit:
            raise Refused(method, 413, "the answer is larger than was asked for")
        if time.monotonic() > end:
            raise Unreachable(method, "the answer took too long", maybe_delivered=True)
    return b"".join(parts)


def _parsed(content: bytes) -> object:
    try:
        parsed: object = json.loads(content)
    except (ValueError, RecursionError):
        return None
    return parsed


def _error(method: str, status: int, answer: object) -> TelegramError:
    """The error that an answer stands for; what is not in the form of the Bot API is not taken for Telegram's word."""
    if not isinstance(answer, dict) or answer.get("ok") is not False or not isinstance(answer.get("error_code"), int):
        if status in (413, 414):
            return Refused(method, status, "the request is too large")
        gateway = 400 <= status < 500  # somebody in between turned the call away
        return Unreachable(method, f"status {status}, not in Telegram's form", maybe_delivered=not gateway)
    code: int = answer["error_code"]
    words, parameters = answer.get("description"), answer.get("parameters")
    description = words[:MAX_DESCRIPTION] if isinstance(words, str) else "no description"
    more: Mapping[str, Any] = parameters if isinstance(parameters, dict) else {}
    if code == 429:
        seconds = more.get("retry_after")
        return RetryAfter(method, float(max(1, seconds)) if isinstance(seconds, int) else _DEFAULT_RETRY_SECONDS)
    if code == 401 or (code == 404 and description == "Not Found"):
        return Unauthorized(method, code, description)
    if code == 409:
        return Conflict(method, code, description)
    if 400 <= code < 500:
        moved = more.get("migrate_to_chat_id")
        return Refused(method, code, description, moved_to=moved if isinstance(moved, int) else None)
    return Unreachable(method, f"status {code}", maybe_delivered=True)


def _maybe_delivered(error: BaseException) -> bool:
    """False only where no byte of the request can have been read at the other end."""
    never_sent = (NewConnectionError, ConnectTimeoutError, ProxyError, ssl.SSLCertVerificationError)
    causes: list[BaseException] = [error, *(a for a in error.args if isinstance(a, BaseException))]
    return not any(isinstance(cause, never_sent) for cause in causes)
