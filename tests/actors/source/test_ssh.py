"""Repositories over real ssh: deploy keys, pinned host keys, nothing left behind."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from actors.errors import AccessDenied, HostKeyChanged, Unreachable
from actors.source import Access, Sources, keygen, parse
from actors.source.ssh import command, key_file
from runtime.vault import Secret
from tests.fakes.sshserver import SshServer


@pytest.fixture(scope="module")
def ssh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SshServer]:
    with SshServer(tmp_path_factory.mktemp("ssh") / "server") as running:
        running.repo().commit({"main.py": "print(1)\n"}, "first")
        yield running


def test_a_deploy_key_opens_the_repository(ssh: SshServer, sources: Sources, tmp_path: Path) -> None:
    repository = sources.repository(parse(ssh.url("shop")), Access(ssh_key=Secret(ssh.key)))
    head = repository.heads(branch="main")
    assert repository.heads(branch=None) == head
    repository.fetch()
    repository.checkout(repository.resolve(None, None), tmp_path / "release")
    assert (tmp_path / "release" / "main.py").exists()


def test_a_key_that_we_made_opens_it_too_however_it_was_pasted(ssh: SshServer, sources: Sources) -> None:
    private, public = keygen()
    ssh.allow(public)
    pasted = Secret("  " + private.reveal().replace("\n", "\r\n").strip())
    assert sources.head(parse(ssh.url("shop")), Access(ssh_key=pasted)).branch == "main"


def test_a_wrong_key_is_denied(ssh: SshServer, sources: Sources) -> None:
    private, public = keygen()
    assert public.startswith("ssh-ed25519 ")
    with pytest.raises(AccessDenied):
        sources.head(parse(ssh.url("shop")), Access(ssh_key=private))
    with pytest.raises(AccessDenied):
        sources.head(parse(ssh.url("shop")), Access(ssh_key=Secret("this is no key")))


def test_a_repository_that_is_not_there_is_unreachable(ssh: SshServer, sources: Sources) -> None:
    with pytest.raises(Unreachable, match="no repository"):
        sources.head(parse(ssh.url("nothing")), Access(ssh_key=Secret(ssh.key)))
    with pytest.raises(Unreachable):
        sources.head(parse("ssh://git@127.0.0.1:1/x"), Access(ssh_key=Secret(ssh.key)))


def test_a_server_that_shows_another_host_key_is_not_believed(sources: Sources, tmp_path: Path) -> None:
    with SshServer(tmp_path / "other") as server:
        server.repo().commit({"x": "1"})
        url, access = parse(server.url("shop")), Access(ssh_key=Secret(server.key))
        sources.head(url, access)
        server.new_host_key()
        repository = sources.repository(url, access)
        with pytest.raises(HostKeyChanged):
            repository.heads()
        with pytest.raises(HostKeyChanged):
            repository.fetch()


def test_a_key_lies_on_disk_only_while_it_is_used_and_only_for_its_owner(
    ssh: SshServer, sources: Sources, tmp_path: Path
) -> None:
    with key_file(tmp_path, Secret("key")) as file:
        assert file is not None
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
        assert str(file) in command(tmp_path / "known hosts", file)
    assert list(tmp_path.glob("key-*")) == []
    sources.repository(parse(ssh.url("shop")), Access(ssh_key=Secret(ssh.key))).fetch()
    home = tmp_path / "home"
    assert sorted(path.name for path in (home / "ssh").iterdir()) == ["askpass", "known_hosts"]
    assert not [path for path in home.rglob("*") if path.is_file() and b"PRIVATE KEY" in path.read_bytes()]


def test_a_key_that_a_killed_service_left_is_removed_at_the_next_start_but_none_in_use(tmp_path: Path) -> None:
    directory = tmp_path / "home" / "ssh"
    for name in ("key-left", "key-1-12.5-left", f"key-{os.getpid()}-1-left"):
        (directory / name).mkdir(parents=True)
        (directory / name / "key").write_text("PRIVATE KEY")
    with key_file(directory, Secret("key")) as used:
        Sources(tmp_path / "home").close()
        assert [path.parent for path in directory.glob("key-*/key")] == [used.parent if used else None]
