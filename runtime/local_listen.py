"""Where the control socket listens: a Unix socket of the owner's alone, or a loopback port with a token beside it."""

from __future__ import annotations

import json
import os
import socket
import stat
import struct
from pathlib import Path

from runtime.errors import LocalSocketError, NoListener
from runtime.local_call import UNIX, connect_unix, short_address

_PEER = struct.Struct("3i")  # pid, uid, gid, as SO_PEERCRED gives them


def listen(path: Path, transport: str, token: str, backlog: int) -> tuple[socket.socket, tuple[int, int]]:
    """The listening socket and the mark of the file that leads to it. Raises LocalSocketError.

    A Unix socket stands at `path` itself, mode 0600. For a loopback port the file at `path` tells its number and the
    token that a client has to show; only the owner may read it.
    """
    unix = transport == UNIX
    if unix:
        _drop_stale(path)
    listener = socket.socket(socket.AF_UNIX if unix else socket.AF_INET, socket.SOCK_STREAM)
    try:
        if unix:
            _bind_unix(listener, path)
            listener.listen(backlog)
        else:
            listener.bind(("127.0.0.1", 0))
            listener.listen(backlog)
            _tell_port(listener.getsockname()[1], token, path)
        return listener, mark(path)
    except OSError as error:
        listener.close()
        raise LocalSocketError(f"cannot listen on {path}: {error.strerror or error}") from error


def mark(path: Path) -> tuple[int, int]:
    """What tells this very file from another that later stands in its place."""
    found = os.stat(path)
    return found.st_dev, found.st_ino


def is_owner(sock: socket.socket) -> bool:
    """Whether the process at the other end of a Unix socket is the owner's, or root's."""
    if not hasattr(socket, "SO_PEERCRED"):
        return True  # the socket's mode has to do
    _pid, uid, _gid = _PEER.unpack(sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _PEER.size))
    return uid in (os.geteuid(), 0)


def _bind_unix(listener: socket.socket, path: Path) -> None:
    with short_address(path) as address:
        listener.bind(address)
    os.chmod(path, 0o600)  # before listen: nobody could connect in between


def _tell_port(port: int, token: str, path: Path) -> None:
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
        json.dump({"port": port, "token": token}, file)
    os.replace(draft, path)


def _drop_stale(path: Path) -> None:
    """Remove the socket that a dead service left. One that answers stays, and so does what is not a socket."""
    try:
        mode = os.lstat(path).st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise LocalSocketError(f"{path} is there and is not a socket", "Move it away.")
    try:
        connect_unix(path, 1.0).close()
    except NoListener:
        path.unlink(missing_ok=True)
    else:
        raise LocalSocketError(f"another service listens on {path}", "Stop it first.")
