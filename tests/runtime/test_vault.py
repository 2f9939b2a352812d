"""The vault: what is sealed opens only where it belongs, and a secret never shows."""

from __future__ import annotations

import base64
import os
import string
import sys
import threading
import traceback
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.errors import BadKey, StoreError, WrongKey
from runtime.vault import Secret, Vault, make_key

OLD = Secret(base64.b64encode(b"o" * 32).decode())
NEW = Secret(base64.urlsafe_b64encode(b"\xfb" * 32).decode().rstrip("="))
PASSPHRASE = Secret("correct horse battery staple")
VALUE = Secret("s3cr3t-value")


# -- sealing ---------------------------------------------------------------------------------------------------------


def test_a_sealed_value_opens_for_its_owner_and_name() -> None:
    vault = Vault([NEW])
    sealed = vault.seal("project/1", "TOKEN", VALUE)
    assert vault.open("project/1", "TOKEN", sealed) == VALUE


@settings(max_examples=50, deadline=None)
@given(st.text(alphabet=st.characters()), st.text(), st.text())
def test_every_text_comes_back_as_it_was(value: str, owner: str, name: str) -> None:
    vault = Vault([NEW])
    assert vault.open(owner, name, vault.seal(owner, name, Secret(value))).reveal() == value


def test_bytes_from_the_environment_that_are_no_unicode_come_back() -> None:
    vault = Vault([NEW])
    odd = Secret(os.fsdecode(b"caf\xe9"))
    assert vault.open("p", "n", vault.seal("p", "n", odd)) == odd


@pytest.mark.parametrize(
    ("owner", "name"),
    [
        ("project/2", "TOKEN"),
        ("project/1", "OTHER"),
        ("project/1T", "OKEN"),
        ("", "project/1TOKEN"),
        ("TOKEN", "project/1"),
    ],
)
def test_a_value_copied_to_another_record_does_not_open(owner: str, name: str) -> None:
    vault = Vault([NEW])
    sealed = vault.seal("project/1", "TOKEN", VALUE)
    with pytest.raises(WrongKey, match="another owner or name"):
        vault.open(owner, name, sealed)
    assert vault.open("project/1", "TOKEN", sealed) == VALUE


def test_a_sealed_text_shows_nothing_and_is_never_the_same_twice() -> None:
    vault = Vault([NEW])
    first, second = (vault.seal("p", "n", VALUE) for _ in range(2))
    assert first != second
    assert VALUE.reveal() not in first
    assert set(first) <= set(string.ascii_letters + string.digits + ":-_=")


def test_a_text_altered_at_any_place_does_not_open() -> None:
    vault = Vault([NEW])
    sealed = vault.seal("p", "n", VALUE)
    for place in range(len(sealed)):
        changed = sealed[:place] + ("B" if sealed[place] == "A" else "A") + sealed[place + 1 :]
        with pytest.raises(WrongKey):
            vault.open("p", "n", changed)


@pytest.mark.parametrize(
    "text", ["", "v1", "v1:", "v1::", "v2:abc:AAAA", "plain text", "v1:{id}:", "v1:{id}:AAAA", "v1:{id}:ж"]
)
def test_what_was_never_sealed_is_a_clear_error(text: str) -> None:
    vault = Vault([NEW])
    key_id = vault.seal("p", "n", VALUE).split(":")[1]
    with pytest.raises(WrongKey) as caught:
        vault.open("p", "n", text.replace("{id}", key_id))
    assert caught.value.hint


# -- keys ------------------------------------------------------------------------------------------------------------


def test_the_first_key_seals_and_all_open() -> None:
    old = Vault([OLD]).seal("p", "n", VALUE)
    both = Vault([NEW, OLD])
    assert both.open("p", "n", old) == VALUE
    new = both.seal("p", "n", VALUE)
    assert Vault([NEW]).open("p", "n", new) == VALUE
    with pytest.raises(WrongKey):
        Vault([OLD]).open("p", "n", new)


def test_reseal_moves_a_value_to_the_first_key_and_leaves_what_is_there_already() -> None:
    both = Vault([NEW, OLD])
    old = Vault([OLD]).seal("p", "n", VALUE)
    assert not both.is_current(old)
    moved = both.reseal("p", "n", old)
    assert both.is_current(moved)
    assert Vault([NEW]).open("p", "n", moved) == VALUE
    assert both.reseal("p", "n", moved) == moved
    with pytest.raises(WrongKey):
        both.reseal("p", "other", old)


def test_a_wrong_key_is_a_clear_error_that_names_the_missing_one_and_destroys_nothing() -> None:
    sealed = Vault([OLD]).seal("project/1", "TOKEN", VALUE)
    with pytest.raises(WrongKey, match="project/1: TOKEN") as caught:
        Vault([NEW]).open("project/1", "TOKEN", sealed)
    assert sealed.split(":")[1] in str(caught.value)
    assert Vault([OLD]).open("project/1", "TOKEN", sealed) == VALUE


@pytest.mark.parametrize("text", ["", "Zq8", "Zq8-" * 3])
def test_a_key_that_is_too_short_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(BadKey) as caught:
        Vault([Secret(text)])
    assert not text or text not in str(caught.value)


