"""Tokens: never in a command line, on disk, in output or in an error."""

from __future__ import annotations

import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from actors.errors import AccessDenied, SourceError
from actors.source import Access, Sources, complaints, parse, split
from runtime.vault import Secret
from tests.fakes.gitserver import GitServer

TOKEN = "ghp_0123456789abcdefSECRET"
LIMIT = 30.0
linux = pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="reads /proc")


def command_lines() -> list[bytes]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                found.append((entry / "cmdline").read_bytes())
            except OSError:  # it ended meanwhile
                continue
    return found


@linux
def test_a_token_opens_the_repository_and_shows_nowhere(server: GitServer, sources: Sources, tmp_path: Path) -> None:
    server.token = TOKEN
    sha = server.repo().commit({"a": "1"})
    url, access = split(server.url("shop").replace("http://", f"http://me:{TOKEN}@"))
    repository = sources.repository(url, access)
    assert repository.heads().commit == sha
    asked, gate = threading.Event(), threading.Event()

    def hold(path: str) -> None:
        asked.set()
        assert gate.wait(LIMIT)

    server.before = hold
    with ThreadPoolExecutor(1) as pool:
        fetch = pool.submit(repository.fetch, sink=tmp_path / "log")
        assert asked.wait(LIMIT)
        lines = command_lines()
        gate.set()
        fetch.result(LIMIT)
    assert any(b"fetch" in line and server.url("shop").encode() in line for line in lines)
    assert not [line for line in lines if TOKEN.encode() in line]
    repository.checkout(sha, tmp_path / "release", sink=tmp_path / "log")
    for place in (tmp_path / "home", tmp_path / "release", tmp_path / "log"):
        for file in [place] if place.is_file() else place.rglob("*"):
            assert not file.is_file() or TOKEN.encode() not in file.read_bytes(), file


def test_an_error_does_not_hold_the_token(server: GitServer, sources: Sources) -> None:
    server.token = "another"
    server.repo().commit({"a": "1"})
    repository = sources.repository(parse(server.url("shop")), Access(token=Secret(TOKEN)))
    for ask in (repository.heads, repository.fetch):
        with pytest.raises(AccessDenied) as caught:
            ask()
        assert TOKEN not in f"{caught.value!r} {caught.value.record()}"


def test_a_token_is_not_given_to_another_site_that_asks_for_one(
    server: GitServer, sources: Sources, tmp_path: Path
) -> None:
    with GitServer(tmp_path / "evil", token="evil") as evil:
        evil.repo().commit({"a": "1"})
        server.moved["/shop.git"] = evil.url("shop")
        repository = sources.repository(parse(server.url("shop")), Access(token=Secret(TOKEN)))
        with pytest.raises(SourceError):
            repository.fetch()
        with pytest.raises(SourceError):
            repository.heads()
        assert evil.requests
        assert not [request for request in evil.requests if request.authorization]


def test_gits_children_do_not_see_the_services_own_settings(
    server: GitServer, sources: Sources, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = tmp_path / "seen"
    monkeypatch.setenv("VANKA_SECRET_KEY", "master")
    monkeypatch.setenv("GIT_DIR", str(tmp_path))
    monkeypatch.setenv("GIT_ASKPASS", "/bin/false")
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    (tmp_path / "ssh").write_text(f"#!/bin/sh\nenv >{seen}\nexit 1\n")
    (tmp_path / "ssh").chmod(0o755)
    with pytest.raises(SourceError):
        sources.head(parse("git@host.invalid:x"))
    text = seen.read_text()
    assert "GIT_PROTOCOL" in text
    for word in ("VANKA_", "master", "/bin/false"):
        assert word not in text


@pytest.mark.parametrize(
    "words",
    [
        f"fatal: unable to access 'https://me:{TOKEN}@host/x/': boom",
        f"remote: your token {TOKEN} has run out",
        f"\x1b[31mfatal: https://{TOKEN}@host/x\x1b[0m",
    ],
)
def test_the_tools_words_are_cleaned(words: str) -> None:
    error = complaints.classify(words, parse("https://host/x"), Access(token=Secret(TOKEN)))
    assert TOKEN not in error.message
    assert "\x1b" not in error.message


def test_only_the_telling_lines_are_quoted() -> None:
    said = complaints.last_words(
        "Cloning...\nremote: Counting objects: 5\nERROR: Repository not found.\n"
        "fatal: Could not read from remote repository.\n\nPlease make sure you have the correct access rights\n"
        "and the repository exists.\n"
    )
    assert said == "ERROR: Repository not found.; fatal: Could not read from remote repository."
    assert len(complaints.last_words("fatal: " + "x" * 5000)) <= 400


def test_cleaning_is_quick_whatever_comes() -> None:
    began = time.process_time()
    complaints.clean("://" * 100_000)
    complaints.clean("://" + "a" * 300_000)
    assert time.process_time() - began < LIMIT
