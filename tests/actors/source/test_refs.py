"""Watching over real smart HTTP: the cheap request, the ladder below it, the server's limits."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from actors.errors import AccessDenied, EmptyRepository, NoSuchBranch, Unreachable
from actors.source import Access, RemoteUrl, Sources, parse
from runtime.vault import Secret
from tests.fakes.gitserver import GitRepo, GitServer, git

LIMIT = 30.0


def test_one_small_request_tells_where_a_branch_stands(
    server: GitServer, repo: GitRepo, url: RemoteUrl, sources: Sources
) -> None:
    repo.many_branches(2000)
    head = sources.head(url, branch="main")
    assert (head.branch, head.commit) == ("main", repo.head())
    (request,) = server.requests
    assert (request.method, request.protocol) == ("POST", "version=2")
    assert request.sent <= 600


def test_the_default_branch_is_followed_when_it_is_renamed(repo: GitRepo, url: RemoteUrl, sources: Sources) -> None:
    assert sources.head(url).branch == "main"
    repo.rename_branch("main", "trunk")
    assert sources.head(url).branch == "trunk"
    with pytest.raises(NoSuchBranch, match="has no branch main") as caught:
        sources.head(url, branch="main")
    assert caught.value.fields["nearest"] == "trunk"


def test_a_default_branch_that_is_gone_is_said(repo: GitRepo, url: RemoteUrl, sources: Sources) -> None:
    repo.switch("dev", create=True)
    repo.push()
    repo.set_default("gone")
    with pytest.raises(NoSuchBranch, match="default branch"):
        sources.head(url)
    assert sources.head(url, branch="dev").commit == repo.head()


def test_an_empty_repository_is_said(server: GitServer, sources: Sources) -> None:
    server.repo("void")
    url = parse(server.url("void"))
    for branch in (None, "main"):
        with pytest.raises(EmptyRepository):
            sources.head(url, branch=branch)
    with pytest.raises(EmptyRepository):
        sources.repository(url).branches()


def test_the_branches_are_listed_with_the_default_first(repo: GitRepo, url: RemoteUrl, sources: Sources) -> None:
    for name in ("alpha", "zeta"):
        repo.switch(name, create=True)
        repo.push()
    assert sources.repository(url).branches() == ("main", "alpha", "zeta")


def test_projects_that_share_an_address_share_the_look(
    server: GitServer, repo: GitRepo, url: RemoteUrl, sources: Sources
) -> None:
    repo.switch("dev", create=True)
    dev = repo.commit({"x": "1"})
    gate = threading.Event()
    sources.head(url, branch="main")
    sources.head(url, branch="dev")
    server.requests.clear()
    server.before = lambda path: assert_soon(gate)
    with ThreadPoolExecutor(40) as pool:
        names = ["main", "dev"] * 20
        waiting = [pool.submit(sources.head, url, None, name, 60.0) for name in names]
        gate.set()
        heads = [one.result(LIMIT) for one in waiting]
    assert {head.commit for head in heads if head.branch == "dev"} == {dev}
    assert len(server.requests) <= 1


def test_a_forced_look_never_takes_what_was_read_before_it_was_asked_for(
    server: GitServer, repo: GitRepo, url: RemoteUrl, sources: Sources
) -> None:
    sources.head(url)
    newer = repo.commit({"main.py": "print(2)\n"})
    assert sources.head(url, max_age_s=600).commit != newer
    assert sources.head(url, max_age_s=0).commit == newer


def test_an_error_is_shared_too(server: GitServer, repo: GitRepo, url: RemoteUrl, sources: Sources) -> None:
    server.fail(502)
    for _ in range(3):
        with pytest.raises(Unreachable):
            sources.head(url, max_age_s=600)
    assert len(server.requests) == 1


def test_a_server_without_version_2_is_read_and_remembered(
    server: GitServer, repo: GitRepo, url: RemoteUrl, sources: Sources
) -> None:
    server.version_2 = False
    assert sources.head(url, branch="main").commit == repo.head()
    server.requests.clear()
    assert sources.head(url).branch == "main"
    assert [request.method for request in server.requests] == ["GET"]


def test_a_plain_web_server_is_read_with_git_itself(
    server: GitServer, repo: GitRepo, url: RemoteUrl, sources: Sources
) -> None:
    server.smart = False
    git("-C", str(repo.bare), "update-server-info")
    assert sources.head(url, branch="main").commit == repo.head()
    server.requests.clear()
    sources.head(url, branch="main")
    assert not [request for request in server.requests if request.method == "POST"]


def test_a_sha_256_repository_is_read(server: GitServer, sources: Sources) -> None:
    repo = server.repo("long", object_format="sha256")
    sha = repo.commit({"main.py": "print(1)\n"})
    url = parse(server.url("long"))
    assert len(sha) == 64
    assert sources.head(url).commit == sha
    server.requests.clear()
    assert sources.head(url, branch="main").commit == sha
    assert [request.method for request in server.requests] == ["POST"]


def test_a_repository_that_is_not_there_is_unreachable(server: GitServer, sources: Sources) -> None:
    with pytest.raises(Unreachable, match="no repository"):
        sources.head(parse(server.url("nothing")))


def test_a_private_repository_wants_its_token(
    server: GitServer, repo: GitRepo, url: RemoteUrl, sources: Sources
) -> None:
    server.token = "ghp_right"
    with pytest.raises(AccessDenied, match="wants a token"):
        sources.head(url)
    with pytest.raises(AccessDenied, match="does not accept"):
        sources.head(url, Access(token=Secret("ghp_wrong")))
    assert sources.head(url, Access(token=Secret("ghp_right"))).commit == repo.head()


def test_a_server_that_wants_quiet_gets_it(server: GitServer, repo: GitRepo, url: RemoteUrl, sources: Sources) -> None:
    server.repo("other").commit({"x": "1"})
    server.fail(429, Retry_After="1800")
    with pytest.raises(Unreachable) as caught:
        sources.head(url)
    assert caught.value.fields["retry_after"] == "1800"
    with pytest.raises(Unreachable) as again:
        sources.head(parse(server.url("other")))
    assert 1700 < int(again.value.fields["retry_after"]) <= 1800
    assert len(server.requests) == 1
    assert sources.head(url, Access(token=Secret("own-limit"))).commit == repo.head()


def test_the_quiet_may_be_told_as_a_date_or_come_with_503(
    server: GitServer, repo: GitRepo, url: RemoteUrl, sources: Sources
) -> None:
    server.fail(503, Retry_After="Wed, 21 Oct 2015 07:28:00 GMT")
    with pytest.raises(Unreachable) as caught:
        sources.head(url)
    assert caught.value.fields["retry_after"] == "1"


@pytest.mark.parametrize("status", [0, 500, 502, 504])
def test_a_server_in_trouble_is_unreachable_and_then_well_again(
    server: GitServer, repo: GitRepo, url: RemoteUrl, sources: Sources, status: int
) -> None:
    server.fail(status, times=8)
    with pytest.raises(Unreachable):
        sources.head(url)
    server.faults.clear()
    assert sources.head(url).commit == repo.head()


def test_a_repository_that_moved_is_followed_and_the_new_place_remembered(
    server: GitServer, repo: GitRepo, sources: Sources
) -> None:
    server.moved["/old.git"] = server.url("shop")
    url = parse(server.url("old"))
    assert sources.head(url).commit == repo.head()
    server.requests.clear()
    assert sources.head(url).commit == repo.head()
    assert [request.path for request in server.requests] == ["/shop.git/git-upload-pack"]


def test_a_token_is_not_shown_to_where_a_repository_moved(
    server: GitServer, repo: GitRepo, sources: Sources, tmp_path: Path
) -> None:
    with GitServer(tmp_path / "evil") as evil:
        evil.repo("shop").commit({"x": "1"})
        server.moved["/old.git"] = evil.url("shop")
        sources.head(parse(server.url("old")), Access(token=Secret("ghp_mine")))
        assert [request.authorization for request in evil.requests] == [""]
        assert server.requests[0].authorization


def test_a_server_that_sends_us_in_a_circle_is_left(server: GitServer, sources: Sources) -> None:
    server.moved["/a.git"] = server.url("a")
    with pytest.raises(Unreachable, match="circle"):
        sources.head(parse(server.url("a")))


def assert_soon(event: threading.Event) -> None:
    assert event.wait(LIMIT)


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
