"""What may be stored: short text keys, and records that come back exactly as they were put."""

from __future__ import annotations

from typing import Any

_KEY_BYTES = 512
_DEPTH = 64
RESERVED = "!store/"
"""Keys of the store's own records begin so; nobody else may use them."""


def check_key(key: str) -> None:
    """Raises TypeError for what is not text, ValueError for an empty, long, unprintable or reserved key."""
    if not isinstance(key, str):
        raise TypeError(f"a key is text, not {type(key).__name__}")
    if key.startswith(RESERVED):
        raise ValueError(f"keys that begin with {RESERVED} are the store's own")
    if not key or "\0" in key or len(key) > _KEY_BYTES:
        raise ValueError(f"a key is 1 to {_KEY_BYTES} bytes of text without NUL: {key[:40]!r}")
    if not key.isascii() and len(key.encode("utf-8")) > _KEY_BYTES:
        raise ValueError(f"a key is 1 to {_KEY_BYTES} bytes of text without NUL: {key[:40]!r}")


def check_record(record: dict[str, Any]) -> None:
    """Raises TypeError for what JSON would change on the way (tuples, keys that are not text) or cannot hold."""
    if not isinstance(record, dict):
        raise TypeError(f"a record is a dict, not {type(record).__name__}")
    _check(record, "record", _DEPTH)


def _check(value: object, path: str, depth: int) -> None:
    if value is None or isinstance(value, (str, int, float)):
        return
    if depth == 0:
        raise TypeError(f"{path}: a record is at most {_DEPTH} levels deep")
    if isinstance(value, dict):
        for key, part in value.items():
            if not isinstance(key, str):
                raise TypeError(f"{path}: a field's name is text, not {type(key).__name__}")
            if part is not None and not isinstance(part, (str, int, float)):
                _check(part, f"{path}.{key}", depth - 1)
    elif isinstance(value, list):
        for part in value:
            _check(part, f"{path}[]", depth - 1)
    else:
        # only the type is told: the value may be a secret
        raise TypeError(f"{path}: a {type(value).__name__} cannot be stored; encode it first")
