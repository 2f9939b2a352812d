"""A remote repository as the rest of the service sees it: looks, fetches, readings, check-outs."""

from __future__ import annotations

import re
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from actors.errors import BadBranch, BuildError, NoSuchBranch, NoSuchCommit
from actors.model.version import Commit
from actors.source import complaints
from actors.source.address import Access, RemoteUrl, check_branch
from actors.source.apart import Bounds
from actors.source.checkout import Checkout, MirrorOf, checked_subdir
from actors.source.git import FULL_ID, MirrorError, say
from actors.source.looks import Looks
from actors.source.mirror import KEPT, REMOTE_HEAD, Mirror
from actors.source.repository import Head, Sink
from actors.source.tool import Tool
from actors.source.tree import shown
from runtime.shell import Cancel

_BEGINNING = re.compile(r"^[0-9a-f]{4,64}$")


@dataclass(frozen=True)
class GitRepository:
    """One address with one access; mirror and connections are shared with all who use the same address.

    Implements `repository.Repository`, where the promises stand.
    """

    url: RemoteUrl
    access: Access
    mirror: Mirror
    looks: Looks
    tool: Tool
    mirror_of: MirrorOf
    bounds: Bounds | None = None  # of a stranger's repository

    def heads(self, *, branch: str | None = None, cancel: Cancel | None = None) -> Head:
        """Where the branch stands at the server now."""
        return self.looks.head(self.url, self.access, branch, 0.0, cancel)

    def branches(self) -> tuple[str, ...]:
        """The server's branches, its default first."""
        return self.looks.branches(self.url, self.access)

    def fetch(self, *, cancel: Cancel | None = None, sink: Sink = None, commit: str | None = None) -> None:
        """Bring the mirror up to date; `commit` by itself if it did not come along."""
        self.mirror.fetch(self.access, cancel, sink)
        if commit is not None and FULL_ID.match(commit) and not self.mirror.reader.has_commit(commit):
            self.mirror.fetch_commit(commit, self.access, cancel, sink)

    def has(self, sha: str) -> bool:
        """Whether the mirror holds that commit already."""
        return self.mirror.exists() and self.mirror.reader.has_commit(sha)

    def resolve(self, wanted: str | None, branch: str | None) -> str:
        """The full id of what is wanted, from the mirror."""
        if not self.mirror.exists():
            raise NoSuchCommit(f"nothing of {self.url.safe} is here yet", "Look for new commits first.")
        reader = self.mirror.reader
        if wanted is not None:
            return self._named(wanted)
        if branch is None:
            found = reader.of_ref(REMOTE_HEAD)
            if found is None:
                raise NoSuchBranch(f"the default branch of {self.url.safe} is not here", "Name a branch.")
            return found
        found = reader.of_ref(f"refs/heads/{check_branch(branch)}")
        if found is None:
            raise NoSuchBranch(f"{self.url.safe} has no branch {branch}", branch=branch, url=self.url.safe)
        return found

    def commit(self, sha: str) -> Commit:
        """The commit, from the mirror."""
        return self.mirror.reader.commit(self._full(sha))

    def message(self, sha: str) -> str:
        """The commit's whole message."""
        output = self.mirror.reader.must("log", "-1", "--no-show-signature", "--format=%B", self._full(sha), "--")
        return output.decode("utf-8", "replace").rstrip("\n")

    def commits_between(self, old: str, new: str) -> int:
        """How many commits `new` has that `old` has not."""
        output = self.mirror.reader.must("rev-list", "--count", f"{self._full(old)}..{self._full(new)}", "--")
        return int(output)

    def newest_between(self, old: str, new: str, most: int) -> list[Commit]:
        """The commits that `new` has and `old` has not, newest first."""
        return self.mirror.reader.commits(self._full(old), self._full(new), most)

    def changes_between(self, old: str, new: str, most: int) -> list[str]:
        """What differs in the files of the two, a line a file."""
        return self.mirror.reader.changes(self._full(old), self._full(new), most)

    def is_ancestor(self, old: str, new: str) -> bool:
        """Whether `new` came from `old`."""
        return self.mirror.reader.ask("merge-base", "--is-ancestor", self._full(old), self._full(new))[0] == 0

    def checkout(
        self, sha: str, into: Path, *, subdir: str | None = None, cancel: Cancel | None = None, sink: Sink = None
    ) -> None:
        """Write the commit's files; a mirror that turns out to be damaged is made anew, once."""
        full, folder = self._full(sha), checked_subdir(subdir)
        began = time.monotonic()
        try:
            self._checkout(full, into, folder, cancel, sink)
        except MirrorError as failed:
            say(sink, f"{failed.message}; the mirror is made anew")
            self.mirror.mark_damaged()
            self.fetch(cancel=cancel, sink=sink, commit=full)
            for left in into.iterdir():
                _remove(left)
            try:
                self._checkout(full, into, folder, cancel, sink)
            except MirrorError as again:
                raise BuildError(again.message, again.hint, output=complaints.clean(again.words)[-4000:]) from again
        say(sink, f"files of {full[:12]} written in {time.monotonic() - began:.2f} s")

    def keep(self, ref_name: str, sha: str) -> None:
        """Keep the commit from the mirror's clean-up under that name."""
        self.mirror.reader.set_ref(KEPT + check_branch(ref_name), self._full(sha))

    def drop(self, ref_name: str) -> None:
        """Let go what was kept under that name."""
        if self.mirror.exists():
            self.mirror.reader.delete_ref(KEPT + check_branch(ref_name))

    def _checkout(self, sha: str, into: Path, subdir: str | None, cancel: Cancel | None, sink: Sink) -> None:
        checkout = Checkout(self.tool, self.mirror_of, cancel, sink, bounds=self.bounds)
        checkout.write(self.mirror, sha, self.access, subdir, into)

    def _full(self, sha: str) -> str:
        """Only full ids go into commands: nothing else can be taken for an option or a range."""
        if not FULL_ID.match(sha):
            raise NoSuchCommit(f"{shown(sha)!r} is not a commit's full id")
        return sha

    def _named(self, wanted: str) -> str:
        reader, text = self.mirror.reader, wanted.strip()
        if FULL_ID.match(text.lower()) and reader.has_commit(text.lower()):
            return text.lower()
        try:
            name = check_branch(text)
        except BadBranch:
            raise self._no_such(wanted) from None
        for ref in (f"refs/tags/{name}", f"refs/heads/{name}"):
            found = reader.of_ref(ref)
            if found is not None:
                return found
        if _BEGINNING.match(text.lower()):
            candidates = reader.of_beginning(text.lower())
            if len(candidates) == 1:
                return candidates[0]
            if candidates:
                raise NoSuchCommit(f"{text} begins more than one commit", "Give more of its digits.", commit=text)
        raise self._no_such(wanted)

    def _no_such(self, wanted: str) -> NoSuchCommit:
        return NoSuchCommit(
            f"{self.url.safe} has no commit, tag or branch {shown(wanted)!r}",
            "Look for new commits first, or give another.",
            commit=shown(wanted),
            url=self.url.safe,
        )


def _remove(left: Path) -> None:
    if left.is_dir() and not left.is_symlink():
        shutil.rmtree(left)
    else:
        left.unlink()
