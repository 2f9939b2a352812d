"""Release directories: complete before anything stops, and never changed afterwards.

`releases/7/` holds exactly the commit's files and `venv`, a link to a stored environment. Beside it lie
`7.vanka-release.json` (the marker: it names the directory and is written last), `7.files.json` (its manifest) and
`7.committed/` (the commit's own copies of persistent paths). A version that is built again gets a directory of its own
(`7-2/`), so that what runs is never replaced under the program.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from actors.artifacts import disk, manifest, stored
from actors.artifacts.exchange import link_inside, link_text, remove_link
from actors.artifacts.layout import Layout
from actors.artifacts.patterns import Patterns
from actors.errors import BuildError, NoSuchVersion
from actors.model.project import Project
from actors.model.version import Commit

MARKER = ".vanka-release.json"
FILES = ".files.json"
COMMITTED = ".committed"
STAGED = ".staged-"
_SCHEMA = 1
_DIRECTORY = re.compile(r"(\d+)(?:-(\d+))?")


def version_of(directory_name: str) -> int | None:
    """The version that a release directory of that name holds; None when it is no such name."""
    match = _DIRECTORY.fullmatch(directory_name)
    return int(match[1]) if match else None


@dataclass(frozen=True)
class Releases:
    """The releases of all projects. Blocking; one deployment at a time per project is the caller's promise."""

    layout: Layout

    def path(self, project: Project, version: int) -> Path:
        """Where that version's release is (or would be: see `is_whole`)."""
        record = disk.read_record(self._marker(project, version)) or {}
        return self.layout.releases(project) / str(record.get("directory", version))

    def is_whole(self, project: Project, version: int) -> bool:
        """Whether the release is on disk, complete, with its environment."""
        record = disk.read_record(self._marker(project, version))
        if record is None or record.get("schema") != _SCHEMA or version_of(str(record.get("directory"))) != version:
            return False
        directory = self.path(project, version)
        venv = directory / manifest.VENV
        return directory.is_dir() and not (link_text(venv) is not None and not venv.exists())

    def is_pristine(self, project: Project, version: int) -> bool:
        """Whether a whole release still holds exactly what was built: no program wrote into it.

        Neither into its environment. Persistent paths and Python's own bytecode are no changes. Costs one look at each
        file, no reading.
        """
        if not self.is_whole(project, version):
            return False
        directory = self.path(project, version)
        record = disk.read_record(self._files(directory))
        if record is None or not isinstance(record.get("files"), dict):
            return False
        environment = link_text(directory / manifest.VENV)
        if environment is not None and not stored.is_whole(Path(os.path.realpath(directory / manifest.VENV))):
            return False
        return manifest.same(directory, record["files"], leave_out=Patterns(project.persist).covers)

    def commit(self, project: Project, version: int) -> Commit | None:
        """The commit whose files the release holds; None where that is not known (built by an older Vanka)."""
        told = (disk.read_record(self._marker(project, version)) or {}).get("commit")
        if told is None:
            return None
        return Commit(**{**told, "committed_at": datetime.fromisoformat(told["committed_at"])})

    def main(self, project: Project, version: int) -> str:
        """The main file that the release was made with; today's where that is not known."""
        made = (disk.read_record(self._marker(project, version)) or {}).get("made") or _made(project)
        return str(made["main"])

    def is_made_for(self, project: Project, version: int, *, exactly: bool) -> bool:
        """Whether the release was made for the project's engine, and `exactly`: for all its settings of today.

        True where that is not known.
        """
        made = (disk.read_record(self._marker(project, version)) or {}).get("made")
        today = _made(project)
        return made is None or made == today or (not exactly and made["engine"] == today["engine"])

    def begin(self, project: Project, version: int) -> Path:
        """An empty directory to put the release's files into; what a crashed build left there is removed."""
        releases = self.layout.releases(project)
        staged = releases / f"{STAGED}{version}"
        with disk.as_error(BuildError, "the release cannot be begun"):
            releases.mkdir(parents=True, exist_ok=True)
            disk.remove_tree(staged, inside=releases)
            staged.mkdir()
        return staged

    def complete(self, project: Project, version: int, staged: Path, commit: Commit | None = None) -> Path:
        """Make a staged release whole and durable: files, directory, rename, parent, marker. Its final path."""
        directory = self._free_name(project, version)
        marker = {"schema": _SCHEMA, "version": version, "directory": directory.name, "made": _made(project)}
        if commit is not None:
            marker["commit"] = {**vars(commit), "committed_at": commit.committed_at.isoformat()}
        with disk.as_error(BuildError, "the release cannot be completed"):
            files = manifest.take(staged)
            disk.sync_tree(staged)
            disk.write_record(self._files(directory), {"schema": _SCHEMA, "files": files})
            os.rename(staged, directory)
            disk.sync_directory(directory.parent)
            disk.write_record(self._marker(project, version), marker)
        return directory

    def remove(self, project: Project, version: int) -> int:
        """Remove a version's release, every directory of it; the bytes that were freed. The marker goes first."""
        disk.forget_record(self._marker(project, version))
        found = [path for path in self.directories(project) if version_of(path.name) == version]
        return sum(self.remove_directory(project, path) for path in found)

    def remove_directory(self, project: Project, directory: Path) -> int:
        """Remove one release directory and what lies beside it; the bytes that were freed."""
        releases = self.layout.releases(project)
        beside = (self._files(directory), releases / f"{directory.name}{COMMITTED}")
        return disk.remove_tree(directory, inside=releases) + sum(
            disk.remove_tree(path, inside=releases) for path in beside
        )

    def directories(self, project: Project) -> list[Path]:
        """Every release directory on disk, whole or not, oldest version first."""
        releases = self.layout.releases(project)
        if not releases.is_dir():
            return []
        named = ((path, _DIRECTORY.fullmatch(path.name)) for path in releases.iterdir())
        numbered = [(int(match[1]), int(match[2] or 1), path) for path, match in named if match and path.is_dir()]
        return [path for _, _, path in sorted(numbered)]

    def versions(self, project: Project) -> list[int]:
        """The versions whose releases are whole, in order."""
        numbers = {version_of(path.name) for path in self.directories(project)}
        return sorted(n for n in numbers if n is not None and self.is_whole(project, n))

    def copy_for_test(self, project: Project, version: int) -> Path:
        """A fresh copy of a release in the test directory, which it replaces; raises NoSuchVersion when not whole.

        Persistent paths hold what the commit holds: a test run never sees, and never writes, production's data.
        """
        if not self.is_whole(project, version):
            raise NoSuchVersion(f"the release of version {version} is not on disk", version=str(version))
        source, place = self.path(project, version), self.layout.test_directory(project)
        staged = place.with_name(f"{STAGED}test")
        committed = source.with_name(f"{source.name}{COMMITTED}")
        with disk.as_error(BuildError, "the test directory cannot be filled"):
            disk.remove_tree(staged, inside=place.parent)
            shutil.copytree(source, staged, symlinks=True, ignore=self._not_for_test(project, source))
            if committed.is_dir():
                shutil.copytree(committed, staged, symlinks=True, dirs_exist_ok=True)
            for folder in Patterns(project.persist).folders():
                (staged / folder).mkdir(parents=True, exist_ok=True)  # there in production from the first start, too
            self._link_same_environment(source, staged)
            disk.remove_tree(place, inside=place.parent)
            os.rename(staged, place)
        return place

    def remove_test(self, project: Project) -> None:
        """Remove the test directory; fine when there is none."""
        place = self.layout.test_directory(project)
        if place.parent.is_dir():
            disk.remove_tree(place, inside=place.parent)

    def _not_for_test(self, project: Project, source: Path) -> Callable[[str, list[str]], list[str]]:
        persist = self.layout.persist(project)

        def ignore(folder: str, names: list[str]) -> list[str]:
            top = Path(folder) == source
            left_out = [manifest.BYTECODE, *([manifest.VENV] if top else [])]
            return [name for name in names if name in left_out or leads_into(Path(folder, name), persist)]

        return ignore

    def _link_same_environment(self, source: Path, staged: Path) -> None:
        if link_text(source / manifest.VENV) is not None:
            link_inside(Path(os.path.realpath(source / manifest.VENV)), staged / manifest.VENV)

    def _free_name(self, project: Project, version: int) -> Path:
        releases = self.layout.releases(project)
        name, generation = str(version), 1
        while os.path.lexists(releases / name):
            generation += 1
            name = f"{version}-{generation}"
        return releases / name

    def _marker(self, project: Project, version: int) -> Path:
        return self.layout.releases(project) / f"{version}{MARKER}"

    def _files(self, directory: Path) -> Path:
        return directory.with_name(f"{directory.name}{FILES}")


def _made(project: Project) -> dict[str, str | None]:
    """The settings that a release depends on."""
    return {"subdir": project.subdir, "main": project.main, "engine": project.engine}


def leads_into(path: Path, folder: Path) -> bool:
    """Whether `path` is a link whose text leads into `folder` (which need not hold anything there any more)."""
    text = link_text(path)
    if text is None:
        return False
    end = Path(os.path.normpath(path.parent / text))
    return end == folder or folder in end.parents


def link_environment(release: Path, environment: Path) -> bool:
    """Give a staged release its `venv`; True when the commit brought something of that name, which is dropped."""
    venv = release / manifest.VENV
    brought = os.path.lexists(venv)
    if brought and link_text(venv) is not None:
        remove_link(venv)
    elif brought:
        disk.remove_tree(venv, inside=release)
    link_inside(environment, venv)
    return brought
