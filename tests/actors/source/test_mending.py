"""Mirrors that were damaged, locked, or are not needed any more; fetches that fail."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from actors.errors import AccessDenied, SourceError, Unreachable
from actors.source import Access, Repository, Sources, parse
from actors.source.mirror import Mirror
from runtime.vault import Secret
from tests.fakes.gitserver import GitRepo, GitServer, git

LIMIT = 60.0


def opened(sources: Sources, address: str, access: Access | None = None) -> Repository:
    return sources.repository(parse(address), access or Access())


def mirror_of(home: Path, address: str) -> Path:
    return home / "mirrors" / parse(address).key


def objects(mirror: Path) -> list[Path]:
    return [path for path in (mirror / "objects").rglob("*") if path.is_file()]


@pytest.mark.parametrize("damage", ["no HEAD", "no objects", "empty objects", "cut packs", "bad refs", "bad config"])
def test_a_damaged_mirror_is_thrown_away_and_cloned_anew(
    local: GitRepo, sources: Sources, tmp_path: Path, damage: str
) -> None:
    local.commit({"a": "1"})
    sha = local.commit({"a": "2"})
    repository = opened(sources, str(local.bare))
    repository.fetch()
    mirror = mirror_of(tmp_path / "home", str(local.bare))
    match damage:
        case "no HEAD":
            (mirror / "HEAD").unlink()
        case "no objects":
            shutil.rmtree(mirror / "objects")
            (mirror / "objects").mkdir()
        case "empty objects":
            for path in objects(mirror):
                path.chmod(0o600)
                path.write_bytes(b"")
        case "cut packs":
            git("--git-dir", str(mirror), "gc", "-q")
            for path in (mirror / "objects" / "pack").glob("*.pack"):
                path.chmod(0o600)
                path.write_bytes(path.read_bytes()[:30])
        case "bad refs":
            (mirror / "packed-refs").write_bytes(b"\0\0\0\0")
            (mirror / "refs" / "heads").mkdir(exist_ok=True, parents=True)
            (mirror / "refs" / "heads" / "main").write_bytes(b"")
        case _:
            (mirror / "config").write_bytes(b"\0[[[")
    repository.fetch(sink=tmp_path / "log")
    assert repository.resolve(None, None) == sha
    repository.checkout(sha, tmp_path / "release")
    assert (tmp_path / "release" / "a").read_text() == "2"


def test_damage_found_while_writing_a_release_is_mended_on_the_spot(
    local: GitRepo, sources: Sources, tmp_path: Path
) -> None:
    sha = local.commit({"a": "1\n" * 500, "b": "2"})
    repository = opened(sources, str(local.bare))
    repository.fetch()
    blob = local.git("rev-parse", "HEAD:a")
    mirror = mirror_of(tmp_path / "home", str(local.bare))
    loose = mirror / "objects" / blob[:2] / blob[2:]
    loose.chmod(0o600)
    loose.write_bytes(b"rubbish")
    repository.checkout(sha, tmp_path / "release", sink=tmp_path / "log")
    assert (tmp_path / "release" / "a").read_text() == "1\n" * 500
    assert "made anew" in (tmp_path / "log").read_text()


def test_a_version_of_a_force_pushed_commit_survives_a_damaged_mirror(
    local: GitRepo, sources: Sources, tmp_path: Path
) -> None:
    old = local.commit({"a": "old"})
    repository = opened(sources, str(local.bare))
    repository.fetch()
    repository.keep("7/1", old)
    local.rewrite()
    repository.fetch()
    git("-C", str(local.bare), "reflog", "expire", "--expire=now", "--all")
    git("-C", str(local.bare), "gc", "-q", "--prune=now")
    mirror = mirror_of(tmp_path / "home", str(local.bare))
    (mirror / "refs" / "heads" / "main").write_bytes(b"rubbish\n")
    repository.fetch()
    assert repository.commit(old).sha == old


def test_a_lock_that_a_killed_git_left_does_not_stand_in_the_way(
    local: GitRepo, sources: Sources, tmp_path: Path
) -> None:
    local.commit({"a": "1"})
    repository = opened(sources, str(local.bare))
    repository.fetch()
    sha = local.commit({"a": "2"})
    lock = mirror_of(tmp_path / "home", str(local.bare)) / "refs" / "heads" / "main.lock"
    lock.write_bytes(b"")
    long_ago = time.time() - 3600
    os.utime(lock, (long_ago, long_ago))
    repository.fetch()
    assert repository.resolve(None, "main") == sha


def test_a_failed_fetch_leaves_the_mirror_as_it_was(server: GitServer, sources: Sources) -> None:
    repo = server.repo()
    sha = repo.commit({"a": "1"})
    repository = opened(sources, server.url("shop"))
    repository.fetch()
    server.fail(500, times=20)
    with pytest.raises(SourceError):
        repository.fetch()
    assert repository.resolve(None, None) == sha


def test_failures_of_a_fetch_are_told_apart(server: GitServer, sources: Sources, tmp_path: Path) -> None:
    server.repo().commit({"a": "1"})
    with pytest.raises(Unreachable, match="no repository"):
        opened(sources, server.url("nothing")).fetch()
    with pytest.raises(Unreachable):
        opened(sources, str(tmp_path / "nowhere")).fetch()
    with pytest.raises(Unreachable):
        opened(sources, "http://127.0.0.1:1/x").fetch()
    server.token = "right"
    with pytest.raises(AccessDenied):
        opened(sources, server.url("shop")).fetch()
    with pytest.raises(AccessDenied):
        opened(sources, server.url("shop"), Access(token=Secret("wrong"))).fetch()


def test_a_local_repository_that_is_damaged_itself_is_an_error_and_no_circle(
    local: GitRepo, sources: Sources, tmp_path: Path
) -> None:
    local.commit({"a": "1"})
    for path in objects(local.bare):
        path.chmod(0o600)
        path.write_bytes(b"")
    with pytest.raises(SourceError):
        opened(sources, str(local.bare)).fetch()


def test_the_clean_up_keeps_the_mirror_small(local: GitRepo, sources: Sources, tmp_path: Path) -> None:
    local.commit({"a": "0"})
    repository = opened(sources, str(local.bare))
    repository.fetch()
    mirror = mirror_of(tmp_path / "home", str(local.bare))
    pack = mirror / "objects" / "pack"
    for number in range(35):  # as many small packs as that many fetches of many objects leave
        sha = local.commit({"a": f"{number}"}, push=False)
        listing = local.git("rev-list", "--objects", "-1", sha)
        ids = "\n".join(line.split()[0] for line in listing.splitlines()) + "\n"
        local.git("pack-objects", "-q", str(pack / "pack"), stdin=ids.encode())
    assert len(list(pack.glob("*.pack"))) > 30
    local.push()
    repository.fetch()
    assert len(list(pack.glob("*.pack"))) < 10


def test_mirrors_that_no_project_uses_are_forgotten_after_a_while(
    local: GitRepo, sources: Sources, tmp_path: Path
) -> None:
    other = GitRepo.in_directory(tmp_path / "other")
    for repo in (local, other):
        repo.commit({"a": "1"})
        opened(sources, str(repo.bare)).fetch()
    used = parse(str(local.bare))
    assert sources.forget_unused([used]) == 0
    assert sources.forget_unused([used], older_than_s=-1.0) == 1
    assert mirror_of(tmp_path / "home", str(local.bare)).exists()
    assert not mirror_of(tmp_path / "home", str(other.bare)).exists()
    opened(sources, str(other.bare)).fetch()
    assert opened(sources, str(other.bare)).resolve(None, None) == other.head()


def test_mirror_that_is_being_fetched_into_is_not_forgotten(
    local: GitRepo, sources: Sources, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    local.commit({"a": "1"})
    repository = opened(sources, str(local.bare))
    bring, gone = Mirror._bring_up_to_date, []

    def meanwhile(mirror: Mirror, *arguments: Any) -> None:
        gone.append(sources.forget_unused([], older_than_s=-1.0))
        bring(mirror, *arguments)
        gone.append(sources.forget_unused([], older_than_s=-1.0))

    monkeypatch.setattr(Mirror, "_bring_up_to_date", meanwhile)
    repository.fetch()
    assert gone == [0, 0]
    assert repository.resolve(None, None) == local.head()


def test_only_so_many_mirrors_are_forgotten_at_a_time_and_what_was_cut_off_is_ended(
    sources: Sources, tmp_path: Path
) -> None:
    assert sources.forget_unused([], older_than_s=-1.0) == 0
    mirrors = tmp_path / "home" / "mirrors"
    for number in range(5):
        (mirrors / f"{number:016x}" / "objects").mkdir(parents=True)
    (mirrors / f"{7:016x}.doomed" / "objects").mkdir(parents=True)
    (mirrors / "not-ours").mkdir()
    assert [sources.forget_unused([], older_than_s=-1.0, most=3) for _ in range(3)] == [3, 2, 0]
    assert [path.name for path in mirrors.iterdir() if path.is_dir()] == ["not-ours"]


_FETCHES = """
import pathlib, sys
from actors.source import Sources, parse
Sources(pathlib.Path(sys.argv[1])).repository(parse(sys.argv[2])).fetch()
"""


@pytest.mark.parametrize("moment", ["info/refs", "git-upload-pack"])
def test_a_service_killed_while_it_fetches_leaves_nothing_that_stops_the_next(
    server: GitServer, tmp_path: Path, moment: str
) -> None:
    sha = server.repo().commit({"a": "1"})
    asked, gate = threading.Event(), threading.Event()

    def hold(path: str) -> None:
        if moment in path:
            asked.set()
            gate.wait(LIMIT)

    server.before = hold
    home, root = tmp_path / "home", Path(__file__).parents[3]
    command = [sys.executable, "-c", _FETCHES, str(home), server.url("shop")]
    service = subprocess.Popen(command, cwd=root, stderr=subprocess.DEVNULL)
    assert asked.wait(LIMIT)
    service.kill()
    service.wait(LIMIT)
    sources = Sources(home)
    repository = opened(sources, server.url("shop"))
    gate.set()  # the git of the killed service goes on beside ours
    repository.fetch()
    assert repository.resolve(None, None) == sha
    repository.checkout(sha, tmp_path / "release")
    sources.close()
