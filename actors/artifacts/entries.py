"""Entry by entry: a target that cannot be replaced as a whole (a mount point, a file system without links).

Not atomic, and the report says so; but done again after a crash it ends with the same complete release.
Where there are links, each entry of the target is a link to the release's. Where there are none, files are copied, and
persistent paths stay in the target for good: nothing moves them, nothing replaces them.
"""

from __future__ import annotations

import filecmp
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from actors.artifacts import disk
from actors.artifacts.exchange import FileSystem, UnsupportedError, link_text, remove_link
from actors.artifacts.patterns import Patterns
from actors.artifacts.persist import Step
from actors.artifacts.releases import leads_into
from actors.errors import SwitchError

OURS = (".vanka-new-", ".vanka-left-")
COMING = ".coming-"
_UNTOUCHED = "lost+found"


@dataclass(frozen=True)
class Entries:
    """One target that is filled entry by entry. `ours` is the project's folder under Vanka's home.

    `left` takes real entries that the release does not have: the release that was there, or a folder aside.
    """

    target: Path
    ours: Path
    patterns: Patterns
    files: FileSystem
    step: Step
    left: Path | None

    def can_link(self) -> bool:
        """Whether the target's file system has links."""
        trial = self.target / f"{OURS[0]}trial"
        if os.path.lexists(trial):
            remove_link(trial)
        try:
            self.files.make_link(self.ours, trial)
        except UnsupportedError:
            return False
        except OSError as error:
            raise SwitchError(f"nothing can be written into {self.target}: {error.strerror}") from error
        remove_link(trial)
        return True

    def fill(self, release: Path, *, copied: bool) -> None:
        """Make the target hold that release; raises SwitchError when an entry cannot be put in place."""
        try:
            if copied:
                self._copy(release, self.target, "")
            else:
                self._link(release)
        except OSError as error:
            raise SwitchError(
                f"{self.target} cannot be filled: {error}", "Mend the directory and deploy again."
            ) from error
        disk.sync_directory(self.target)

    def empty(self, *, copied: bool) -> None:
        """Take our links out of the target; copies are taken out too, but for the persistent ones."""
        for name in self._names(self.target):
            path = self.target / name
            if leads_into(path, self.ours):
                remove_link(path)
            elif copied:
                self._drop(path, name)
        disk.sync_directory(self.target)

    def _names(self, folder: Path) -> list[str]:
        return sorted(n for n in os.listdir(folder) if n != _UNTOUCHED and not n.startswith(OURS))

    def _link(self, release: Path) -> None:
        wanted = set(os.listdir(release))
        for name in self._names(self.target):
            path = self.target / name
            if link_text(path) is not None and leads_into(path, self.ours):
                if name not in wanted:
                    self.step(f"unlink {name}")
                    remove_link(path)
            else:
                self.step(f"take away {name}")
                self._take_away(path, name)
        for name in sorted(wanted):
            at, to = self.target / name, release / name
            if link_text(at) == to:
                continue
            new = self.target / f"{OURS[0]}{name}"
            if os.path.lexists(new):
                remove_link(new)
            os.symlink(to, new, target_is_directory=to.is_dir())
            self.step(f"put {name}")
            self.files.replace_link(new, at)

    def _take_away(self, path: Path, name: str) -> None:
        """What the program made, or what was found: kept in `left`. Never lost for want of room."""
        if self.left is not None:
            place = self.left / name
            place.parent.mkdir(parents=True, exist_ok=True)
            try:
                disk.remove_tree(place, inside=place.parent)
                move(path, place)
            except OSError as error:
                self.step(f"{name} cannot be moved ({error}): it stays under another name")
            else:
                return
        number = 1
        while os.path.lexists(self.target / f"{OURS[1]}{number}-{name}"):
            number += 1
        os.rename(path, self.target / f"{OURS[1]}{number}-{name}")

    def _copy(self, source: Path, into: Path, prefix: str) -> None:
        wanted = set(os.listdir(source))
        for name in self._names(into):
            if name not in wanted:
                self.step(f"drop {prefix}{name}")
                self._drop(into / name, prefix + name)
        for name in sorted(wanted):
            path = prefix + name
            if self.patterns.covers(path) and os.path.lexists(into / name):
                continue
            self._copy_entry(source / name, into / name, path)

    def _copy_entry(self, source: Path, at: Path, path: str) -> None:
        if not source.exists():
            return  # a link of the commit that leads nowhere: there is nothing to copy
        if source.is_dir():
            if os.path.lexists(at) and not at.is_dir():
                self._drop(at, path)
            at.mkdir(exist_ok=True)
            self._copy(source, at, path + "/")
            return
        if at.is_dir():
            self._drop(at, path)
        if at.is_file() and filecmp.cmp(source, at, shallow=False):  # times say little: FAT keeps two seconds
            return
        new = at.with_name(f"{OURS[0]}{at.name}")
        self.step(f"copy {path}")
        shutil.copy2(source, new)
        disk.sync_file(new)
        os.replace(new, at)

    def _drop(self, path: Path, name: str) -> None:
        """Remove a copy of ours, or keep what the program made; persistent paths below it stay where they are."""
        if self.patterns.covers(name):
            return
        if path.is_dir() and not path.is_symlink():
            for entry in sorted(os.listdir(path)):
                self._drop(path / entry, f"{name}/{entry}")
            if not os.listdir(path):
                path.rmdir()
            return
        if self.left is not None and not os.path.lexists(self.left / name):
            (self.left / name).parent.mkdir(parents=True, exist_ok=True)
            move(path, self.left / name)
            return
        path.unlink()


def move(source: Path, to: Path) -> None:
    """Move, across devices too: then the copy is whole and durable before the original goes. Raises OSError."""
    try:
        os.rename(source, to)
    except OSError:
        coming = to.with_name(f"{COMING}{to.name}")
        disk.remove_tree(coming, inside=coming.parent)
        disk.copy_whole(source, coming)
        os.rename(coming, to)
        disk.sync_directory(to.parent)
        inside = Path(os.path.realpath(source.parent))
        disk.remove_tree(inside / source.name, inside=inside)
