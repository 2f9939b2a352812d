"""Keys in order: ranges of the key index, read a page at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from runtime.store_disk import Shelf
from runtime.store_plain import RESERVED

_PAGE = 256
# every text sorts before every blob, so an empty blob ends the range of all text keys
_AFTER_ALL_TEXT = b""
_OURS = f"NOT (key >= '{RESERVED}' AND key < '{RESERVED[:-1]}0')"  # '0' follows '/'


def bounds(prefix: str) -> tuple[str, str | bytes]:
    """The keys that begin with `prefix` are those from the first value up to, but without, the second."""
    for index in range(len(prefix) - 1, -1, -1):
        code = ord(prefix[index])
        if code < 0x10FFFF:
            # text is compared by its UTF-8 bytes, which is by code point; surrogates are no characters
            following = 0xE000 if code == 0xD7FF else code + 1
            return prefix, prefix[:index] + chr(following)
    return prefix, _AFTER_ALL_TEXT


def count(shelf: Shelf, prefix: str) -> int:
    """How many keys begin with `prefix`, without the store's own."""
    with shelf.borrowed() as con:
        query = f"SELECT count(*) FROM Cache WHERE key >= ? AND key < ? AND {_OURS}"  # noqa: S608  # constants only
        ((number,),) = con.execute(query, bounds(prefix)).fetchall()
    return int(number)


def walk(shelf: Shelf, prefix: str, newest_first: bool, limit: int | None) -> Iterator[tuple[str, dict[str, Any]]]:
    """Pairs in the order of their keys. No connection is held between pages; a page is one moment's picture."""
    low, high = bounds(prefix)
    left = limit
    after: str | None = None
    while left is None or left > 0:
        page = _PAGE if left is None else min(_PAGE, left)
        rows = _page(shelf, (low, high), after, newest_first, page)
        for key, raw, mode, filename, value in rows:
            after = shelf.disk.get(key, raw)
            yield after, shelf.disk.fetch(mode, filename, value, False)
        if len(rows) < page:
            return
        if left is not None:
            left -= len(rows)


def _page(
    shelf: Shelf, within: tuple[str, str | bytes], after: str | None, backwards: bool, size: int
) -> list[tuple[Any, ...]]:
    low, high = within
    order = "DESC" if backwards else "ASC"
    if after is None:
        start = "key >= ?"
    elif backwards:
        start, high = "key >= ?", after
    else:
        start, low = "key > ?", after
    query = (
        "SELECT key, raw, mode, filename, value FROM Cache"  # noqa: S608  # constants only
        f" WHERE {start} AND key < ? AND {_OURS} ORDER BY key {order} LIMIT ?"
    )
    with shelf.borrowed() as con:
        return list(con.execute(query, (low, high, size)).fetchall())
