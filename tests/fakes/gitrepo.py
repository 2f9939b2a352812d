"""Repositories to make history with: a bare one and a work copy of it, driven by real git."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

LIMIT_S = 60
ENVIRONMENT = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_AUTHOR_NAME": "Ivan",
    "GIT_AUTHOR_EMAIL": "ivan@example.org",
    "GIT_COMMITTER_NAME": "Ivan",
    "GIT_COMMITTER_EMAIL": "ivan@example.org",
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C",
}


def git(*arguments: str, cwd: Path | None = None, stdin: bytes | None = None, **env: str) -> str:
    """Run git for a test, with settings of its own; its output. Fails loudly."""
    done = subprocess.run(
        ["git", *arguments],
        cwd=cwd,
        input=stdin,
        capture_output=True,
        env={"PATH": os.environ["PATH"], "HOME": os.devnull, **ENVIRONMENT, **env},
        timeout=LIMIT_S,
        check=False,
    )
    assert done.returncode == 0, f"git {' '.join(arguments)}: {done.stderr.decode(errors='replace')}"
    return done.stdout.decode(errors="surrogateescape").strip()


class GitRepo:
    """A bare repository and a work copy of it, to make history with."""

    def __init__(self, bare: Path, work: Path, *, branch: str = "main", object_format: str = "sha1") -> None:
        self.bare = bare
        self.work = work
        bare.parent.mkdir(parents=True, exist_ok=True)
        git("init", "-q", "--bare", "-b", branch, f"--object-format={object_format}", str(bare))
        git("-C", str(bare), "config", "http.receivepack", "true")
        git("-C", str(bare), "config", "uploadpack.allowFilter", "true")
        git("init", "-q", "-b", branch, f"--object-format={object_format}", str(work))
        git("-C", str(work), "remote", "add", "origin", str(bare))

    @classmethod
    def in_directory(cls, directory: Path, name: str = "repo", **options: str) -> GitRepo:
        """A repository of that name, with its work copy beside it."""
        return cls(directory / f"{name}.git", directory / f"{name}.work", **options)

    def git(self, *arguments: str, stdin: bytes | None = None) -> str:
        """Run git in the work copy."""
        return git(*arguments, cwd=self.work, stdin=stdin)

    def commit(
        self,
        files: Mapping[str, str | bytes | None] | None = None,
        message: str = "change",
        *,
        links: Mapping[str, str] | None = None,
        push: bool = True,
    ) -> str:
        """Write the files (None: delete) and links, commit, and push the current branch. The commit's id."""
        for name, content in (files or {}).items():
            path = self.work / name
            if content is None:
                path.unlink()
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        for name, target in (links or {}).items():
            path = self.work / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.symlink_to(target)
        self.git("add", "--all", "--force", ".")
        self.git("commit", "-q", "--allow-empty", "-m", message)
        if push:
            self.push()
        return self.head()

    def commit_entries(self, entries: Mapping[str, tuple[str, bytes]], message: str = "odd") -> str:
        """Commit a tree that no work copy could hold: path parts are written as they are. Values: mode and content."""
        tree = self._tree({tuple(path.split("/")): entry for path, entry in entries.items()})
        sha = self.git("commit-tree", tree, "-m", message)
        self.git("push", "-q", "--force", "origin", f"{sha}:refs/heads/{self.branch()}")
        return sha

    def _tree(self, entries: Mapping[tuple[str, ...], tuple[str, bytes]]) -> str:
        lines: dict[str, bytes] = {}
        folders: dict[str, dict[tuple[str, ...], tuple[str, bytes]]] = {}
        for parts, (mode, content) in entries.items():
            if len(parts) > 1:
                folders.setdefault(parts[0], {})[parts[1:]] = (mode, content)
                continue
            if mode == "160000":
                lines[parts[0]] = mode.encode() + b" " + parts[0].encode() + b"\0" + bytes.fromhex(content.decode())
                continue
            blob = self.git("hash-object", "-w", "--stdin", stdin=content)
            lines[parts[0]] = mode.encode() + b" " + parts[0].encode() + b"\0" + bytes.fromhex(blob)
        for name, inner in folders.items():
            lines[name + "/"] = b"40000 " + name.encode() + b"\0" + bytes.fromhex(self._tree(inner))
        raw = b"".join(lines[name] for name in sorted(lines))
        return self.git("hash-object", "-t", "tree", "-w", "--literally", "--stdin", stdin=raw)

    def head(self) -> str:
        """The id of the work copy's commit."""
        return self.git("rev-parse", "HEAD")

    def branch(self) -> str:
        """The work copy's branch."""
        return self.git("symbolic-ref", "--short", "HEAD")

    def switch(self, branch: str, *, create: bool = False) -> None:
        """Go to the branch."""
        self.git("checkout", "-q", *(("-b",) if create else ()), branch)

    def push(self, *, force: bool = False) -> None:
        """Push the current branch."""
        self.git("push", "-q", *(("--force",) if force else ()), "origin", "HEAD")

    def rewrite(self, message: str = "rewritten") -> str:
        """Replace the last commit by another and push it over the old one. The new id."""
        self.git("commit", "-q", "--amend", "--allow-empty", "-m", message)
        self.push(force=True)
        return self.head()

    def tag(self, name: str, *, annotated: bool = False) -> None:
        """Tag the current commit and push the tag."""
        self.git("tag", *(("-a", "-m", name) if annotated else ()), name)
        self.git("push", "-q", "origin", f"refs/tags/{name}")

    def delete_branch(self, name: str) -> None:
        """Delete the branch at the server."""
        git("-C", str(self.bare), "update-ref", "-d", f"refs/heads/{name}")

    def rename_branch(self, old: str, new: str) -> None:
        """Rename the branch at the server, which moves its default along."""
        git("-C", str(self.bare), "branch", "-m", old, new)
        self.git("branch", "-m", old, new)

    def set_default(self, name: str) -> None:
        """Make it the server's default branch, whether it exists or not."""
        git("-C", str(self.bare), "symbolic-ref", "HEAD", f"refs/heads/{name}")

    def many_branches(self, count: int) -> None:
        """Put that many more branches onto the current commit, at the server."""
        sha = self.head()
        lines = "".join(f"create refs/heads/topic/number-{number:05d} {sha}\n" for number in range(count))
        git("-C", str(self.bare), "update-ref", "--stdin", stdin=lines.encode())
        git("-C", str(self.bare), "pack-refs", "--all")
