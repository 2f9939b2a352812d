"""A release's files: exactly the commit's, with its submodules, and nothing outside of the release."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from actors.errors import BuildError
from actors.source import Access, Sources, parse
from runtime.vault import Secret
from tests.fakes.gitserver import GitRepo, GitServer

FILE, LINK, MODULE = "100644", "120000", "160000"


def written(release: Path) -> set[str]:
    return {str(path.relative_to(release)) for path in release.rglob("*") if not path.is_dir() or path.is_symlink()}


def check_out(sources: Sources, repo: GitRepo, sha: str, into: Path, subdir: str | None = None) -> Path:
    repository = sources.repository(parse(str(repo.bare)))
    repository.fetch()
    repository.checkout(sha, into, subdir=subdir, sink=into.parent / "log")
    return into


def test_a_release_holds_exactly_the_commits_files(local: GitRepo, sources: Sources, tmp_path: Path) -> None:
    local.commit({"main.py": "1", "gone.py": "x"})
    (local.work / "run.sh").write_text("#!/bin/sh\n")
    (local.work / "run.sh").chmod(0o755)
    sha = local.commit(
        {
            "main.py": "2",
            "gone.py": None,
            "tests/secret.txt": "kept",
            ".gitattributes": "tests export-ignore\n*.crlf text eol=crlf\n",
            "!early.crlf": "a\nb\n",
            "имя с пробелом.txt": "x",
        },
        links={"link": "tests/secret.txt"},
    )
    release = check_out(sources, local, sha, tmp_path / "release")
    assert written(release) == {
        "main.py",
        "run.sh",
        "tests/secret.txt",
        ".gitattributes",
        "!early.crlf",
        "имя с пробелом.txt",
        "link",
    }
    assert (release / "main.py").read_text() == "2"
    assert os.access(release / "run.sh", os.X_OK)
    assert not os.access(release / "main.py", os.X_OK)
    assert (release / "link").read_text() == "kept"
    assert (release / "!early.crlf").read_bytes() == b"a\r\nb\r\n"
    assert (release / "main.py").stat().st_nlink == 1


def test_a_sub_folder_can_be_a_release(local: GitRepo, sources: Sources, tmp_path: Path) -> None:
    sha = local.commit({"apps/shop/main.py": "1", "apps/other/x": "2"}, links={"apps/shop/me": "main.py"})
    assert written(check_out(sources, local, sha, tmp_path / "release", "apps/shop")) == {"main.py", "me"}
    for wrong in ("apps/none", "apps/shop/main.py"):
        with pytest.raises(BuildError, match="no folder"):
            check_out(sources, local, sha, tmp_path / "none", wrong)


def test_a_link_out_of_the_sub_folder_is_refused(local: GitRepo, sources: Sources, tmp_path: Path) -> None:
    sha = local.commit({"shared/x": "1"}, links={"app/shared": "../shared"})
    assert written(check_out(sources, local, sha, tmp_path / "whole"))
    with pytest.raises(BuildError, match=r"shared .*leaves the release"):
        check_out(sources, local, sha, tmp_path / "part", "app")


@pytest.mark.parametrize(
    "entries",
    [
        {"evil": (LINK, b"/etc/passwd")},
        {"evil": (LINK, b"../../outside")},
        {"a/evil": (LINK, b"../../outside")},
        {"deep/l": (LINK, b".."), "evil": (LINK, b"deep/l/../outside")},
        {"evil": (LINK, b"../outside"), "evil/file": (FILE, b"x")},
        {".git/hooks/post-checkout": (FILE, b"#!/bin/sh\n")},
        {".GIT/config": (FILE, b"x")},
        {"git~1/config": (FILE, b"x")},
        {"../outside": (FILE, b"x")},
        {"a/../../outside": (FILE, b"x")},
        {"./outside": (FILE, b"x")},
    ],
    ids=lambda entries: next(reversed(entries)),
)
def test_what_would_lead_out_of_the_release_is_refused_before_anything_is_written(
    local: GitRepo, sources: Sources, tmp_path: Path, entries: dict[str, tuple[str, bytes]]
) -> None:
    local.commit({"x": "1"})
    sha = local.commit_entries({"main.py": (FILE, b"1"), **entries})
    release = tmp_path / "inner" / "release"
    release.mkdir(parents=True)
    with pytest.raises(BuildError, match="refused"):
        check_out(sources, local, sha, release)
    assert written(tmp_path / "inner") <= {"log"}


def submodule(repo: GitRepo, path: str, url: str, sha: str, **more: str) -> str:
    """Commit a submodule's entry and its description."""
    lines = [f'[submodule "{path}"]', f"\tpath = {path}", f"\turl = {url}", *(f"\t{k} = {v}" for k, v in more.items())]
    with (repo.work / ".gitmodules").open("a") as modules:
        modules.write("\n".join(lines) + "\n")
    repo.git("add", ".gitmodules")
    repo.git("update-index", "--add", "--cacheinfo", f"160000,{sha},{path}")
    repo.git("commit", "-q", "-m", f"submodule {path}")
    repo.push()
    return repo.head()


def test_submodules_come_along_each_inside_the_other(server: GitServer, sources: Sources, tmp_path: Path) -> None:
    inner, lib, shop = server.repo("inner"), server.repo("lib"), server.repo("shop")
    inner_sha = inner.commit({"deep.txt": "deep"})
    lib.commit({"lib.py": "lib"})
    lib_sha = submodule(lib, "inner", "../inner.git", inner_sha)
    shop.commit({"main.py": "1"}, links={"short": "libs/lib/lib.py"})
    sha = submodule(shop, "libs/lib", server.url("lib"), lib_sha)
    repository = sources.repository(parse(server.url("shop")), Access())
    repository.fetch()
    repository.checkout(sha, tmp_path / "release", sink=tmp_path / "log")
    found = {name for name in written(tmp_path / "release") if ".gitmodules" not in name}
    assert found == {"main.py", "short", "libs/lib/lib.py", "libs/lib/inner/deep.txt"}
    assert (tmp_path / "release" / "short").read_text() == "lib"


