"""Door to GitPython: short readings of a mirror of ours.

GitPython's command object runs them (it keeps standard output and error apart and ends what takes too long); its
object model is not used, because it cannot read SHA-256 repositories. What talks to a server, writes files or takes
long goes through `tool.py` instead: GitPython hands the whole environment of the service to its children, has no way
to cancel and no process group, and a server's words or an ssh program have no business in there.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

from actors.errors import NoSuchCommit, SourceError
from actors.model.version import Commit
from actors.source import complaints
from actors.source.repository import Sink
from actors.source.tool import Tool

_LIMIT_S = 120.0
_SHOWN = 500  # characters of a subject or a name that are worth keeping
FULL_ID = re.compile(r"^(?:[0-9a-f]{40}|[0-9a-f]{64})$")


class Reader:
    """Reads one bare repository. Safe from any thread: each call has a command object of its own."""

    def __init__(self, directory: Path, tool: Tool) -> None:
        self._directory = directory
        self._environment = {
            **tool.local_environment(),
            # GitPython adds the service's whole environment; these would lead git to other objects or settings
            "GIT_OBJECT_DIRECTORY": str(directory / "objects"),
            "GIT_ALTERNATE_OBJECT_DIRECTORIES": "",
            "GIT_CONFIG_COUNT": "0",
            "GIT_CONFIG_PARAMETERS": "",
            "GIT_NAMESPACE": "",
        }

    def ask(self, *arguments: str, stdin: BinaryIO | None = None) -> tuple[int, bytes, str]:
        """Run `git ARGUMENTS` on the mirror: exit code, standard output, standard error."""
        try:
            from git.cmd import (
                Git,
            )  # imported when first used: the import itself runs git, and fails where there is none
            from git.exc import GitCommandNotFound
        except ImportError as missing:
            raise SourceError("git is not on this machine", "Install git.") from missing
        try:
            answer: Any = Git(self._directory).execute(  # its declared types leave out that bytes stay bytes
                ["git", f"--git-dir={self._directory}", *arguments],
                istream=stdin,
                with_extended_output=True,
                with_exceptions=False,
                stdout_as_string=False,
                strip_newline_in_stdout=False,
                env=self._environment,
                kill_after_timeout=None if sys.platform == "win32" else _LIMIT_S,  # not supported there
            )
        except GitCommandNotFound as missing:
            raise SourceError("git is not on this machine", "Install git.") from missing
        code, output, errors = answer
        return int(code), bytes(output), str(errors)

    def must(self, *arguments: str, stdin: BinaryIO | None = None) -> bytes:
        """The output of a command that has to work; SourceError with git's words when it does not."""
        code, output, errors = self.ask(*arguments, stdin=stdin)
        if code != 0:
            raise _unreadable(errors)
        return output

    def has_commit(self, sha: str) -> bool:
        """Whether the commit is here."""
        return bool(FULL_ID.match(sha)) and self.ask("cat-file", "-e", f"{sha}^{{commit}}")[0] == 0

    def has_branches(self) -> bool:
        """Whether any branch is here."""
        return bool(self.must("for-each-ref", "--count=1", "--format=%(refname)", "refs/heads/").strip())

    def damage(self) -> str:
        """What is wrong with the objects that names point to; empty when they can be read."""
        code, _, errors = self.ask("for-each-ref", "--format=%(objecttype)")
        if code == 0 and "ignoring" not in errors:
            return ""
        return complaints.last_words(errors) or "its names cannot be read"

    def kept(self, prefix: str) -> list[str]:
        """The names under the prefix, as far as they can be read."""
        code, output, _ = self.ask("for-each-ref", "--format=%(refname)", prefix)
        return output.decode("utf-8", "surrogateescape").split() if code == 0 or output else []

    def of_ref(self, name: str) -> str | None:
        """The commit that a full ref name leads to."""
        code, output, _ = self.ask("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
        return output.decode().strip() if code == 0 else None

    def of_beginning(self, beginning: str) -> list[str]:
        """The commits whose id begins so."""
        code, output, _ = self.ask("rev-parse", f"--disambiguate={beginning}")
        candidates = output.decode().split() if code == 0 else []
        return [sha for sha in candidates if self.has_commit(sha)]

    def set_ref(self, name: str, sha: str) -> None:
        """Point the full ref name at the commit."""
        self.must("update-ref", "--no-deref", name, sha)

    def delete_ref(self, name: str) -> None:
        """Remove the full ref name, if it is there."""
        self.must("update-ref", "--no-deref", "-d", name)

    def commit(self, sha: str) -> Commit:
        """The commit as people see it. Raises NoSuchCommit."""
        form = ("log", "-1", "--no-show-signature", "--format=%H%x00%s%x00%an%x00%ct")
        code, output, errors = self.ask(*form, sha, "--")
        if code != 0 and not self.has_commit(sha):
            raise NoSuchCommit(f"the commit {sha} is not here", "Look for new commits first.", commit=sha)
        if code != 0:
            raise _unreadable(errors)
        return _commit(output.decode("utf-8", "replace").rstrip("\n"))

    def commits(self, old: str, new: str, most: int) -> list[Commit]:
        """The commits that `new` has and `old` has not, newest first."""
        output = self.must("log", f"-{most}", *_LOG, f"{old}..{new}", "--").decode("utf-8", "replace")
        return [_commit(line) for line in output.split("\n") if line.count("\0") == 3]

    def changes(self, old: str, new: str, most: int) -> list[str]:
        """The files in which the two differ, as `git diff --stat` draws them, and the sum as the last line."""
        settings = ("--no-ext-diff", "--no-textconv", "--no-color", "--ignore-submodules")
        output = self.must("diff", f"--stat=60,40,{most}", *settings, old, new, "--")
        return [complaints.clean(line) for line in output.decode("utf-8", "replace").splitlines()]

    def blobs(self, ids: list[str]) -> dict[str, bytes]:
        """The contents of small files, by their ids."""
        if not ids:
            return {}
        with tempfile.TemporaryFile() as wanted:
            wanted.write("".join(f"{sha}\n" for sha in ids).encode())
            wanted.seek(os.SEEK_SET)
            output = self.must("cat-file", "--batch", stdin=wanted)
        found: dict[str, bytes] = {}
        at = 0
        while at < len(output):
            end = output.index(b"\n", at)
            words = output[at:end].decode().split(" ")
            if len(words) != 3:
                raise MirrorError(f"the mirror lacks an object: {' '.join(words)}", "missing blob")
            size = int(words[2])
            found[words[0]] = output[end + 1 : end + 1 + size]
            at = end + 1 + size + 1
        return found


_LOG = ("--no-show-signature", "--no-color", "--format=%H%x00%s%x00%an%x00%ct")


def _commit(line: str) -> Commit:
    full, subject, author, seconds = line.split("\0")
    return Commit(full, complaints.clean(subject)[:_SHOWN], complaints.clean(author)[:_SHOWN], _moment(seconds))


class MirrorError(SourceError):
    """The mirror does not give what should be in it. `words` are git's own."""

    def __init__(self, message: str, words: str = "") -> None:
        super().__init__(message, "The next fetch makes the mirror anew.")
        self.words = words


def _unreadable(errors: str) -> MirrorError:
    return MirrorError(f"the mirror cannot be read: {complaints.last_words(errors)}", errors)


def say(sink: Sink, text: str) -> None:
    """Add a line to a deployment's output."""
    line = complaints.clean(text).encode("utf-8", "replace") + b"\n"
    if isinstance(sink, Path):
        with sink.open("ab") as out:
            out.write(line)
    elif sink is not None:
        sink.write(line)


def _moment(seconds: str) -> datetime:
    """Commit times may be anything; those that no calendar holds become the epoch."""
    try:
        return datetime.fromtimestamp(int(seconds), UTC)
    except (ValueError, OverflowError, OSError):
        return datetime.fromtimestamp(0, UTC)
