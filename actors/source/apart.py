"""Strangers' repositories: how much a commit of theirs may be, and where its submodules may lead."""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass
from pathlib import Path

from actors.errors import BuildError, SourceError
from actors.source.address import RemoteUrl
from actors.source.tool import Tool
from runtime.errors import Cancelled
from runtime.shell import Cancel

_LIMIT_S = 60.0
_LINK, _MODULE = "120000", "160000"
_MOST_LINK = 4096
_MOST_SETTINGS = 256 * 1024
_READ_WHOLE = (".gitmodules", ".gitattributes")


@dataclass(frozen=True)
class Bounds:
    """What a stranger's commit may hold with all its submodules. A tree is measured before any of it is read.

    A few kilobytes of git can stand for millions of files, or for one that fills the disk: whoever reads such a tree
    first and counts then has lost already.
    """

    files: int
    bytes: int

    def measure(self, tool: Tool, mirror: Path, tree: str, before: tuple[int, int]) -> tuple[int, int]:
        """Files and bytes so far, this tree included; raises BuildError at the first entry that is too much."""
        counting = _Counting(self, *before)
        try:
            outcome = tool.run(
                ("ls-tree", "-r", "-l", "--full-tree", tree),
                timeout=_LIMIT_S,
                git_dir=mirror,
                cancel=counting.over,
                on_line=counting.line,
            )
        except Cancelled:
            raise BuildError(counting.why, "Only smaller repositories of strangers are run.") from None
        if not outcome.ok:
            raise BuildError("the repository's files cannot be counted", output=outcome.text[-4000:])
        if counting.why:
            raise BuildError(counting.why, "Only smaller repositories of strangers are run.")
        return counting.files, counting.bytes


class _Counting:
    """Counts what `git ls-tree -l` prints, and stops it."""

    def __init__(self, bounds: Bounds, files: int, size: int) -> None:
        self._bounds = bounds
        self.files, self.bytes = files, size
        self.over = Cancel()
        self.why = ""

    def line(self, line: str) -> None:
        """One entry: mode, type, id, size, path."""
        about, _, path = line.partition("\t")
        words = about.split()
        if self.why or len(words) != 4:
            return
        self.files += 1
        size = int(words[3]) if words[3].isdigit() else 0
        self.bytes += size
        whole = path.rpartition("/")[2].strip('"') in _READ_WHOLE
        if self.files > self._bounds.files:
            self._stop(f"the repository holds more than {self._bounds.files} files")
        elif self.bytes > self._bounds.bytes:
            self._stop(f"the repository's files are larger than {self._bounds.bytes / 1e6:.0f} MB")
        elif (words[0] == _LINK and size > _MOST_LINK) or (whole and size > _MOST_SETTINGS):
            self._stop(f"{path[:200]} in the repository is larger than such a file can be")

    def _stop(self, why: str) -> None:
        self.why = why
        self.over.set()


def check_reach(repository: RemoteUrl, submodule: RemoteUrl) -> None:
    """Raises SourceError where a stranger's submodule leads into a network that only we can reach.

    The site of the repository itself was named by the one who asked; a submodule's address is the stranger's word.
    """
    if submodule.site == repository.site:
        return
    try:
        found = socket.getaddrinfo(submodule.host, None, proto=socket.IPPROTO_TCP)
    except OSError as error:
        raise SourceError(f"the submodule's host {submodule.host} is not known") from error
    inner = [where for *_, where in found if not ipaddress.ip_address(str(where[0]).partition("%")[0]).is_global]
    if inner:
        raise SourceError(
            f"a submodule is on {submodule.host}, which is in a private network",
            "Strangers' submodules are fetched from public servers, or from the repository's own.",
        )
