"""Tables: typed records with a schema number, brought up from every older form."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from runtime.errors import SchemaTooNew, StoreDamaged
from runtime.store import Record, Store
from runtime.table import Table


@dataclass(frozen=True)
class Shop:
    name: str
    seats: int


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store.open(tmp_path / "store")
    yield opened
    opened.close()


def encode(shop: Shop) -> Record:
    return {"name": shop.name, "seats": shop.seats}


def decode(record: Record) -> Shop:
    return Shop(record["name"], record["seats"])


def title_to_name(record: Record) -> Record:
    record["name"] = record.pop("title")
    return record


def no_seats(record: Record) -> Record:
    return {**record, "seats": 0}


def shops(store: Store) -> Table[Shop]:
    """The third form: the first had a title, the second no seats."""
    return Table(store, "shops", encode=encode, decode=decode, schema=3, migrations={1: title_to_name, 2: no_seats})


def test_a_value_comes_back_as_it_was_put(store: Store) -> None:
    table = shops(store)
    table.put("a", Shop("A", 4))
    assert table.get("a") == Shop("A", 4)
    assert table.get("b") is None
    assert store.get("shops/a") == {"schema": 3, "name": "A", "seats": 4}
    assert table.delete("a") is True
    assert table.delete("a") is False


def test_a_table_sees_its_own_records_only_in_order(store: Store) -> None:
    table = shops(store)
    for key in ("2", "1", "3"):
        table.put(key, Shop(key, 1))
    store.put("shops2/1", {"schema": 1})
    store.put("shops", {"schema": 1})
    assert [key for key, _ in table.scan()] == ["1", "2", "3"]
    assert list(table.scan(newest_first=True, limit=1)) == [("3", Shop("3", 1))]
    assert table.count() == 3
    assert table.count("2") == 1


def test_each_older_form_is_brought_up_step_by_step(store: Store) -> None:
    store.put("shops/1", {"schema": 1, "title": "first"})
    store.put("shops/2", {"schema": 2, "name": "second"})
    table = shops(store)
    assert dict(table.scan()) == {"1": Shop("first", 0), "2": Shop("second", 0)}
    assert store.get("shops/1") == {"schema": 1, "title": "first"}, "reading alone changes nothing"


def test_migrate_stores_every_older_record_in_the_newest_form(store: Store) -> None:
    store.put("shops/1", {"schema": 1, "title": "first"})
    shops(store).put("3", Shop("third", 3))
    assert shops(store).migrate() == 1
    assert store.get("shops/1") == {"schema": 3, "name": "first", "seats": 0}
    assert shops(store).migrate() == 0


def test_migrate_that_fails_changes_nothing(store: Store) -> None:
    store.put("shops/1", {"schema": 1, "title": "first"})
    store.put("shops/2", {"schema": 1, "no title": "second"})
    with pytest.raises(KeyError):
        shops(store).migrate()
    assert store.get("shops/1") == {"schema": 1, "title": "first"}


def test_a_record_of_a_newer_version_is_refused_and_left_alone(store: Store) -> None:
    store.put("shops/1", {"schema": 4, "name": "from the future"})
    with pytest.raises(SchemaTooNew, match="schema 4"):
        shops(store).get("1")
    with pytest.raises(SchemaTooNew):
        list(shops(store).scan())
    assert store.get("shops/1") == {"schema": 4, "name": "from the future"}


@pytest.mark.parametrize("record", [{"name": "x"}, {"schema": "3"}, {"schema": 0}, {"schema": True}])
def test_a_record_without_a_schema_number_is_damaged(store: Store, record: Record) -> None:
    store.put("shops/1", record)
    with pytest.raises(StoreDamaged, match="schema"):
        shops(store).get("1")


def test_a_table_with_a_gap_in_its_migrations_is_not_made(store: Store) -> None:
    for steps in ({}, {1: no_seats}, {2: no_seats}, {1: no_seats, 2: no_seats, 3: no_seats}):
        with pytest.raises(ValueError, match="migration"):
            Table(store, "shops", encode=encode, decode=decode, schema=3, migrations=steps)
    for name in ("", "a/b"):
        with pytest.raises(ValueError, match="name"):
            Table(store, name, encode=encode, decode=decode)


def test_a_key_is_never_empty_and_a_field_never_takes_the_tables_place(store: Store) -> None:
    with pytest.raises(ValueError, match="empty"):
        shops(store).put("", Shop("A", 1))
    table = Table[Shop](store, "shops", encode=lambda shop: {"schema": shop.name}, decode=decode)
    with pytest.raises(ValueError, match="schema"):
        table.put("a", Shop("A", 1))
