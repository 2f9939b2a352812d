"""In place: the old program stops, the target changes to the new release, the caller starts it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from actors.artifacts.releases import version_of
from actors.artifacts.target import SwitchReport, Target
from actors.errors import SwitchError
from actors.model.project import Project


@dataclass(frozen=True)
class InPlace:
    """The strategy over one target: between `stop` and the return lie only the persistent paths and the flip."""

    target: Target
    name: str = "in_place"

    def switch(self, project: Project, version: int, release_dir: Path, *, stop: Callable[[], None]) -> SwitchReport:
        """Stop and flip. Raises TargetOccupied or SwitchError; a release that is not that version's is refused."""
        if version_of(release_dir.name) != version or not release_dir.is_dir():
            raise SwitchError(f"{release_dir} does not hold version {version}", "Build the version again.")
        return self.target.switch(project, release_dir, stop=stop)

    def switch_back(
        self, project: Project, version: int, release_dir: Path, *, stop: Callable[[], None]
    ) -> SwitchReport:
        """The way back is the same way: the earlier release is whole, and only the link has to lead there again."""
        return self.switch(project, version, release_dir, stop=stop)

    def current(self, project: Project) -> int | None:
        """The version that the target really holds now."""
        return self.target.current(project)

    def recover(self, project: Project) -> str | None:
        """Finish or undo what a crash cut short."""
        return self.target.recover(project)

    def remove(self, project: Project, keep_files: bool) -> None:
        """Take the link away, or leave a plain directory in its place."""
        self.target.remove(project, keep_files)
