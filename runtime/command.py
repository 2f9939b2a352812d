"""What the shell's door takes and gives: a command, its outcome, the order to end it; nothing is started here."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

OUTPUT_BYTES = 256 * 1024

# Where programs, certificates, temporary files and the way out are found; nothing here is a setting of ours, and no
# token stands in these by custom. Tools that hold credentials in their variables (PIP_INDEX_URL) are meant to see them.
_PASSED_ON = frozenset(
    {
        *("PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LANGUAGE", "TZ", "TMPDIR", "TEMP", "TMP"),
        *("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"),
        *("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "FTP_PROXY", "NO_PROXY"),
        *("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_RUNTIME_DIR", "SSH_AUTH_SOCK"),
        # Windows programs do not even start without these
        *("SYSTEMROOT", "SYSTEMDRIVE", "WINDIR", "COMSPEC", "PATHEXT", "USERPROFILE", "HOMEDRIVE", "HOMEPATH"),
        *("APPDATA", "LOCALAPPDATA", "PROGRAMDATA", "PROGRAMFILES", "PROGRAMFILES(X86)", "USERNAME", "COMPUTERNAME"),
        *("NUMBER_OF_PROCESSORS", "PROCESSOR_ARCHITECTURE"),
    }
)
_PASSED_FAMILIES = ("LC_", "PIP_", "UV_")
_NEVER = "VANKA_"


def clean_env(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment of a child that must not see ours: a fixed list of names, and `extra` laid over it.

    No setting of the service passes, whatever the list says; `extra` passes as it is.
    """
    kept = {name: value for name, value in os.environ.items() if _passes(name.upper())}
    return kept | dict(extra or {})


def _passes(name: str) -> bool:
    return not name.startswith(_NEVER) and (name in _PASSED_ON or name.startswith(_PASSED_FAMILIES))


@dataclass(frozen=True)
class Command:
    """What to run, as a value: an argument tuple, never a shell's text. `env` None: a clean minimal one."""

    argv: tuple[str, ...]
    cwd: Path | None = None
    env: Mapping[str, str] | None = field(default=None, repr=False)  # may hold secrets
    timeout: float = 60.0
    stdin: bytes | None = field(default=None, repr=False)
    oom_score_adj: int | None = None


@dataclass(frozen=True)
class Outcome:
    """How a command ended. `code` is negative for a signal, None when it never ran or could not be killed."""

    argv: tuple[str, ...]
    code: int | None
    output: bytes = field(repr=False)
    timed_out: bool
    cancelled: bool
    seconds: float

    @property
    def ok(self) -> bool:
        """It ended by itself, with code 0."""
        return self.code == 0 and not self.timed_out and not self.cancelled

    @property
    def text(self) -> str:
        """The output decoded; what is not UTF-8 is replaced."""
        return self.output.decode("utf-8", "replace")


class Cancel:
    """The order to end, given once, from any thread. One may be handed to many commands."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self._lock = threading.Lock()
        self._listeners: set[Callable[[], None]] = set()

    def set(self) -> None:
        """End what was given this order: whatever runs is ended, and nothing is started any more."""
        with self._lock:
            self._event.set()
            for wake in self._listeners:
                wake()

    def is_set(self) -> bool:
        """Whether the order was given."""
        return self._event.is_set()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for the order, `timeout` seconds at most; True when it was given."""
        return self._event.wait(timeout)

    @contextmanager
    def telling(self, wake: Callable[[], None]) -> Iterator[None]:
        """While in this block, `wake` is called when the order comes (at once when it was given). It must not block."""
        with self._lock:
            self._listeners.add(wake)
            if self._event.is_set():
                wake()
        try:
            yield
        finally:
            with self._lock:
                self._listeners.discard(wake)
