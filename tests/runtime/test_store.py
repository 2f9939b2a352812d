"""The store: what is put comes back, in order, all or nothing, and only from one service."""

from __future__ import annotations

import os
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from runtime.store import Store
from runtime.store_scan import bounds


def keys(store: Store, prefix: str, **how: bool | int) -> list[str]:
    return [key for key, _ in store.scan(prefix, **how)]  # type: ignore[arg-type]  # options by name


def test_a_record_comes_back_as_it_was_put(store: Store) -> None:
    record = {"name": "магазин ✓", "no": 7, "share": 0.5, "on": True, "none": None, "list": [1, ["a"]], "in": {"x": {}}}
    store.put("projects/1", record)
    assert store.get("projects/1") == record


def test_a_record_of_another_key_or_none_is_not_found(store: Store) -> None:
    store.put("a", {"n": 1})
    assert store.get("b") is None


def test_what_was_read_belongs_to_the_reader(store: Store) -> None:
    store.put("a", {"list": [1]})
    mine = store.get("a")
    assert mine is not None
    mine["list"].append(2)
    assert store.get("a") == {"list": [1]}


def test_records_outlive_the_store_that_wrote_them(home: Path) -> None:
    first = Store.open(home)
    first.put("a", {"n": 1})
    first.close()
    second = Store.open(home)
    assert second.get("a") == {"n": 1}
    second.close()


def test_text_that_is_no_unicode_survives(store: Store) -> None:
    store.put("a", {"file": os.fsdecode(b"caf\xe9")})
    assert store.get("a") == {"file": os.fsdecode(b"caf\xe9")}


def test_a_record_of_four_megabytes_is_kept_inside_the_database(store: Store, home: Path) -> None:
    store.put("big", {"text": "x" * 4_000_000})
    found = store.get("big")
    assert found is not None
    assert len(found["text"]) == 4_000_000
    assert {path.suffix for path in home.rglob("*") if path.is_file()} <= {".db", ".db-wal", ".db-shm", ""}


@pytest.mark.parametrize(
    "record",
    [
        {"x": (1, 2)},
        {"x": {1: "a"}},
        {"x": b"raw"},
        {"x": object()},
        {"x": [{"y": {1, 2}}]},
        {1: "a"},
        [1],
        None,
        "text",
    ],
)
def test_what_would_come_back_changed_is_refused(store: Store, record: object) -> None:
    with pytest.raises(TypeError):
        store.put("a", record)  # type: ignore[arg-type]  # the wrong types are the point
    assert store.get("a") is None


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_numbers_that_json_does_not_know_are_refused(store: Store, value: float) -> None:
    with pytest.raises(ValueError, match="JSON"):
        store.put("a", {"x": value})
    assert store.get("a") is None


def test_a_refused_record_is_not_named_by_its_value(store: Store) -> None:
    with pytest.raises(TypeError) as caught:
        store.put("a", {"x": b"hidden value"})
    assert "hidden" not in str(caught.value)


def test_a_record_that_is_nested_without_end_is_refused(store: Store) -> None:
    circle: dict[str, object] = {}
    circle["again"] = circle
    with pytest.raises(TypeError, match="levels deep"):
        store.put("a", circle)


@pytest.mark.parametrize("key", ["", "a\0b", "x" * 513, "ж" * 300, "!store/sentinel"])
def test_keys_that_cannot_be_are_refused(store: Store, key: str) -> None:
    with pytest.raises(ValueError, match="key"):
        store.put(key, {})


@pytest.mark.parametrize("key", [1, b"a", None, ("a",)])
def test_keys_that_are_not_text_are_refused(store: Store, key: object) -> None:
    with pytest.raises(TypeError):
        store.get(key)  # type: ignore[arg-type]  # the wrong types are the point


def test_delete_says_whether_there_was_one(store: Store) -> None:
    store.put("a", {})
    assert store.delete("a") is True
    assert store.delete("a") is False
    assert store.get("a") is None


# -- order -----------------------------------------------------------------------------------------------------------


def test_a_scan_gives_the_keys_of_its_prefix_in_order(store: Store) -> None:
    for key in ("b/2", "a/10", "a/02", "a", "a/", "b", "a0", "a/1/x"):
        store.put(key, {"k": key})
    assert keys(store, "a/") == ["a/", "a/02", "a/1/x", "a/10"]
    assert keys(store, "a/", newest_first=True) == ["a/10", "a/1/x", "a/02", "a/"]
    assert keys(store, "a/", newest_first=True, limit=2) == ["a/10", "a/1/x"]
    assert keys(store, "a/", limit=0) == []
    assert dict(store.scan("b/")) == {"b/2": {"k": "b/2"}}
    assert store.count("a/") == 4
    assert store.count("nothing") == 0


