"""Connections: kept open, bounded, limited, trusted, through proxies."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from actors.errors import SourceError, Unreachable
from actors.source import Access, RemoteUrl, Sources, parse
from actors.source.connections import Connections
from runtime.errors import Cancelled
from runtime.shell import Cancel
from tests.fakes.gitserver import GitRepo, GitServer
from tests.fakes.loopback_tls import make_authority, server_context

LIMIT = 30.0


def assert_soon(event: threading.Event) -> None:
    assert event.wait(LIMIT)


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)


def test_the_connection_stays_open_between_looks(
    server: GitServer, repo: GitRepo, url: RemoteUrl, sources: Sources
) -> None:
    for _ in range(5):
        sources.head(url)
    assert len(server._open) == 1


def test_a_connection_that_the_server_closed_meanwhile_is_opened_again(
    server: GitServer, repo: GitRepo, url: RemoteUrl, sources: Sources
) -> None:
    sources.head(url)
    server.cut()
    assert sources.head(url).commit == repo.head()


def test_a_look_can_be_cancelled_while_the_server_is_silent(
    server: GitServer, repo: GitRepo, url: RemoteUrl, sources: Sources
) -> None:
    asked, gate, cancel = threading.Event(), threading.Event(), Cancel()

    def hang(path: str) -> None:
        asked.set()
        gate.wait(LIMIT)

    server.before = hang
    with ThreadPoolExecutor(1) as pool:
        look = pool.submit(sources.head, url, cancel=cancel)
        assert asked.wait(LIMIT)
        cancel.set()
        assert isinstance(look.exception(LIMIT), Cancelled)
        gate.set()


def test_a_server_that_never_ends_its_answer_is_cut_off_at_the_limit(
    server: GitServer, repo: GitRepo, url: RemoteUrl
) -> None:
    gate = threading.Event()
    server.before = lambda path: assert_soon(gate)
    connections = Connections()
    try:
        with pytest.raises(Unreachable, match="too long"):
            connections.send(url, "GET", "/", {}, limit_s=0.1)
    finally:
        gate.set()
        connections.close()


def test_no_more_requests_than_allowed_are_in_flight_at_one_site(
    server: GitServer, repo: GitRepo, tmp_path: Path
) -> None:
    urls = []
    for number in range(12):
        server.repo(f"r{number}").commit({"x": "1"})
        urls.append(parse(server.url(f"r{number}")))
    gate, guard, now, most = threading.Event(), threading.Lock(), [0], [0]
    full = threading.Event()

    def count(path: str) -> None:
        with guard:
            now[0] += 1
            most[0] = max(most[0], now[0])
            if now[0] == 3:
                full.set()
        assert_soon(gate)
        with guard:
            now[0] -= 1

    sources = Sources(tmp_path / "bounded", per_site=3)
    server.before = count
    with ThreadPoolExecutor(12) as pool:
        looks = [pool.submit(sources.head, url) for url in urls]
        assert full.wait(LIMIT)
        gate.set()
        assert all(look.result(LIMIT).branch == "main" for look in looks)
    sources.close()
    assert most[0] == 3


def test_nothing_is_asked_after_the_end(server: GitServer, repo: GitRepo, url: RemoteUrl, tmp_path: Path) -> None:
    sources = Sources(tmp_path / "ended")
    sources.head(url)
    sources.close()
    with pytest.raises(Unreachable, match="stopping"):
        sources.head(url)


def test_https_is_trusted_by_the_systems_authorities_and_a_named_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = make_authority(tmp_path / "tls")
    with GitServer(tmp_path / "secure", tls=server_context(tmp_path / "tls")) as server:
        sha = server.repo().commit({"a": "1"})
        url = parse(server.url("shop"))
        untrusting = Sources(tmp_path / "untrusting")
        for ask in (untrusting.repository(url).heads, untrusting.repository(url).fetch):
            with pytest.raises(Unreachable, match="certificate"):
                ask()
        untrusting.close()
        monkeypatch.setenv("SSL_CERT_FILE", str(authority))
        sources = Sources(tmp_path / "trusting")
        repository = sources.repository(url)
        assert repository.heads().commit == sha
        repository.fetch()
        assert repository.resolve(None, None) == sha
        sources.close()


def test_a_proxy_is_asked_for_the_whole_address(
    server: GitServer, repo: GitRepo, sources: Sources, url: RemoteUrl
) -> None:
    there = parse("http://git.invalid/shop.git")
    access = Access(proxy=f"http://me:secret@127.0.0.1:{server.port}")
    assert sources.head(there, access).commit == repo.head()
    assert server.requests[0].path == "http://git.invalid/shop.git/git-upload-pack"
    repository = sources.repository(there, access)
    repository.fetch()
    assert repository.resolve(None, None) == repo.head()


def test_a_proxy_of_another_kind_is_left_to_git(server: GitServer, repo: GitRepo, sources: Sources) -> None:
    with pytest.raises(SourceError) as caught:
        sources.head(parse(server.url("shop")), Access(proxy="socks5://me:secret@127.0.0.1:1"))
    assert "secret" not in caught.value.message


def test_connections_that_nobody_uses_are_closed(
    server: GitServer, repo: GitRepo, url: RemoteUrl, monkeypatch: pytest.MonkeyPatch
) -> None:
    connections = Connections()
    connections.send(url, "GET", "/shop.git/HEAD", {})
    assert server._open
    monkeypatch.setattr("actors.source.connections._IDLE_S", -1.0)
    connections._sweep()
    until = time.monotonic() + LIMIT
    while server._open and time.monotonic() < until:
        time.sleep(0.01)  # one more look, within the limit
    assert not server._open
    connections.close()
