"""Repository protocol: what the rest of the service may ask of a source, whatever stands behind it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from actors.model.version import Commit
from runtime.shell import Cancel

Sink = BinaryIO | Path | None

FETCH_LIMIT_S = 15 * 60.0  # how long one transfer from a server may take
LOOK_LIMIT_S = 60.0  # how long one look at a server's branches may take


@dataclass(frozen=True)
class Head:
    """Where a branch stood at the server. `branch` is HEAD where the server's default is no branch at all."""

    branch: str
    commit: str


class Repository(Protocol):
    """One remote repository and our bare mirror of it. Every call blocks, has a limit, and is safe from any thread.

    All raise SourceError's children: Unreachable (no answer; `fields["retry_after"]` where the server named a time),
    AccessDenied, HostKeyChanged, NoSuchBranch, NoSuchCommit, EmptyRepository. Cancelled when `cancel` was set.
    """

    def heads(self, *, branch: str | None = None, cancel: Cancel | None = None) -> Head:
        """Where the branch stands at the server now; None is the server's default branch. Cheap."""
        ...

    def branches(self) -> tuple[str, ...]:
        """The server's branches, its default first, the others by name. Raises EmptyRepository."""
        ...

    def fetch(self, *, cancel: Cancel | None = None, sink: Sink = None, commit: str | None = None) -> None:
        """Bring the mirror up to date. One at a time per address: who waits while another begins shares its result.

        `commit`, a full id, is asked for by itself when no branch or tag leads to it any more.
        """
        ...

    def has(self, sha: str) -> bool:
        """Whether the mirror holds that commit (a full id) already: then there is nothing to fetch for it."""
        ...

    def resolve(self, wanted: str | None, branch: str | None) -> str:
        """The mirror's full id of an id, its beginning, a tag or a branch; None: the branch's head."""
        ...

    def commit(self, sha: str) -> Commit:
        """The commit, from the mirror."""
        ...

    def message(self, sha: str) -> str:
        """The commit's whole message."""
        ...

    def commits_between(self, old: str, new: str) -> int:
        """How many commits `new` has that `old` has not."""
        ...

    def newest_between(self, old: str, new: str, most: int) -> list[Commit]:
        """The commits that `new` has and `old` has not, newest first, so many at most."""
        ...

    def changes_between(self, old: str, new: str, most: int) -> list[str]:
        """What differs in the files of the two, a line a file as git sums it up, so many files at most."""
        ...

    def is_ancestor(self, old: str, new: str) -> bool:
        """Whether `new` came from `old`; False after a force-push, and where one of them is not here any more."""
        ...

    def checkout(
        self, sha: str, into: Path, *, subdir: str | None = None, cancel: Cancel | None = None, sink: Sink = None
    ) -> None:
        """Write the commit's files (of `subdir`, if given) with its submodules into the empty directory `into`.

        Nothing outside of `into` can be written, then or later through a link: BuildError names the path that tried.
        """
        ...

    def keep(self, ref_name: str, sha: str) -> None:
        """Keep the commit from the mirror's clean-up under that name, such as `7/12`."""
        ...

    def drop(self, ref_name: str) -> None:
        """Let go what was kept under that name; nothing happens when there is none."""
        ...
