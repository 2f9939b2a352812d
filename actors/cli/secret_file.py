"""Secrets are given in a file, or on standard input: what stands in a command line can be read by every process."""

from __future__ import annotations

from actors.cli.context import Context
from actors.errors import BadUsage

MAX_SECRET_BYTES = 64 * 1024


def secret_file(context: Context, name: str | None, *, keep_newline: bool = False) -> str | None:
    """What the named file holds, `-` for standard input; None where none was named. Raises BadUsage."""
    if name is None:
        return None
    try:
        content = context.stdin.read(MAX_SECRET_BYTES) if name == "-" else _read(name)
    except (OSError, UnicodeDecodeError) as error:
        raise BadUsage(f"cannot read {name}: {error}") from error
    if not content.strip():
        raise BadUsage(f"{name} is empty" if name != "-" else "nothing came on standard input")
    return content if keep_newline else content.strip()


def _read(name: str) -> str:
    with open(name, encoding="utf-8") as file:
        return file.read(MAX_SECRET_BYTES)
