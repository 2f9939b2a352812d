"""The vault's key file: made at the first start, never overwritten, for its owner only."""

from __future__ import annotations

import base64
import errno
import os
import stat
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from runtime.errors import BadKey
from runtime.secret import Secret
from runtime.store_files import private_directory, said_by_the_system, sync_directory

_KEY_BYTES = 32
_NO_LINKS = frozenset({errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EOPNOTSUPP})


def make_key() -> Secret:
    """A new key: 32 random bytes in base64."""
    return Secret(base64.urlsafe_b64encode(os.urandom(_KEY_BYTES)).decode("ascii"))


def key_file_text(file: Path, on_notice: Callable[[str], None] | None) -> str:
    """What the key file holds; it is made when there is none. Two starts at once agree on the first one's key."""
    try:
        if not file.exists():
            _make_key_file(file)
        _tighten(file, on_notice)
        text = file.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise said_by_the_system(error, f"the key file {file} cannot be used") from error
    except UnicodeDecodeError as error:
        raise BadKey(f"the key file {file} is not text", "Put the right one back from your backup.") from error
    if not text:
        raise BadKey(
            f"the key file {file} is empty",
            "Put the right one back from your backup; without it stored secrets cannot be opened.",
        )
    return text


def _make_key_file(file: Path) -> None:
    """Written whole beside, then linked into place, which fails when somebody was quicker: never overwritten."""
    if not file.parent.exists():
        private_directory(file.parent)
    handle, partial = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)  # 0600 from the start
    try:
        with os.fdopen(handle, "w", encoding="ascii") as opened:
            opened.write(f"{make_key().reveal()}\n")
            opened.flush()
            os.fsync(opened.fileno())
        _place(Path(partial), file)
        sync_directory(file.parent)
    finally:
        Path(partial).unlink(missing_ok=True)


def _place(partial: Path, file: Path) -> None:
    try:
        if sys.platform == "win32":
            partial.rename(file)  # refuses to replace there
        else:
            os.link(partial, file)
    except FileExistsError:
        return
    except OSError as error:
        # some file systems have no hard links: another start could be replaced in a window of microseconds
        if error.errno not in _NO_LINKS or file.exists():
            raise
        partial.rename(file)


def _tighten(file: Path, on_notice: Callable[[str], None] | None) -> None:
    mode = stat.S_IMODE(file.stat().st_mode)
    if sys.platform != "win32" and mode & 0o077:
        file.chmod(0o600)
        if on_notice is not None:
            on_notice(
                f"The key file {file} could be read by others (mode {mode:04o}); it is 0600 now. "
                "If somebody may have read it, rotate the key."
            )
