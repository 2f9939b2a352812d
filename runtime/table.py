"""Table[T]: one kind of record over the store, with a schema number and the way up from each older one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Generic, TypeVar

from runtime.errors import SchemaTooNew, StoreDamaged
from runtime.store import Record, Store

T = TypeVar("T")
Migration = Callable[[Record], Record]

SCHEMA = "schema"
"""The field of each stored record that holds its schema number."""


class Table(Generic[T]):
    """Values of one type under "name/<key>". Every method is safe from any thread and raises what `Store` raises.

    `encode` gives a plain dict without a field "schema", `decode` gets the same dict back; neither sees the number.
    `migrations[n]` turns a record of schema n into one of n + 1: it gets a dict of its own and may change it. Old
    records are brought up as they are read, and stored in the new form when they are next put or by `migrate`.
    """

    def __init__(
        self,
        store: Store,
        name: str,
        *,
        encode: Callable[[T], Record],
        decode: Callable[[Record], T],
        schema: int = 1,
        migrations: Mapping[int, Migration] | None = None,
    ) -> None:
        steps = dict(migrations or {})
        if not name or "/" in name:
            raise ValueError(f"a table's name is text without a slash: {name!r}")
        if schema < 1 or set(steps) != set(range(1, schema)):
            raise ValueError(
                f"table {name}: schema {schema} needs a migration from each of 1 to {schema - 1}, no other"
            )
        self.name = name
        self.schema = schema
        self.store = store
        self._encode = encode
        self._decode = decode
        self._migrations = steps

    def get(self, key: str) -> T | None:
        """The value, None when there is none. SchemaTooNew when a newer version of the program wrote it."""
        record = self.store.get(self._place(key))
        return None if record is None else self._read(key, record)

    def put(self, key: str, value: T) -> None:
        """Durable when it returns, as with `Store.put`."""
        self.store.put(self._place(key), self._written(value))

    def delete(self, key: str) -> bool:
        """Whether there was one."""
        return self.store.delete(self._place(key))

    def scan(
        self, prefix: str = "", *, newest_first: bool = False, limit: int | None = None
    ) -> Iterator[tuple[str, T]]:
        """Keys (without the table's name) that begin with `prefix`, and their values, in the order of the keys."""
        start = len(self.name) + 1
        found = self.store.scan(f"{self.name}/{prefix}", newest_first=newest_first, limit=limit)
        for place, record in found:
            key = place[start:]
            yield key, self._read(key, record)

    def count(self, prefix: str = "") -> int:
        """How many keys begin with `prefix`."""
        return self.store.count(f"{self.name}/{prefix}")

    def migrate(self) -> int:
        """Store every older record in the newest form, all or none; how many there were."""
        changed = 0
        with self.store.transaction():
            for place, record in self.store.scan(f"{self.name}/"):
                if record.get(SCHEMA) != self.schema:
                    value = self._read(place[len(self.name) + 1 :], record)
                    self.store.put(place, self._written(value))
                    changed += 1
        return changed

    def _place(self, key: str) -> str:
        if not key:
            raise ValueError(f"table {self.name}: a key is not empty")
        return f"{self.name}/{key}"

    def _written(self, value: T) -> Record:
        record = self._encode(value)
        if SCHEMA in record:
            raise ValueError(f"table {self.name}: the field {SCHEMA!r} is the table's own")
        return {SCHEMA: self.schema, **record}

    def _read(self, key: str, record: Record) -> T:
        found = record.pop(SCHEMA, None)
        if type(found) is not int or found < 1:
            raise StoreDamaged(f"the record {self.name}/{key} has no schema number", "Restore a backup.")
        if found > self.schema:
            raise SchemaTooNew(
                f"the record {self.name}/{key} has schema {found}, this version knows {self.schema}",
                "Start the newer version again, or restore a backup made before it.",
            )
        for step in range(found, self.schema):
            record = self._migrations[step](record)
        return self._decode(record)
