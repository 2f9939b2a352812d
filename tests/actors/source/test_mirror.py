"""Fetching into the mirror and reading from it: shared, pruned, mended, kept."""

from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from actors.errors import EmptyRepository, NoSuchBranch, NoSuchCommit
from actors.source import Access, Repository, Sources, parse
from runtime.errors import Cancelled
from runtime.shell import Cancel
from tests.fakes.gitserver import GitRepo, GitServer, git

LIMIT = 60.0


def opened(sources: Sources, address: str, access: Access | None = None) -> Repository:
    return sources.repository(parse(address), access or Access())


def mirror_of(home: Path, address: str) -> Path:
    return home / "mirrors" / parse(address).key


def test_a_fetched_commit_is_read_from_the_mirror(server: GitServer, sources: Sources) -> None:
    repo = server.repo()
    repo.git("config", "user.name", "Иван")
    first = repo.commit({"main.py": "1"}, "first")
    second = repo.commit({"main.py": "2"}, "Second: привет\n\nA body. [skip ci]")
    repository = opened(sources, server.url("shop"))
    assert not repository.has(second)
    repository.fetch()
    assert repository.has(second)
    assert not repository.has("--all")
    commit = repository.commit(second)
    assert (commit.sha, commit.subject, commit.author) == (second, "Second: привет", "Ivan")
    assert commit.committed_at.tzinfo is not None
    assert repository.message(second) == "Second: привет\n\nA body. [skip ci]"
    assert repository.commits_between(first, second) == 1
    assert repository.is_ancestor(first, second)
    assert not repository.is_ancestor(second, first)
    assert not repository.is_ancestor("0" * 40, first)


def test_what_is_wanted_is_found_by_id_beginning_tag_and_branch(local: GitRepo, sources: Sources) -> None:
    first = local.commit({"a": "1"})
    local.tag("v1")
    second = local.commit({"a": "2"})
    local.tag("v2", annotated=True)
    local.switch("dev", create=True)
    third = local.commit({"a": "3"})
    repository = opened(sources, str(local.bare))
    repository.fetch()
    for wanted, branch, sha in [
        (None, None, second),
        (None, "dev", third),
        (first, None, first),
        (first.upper(), None, first),
        (first[:8], "dev", first),
        ("v1", None, first),
        ("v2", None, second),
        ("dev", None, third),
    ]:
        assert repository.resolve(wanted, branch) == sha


@pytest.mark.parametrize(
    "wanted", ["0" * 40, "abcd1234", "nothing", "--all", "-n1", "HEAD~1", "main..dev", "", "a b", ":/x"]
)
def test_what_is_not_there_or_could_be_an_option_is_no_commit(local: GitRepo, sources: Sources, wanted: str) -> None:
    local.commit({"a": "1"})
    repository = opened(sources, str(local.bare))
    repository.fetch()
    with pytest.raises(NoSuchCommit):
        repository.resolve(wanted, None)


def test_nothing_is_known_before_the_first_fetch(local: GitRepo, sources: Sources) -> None:
    with pytest.raises(NoSuchCommit, match="nothing of"):
        opened(sources, str(local.bare)).resolve(None, None)


def test_a_tree_is_no_commit(local: GitRepo, sources: Sources) -> None:
    local.commit({"a": "1"})
    repository = opened(sources, str(local.bare))
    repository.fetch()
    with pytest.raises(NoSuchCommit):
        repository.resolve(local.git("rev-parse", "HEAD^{tree}"), None)


def test_deleted_branches_are_pruned_and_renamed_defaults_followed(local: GitRepo, sources: Sources) -> None:
    local.commit({"a": "1"})
    local.switch("topic", create=True)
    local.push()
    repository = opened(sources, str(local.bare))
    repository.fetch()
    local.delete_branch("topic")
    local.git("branch", "-m", "topic", "topic/deeper")
    deeper = local.commit({"a": "2"})
    git("-C", str(local.bare), "branch", "-m", "main", "trunk")
    repository.fetch()
    with pytest.raises(NoSuchBranch):
        repository.resolve(None, "main")
    assert repository.resolve(None, "topic/deeper") == deeper
    assert repository.resolve(None, None) == repository.resolve(None, "trunk")


def test_a_force_push_is_taken_over_and_what_a_version_was_made_of_is_kept(
    local: GitRepo, sources: Sources, tmp_path: Path
) -> None:
    local.commit({"a": "1"})
    old = local.commit({"a": "2"})
    repository = opened(sources, str(local.bare))
    repository.fetch()
    repository.keep("7/1", old)
    new = local.rewrite()
    repository.fetch()
    assert repository.resolve(None, "main") == new
    assert not repository.is_ancestor(old, new)
    mirror = mirror_of(tmp_path / "home", str(local.bare))
    git("--git-dir", str(mirror), "gc", "-q", "--prune=now")
    assert repository.commit(old).sha == old
    repository.drop("7/1")
    repository.drop("7/1")
    git("--git-dir", str(mirror), "gc", "-q", "--prune=now")
    with pytest.raises(NoSuchCommit):
        repository.commit(old)


