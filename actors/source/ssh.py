"""Deploy keys: made, put on disk only while git uses them, and the ssh command that goes with them."""

from __future__ import annotations

import os
import shlex
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from runtime.identity import process_id
from runtime.vault import Secret

CONNECT_S = 15
_PREFIX = "key-"


def keygen(comment: str = "vanka") -> tuple[Secret, str]:
    """A new ed25519 pair: the private key as OpenSSH writes it, and the public line to give to the server."""
    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    return Secret(private.decode()), f"{public.decode()} {comment}"


@contextmanager
def key_file(directory: Path, key: Secret | None) -> Iterator[Path | None]:
    """The key as a file of mode 0600 in a directory of its own for as long as the block runs; None without a key."""
    if key is None:
        yield None
        return
    private = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{_owner(os.getpid())}-", dir=directory))  # mode 0700
    try:
        file = private / "key"
        text = key.reveal().replace("\r\n", "\n").strip() + "\n"  # ssh refuses a key without its last line break
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as out:
            out.write(text)
        yield file
    finally:
        shutil.rmtree(private, ignore_errors=True)


def forget_left_keys(directory: Path) -> None:
    """Remove key files that a killed process left behind; those of processes that live are in use."""
    for left in directory.glob(f"{_PREFIX}*"):
        owner = left.name.removeprefix(_PREFIX).rpartition("-")[0]
        pid = owner.partition("-")[0]
        if not pid.isdecimal() or _owner(int(pid)) != owner:
            shutil.rmtree(left, ignore_errors=True)


def _owner(pid: int) -> str:
    """Who made a key file: a process is known by its pid and start time, never by the pid alone."""
    process = process_id(pid)
    return "" if process is None else f"{pid}-{process.started}"


def command(known_hosts: Path, key: Path | None) -> str:
    """What git is to run as ssh: never asks, pins the host's key at the first meeting, offers only the given key.

    With a deploy key the user's own ssh settings are left out; without one the user's own keys and settings count.
    """
    options = {
        "IdentitiesOnly": "yes",
        "BatchMode": "yes",
        "StrictHostKeyChecking": "accept-new",
        "UserKnownHostsFile": f'"{known_hosts.as_posix()}"',
        "UpdateHostKeys": "no",
        "ConnectTimeout": str(CONNECT_S),
        "ServerAliveInterval": "15",
        "ServerAliveCountMax": "3",
        "ClearAllForwardings": "yes",
        "ForwardAgent": "no",
        "ControlMaster": "no",
        "ControlPath": "none",
    }
    words = ["ssh"]
    if key is not None:
        words += ["-F", "none", "-i", key.as_posix(), "-o", "IdentityAgent=none"]
    for name, value in options.items():
        words += ["-o", f"{name}={value}"]
    return shlex.join(words)