def test_a_vault_without_keys_is_not_made() -> None:
    with pytest.raises(BadKey):
        Vault([])


def test_any_text_of_enough_length_is_a_key_and_always_the_same_one(tmp_path: Path) -> None:
    sealed = Vault([PASSPHRASE]).seal("p", "n", VALUE)
    text = f"{NEW.reveal()}, {PASSPHRASE.reveal()}"
    assert Vault.from_settings(text, tmp_path / "unused").open("p", "n", sealed) == VALUE
    assert not (tmp_path / "unused").exists()


def test_one_key_of_32_bytes_is_the_same_in_each_way_of_writing_it() -> None:
    raw = bytes(range(224, 256))
    ways = [raw.hex(), base64.b64encode(raw).decode(), base64.urlsafe_b64encode(raw).decode().rstrip("=")]
    sealed = Vault([Secret(ways[0])]).seal("p", "n", VALUE)
    assert all(Vault([Secret(way)]).open("p", "n", sealed) == VALUE for way in ways)


# -- the key file ----------------------------------------------------------------------------------------------------


def test_the_key_file_is_made_at_the_first_start_and_read_at_the_next(tmp_path: Path) -> None:
    file = tmp_path / "home" / "secret.key"
    sealed = Vault.from_settings(None, file).seal("p", "n", VALUE)
    before = file.read_bytes()
    if sys.platform != "win32":
        assert file.stat().st_mode & 0o777 == 0o600
    assert Vault.from_settings("  ", file).open("p", "n", sealed) == VALUE
    assert file.read_bytes() == before
    assert [path.name for path in file.parent.iterdir()] == ["secret.key"]


def test_starts_at_the_same_moment_agree_on_one_key(tmp_path: Path) -> None:
    file = tmp_path / "secret.key"
    ready = threading.Barrier(8)

    def start(_: int) -> str:
        ready.wait(10)
        return Vault.from_settings(None, file).seal("p", "n", VALUE)

    with ThreadPoolExecutor(8) as threads:
        sealed = list(threads.map(start, range(8)))
    vault = Vault.from_settings(None, file)
    assert [vault.open("p", "n", text) for text in sealed] == [VALUE] * 8


@pytest.mark.skipif(sys.platform == "win32", reason="modes are of POSIX")
def test_a_key_file_that_others_can_read_is_tightened_and_told(tmp_path: Path) -> None:
    file = tmp_path / "secret.key"
    Vault.from_settings(None, file)
    file.chmod(0o644)
    notices: list[str] = []
    Vault.from_settings(None, file, on_notice=notices.append)
    assert file.stat().st_mode & 0o777 == 0o600
    assert len(notices) == 1
    assert "0644" in notices[0]
    Vault.from_settings(None, file, on_notice=notices.append)
    assert len(notices) == 1


@pytest.mark.parametrize("content", [b"", b"\n", b"short", b"\xff\xfe\x00"])
def test_an_unusable_key_file_is_a_clear_error_and_is_not_overwritten(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "secret.key"
    file.write_bytes(content)
    with pytest.raises(BadKey):
        Vault.from_settings(None, file)
    assert file.read_bytes() == content


def test_a_directory_in_the_key_files_place_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="key file"):
        Vault.from_settings(None, tmp_path)


def test_a_key_file_may_hold_several_keys(tmp_path: Path) -> None:
    file = tmp_path / "secret.key"
    file.write_text(f"{NEW.reveal()},{OLD.reveal()}\n")
    sealed = Vault([OLD]).seal("p", "n", VALUE)
    assert Vault.from_settings(None, file).open("p", "n", sealed) == VALUE


# -- the listener ----------------------------------------------------------------------------------------------------


def test_every_value_that_is_sealed_or_opened_is_made_known() -> None:
    heard: list[Secret] = []
    vault = Vault([NEW], on_value=heard.append)
    later: list[Secret] = []
    sealed = vault.seal("p", "n", Secret("one"))
    vault.listen(later.append)
    vault.open("p", "n", sealed)
    with pytest.raises(WrongKey):
        vault.open("p", "m", sealed)
    assert [value.reveal() for value in heard] == ["one", "one"]
    assert [value.reveal() for value in later] == ["one"]


# -- what an error shows ---------------------------------------------------------------------------------------------


def test_a_failed_open_shows_neither_value_nor_key_in_its_traceback() -> None:
    vault = Vault([OLD])
    sealed = vault.seal("p", "n", VALUE)
    with pytest.raises(WrongKey) as caught:
        vault.open("p", "m", sealed)
    whole = "".join(traceback.TracebackException.from_exception(caught.value, capture_locals=True).format())
    assert "s3cr3t" not in whole
    assert OLD.reveal() not in whole
    assert repr(b"o" * 32) not in whole


def test_a_bad_key_shows_nowhere_in_its_traceback(tmp_path: Path) -> None:
    text = f"{make_key().reveal()},Zq8Zq8"
    with pytest.raises(BadKey) as caught:
        Vault.from_settings(text, tmp_path / "unused")
    assert "Zq8" not in "".join(traceback.format_exception(caught.value))


def test_a_made_key_is_new_each_time_and_usable() -> None:
    assert make_key() != make_key()
    Vault([make_key()])