def test_a_scan_without_prefix_gives_all_but_the_stores_own_records(store: Store) -> None:
    for key in ("~", "!", "a", "ж", "\U0010ffff", "!store0"):
        store.put(key, {})
    store.next_number("x")
    assert keys(store, "") == sorted(["~", "!", "a", "ж", "\U0010ffff", "!store0"])
    assert store.count("") == 6


def test_numbers_that_somebody_found_in_use_are_skipped_and_never_given_again(store: Store) -> None:
    assert [store.next_number("x") for _ in range(2)] == [1, 2]
    assert store.skip_numbers("x", 7)
    assert not store.skip_numbers("x", 3)
    assert not store.skip_numbers("x", 7)
    assert store.next_number("x") == 8
    assert store.next_number("y") == 1


def test_a_scan_longer_than_a_page_misses_and_repeats_nothing(store: Store) -> None:
    names = [f"p/{number:04}" for number in range(700)]
    with store.transaction():
        for name in names:
            store.put(name, {})
    assert keys(store, "p/") == names
    assert keys(store, "p/", newest_first=True) == names[::-1]
    assert keys(store, "p/", limit=300) == names[:300]


def test_records_may_be_deleted_while_they_are_scanned(store: Store) -> None:
    for number in range(600):
        store.put(f"p/{number:04}", {})
    for key, _ in store.scan("p/"):
        store.delete(key)
    assert store.count("p/") == 0


@pytest.mark.parametrize("prefix", ["a", "a\U0010ffff", "\ud7ff", "я/", "\U0010ffff"])
def test_the_end_of_a_range_is_right_after_its_last_key(prefix: str) -> None:
    low, high = bounds(prefix)
    assert low == prefix
    if isinstance(high, str):
        assert (prefix + "\U0010ffff").encode() < high.encode()
        assert not high.startswith(prefix)


def test_a_scan_is_a_search_in_the_index_and_not_a_walk_over_all(store: Store, home: Path) -> None:
    store.put("a/1", {})
    with sqlite3.connect(home / "cache.db") as con:
        plan = con.execute(
            "EXPLAIN QUERY PLAN SELECT key FROM Cache WHERE key >= ? AND key < ? ORDER BY key", bounds("a/")
        ).fetchall()
    con.close()
    assert len(plan) == 1
    assert plan[0][3].startswith("SEARCH Cache USING")
    assert "Cache_key_raw" in plan[0][3]


# -- transactions ----------------------------------------------------------------------------------------------------


def test_a_transaction_is_kept_whole(store: Store) -> None:
    with store.transaction():
        store.put("a", {"n": 1})
        store.put("b", {"n": 2})
        assert store.get("a") == {"n": 1}
    assert store.count("") == 2


def test_a_transaction_that_fails_leaves_nothing_behind(store: Store) -> None:
    store.put("old", {"n": 1})

    def fail_midway() -> None:
        with store.transaction():
            store.put("a", {"n": 1})
            store.delete("old")
            store.next_number("x")
            raise KeyError("wrong")

    with pytest.raises(KeyError):
        fail_midway()
    assert keys(store, "") == ["old"]
    assert store.next_number("x") == 1


def test_a_transaction_inside_another_ends_with_it(store: Store) -> None:
    def fail_after_the_inner_one() -> None:
        with store.transaction():
            with store.transaction():
                store.put("a", {})
            raise KeyError("wrong")

    with pytest.raises(KeyError):
        fail_after_the_inner_one()
    assert store.get("a") is None


def test_a_part_of_a_transaction_may_fail_alone(store: Store) -> None:
    def fail_alone() -> None:
        with store.transaction():
            store.put("b", {})
            raise KeyError("wrong")

    with store.transaction():
        store.put("a", {})
        with pytest.raises(KeyError):
            fail_alone()
        store.put("c", {})
    assert keys(store, "") == ["a", "c"]


def test_other_threads_do_not_see_a_transaction_before_its_end(store: Store) -> None:
    with ThreadPoolExecutor(1) as other:
        with store.transaction():
            store.put("a", {})
            assert other.submit(store.get, "a").result(10) is None
        assert other.submit(store.get, "a").result(10) == {}


def test_changes_made_by_many_threads_at_once_are_all_counted(store: Store) -> None:
    store.put("counter", {"n": 0})

    def add(_: int) -> None:
        with store.transaction():
            record = store.get("counter")
            assert record is not None
            store.put("counter", {"n": record["n"] + 1})

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(add, range(200)))
    assert store.get("counter") == {"n": 200}


def test_numbers_begin_at_one_and_are_never_given_twice(store: Store, home: Path) -> None:
    assert [store.next_number("projects") for _ in range(3)] == [1, 2, 3]
    assert store.next_number("projects/1/versions") == 1
    with ThreadPoolExecutor(8) as threads:
        given = list(threads.map(lambda _: store.next_number("many"), range(100)))
    assert sorted(given) == list(range(1, 101))
    store.close()
    again = Store.open(home)
    assert again.next_number("projects") == 4
    again.close()
