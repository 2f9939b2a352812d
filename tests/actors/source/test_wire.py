"""Pkt-lines and the answers made of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.source import wire

A, B = "a" * 40, "b" * 40


def test_the_request_names_what_it_wants() -> None:
    assert wire.ls_refs(["HEAD"]) == b"0014command=ls-refs\n0001000csymrefs\n0014ref-prefix HEAD\n0000"
    assert b"object-format=sha256\n" in wire.ls_refs(["HEAD"], "sha256")


def test_refs_and_the_default_branch_are_read() -> None:
    answer = b"".join(
        [
            wire.packet(f"{A} HEAD symref-target:refs/heads/main\n"),
            wire.packet(f"{A} refs/heads/main\n"),
            wire.packet(f"{B} refs/heads/dev\n"),
            wire.FLUSH,
        ]
    )
    found = wire.read_ls_refs(answer)
    assert (found.default, found.branch("dev"), found.branches) == ("main", B, ("main", "dev"))


def test_an_unborn_head_is_no_ref() -> None:
    answer = wire.packet("unborn HEAD symref-target:refs/heads/main\n") + wire.FLUSH
    assert wire.read_ls_refs(answer).refs == {}


def test_an_older_servers_refs_are_read() -> None:
    answer = b"".join(
        [
            wire.packet("# service=git-upload-pack\n"),
            wire.FLUSH,
            wire.packet(f"{A} HEAD\0multi_ack symref=HEAD:refs/heads/dev agent=git/1.9\n"),
            wire.packet(f"{A} refs/heads/dev\n"),
            wire.packet(f"{B} refs/tags/v1\n"),
            wire.packet(f"{A} refs/tags/v1^{{}}\n"),
            wire.FLUSH,
        ]
    )
    told = wire.read_advertisement(answer)
    assert (told.version, told.refs.default, dict(told.refs.refs)) == (
        0,
        "dev",
        {"HEAD": A, "refs/heads/dev": A, "refs/tags/v1": B},
    )


def test_a_very_old_server_leaves_the_default_to_be_guessed() -> None:
    lines = [f"{A} HEAD\0side-band\n", f"{A} refs/heads/a\n", f"{A} refs/heads/master\n"]
    told = wire.read_advertisement(b"".join(map(wire.packet, lines)) + wire.FLUSH)
    assert told.refs.default == "master"


def test_an_empty_older_server_has_no_refs() -> None:
    told = wire.read_advertisement(wire.packet("0" * 40 + " capabilities^{}\0side-band\n") + wire.FLUSH)
    assert told.refs.refs == {}


def test_a_version_2_server_tells_its_object_format() -> None:
    lines = ["version 2\n", "agent=git/2.39\n", "ls-refs=unborn\n", "object-format=sha256\n"]
    told = wire.read_advertisement(b"".join(map(wire.packet, lines)) + wire.FLUSH)
    assert (told.version, told.object_format) == (2, "sha256")


def test_a_servers_refusal_is_told_apart() -> None:
    with pytest.raises(wire.RefusalError, match="no such thing"):
        wire.read_ls_refs(wire.packet("ERR no such thing\n") + wire.FLUSH)


@given(st.binary(max_size=200))
def test_garbage_is_an_answer_or_a_wire_error_and_nothing_else(data: bytes) -> None:
    for read in (wire.read_ls_refs, wire.read_advertisement):
        try:
            read(data)
        except wire.WireError:
            continue


def test_the_words_of_ls_remote_are_read_among_warnings() -> None:
    text = f"warning: something\nref: refs/heads/main\tHEAD\n{A}\tHEAD\n{A}\trefs/heads/main\n{B}\trefs/tags/v1^{{}}\n"
    found = wire.read_ls_remote(text)
    assert (found.default, set(found.refs)) == ("main", {"HEAD", "refs/heads/main"})
