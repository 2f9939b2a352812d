"""The shapes in which a secret value turns up in text: as it is, quoted, escaped, in base64; pure."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Iterator
from urllib.parse import quote, quote_plus

MASK = "••••"
SEEN_MASK = MASK.encode().decode("latin-1")
SHORTEST = 4
_SHORTEST_LINE = 16
_SHORTEST_INNER = 8
_EVERYDAY = frozenset({"true", "false", "none", "null"})


def learnable(value: str) -> bool:
    """False for what would blank out ordinary text: fewer than four characters, and words such as `true`."""
    return len(value.strip()) >= SHORTEST and value.strip().lower() not in _EVERYDAY


def forms(value: str) -> frozenset[bytes]:
    """Every form of the value to look for, as UTF-8; none is shorter than four bytes."""
    found: set[bytes] = set()
    for part in {value, value.strip(), *_long_lines(value)}:
        found.update(to_bytes(text) for text in _spellings(part))
        found.update(_base64(to_bytes(part)))
    return frozenset(form for form in found if len(form) >= SHORTEST)


def to_bytes(text: str) -> bytes:
    """UTF-8 that also takes lone surrogates, so that no text at all makes it raise."""
    return text.encode("utf-8", "surrogatepass")


def _long_lines(value: str) -> Iterator[str]:
    # A key of many lines is usually printed line by line; its first and last line say nothing.
    lines = value.splitlines()
    if len(lines) > 1:
        yield from (
            line for line in map(str.strip, lines) if len(line) >= _SHORTEST_LINE and not line.startswith("---")
        )


def _spellings(value: str) -> Iterator[str]:
    yield value
    raw = to_bytes(value)
    for quoted in (quote(raw, safe=""), quote(raw), quote_plus(raw)):
        yield quoted
        yield _lower_hex(quoted)
    for ascii_only in (True, False):
        escaped = json.dumps(value, ensure_ascii=ascii_only)[1:-1]
        yield escaped
        yield escaped.replace("/", "\\/")
        yield json.dumps(escaped, ensure_ascii=ascii_only)[1:-1]  # JSON inside JSON: a logged request body
    yield repr(value)[1:-1]
    yield repr(raw)[2:-1]
    yield html.escape(value)
    yield html.escape(value, quote=False)


def _lower_hex(quoted: str) -> str:
    head, *rest = quoted.split("%")
    return "%".join([head, *(piece[:2].lower() + piece[2:] for piece in rest)])


def _base64(raw: bytes) -> Iterator[bytes]:
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        whole = encode(raw)
        yield whole
        yield whole.rstrip(b"=")
        # Inside a longer encoded text (`user:token` of a Basic header) it may begin at any of three offsets; the
        # characters that it shares with its neighbours are left out.
        for offset in range(3):
            encoded = encode(b"\0" * offset + raw)
            inner = encoded[(0, 2, 3)[offset] : (offset + len(raw)) * 8 // 6]
            if len(inner) >= _SHORTEST_INNER:
                yield inner