def test_a_submodules_old_commit_is_written_not_its_newest(server: GitServer, sources: Sources, tmp_path: Path) -> None:
    lib, shop = server.repo("lib"), server.repo("shop")
    old = lib.commit({"v": "old"})
    lib.commit({"v": "new"})
    sha = submodule(shop, "lib", "../lib.git", old)
    repository = sources.repository(parse(server.url("shop")))
    repository.fetch()
    repository.checkout(sha, tmp_path / "release")
    assert (tmp_path / "release" / "lib" / "v").read_text() == "old"


@pytest.mark.parametrize(
    "url", ["ext::sh -c id", "-oProxyCommand=id", "--upload-pack=id", "/srv/private.git", "file:///srv/private.git"]
)
def test_a_submodules_address_obeys_the_rules_for_all_addresses(
    server: GitServer, sources: Sources, tmp_path: Path, url: str
) -> None:
    shop = server.repo("shop")
    sha = submodule(shop, "lib", url, "a" * 40)
    repository = sources.repository(parse(server.url("shop")))
    repository.fetch()
    with pytest.raises(BuildError, match="submodule lib"):
        repository.checkout(sha, tmp_path / "release")
    assert not (tmp_path / "release").exists()


def test_a_submodule_that_cannot_be_had_names_itself(server: GitServer, sources: Sources, tmp_path: Path) -> None:
    lib, shop = server.repo("lib"), server.repo("shop")
    lib.commit({"a": "1"})
    repository = sources.repository(parse(server.url("shop")))
    for number, (url, commit) in enumerate([("../lib.git", "a" * 40), ("../none.git", "a" * 40)]):
        sha = submodule(shop, f"libs/{number}", url, commit)
        repository.fetch()
        with pytest.raises(BuildError, match=f"submodule libs/{0}"):
            repository.checkout(sha, tmp_path / f"release{number}")


def test_a_submodule_that_is_not_described_or_not_wanted_is_left_empty(
    server: GitServer, sources: Sources, tmp_path: Path
) -> None:
    shop = server.repo("shop")
    sha = submodule(shop, "unwanted", "../none.git", "a" * 40, update="none")
    repository = sources.repository(parse(server.url("shop")))
    repository.fetch()
    repository.checkout(sha, tmp_path / "release", sink=tmp_path / "log")
    assert list((tmp_path / "release" / "unwanted").iterdir()) == []
    assert "left empty" in (tmp_path / "log").read_text()


def test_a_submodules_link_out_of_the_release_is_refused_but_one_into_it_is_taken(
    server: GitServer, sources: Sources, tmp_path: Path
) -> None:
    lib, shop = server.repo("lib"), server.repo("shop")
    good = lib.commit(links={"up": "../main.py"})
    bad = lib.commit(links={"out": "../../main.py"})
    shop.commit({"main.py": "1"})
    repository = sources.repository(parse(server.url("shop")))
    sha = submodule(shop, "lib", "../lib.git", good)
    repository.fetch()
    repository.checkout(sha, tmp_path / "good")
    assert (tmp_path / "good" / "lib" / "up").read_text() == "1"
    shop.git("update-index", "--cacheinfo", f"160000,{bad},lib")
    shop.git("commit", "-q", "-m", "worse")
    shop.push()
    repository.fetch()
    with pytest.raises(BuildError, match=r"lib/out .*leaves the release"):
        repository.checkout(shop.head(), tmp_path / "bad")


def test_a_token_is_not_shown_to_a_submodules_other_server(server: GitServer, sources: Sources, tmp_path: Path) -> None:
    server.token = "ghp_mine"
    with GitServer(tmp_path / "other") as other:
        lib_sha = other.repo("lib").commit({"x": "1"})
        shop = server.repo("shop")
        sha = submodule(shop, "lib", other.url("lib"), lib_sha)
        repository = sources.repository(parse(server.url("shop")), Access(token=Secret("ghp_mine")))
        repository.fetch()
        repository.checkout(sha, tmp_path / "release")
        assert {request.authorization for request in other.requests} == {""}


def test_pointers_of_git_lfs_are_said(local: GitRepo, sources: Sources, tmp_path: Path) -> None:
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:" + "a" * 64 + "\nsize 12345\n"
    sha = local.commit({".gitattributes": "*.bin filter=lfs diff=lfs merge=lfs -text\n", "model.bin": pointer})
    release = check_out(sources, local, sha, tmp_path / "release")
    assert (release / "model.bin").read_text() == pointer
    assert "model.bin hold pointers" in (tmp_path / "log").read_text()


def test_a_repositorys_own_settings_and_filters_run_nothing(local: GitRepo, sources: Sources, tmp_path: Path) -> None:
    sha = local.commit({".gitattributes": "* filter=evil ident\n", "main.py": "$Id$\n", ".gitconfig": "[x]\n"})
    with (local.bare / "config").open("a") as settings:
        settings.write(f'[filter "evil"]\n\tsmudge = touch {tmp_path}/ran; cat\n')
    release = check_out(sources, local, sha, tmp_path / "release")
    assert (release / "main.py").read_text().startswith("$Id")
    assert not (tmp_path / "ran").exists()
