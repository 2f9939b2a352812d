"""What the service says - errors, reasons, hints - as the chat says it, in Russian and in English: found by its words,
its values kept; pure.
"""

from __future__ import annotations

import functools
import re
from typing import Final

from actors.bot.texts.en_hints import HINTS as FOR_THE_CHAT
from actors.bot.texts.ru_hints import HINTS
from actors.bot.texts.ru_said import SAID
from actors.bot.texts.ru_service import SERVICE
from actors.bot.texts.ru_source import SOURCE

_GAP: Final = re.compile(r"\{(\w+)\}")
_DECIMAL: Final = re.compile(r"\d+\.\d+")
_NESTED: Final = ("why", "error", "rest")  # these hold a sentence of ours, as often as not
_OPENING: Final = re.compile(r"(?:an?|another|health|no|nothing|others|process|submodule|that|the|there|this|too)\b")
MOST = 2000
DEEP = 5


def russian(sentence: str, depth: int = 0) -> str | None:
    """The sentence in Russian; None for one that we do not know: a tool's own words, a newer service's."""
    text = sentence.strip()
    if not text or len(text) > MOST or depth > DEEP:
        return None
    for begin in (text, text.rstrip(".")):
        for pattern, said in _patterns():
            found = pattern.fullmatch(begin)
            if found is not None:
                values = {
                    name: (russian(value, depth + 1) if name in _NESTED else None) or _quoted(value)
                    for name, value in found.groupdict().items()
                }
                return _GAP.sub(lambda gap, values=values: values[gap[1]], said)  # type: ignore[misc]
    return None


def english(hint: str | None) -> str | None:
    """The hint without what only a terminal can follow."""
    if hint is None:
        return None
    found = next((said for pattern, said in _for_the_chat() if pattern.fullmatch(hint)), hint)
    return found.replace("`", "")


def capital(text: str) -> str:
    """The text as the beginning of a sentence, if it begins with a word and not with a name or an address."""
    return text[:1].upper() + text[1:] if "а" <= text[:1] <= "я" or _OPENING.match(text) else text


def _quoted(value: str) -> str:
    """A text between the quotes that its language uses; a tool's words without the full stop at their end."""
    if _DECIMAL.fullmatch(value):
        return value.replace(".", ",")
    return f"«{value[1:-1]}»" if len(value) > 2 and value[0] == value[-1] in "'\"" else value.rstrip(".") or value


@functools.cache
def _patterns() -> tuple[tuple[re.Pattern[str], str], ...]:
    """Those with the most words of their own first: what fits them fits them best."""
    known = sorted((*SAID, *SOURCE, *SERVICE, *HINTS), key=lambda it: -len(_GAP.sub("", it[0])))
    return tuple((_pattern(english), said) for english, said in known)


@functools.cache
def _for_the_chat() -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple((_pattern(hint), said) for hint, said in FOR_THE_CHAT)


def _pattern(english: str) -> re.Pattern[str]:
    parts = _GAP.split(english)
    regex = "".join(re.escape(part) if index % 2 == 0 else f"(?P<{part}>.+?)" for index, part in enumerate(parts))
    return re.compile(regex, re.DOTALL)
