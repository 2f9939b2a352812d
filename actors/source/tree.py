"""What a commit would write, checked before anything is written: names, links, submodules. Pure."""

from __future__ import annotations

import re
import sys
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from actors.errors import BuildError

LINK = "120000"
MODULE = "160000"
_FILES = frozenset({"100644", "100755", "100664"})
_MOST_HOPS = 40
# characters that macOS leaves out of names: `.g<one of them>it` is `.git` there
_IGNORED = re.compile("[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]")
_RESERVED = re.compile(r"^(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)(?:\..*)?$", re.I)
_GIT_SHORT = re.compile(r"^git~[0-9]+$", re.I)


@dataclass(frozen=True)
class Entry:
    """One line of a commit's tree. `path` is relative to the release, with `/`; odd bytes as surrogates."""

    mode: str
    sha: str
    path: str

    def under(self, prefix: str) -> Entry:
        """The same entry of a submodule, as the release will hold it."""
        return replace(self, path=f"{prefix}/{self.path}")


def read_tree(output: bytes) -> list[Entry]:
    """The lines of `git ls-tree -r -z`."""
    entries = []
    for line in output.split(b"\0"):
        if line:
            about, _, path = line.partition(b"\t")
            mode, _, sha = about.decode("ascii").split(" ")
            entries.append(Entry(mode, sha, path.decode("utf-8", "surrogateescape")))
    return entries


def check_names(entries: Iterable[Entry], *, windows: bool = sys.platform == "win32") -> None:
    """Refuse names that would lead elsewhere, or that no release may hold. Raises BuildError naming the path."""
    folds = windows or sys.platform == "darwin"
    leaves: set[str] = set()
    folders: dict[str, str] = {}
    spelled: dict[str, str] = {}
    for entry in entries:
        parts = entry.path.split("/")
        for part in parts:
            wrong = _wrong(part, windows=windows)
            if wrong:
                raise _refused(entry.path, wrong)
        if entry.mode not in _FILES and entry.mode not in (LINK, MODULE):
            raise _refused(entry.path, f"it has the mode {entry.mode}, which is no file, link or submodule")
        if entry.path in leaves:
            raise _refused(entry.path, "it is in the commit twice")
        leaves.add(entry.path)
        for number in range(1, len(parts)):
            folders.setdefault("/".join(parts[:number]), entry.path)
        if folds:
            _check_spelling(parts, spelled)
    for folder in folders.keys() & leaves:
        raise _refused(folders[folder], f"{shown(folder)} is a file or a link, and a folder at the same time")


def _wrong(part: str, *, windows: bool) -> str:
    """Why the part of a path cannot be; empty when it can."""
    if part in ("", ".", ".."):
        return "it leads out of the release"
    if "\0" in part:
        return "it holds a NUL character"
    bare = _IGNORED.sub("", part).rstrip(". ").split(":", 1)[0].casefold()
    if bare == ".git" or _GIT_SHORT.match(bare):
        return "git's own folder cannot be in a release"
    if windows and ("\\" in part or ":" in part or part[-1] in ". " or _RESERVED.match(part)):
        return "Windows has no such names"
    return ""


def _check_spelling(parts: list[str], spelled: dict[str, str]) -> None:
    for number in range(1, len(parts) + 1):
        path = "/".join(parts[:number])
        folded = unicodedata.normalize("NFC", path).casefold()
        if spelled.setdefault(folded, path) != path:
            raise _refused(path, f"this machine cannot tell it from {shown(spelled[folded])}")


def check_links(targets: Mapping[str, str]) -> None:
    """Refuse links that leave the release. `targets`: the path of each link, and what it points to.

    They are followed as the system will follow them, through other links of the same release. Raises BuildError.
    """
    for path, target in targets.items():
        if not target or "\0" in target:
            raise _refused(path, "it is a link to nowhere")
        if not _stays_inside(path, targets):
            raise _refused(path, f"it is a link that leaves the release (to {shown(target)})")


def _stays_inside(path: str, targets: Mapping[str, str]) -> bool:
    """Follow the link part by part. A circle leads nowhere, so it stays inside."""
    here: list[str] = []
    waiting = path.split("/")[::-1]
    hops = 0
    while waiting:
        part = waiting.pop()
        if part in ("", "."):
            continue
        if part == "..":
            if not here:
                return False
            here.pop()
            continue
        target = targets.get("/".join([*here, part]))
        if target is None:
            here.append(part)
            continue
        hops += 1
        if hops > _MOST_HOPS:
            return True
        if target.startswith(("/", "\\")) or re.match(r"^[A-Za-z]:", target):
            return False
        waiting.extend(
            target.replace("\\", "/").split("/")[::-1] if sys.platform == "win32" else target.split("/")[::-1]
        )
    return True


@dataclass(frozen=True)
class Module:
    """A submodule as `.gitmodules` describes it."""

    path: str
    url: str
    skipped: bool


def read_modules(output: bytes) -> dict[str, Module]:
    """The lines of `git config --list -z` on a `.gitmodules`, by the submodules' paths."""
    found: dict[str, dict[str, str]] = {}
    for name, value in _settings(output):
        section, _, key = name.rpartition(".")
        if section.startswith("submodule."):
            found.setdefault(section, {})[key.lower()] = value
    return {
        about["path"]: Module(about["path"], about.get("url", ""), about.get("update") == "none")
        for about in found.values()
        if "path" in about
    }


def _settings(output: bytes) -> Iterator[tuple[str, str]]:
    for line in output.decode("utf-8", "surrogateescape").split("\0"):
        if line:
            name, _, value = line.partition("\n")
            yield name, value


def shown(path: str) -> str:
    """A path as people can read it, whatever bytes are in it."""
    text = path.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return "".join(letter if letter.isprintable() else "?" for letter in text)[:200]


def _refused(path: str, why: str) -> BuildError:
    return BuildError(
        f"{shown(path)} in the repository is refused: {why}",
        "Remove it from the repository, or change it.",
        path=shown(path),
    )
