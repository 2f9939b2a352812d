"""A full disk: a clear error for the one operation, nothing acknowledged lost, and everything goes on afterwards."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from runtime.errors import StoreFull
from runtime.store import Store
from runtime.vault import Vault

REPOSITORY = Path(__file__).parents[2]
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="small file systems and limits are made the POSIX way")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 16 MB."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", str(place)], capture_output=True, timeout=20
    )
    if mounted.returncode != 0:
        pytest.skip(f"a small file system cannot be mounted here: {mounted.stderr.decode().strip()}")
    yield place
    subprocess.run(["umount", str(place)], check=True, timeout=20)


class Filler:
    """Takes all the space that is left, and gives it back."""

    def __init__(self, disk: Path) -> None:
        self._disk = disk
        self._number = 0

    def fill(self) -> None:
        self._number += 1
        handle = os.open(self._disk / f"filler-{self._number}", os.O_WRONLY | os.O_CREAT)
        try:
            for size in (65536, 4096, 1):
                while True:
                    try:
                        os.write(handle, b"x" * size)
                    except OSError:
                        break
        finally:
            os.close(handle)

    def give_back(self) -> None:
        for file in self._disk.glob("filler-*"):
            file.unlink()


def _put_until_full(store: Store) -> list[str]:
    """The keys of the acknowledged records; StoreFull must come within 20 MB."""
    done: list[str] = []
    for number in range(2000):
        try:
            store.put(f"f/{number:05}", {"text": "x" * 10_000})
        except StoreFull:
            return done
        done.append(f"f/{number:05}")
    pytest.fail("20 MB went into a disk of 16 MB")


def _change_and_add(store: Store) -> None:
    with store.transaction():
        store.put("changed", {"n": 2})
        store.put("more", {"text": "x" * 100_000})


def test_a_full_disk_refuses_the_write_and_keeps_all_that_was_acknowledged(small_disk: Path) -> None:
    store = Store.open(small_disk / "store")
    filler = Filler(small_disk)
    store.put("changed", {"n": 1})
    acknowledged = _put_until_full(store)
    filler.fill()
    for _ in range(3):
        with pytest.raises(StoreFull, match="more was not saved: no space is left"):
            store.put("more", {"text": "x" * 100_000})
        with pytest.raises(StoreFull):
            _change_and_add(store)
    assert [key for key, _ in store.scan("f/")] == acknowledged
    assert store.get("changed") == {"n": 1}
    assert store.get("more") is None
    filler.give_back()
    for key in acknowledged[:200]:
        assert store.delete(key)
    store.put("more", {"n": 1})
    assert store.next_number("x") == 1
    store.close()

    again = Store.open(small_disk / "store", on_notice=lambda _: None)
    assert [key for key, _ in again.scan("f/")] == acknowledged[200:]
    assert again.get("more") == {"n": 1}
    again.close()


def test_a_store_opens_and_deletes_on_a_full_disk_with_the_space_it_put_by(small_disk: Path) -> None:
    store = Store.open(small_disk / "store")
    store.put("a", {"n": 1})
    store.put("b", {"n": 1})
    store.close()
    filler = Filler(small_disk)
    filler.fill()
    notices: list[str] = []
    store = Store.open(small_disk / "store", on_notice=notices.append)
    assert store.get("a") == {"n": 1}
    assert store.delete("a") is True
    assert not any("restored" in words for words in notices)
    filler.give_back()
    store.put("b", {"n": 2})
    store.keep_copy()
    store.close()
    assert (small_disk / "store" / "reserve").stat().st_size > 0


def test_a_full_disk_without_anything_put_by_is_never_taken_for_damage(small_disk: Path) -> None:
    store = Store.open(small_disk / "store")
    store.put("a", {"n": 1})
    store.close()
    (small_disk / "store" / "reserve").unlink()
    filler = Filler(small_disk)
    filler.fill()
    with pytest.raises(StoreFull):
        Store.open(small_disk / "store", on_notice=lambda words: pytest.fail(words))
    filler.give_back()
    store = Store.open(small_disk / "store", on_notice=lambda words: pytest.fail(words))
    assert store.get("a") == {"n": 1}
    store.close()


def test_a_copy_that_finds_no_space_leaves_nothing_behind(small_disk: Path) -> None:
    store = Store.open(small_disk / "store")
    store.put("big", {"text": "x" * 2_000_000})
    (small_disk / "copy.db").write_text("the one before")
    filler = Filler(small_disk)
    filler.fill()
    copies = sorted((small_disk / "store" / "copies").iterdir())
    with pytest.raises(StoreFull):
        store.keep_copy()
    with pytest.raises(StoreFull):
        store.copy_to(small_disk / "copy.db")
    assert sorted((small_disk / "store" / "copies").iterdir()) == copies
    assert (small_disk / "copy.db").read_text() == "the one before"
    filler.give_back()
    store.keep_copy()
    store.close()


def test_a_damaged_store_on_a_full_disk_is_brought_back_when_there_is_space(small_disk: Path) -> None:
    store = Store.open(small_disk / "store")
    store.put("big", {"text": "x" * 3_000_000})
    store.keep_copy()
    store.close()
    (small_disk / "store" / "reserve").unlink()
    os.truncate(small_disk / "store" / "cache.db", 0)
    filler = Filler(small_disk)
    filler.fill()
    for _ in range(2):
        with pytest.raises(StoreFull):
            Store.open(small_disk / "store", on_notice=lambda words: pytest.fail(words))
    filler.give_back()
    notices: list[str] = []
    store = Store.open(small_disk / "store", on_notice=notices.append)
    assert store.get("big") is not None
    store.close()
    assert len(notices) == 1


def test_a_key_file_that_finds_no_space_is_an_error_and_is_not_left_half_written(small_disk: Path) -> None:
    filler = Filler(small_disk)
    filler.fill()
    with pytest.raises(StoreFull):
        Vault.from_settings(None, small_disk / "secret.key")
    assert not (small_disk / "secret.key").exists()
    filler.give_back()
    Vault.from_settings(None, small_disk / "secret.key")


_LIMITED = """
import resource, sys
from pathlib import Path
from runtime.errors import StoreError, StoreFull
from runtime.store import Store
store = Store.open(Path(sys.argv[1]))
hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
store.put("a", {"n": 1})
resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, hard))
done = []
try:
    while len(done) < 1000:
        store.put(f"f/{len(done):05}", {"text": "x" * 10_000})
        done.append(f"f/{len(done):05}")
except StoreFull:
    print("full")
try:
    with store.transaction():
        store.put("a", {"n": 2})
        try:
            store.put("big", {"text": "x" * 40_000_000})
        except StoreFull:
            print("full inside")
        store.put("a", {"n": 3})
        store.put("c", {"n": 3})
except StoreError as error:
    print("undone", type(error).__name__)
assert store.get("a") == {"n": 1}, store.get("a")
assert store.get("c") is None
assert store.count("f/") == len(done)
resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
store.put("a", {"n": 4})
store.close()
store = Store.open(Path(sys.argv[1]), on_notice=print)
assert store.get("a") == {"n": 4}
assert store.count("f/") == len(done)
store.close()
print("whole")
"""


def test_a_limit_on_file_sizes_is_like_a_full_disk_and_a_half_done_transaction_is_undone(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "error", "-c", _LIMITED, str(tmp_path / "store")],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ended.stderr == ""
    full, inside, undone, whole = ended.stdout.splitlines()
    assert (full, inside, whole) == ("full", "full inside", "whole")
    assert undone.startswith("undone")
