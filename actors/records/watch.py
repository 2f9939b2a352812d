"""What the watcher saw last: the branch's head, and whether it was acted upon."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from actors.model.project import Project
from actors.model.version import Commit
from actors.records.codec import commit_in, commit_out
from runtime.store import Store
from runtime.table import Table


@dataclass(frozen=True)
class Watched:
    """The branch's head as it was seen last. `branch` is the name it had then (the remote's default may change).

    `handled`: the deployer has it in its records, or nothing is to be done about it. `commit` is None for the head
    that a project was added with: nothing but its id was asked for.
    """

    branch: str
    sha: str
    handled: bool
    commit: Commit | None = None


class WatchRecords:
    """One record a project, written only when something changed. Any thread."""

    def __init__(self, store: Store) -> None:
        self._seen = Table(store, "watch", schema=1, encode=_out, decode=_in)

    def get(self, project: Project) -> Watched | None:
        """What was seen last; None before the first look that worked."""
        return self._seen.get(f"{project.no:08d}")

    def put(self, project: Project, watched: Watched) -> None:
        """Remember what was seen."""
        self._seen.put(f"{project.no:08d}", watched)

    def handled(self, project: Project, sha: str) -> None:
        """That commit needs no more handing over."""
        watched = self.get(project)
        if watched is not None and watched.sha == sha and not watched.handled:
            self.put(project, replace(watched, handled=True))

    def forget(self, project: Project) -> None:
        """The next look sees everything as new."""
        self._seen.delete(f"{project.no:08d}")


def _out(watched: Watched) -> dict[str, Any]:
    return {**vars(watched), "commit": None if watched.commit is None else commit_out(watched.commit)}


def _in(plain: dict[str, Any]) -> Watched:
    return Watched(**{**plain, "commit": None if plain["commit"] is None else commit_in(plain["commit"])})
