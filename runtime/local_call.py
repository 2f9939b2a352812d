"""The client's end of the control socket (`runtime.local_socket`): one call, one answer, progress in between.

Kept small on purpose: it is what every `vanka` command loads before it can say anything.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from runtime.errors import ConnectionLost, LocalSocketError, NoListener

Message = dict[str, Any]

UNIX: Final = "unix"
LOOPBACK: Final = "loopback"
TRANSPORT: Final = UNIX if hasattr(socket, "AF_UNIX") else LOOPBACK
CONNECT_LIMIT_S = 5.0
MAX_ANSWER_BYTES = 64 * 1024 * 1024
_CHUNK = 64 * 1024
_SUN_PATH = 100  # bytes that are sure to fit into a socket's address


def call(
    path: Path,
    request: Mapping[str, Any],
    on_progress: Callable[[Message], None] | None = None,
    timeout: float = 60.0,
    *,
    transport: str = TRANSPORT,
) -> Message:
    """Send a request to the service that listens at `path` and return its answer; blocks, in the caller's thread.

    `timeout` is the longest silence, in seconds, between two lines. Raises NoListener when nobody listens,
    ConnectionLost when the service goes away or falls silent, LocalSocketError when it says that it cannot.
    """
    with _connect(path, CONNECT_LIMIT_S, transport) as (sock, token):
        sock.settimeout(timeout)
        envelope = {"request": dict(request), **({"token": token} if token else {})}
        try:
            sock.sendall(json.dumps(envelope, separators=(",", ":")).encode() + b"\n")
        except OSError as error:
            # it may have refused and hung up before it read everything: what it said still stands to be read
            if isinstance(error, TimeoutError):
                raise ConnectionLost("the service does not take the request", "See its log.") from error
        return _answer(sock, on_progress)


def _answer(sock: socket.socket, on_progress: Callable[[Message], None] | None) -> Message:
    for line in _lines(sock):
        try:
            message = json.loads(line)
        except ValueError as error:
            raise LocalSocketError("the service answered something that is not JSON") from error
        if "answer" in message:
            answer: Message = message["answer"]
            return answer
        if "fault" in message:
            raise LocalSocketError(f"the service could not do it: {message['fault']}", "Its log tells more.")
        if on_progress is not None:
            on_progress(message["progress"])
    raise ConnectionLost("the service went away before it had answered", "What was asked may still be done.")


def _lines(sock: socket.socket) -> Iterator[bytes]:
    buffer = bytearray()
    searched = 0
    while True:
        try:
            data = sock.recv(_CHUNK)
        except TimeoutError as error:
            raise ConnectionLost("the service does not answer", "What was asked may still be done.") from error
        except OSError:
            data = b""
        if not data:
            return
        buffer += data
        while (end := buffer.find(b"\n", searched)) >= 0:
            yield bytes(buffer[:end])
            del buffer[: end + 1]
            searched = 0
        searched = len(buffer)
        if searched > MAX_ANSWER_BYTES:
            raise LocalSocketError("the service's answer is too long")


@contextlib.contextmanager
def _connect(path: Path, limit: float, transport: str) -> Iterator[tuple[socket.socket, str]]:
    if transport == UNIX:
        sock, token = connect_unix(path, limit), ""
    else:
        sock, token = _connect_loopback(path, limit)
    with sock:
        yield sock, token


def connect_unix(path: Path, limit: float) -> socket.socket:
    """A socket connected to the one at `path`; NoListener where nobody listens, LocalSocketError where we may not."""
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    give_up = time.monotonic() + limit
    try:
        with short_address(path) as address:
            while True:
                sock.settimeout(limit)
                try:
                    sock.connect(address)
                except BlockingIOError:
                    # its queue is full for a moment; the kernel does not let us wait for a place in it
                    if time.monotonic() > give_up:
                        raise ConnectionLost("the service does not take calls", "See its log.") from None
                    time.sleep(0.02)
                else:
                    return sock
    except (FileNotFoundError, ConnectionRefusedError, NotADirectoryError) as error:
        sock.close()
        raise NoListener(f"nobody listens on {path}") from error
    except OSError as error:
        sock.close()
        raise LocalSocketError(f"cannot connect to {path}: {error.strerror or error}") from error
    except BaseException:
        sock.close()
        raise


def _connect_loopback(path: Path, limit: float) -> tuple[socket.socket, str]:
    try:
        where = json.loads(path.read_text(encoding="ascii"))
        return socket.create_connection(("127.0.0.1", int(where["port"])), limit), str(where["token"])
    except PermissionError as error:
        raise LocalSocketError(f"cannot read {path}: it belongs to somebody else") from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        # no file, a dead port, half a file: in each case no service of this home can be reached
        raise NoListener(f"nobody listens on {path}") from error


@contextlib.contextmanager
def short_address(path: Path) -> Iterator[str]:
    """A name for `path` that fits into a socket's address, valid inside the `with`: a deep home must not matter."""
    if len(os.fsencode(path)) <= _SUN_PATH:
        yield str(path)
        return
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        yield f"/proc/self/fd/{directory}/{path.name}"
    finally:
        os.close(directory)
