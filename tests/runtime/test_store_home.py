"""One service a home: threads, locks, rights and kept copies."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from runtime.errors import StoreBusy, StoreError
from runtime.store import Store, restore

REPOSITORY = Path(__file__).parents[2]


def keys(store: Store, prefix: str, **how: bool | int) -> list[str]:
    return [key for key, _ in store.scan(prefix, **how)]  # type: ignore[arg-type]  # options by name


# -- threads and connections -----------------------------------------------------------------------------------------


def test_ended_threads_leave_no_connections_behind(store: Store, home: Path) -> None:
    def work(number: int) -> None:
        store.put(f"t/{number}", {})
        assert store.get(f"t/{number}") == {}

    for number in range(60):
        thread = threading.Thread(target=work, args=(number,))
        thread.start()
        thread.join(10)
        assert not thread.is_alive()
    assert store.count("t/") == 60
    if sys.platform == "linux":
        links = [os.readlink(path) for path in Path("/proc/self/fd").iterdir() if path.is_symlink()]
        assert links.count(str(home / "cache.db")) <= 2


def test_a_closed_store_says_so_and_can_be_closed_again(home: Path) -> None:
    store = Store.open(home)
    store.close()
    store.close()
    for use in (lambda: store.get("a"), lambda: store.put("a", {}), lambda: list(store.scan("")), store.keep_copy):
        with pytest.raises(StoreError, match="closed"):
            use()


def test_a_store_closed_under_many_threads_ends_each_with_a_clear_error(home: Path) -> None:
    store = Store.open(home)
    ready = threading.Barrier(9)

    def use(name: int) -> int:
        done = 0
        ready.wait(30)
        while True:
            try:
                store.put(f"t/{name}", {"n": done + 1})
                assert store.get(f"t/{name}") == {"n": done + 1}
            except StoreError as error:
                # the put may have been kept while the get came too late
                assert "closed" in str(error)  # noqa: PT017  # which error ends the loop is the point
                return done
            done += 1

    with ThreadPoolExecutor(8) as threads:
        used = [threads.submit(use, name) for name in range(8)]
        ready.wait(30)
        store.close()
        done = [each.result(60) for each in used]
    again = Store.open(home)
    for name, number in enumerate(done):
        assert (again.get(f"t/{name}") or {"n": 0})["n"] in (number, number + 1)
    again.close()


# -- the home --------------------------------------------------------------------------------------------------------


def test_only_the_owner_can_enter_the_directory_and_read_the_files(home: Path) -> None:
    home.mkdir(mode=0o755)
    store = Store.open(home)
    store.put("a", {})
    if sys.platform != "win32":
        assert home.stat().st_mode & 0o777 == 0o700
        assert (home / "copies").stat().st_mode & 0o777 == 0o700
        assert (home / "cache.db").stat().st_mode & 0o777 == 0o600
        assert all(copy.stat().st_mode & 0o777 == 0o600 for copy in (home / "copies").iterdir())
    store.close()


def test_a_second_service_on_the_same_home_is_turned_away(store: Store, home: Path) -> None:
    with pytest.raises(StoreBusy, match=str(os.getpid())):
        Store.open(home)
    store.put("still", {"mine": True})
    assert store.get("still") == {"mine": True}


def test_a_closed_store_lets_the_next_one_in(home: Path) -> None:
    for _ in range(3):
        Store.open(home).close()


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is a signal of POSIX")
def test_a_killed_service_frees_its_home(home: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from runtime.store import Store\n"
        "store = Store.open(Path(sys.argv[1])); store.put('a', {'n': 1}); print('open', flush=True); sys.stdin.read()"
    )
    service = subprocess.Popen(
        [sys.executable, "-c", program, str(home)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=REPOSITORY
    )
    with service:
        assert service.stdout is not None
        assert service.stdout.readline() == b"open\n"
        with pytest.raises(StoreBusy, match=str(service.pid)):
            Store.open(home)
        service.send_signal(signal.SIGKILL)
        service.wait(10)
    store = Store.open(home)
    assert store.get("a") == {"n": 1}
    store.close()


# -- copies ----------------------------------------------------------------------------------------------------------


def test_a_copy_holds_what_was_committed_when_it_was_made(store: Store, tmp_path: Path) -> None:
    store.put("a", {"n": 1})
    with store.transaction():
        store.put("b", {"n": 2})
        store.copy_to(tmp_path / "backup.db")
    store.put("c", {"n": 3})
    restore(tmp_path / "other", tmp_path / "backup.db")
    other = Store.open(tmp_path / "other")
    assert keys(other, "") == ["a"]
    other.close()


def test_a_home_is_restored_from_a_copy_and_what_it_held_is_put_aside(home: Path, tmp_path: Path) -> None:
    store = Store.open(home)
    store.put("a", {"n": 1})
    store.copy_to(tmp_path / "backup.db")
    store.put("a", {"n": 2})
    with pytest.raises(StoreBusy):
        restore(home, tmp_path / "backup.db")
    store.close()
    restore(home, tmp_path / "backup.db")
    store = Store.open(home)
    assert store.get("a") == {"n": 1}
    store.close()
    assert len(list((home / "aside").iterdir())) == 1


def test_what_is_no_good_copy_is_not_restored(home: Path, tmp_path: Path) -> None:
    store = Store.open(home)
    store.put("a", {"n": 1})
    store.close()
    (tmp_path / "junk.db").write_bytes(b"junk" * 1000)
    with pytest.raises(StoreError, match="no good copy"):
        restore(home, tmp_path / "junk.db")
    with pytest.raises(StoreError, match="no good copy"):
        restore(home, tmp_path / "missing.db")
    store = Store.open(home)
    assert store.get("a") == {"n": 1}
    store.close()


def test_the_newest_five_copies_are_kept(store: Store, home: Path) -> None:
    made = [store.keep_copy() for _ in range(7)]
    assert sorted((home / "copies").iterdir()) == made[-5:]


def test_copies_are_made_while_others_write(store: Store, tmp_path: Path) -> None:
    ended = threading.Event()

    def write() -> None:
        number = 0
        while not ended.is_set():
            number += 1
            with store.transaction():
                store.put("left", {"n": number})
                store.put("right", {"n": number})

    with ThreadPoolExecutor(1) as other:
        writing = other.submit(write)
        try:
            for number in range(5):
                store.copy_to(tmp_path / f"{number}.db")
        finally:
            ended.set()
        writing.result(30)
    for number in range(5):
        con = sqlite3.connect(tmp_path / f"{number}.db")
        values = con.execute("SELECT value FROM Cache WHERE key IN ('left', 'right')").fetchall()
        con.close()
        assert len(set(values)) <= 1
