"""HTML of messages, parsed as the Bot API does it: the plain text and its entities, or a refusal with the real words.

Stricter than the real server in one thing: an `&` that starts no known entity is refused here, where Telegram would
show it as it is; in our texts it always means a value that was not escaped.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass

from tests.fakes.botapi.refusal import RefusalError, bad

MAX_ENTITIES = 100
_TAG = re.compile(r"<(?P<end>/?)(?P<name>[A-Za-z0-9-]*)(?P<attributes>[^<>]*)>")
_ATTRIBUTE = re.compile(r"""\s+(?P<name>[A-Za-z0-9-]+)(?:=(?P<value>"[^"]*"|'[^']*'|[A-Za-z0-9./-]+))?""")
_ENTITY = re.compile(r"&(?:(?P<name>lt|gt|amp|quot)|#(?P<number>\d{1,7}|x[0-9A-Fa-f]{1,6}));")
_KINDS = {
    "b": "bold", "strong": "bold", "i": "italic", "em": "italic", "u": "underline", "ins": "underline",
    "s": "strikethrough", "strike": "strikethrough", "del": "strikethrough",
    "tg-spoiler": "spoiler", "span": "spoiler", "a": "text_link",
    "code": "code", "pre": "pre", "blockquote": "blockquote", "tg-emoji": "custom_emoji",
}  # fmt: skip


@dataclass(frozen=True)
class Entity:
    """One stretch of formatted text; offset and length count UTF-16 units, as Telegram's do."""

    type: str
    offset: int
    length: int
    url: str | None = None

    def record(self) -> dict[str, object]:
        """The entity as it stands in a Message."""
        plain: dict[str, object] = {"type": self.type, "offset": self.offset, "length": self.length}
        return plain | ({"url": self.url} if self.url else {})


@dataclass(frozen=True)
class _Open:
    name: str
    start: int
    url: str | None


def utf16_length(text: str) -> int:
    """How long Telegram takes the text to be."""
    return len(text.encode("utf-16-le")) // 2


def parse_html(source: str) -> tuple[str, tuple[Entity, ...]]:
    """Plain text and entities of an HTML message; raises `RefusalError` where Telegram "can't parse entities"."""
    parts: list[str] = []
    entities: list[Entity] = []
    stack: list[_Open] = []
    length = at = 0
    while at < len(source):
        step = _tag_at(source, at, stack, entities, length) if source[at] == "<" else None
        if step is not None:
            at = step
            continue
        piece, at = _text_at(source, at)
        parts.append(piece)
        length += utf16_length(piece)
    if stack:
        raise _unparsed(f'Can\'t find end tag corresponding to start tag "{stack[-1].name}"')
    return _trimmed("".join(parts), entities)


def plain(source: str) -> tuple[str, tuple[Entity, ...]]:
    """A text without markup, trimmed as the server trims it."""
    return _trimmed(source, [])


def _unparsed(why: str) -> RefusalError:
    return bad(f"can't parse entities: {why}")


def _offset(source: str, at: int) -> int:
    return len(source[:at].encode("utf-8", "replace"))


def _tag_at(source: str, at: int, stack: list[_Open], entities: list[Entity], length: int) -> int:
    found = _TAG.match(source, at)
    offset = _offset(source, at)
    if found is None:
        name = re.match(r"</?([A-Za-z0-9-]*)", source[at:])
        shown = name.group(1) if name else ""
        if shown in _KINDS:
            raise _unparsed(f"Unclosed start tag at byte offset {offset}")
        raise _unparsed(f'Unsupported start tag "{shown}" at byte offset {offset}')
    name_of_tag = found["name"].lower()
    if found["end"]:
        _close(name_of_tag, offset, stack, entities, length)
    else:
        if name_of_tag not in _KINDS:
            raise _unparsed(f'Unsupported start tag "{name_of_tag}" at byte offset {offset}')
        stack.append(_Open(name_of_tag, length, _attributes(name_of_tag, found["attributes"], offset)))
    return found.end()


def _attributes(name: str, text: str, offset: int) -> str | None:
    values: dict[str, str] = {}
    at = 0
    while text[at:].strip():
        found = _ATTRIBUTE.match(text, at)
        if found is None:
            raise _unparsed(f'Expected an attribute of the tag "{name}" at byte offset {offset}')
        values[found["name"].lower()] = html.unescape((found["value"] or "").strip("\"'"))
        at = found.end()
    if name == "span" and values.get("class") != "tg-spoiler":
        raise _unparsed(f'Tag "span" must have class "tg-spoiler" at byte offset {offset}')
    return values.get("href") if name == "a" else None


def _close(name: str, offset: int, stack: list[_Open], entities: list[Entity], length: int) -> None:
    if not stack:
        raise _unparsed(f"Unexpected end tag at byte offset {offset}")
    opened = stack.pop()
    if name and name != opened.name:
        raise _unparsed(f'Unmatched end tag at byte offset {offset}, expected "</{opened.name}>", found "</{name}>"')
    if length > opened.start and (opened.name != "a" or opened.url):
        entities.append(Entity(_KINDS[opened.name], opened.start, length - opened.start, opened.url))


def _text_at(source: str, at: int) -> tuple[str, int]:
    if source[at] == "&":
        found = _ENTITY.match(source, at)
        if found is None:
            raise _unparsed(f"an ampersand not escaped, or an unknown entity, at byte offset {_offset(source, at)}")
        if found["number"]:
            number = int(found["number"][1:], 16) if found["number"][0] == "x" else int(found["number"])
            if not 0 < number < 0x110000 or 0xD800 <= number < 0xE000:
                raise _unparsed(f"a character that does not exist at byte offset {_offset(source, at)}")
        return html.unescape(found[0]), found.end()
    end = min((i for i in (source.find("<", at + 1), source.find("&", at + 1)) if i >= 0), default=len(source))
    return source[at:end], end


def _trimmed(text: str, entities: list[Entity]) -> tuple[str, tuple[Entity, ...]]:
    """The server drops blanks at both ends; entities move with the text, those with nothing left go."""
    if len(entities) > MAX_ENTITIES:
        raise bad(f"{len(entities)} entities, of which Telegram would keep {MAX_ENTITIES}")
    cut = utf16_length(text) - utf16_length(text.lstrip())
    text = text.strip()
    size = utf16_length(text)
    kept = []
    for entity in entities:
        start, end = max(0, entity.offset - cut), min(size, entity.offset - cut + entity.length)
        if end > start:
            kept.append(Entity(entity.type, start, end - start, entity.url))
    return text, tuple(sorted(kept, key=lambda e: (e.offset, -e.length)))
