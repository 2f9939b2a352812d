"""Patterns of persistent paths: what they match, and which are refused; pure.

A pattern names a file or a folder relative to the target: `blog/db`, `uploads/`, `media/*/original`. `*`, `?` and
`[...]` stay within one name, `**` crosses folders. `*.sqlite3` - an ending and no `/` - matches in every folder: a
database must not be lost because it lies one folder deeper. SQLite's side files go along with theirs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from fnmatch import fnmatchcase

from actors.artifacts.manifest import VENV
from actors.errors import BadPath

SIDE_FILES = ("-wal", "-shm", "-journal")
_MAGIC = re.compile(r"[*?\[]")
_ODD = re.compile(r"[\x00-\x1f\x7f\\]")
_DRIVE = re.compile(r"^[A-Za-z]:")
MAX_PATTERN = 500


def check_pattern(text: str) -> str:
    """The pattern in its plain form; raises BadPath when it leaves the target or would keep everything."""
    plain = text.strip()
    folder = plain.endswith("/")
    parts = [part for part in plain.split("/") if part not in {"", "."}]
    reason = _refusal(plain, parts)
    if reason:
        raise BadPath(
            f"{text!r} cannot be a persistent path: {reason}",
            "Name files or folders inside the project, such as uploads/ or *.sqlite3.",
            path=text,
        )
    return "/".join(parts) + ("/" if folder else "")


def _refusal(plain: str, parts: list[str]) -> str:
    if not parts:
        return "it names nothing, or the whole project"
    if plain.startswith(("/", "~")) or _DRIVE.match(plain):
        return "it must be relative to the project's directory"
    if _ODD.search(plain) or len(plain) > MAX_PATTERN or not plain.isprintable():
        return "it is too long or holds characters that no path should have"
    if ".." in parts:
        return "it leaves the project's directory"
    if all(set(part) <= {"*", "?"} for part in parts):
        return "it would keep the whole project from ever changing"
    if parts[0] == VENV:
        return "the environment belongs to the release"
    return ""


class Patterns:
    """A project's persistent paths as one question. Raises BadPath for a pattern that is refused."""

    def __init__(self, patterns: Iterable[str]) -> None:
        self._plain = tuple(check_pattern(pattern) for pattern in patterns)
        self._parts = tuple(_parts(pattern) for pattern in self._plain)

    def __bool__(self) -> bool:
        return bool(self._plain)

    def matches(self, path: str) -> bool:
        """Whether this path (relative, with `/`) is persistent itself, not only for the folder that it is in."""
        names = tuple(path.split("/"))
        return any(_matches(parts, names) for parts in self._parts)

    def takes_along(self, path: str) -> bool:
        """Whether it is a side file of a persistent database."""
        return any(path.endswith(end) and self.matches(path.removesuffix(end)) for end in SIDE_FILES)

    def covers(self, path: str) -> bool:
        """Whether the path, or a folder that it is in, is persistent."""
        parts = path.split("/")
        return self.takes_along(path) or any(self.matches("/".join(parts[: n + 1])) for n in range(len(parts)))

    def folders(self) -> tuple[str, ...]:
        """The folders that are there from the first start: named in full, with a `/` at the end."""
        return tuple(p.rstrip("/") for p in self._plain if p.endswith("/") and not _MAGIC.search(p))


def _parts(pattern: str) -> tuple[str, ...]:
    parts = tuple(pattern.rstrip("/").split("/"))
    return ("**", *parts) if len(parts) == 1 and parts[0].startswith("*.") else parts


def _matches(pattern: tuple[str, ...], path: tuple[str, ...]) -> bool:
    """Name by name. A `**` at the end stands for what lies in a folder, elsewhere for any number of folders."""
    if not pattern:
        return not path
    if pattern[0] == "**":
        if len(pattern) == 1:
            return bool(path)
        return any(_matches(pattern[1:], path[skipped:]) for skipped in range(len(path)))
    return bool(path) and fnmatchcase(path[0], pattern[0]) and _matches(pattern[1:], path[1:])
