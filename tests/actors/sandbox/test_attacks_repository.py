"""What a stranger's repository tries before anything of it runs, and how it fails."""

from __future__ import annotations

import http.server
import os

import pytest

from actors.errors import VankaError
from tests.actors.sandbox.stranger import Stranger
from tests.fakes.gitserver import GitServer

pytestmark = pytest.mark.docker


def test_repository_that_unfolds_to_millions_of_files_is_refused_before_it_is_read(stranger: Stranger) -> None:
    """Ten trees of ten entries each, one in the other: a few kilobytes that stand for ten thousand million files."""
    repo = stranger.repo
    repo.commit({"main.py": "print('never')\n"}, "plain")
    entry = repo.git("rev-parse", "HEAD:main.py")
    kind = "100644 blob"
    for _ in range(10):
        lines = "".join(f"{kind} {entry}\tx{number}\n" for number in range(10))
        entry, kind = repo.git("mktree", stdin=lines.encode()), "040000 tree"
    push_tree(stranger, entry)
    with pytest.raises(VankaError, match="more than 20000 files"):
        stranger.sandbox.run(stranger.url, network=False)
    assert list((stranger.home / "sandbox").iterdir()) == []


def push_tree(stranger: Stranger, tree: str) -> None:
    """A commit of that tree, on the branch."""
    repo = stranger.repo
    sha = repo.git("commit-tree", tree, "-m", "odd")
    repo.git("push", "-q", "--force", "origin", f"{sha}:refs/heads/{repo.branch()}")


def test_file_that_unfolds_to_more_than_the_disk_is_to_hold_is_refused(
    stranger: Stranger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("actors.sandbox.source.FILES_BYTES", 10 * 2**20)
    stranger.repo.commit({"main.py": "", "zeros": b"\0" * (11 * 2**20)}, "a bomb")
    with pytest.raises(VankaError, match="larger than 10 MB"):
        stranger.sandbox.run(stranger.url, network=False)


def test_repository_that_grows_too_large_is_broken_off_and_nothing_of_it_stays(
    stranger: Stranger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("actors.sandbox.source.MIRROR_BYTES", 5 * 2**20)
    stranger.repo.commit({"main.py": "", "noise": os.urandom(8 * 2**20)}, "large")
    with pytest.raises(VankaError, match="larger than 5 MB"):
        stranger.sandbox.run(stranger.url, network=False)
    assert list((stranger.home / "sandbox").iterdir()) == []
    assert not any(it.name.endswith(".git") or len(it.name) == 16 for it in (stranger.home / "mirrors").iterdir())


def test_link_that_is_as_large_as_memory_is_refused_before_it_is_read(stranger: Stranger) -> None:
    stranger.repo.commit_entries({"main.py": ("100644", b""), "link": ("120000", b"x" * 2**20)})
    with pytest.raises(VankaError, match="link in the repository is larger"):
        stranger.sandbox.run(stranger.url, network=False)


@pytest.mark.parametrize("target", ["/etc", "file:///etc", "../../../../../../etc", "ext::sh -c id", "-u/etc"])
def test_submodules_that_point_at_this_machine_are_refused(stranger: Stranger, target: str) -> None:
    with_submodule(stranger, target)
    with pytest.raises(VankaError) as refused:
        stranger.sandbox.run(stranger.url, network=False)
    assert "sub" in refused.value.message or "leads out" in refused.value.message, refused.value.message


def test_submodules_in_networks_that_only_this_machine_reaches_are_refused(
    stranger: Stranger, machine: http.server.ThreadingHTTPServer
) -> None:
    with_submodule(stranger, f"http://127.0.0.1:{machine.server_address[1]}/secret.git")
    with pytest.raises(VankaError, match="private network"):
        stranger.sandbox.run(stranger.url, network=False)
    assert machine.reached == []  # type: ignore[attr-defined]  # set by the fixture


def test_submodules_of_the_repositorys_own_server_come_along(stranger: Stranger, hosting: GitServer) -> None:
    part = hosting.repo("part")
    part.commit({"word.py": "WORD = 'from the part'\n"}, "part")
    with_submodule(stranger, "../part.git", part.head(), "import sub.word\nprint(sub.word.WORD)\n")
    assert stranger.sandbox.run(stranger.url, network=False)["output"] == "from the part"


def with_submodule(stranger: Stranger, target: str, sha: str = "a" * 40, main: str = "print('never')\n") -> None:
    """A repository whose folder `sub` is a submodule."""
    modules = f'[submodule "sub"]\n\tpath = sub\n\turl = {target}\n'
    stranger.repo.commit({"main.py": main, ".gitmodules": modules}, "with a part")
    blobs = stranger.repo.git("ls-tree", "HEAD") + f"\n160000 commit {sha}\tsub\n"
    push_tree(stranger, stranger.repo.git("mktree", "--missing", stdin=blobs.encode()))
