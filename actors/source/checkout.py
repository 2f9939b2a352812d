"""A release's files out of the mirror: planned and checked as a whole, then written with a temporary index.

Not `git archive` (it leaves out what is marked `export-ignore`), no worktree (it leaves a `.git`), no hard links (a
program that writes into its own files would change an older release).
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from actors.errors import BadUrl, BuildError, SourceError, VankaError
from actors.source import complaints, tree
from actors.source.address import Access, RemoteUrl, parse
from actors.source.apart import Bounds
from actors.source.git import MirrorError, say
from actors.source.mirror import Mirror
from actors.source.repository import Sink
from actors.source.tool import Tool
from actors.source.tree import Entry
from runtime.shell import Cancel

_LIMIT_S = 10 * 60.0
_MOST_DEEP = 8
_MOST_MODULES = 200
_POINTER = b"version https://git-lfs.github.com/spec/v1"
_MOST_POINTER = 1024
_LFS_SHOWN = 5

MirrorOf = Callable[[RemoteUrl], Mirror]


@dataclass(frozen=True)
class _Part:
    """One repository's share of a release: the tree that goes into the folder `prefix` (empty: the release itself)."""

    mirror: Mirror
    tree: str
    prefix: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True)
class Checkout:
    """Writes one commit. `mirror_of` gives the mirrors of submodules, fetched when their commit is not here."""

    tool: Tool
    mirror_of: MirrorOf
    cancel: Cancel | None = None
    sink: Sink = None
    modules: list[str] = field(default_factory=list)
    bounds: Bounds | None = None  # of a stranger's commit
    measured: list[tuple[int, int]] = field(default_factory=list)

    def write(self, mirror: Mirror, sha: str, access: Access, subdir: str | None, into: Path) -> None:
        """Everything of the commit, or of its folder `subdir`, into the empty directory. Raises BuildError."""
        parts = list(self._plan(mirror, sha, access, (subdir or "").strip("/"), "", 0))
        entries = [entry.under(part.prefix) if part.prefix else entry for part in parts for entry in part.entries]
        placed = {part.prefix for part in parts}  # a submodule's folder holds files: no leaf of the release
        tree.check_names(entry for entry in entries if entry.path not in placed)
        tree.check_links(self._links(parts))
        into.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="vanka-index-") as scratch:
            for number, part in enumerate(parts):
                self._write_part(part, into / part.prefix, Path(scratch) / str(number))
        self._tell_of_pointers(parts)

    def _plan(self, mirror: Mirror, sha: str, access: Access, subdir: str, prefix: str, depth: int) -> Iterator[_Part]:
        top = f"{sha}:{subdir}" if subdir else f"{sha}^{{tree}}"
        reader = mirror.reader
        code, output, errors = reader.ask("rev-parse", "--verify", "--quiet", "--end-of-options", top)
        if code != 0 or reader.ask("cat-file", "-t", output.decode().strip())[1].strip() != b"tree":
            if subdir and reader.has_commit(sha):
                raise BuildError(f"the commit has no folder {tree.shown(subdir)}", "Change the project's sub-folder.")
            raise MirrorError(f"the commit {sha} cannot be read", errors or "bad object")
        root = output.decode().strip()
        if self.bounds is not None:
            before = self.measured[-1] if self.measured else (0, 0)
            self.measured.append(self.bounds.measure(self.tool, mirror.directory, root, before))
        entries = tuple(tree.read_tree(reader.must("ls-tree", "-r", "-z", "--full-tree", root)))
        yield _Part(mirror, root, prefix, entries)
        modules = [entry for entry in entries if entry.mode == tree.MODULE]
        if modules:
            yield from self._plan_modules(mirror, sha, access, (subdir, prefix, depth), modules)

    def _plan_modules(
        self, mirror: Mirror, sha: str, access: Access, place: tuple[str, str, int], entries: list[Entry]
    ) -> Iterator[_Part]:
        subdir, prefix, depth = place
        if depth >= _MOST_DEEP or len(self.modules) + len(entries) > _MOST_MODULES:
            raise BuildError(f"{mirror.url.safe} has too many submodules inside each other")
        code, output, _ = mirror.reader.ask("config", f"--blob={sha}:.gitmodules", "--list", "-z")
        known = tree.read_modules(output) if code == 0 else {}
        for entry in entries:
            about = known.get(f"{subdir}/{entry.path}" if subdir else entry.path)
            where = f"{prefix}/{entry.path}" if prefix else entry.path
            if about is None or about.skipped or not about.url:
                say(self.sink, f"submodule {tree.shown(where)}: .gitmodules does not say where it is; left empty")
                continue
            self.modules.append(where)
            url = self._module_url(mirror.url, about.url, where)
            module = self.mirror_of(url)
            shown = access.for_other(mirror.url, url)
            self._bring(module, entry.sha, shown, where)
            yield from self._plan(module, entry.sha, shown, "", where, depth + 1)

    def _module_url(self, parent: RemoteUrl, text: str, where: str) -> RemoteUrl:
        """The submodule's address, by the rules for all addresses; a local path only where the parent is one."""
        try:
            url = parent.join(text) if text.startswith(("./", "../")) else parse(text)
        except BadUrl as error:
            raise BuildError(f"submodule {tree.shown(where)}: {error.message}", "Change .gitmodules.") from error
        if url.scheme == "file" and parent.scheme != "file":
            raise BuildError(f"submodule {tree.shown(where)}: a path on this machine is refused", "Change .gitmodules.")
        return url

    def _bring(self, module: Mirror, sha: str, access: Access, where: str) -> None:
        if module.exists() and module.reader.has_commit(sha):
            return
        say(self.sink, f"submodule {tree.shown(where)}: fetching {module.url.safe}")
        try:
            module.fetch(access, self.cancel, self.sink)
            if not module.reader.has_commit(sha):
                module.fetch_commit(sha, access, self.cancel, self.sink)
        except VankaError as error:
            raise BuildError(f"submodule {tree.shown(where)}: {error.message}", error.hint) from error

    def _links(self, parts: list[_Part]) -> dict[str, str]:
        targets: dict[str, str] = {}
        for part in parts:
            links = [entry for entry in part.entries if entry.mode == tree.LINK]
            contents = part.mirror.reader.blobs([entry.sha for entry in links])
            for entry in links:
                path = entry.under(part.prefix).path if part.prefix else entry.path
                targets[path] = contents[entry.sha].decode("utf-8", "surrogateescape")
        return targets

    def _write_part(self, part: _Part, into: Path, index: Path) -> None:
        into.mkdir(parents=True, exist_ok=True)
        env = {"GIT_INDEX_FILE": str(index), "GIT_WORK_TREE": os.path.abspath(into)}
        for arguments in (("read-tree", part.tree), ("checkout-index", "--all", "--quiet")):
            outcome = self.tool.run(
                arguments, timeout=_LIMIT_S, git_dir=part.mirror.directory, cwd=into, env=env, cancel=self.cancel
            )
            if outcome.ok:
                continue
            words = outcome.text
            if complaints.is_damage(words):
                raise MirrorError(f"the mirror cannot be read: {complaints.last_words(words)}", words)
            why = "took too long" if outcome.timed_out else complaints.last_words(words)
            raise BuildError(f"the files cannot be written: {why}", output=complaints.clean(words)[-4000:])

    def _tell_of_pointers(self, parts: list[_Part]) -> None:
        """Files of git LFS arrive as small pointers; whoever reads the output should know."""
        found: list[str] = []
        for part in parts:
            attributes = [entry.sha for entry in part.entries if entry.path.rpartition("/")[2] == ".gitattributes"]
            if not any(b"filter=lfs" in content for content in part.mirror.reader.blobs(attributes).values()):
                continue
            found += self._pointers(part)
        if found:
            more = f" and {len(found) - _LFS_SHOWN} more" if len(found) > _LFS_SHOWN else ""
            say(
                self.sink,
                f"git LFS is not used: {', '.join(found[:_LFS_SHOWN])}{more} hold pointers, not the files themselves",
            )

    def _pointers(self, part: _Part) -> list[str]:
        listing = part.mirror.reader.must("ls-tree", "-r", "-l", "-z", "--full-tree", part.tree)
        small: dict[str, str] = {}
        for line in listing.split(b"\0"):
            about, _, path = line.partition(b"\t")
            words = about.split()
            if len(words) == 4 and words[3].isdigit() and int(words[3]) < _MOST_POINTER:
                small[path.decode("utf-8", "surrogateescape")] = words[2].decode()
        contents = part.mirror.reader.blobs(sorted(set(small.values())))
        return [tree.shown(path) for path, sha in small.items() if contents[sha].startswith(_POINTER)]


def checked_subdir(subdir: str | None) -> str | None:
    """The project's sub-folder, if it is a plain path inside the repository; raises SourceError."""
    if subdir is None or not subdir.strip("/"):
        return None
    clean = subdir.strip("/")
    if "\0" in clean or any(part in ("", ".", "..") for part in clean.split("/")):
        raise SourceError(f"{tree.shown(subdir)} is not a folder inside the repository")
    return clean