def test_a_commit_that_no_branch_leads_to_is_fetched_by_its_id(server: GitServer, sources: Sources) -> None:
    repo = server.repo()
    repo.commit({"a": "1"})
    old = repo.commit({"a": "2"})
    repo.rewrite()
    git("-C", str(repo.bare), "config", "uploadpack.allowAnySHA1InWant", "true")
    repository = opened(sources, server.url("shop"))
    repository.fetch()
    with pytest.raises(NoSuchCommit):
        repository.resolve(old, None)
    repository.fetch(commit=old)
    assert repository.resolve(old, None) == old
    with pytest.raises(NoSuchCommit):
        repository.fetch(commit="0" * 39 + "1")


def test_an_empty_repository_is_said_and_then_filled(local: GitRepo, sources: Sources) -> None:
    repository = opened(sources, str(local.bare))
    with pytest.raises(EmptyRepository):
        repository.fetch()
    sha = local.commit({"a": "1"})
    repository.fetch()
    assert repository.resolve(None, None) == sha


def test_a_sha_256_repository_is_fetched_and_checked_out(server: GitServer, sources: Sources, tmp_path: Path) -> None:
    repo = server.repo("long", object_format="sha256")
    sha = repo.commit({"main.py": "print(1)\n"}, links={"l": "main.py"})
    repository = opened(sources, server.url("long"))
    repository.fetch()
    assert repository.resolve(sha[:9], None) == sha
    repository.checkout(sha, tmp_path / "release")
    assert (tmp_path / "release" / "main.py").read_text() == "print(1)\n"


def test_those_who_wait_share_one_fetch(server: GitServer, sources: Sources) -> None:
    repo = server.repo()
    repo.commit({"a": "1"})
    repository = opened(sources, server.url("shop"))
    repository.fetch()
    server.requests.clear()
    asked, gate = threading.Event(), threading.Event()

    def hold(path: str) -> None:
        asked.set()
        assert gate.wait(LIMIT)

    server.before = hold
    with ThreadPoolExecutor(12) as pool:
        first = pool.submit(repository.fetch)
        assert asked.wait(LIMIT)
        newer = repo.commit({"a": "2"})
        others = [pool.submit(opened(sources, server.url("shop")).fetch) for _ in range(10)]
        gate.set()
        for fetch in [first, *others]:
            fetch.result(LIMIT)
    assert repository.resolve(None, "main") == newer
    assert len([request for request in server.requests if "info/refs" in request.path]) <= 5


def test_a_fetch_can_be_cancelled_and_the_next_one_works(server: GitServer, sources: Sources) -> None:
    repo = server.repo()
    sha = repo.commit({"a": "1"})
    asked, gate, cancel = threading.Event(), threading.Event(), Cancel()

    def hold(path: str) -> None:
        asked.set()
        gate.wait(LIMIT)

    server.before = hold
    repository = opened(sources, server.url("shop"))
    with ThreadPoolExecutor(1) as pool:
        fetch = pool.submit(repository.fetch, cancel=cancel)
        assert asked.wait(LIMIT)
        cancel.set()
        assert isinstance(fetch.exception(LIMIT), Cancelled)
    gate.set()
    server.before = None
    repository.fetch()
    assert repository.resolve(None, None) == sha


@pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() != 0, reason="only root can give files away")
def test_a_local_repository_may_belong_to_another_user(local: GitRepo, sources: Sources) -> None:
    sha = local.commit({"a": "1"})
    for path in [local.bare, *local.bare.rglob("*")]:
        os.chown(path, 12345, 12345)
    repository = opened(sources, str(local.bare))
    assert repository.heads().commit == sha
    repository.fetch()
    assert repository.resolve(None, None) == sha


def test_git_variables_around_the_service_change_nothing(
    local: GitRepo, sources: Sources, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sha = local.commit({"a": "1"})
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_OBJECT_DIRECTORY", "GIT_INDEX_FILE", "GIT_NAMESPACE"):
        monkeypatch.setenv(name, str(tmp_path / "elsewhere"))
    repository = opened(sources, str(local.bare))
    repository.fetch()
    repository.keep("1/1", sha)
    repository.checkout(repository.resolve(None, None), tmp_path / "release")
    assert (tmp_path / "release" / "a").read_text() == "1"
