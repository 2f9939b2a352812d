"""Every sentence a person reads, ru and en; each value that is put into one is escaped."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final, cast

from actors.bot.texts import (
    en,
    en_actions,
    en_load,
    en_more,
    en_screens,
    en_settings,
    en_third_party,
    ru,
    ru_actions,
    ru_load,
    ru_more,
    ru_screens,
    ru_settings,
    ru_third_party,
)
from actors.bot.texts.grammar import Counted, counted, decimal
from actors.bot.texts.grammar import Language as Language
from actors.bot.texts.sentences import capital, english, russian
from actors.errors import VankaError

CATALOGUES: Final[Mapping[Language, Mapping[str, str]]] = {
    "ru": {
        **ru.TEXTS,
        **ru_load.TEXTS,
        **ru_actions.TEXTS,
        **ru_more.TEXTS,
        **ru_screens.TEXTS,
        **ru_settings.TEXTS,
        **ru_third_party.TEXTS,
    },
    "en": {
        **en.TEXTS,
        **en_load.TEXTS,
        **en_actions.TEXTS,
        **en_more.TEXTS,
        **en_screens.TEXTS,
        **en_settings.TEXTS,
        **en_third_party.TEXTS,
    },
}
_RUSSIAN_READERS = frozenset({"ru", "uk", "be", "kk"})
_MINUTE, _HOUR, _DAY = 60, 3600, 86400


class Html(str):
    """Text with markup, every value in it escaped already."""

    __slots__ = ()

    def __add__(self, other: str) -> Html:
        return Html(super().__add__(escape(other)))


def escape(value: object) -> Html:
    """The value as HTML; what is HTML already stays."""
    return value if isinstance(value, Html) else Html(html.escape(str(value), quote=True))


def plain(text: str) -> str:
    """HTML as a terminal shows it."""
    return html.unescape(re.sub(r"<[^>]*>", "", text))


def join(parts: Sequence[str | None], between: str = "\n") -> Html:
    """The parts that are there, escaped where they are not HTML."""
    return Html(between.join(escape(part) for part in parts if part))


def language_for(code: str) -> Language:
    """The language for a client's language code; Russian where the client does not tell one."""
    base = code.lower().split("-")[0].split("_")[0]
    if base in _RUSSIAN_READERS:
        return "ru"
    return "en" if base else "ru"


def as_language(value: str | None) -> Language | None:
    """The value if it names one of our languages."""
    return cast("Language", value) if value in CATALOGUES else None


class Words:
    """The sentences of one language. A key that is missing raises KeyError: a test finds it before a person does."""

    def __init__(self, language: Language) -> None:
        self.language: Language = language
        self._texts = CATALOGUES[language]

    def __call__(self, key: str, **values: object) -> Html:
        """The sentence as HTML, each value escaped."""
        filled = {
            name: value if isinstance(value, Counted) else escape(value) for name, value in counted(values).items()
        }
        return Html(self._texts[key].format(**filled))

    def label(self, key: str, **values: object) -> str:
        """The sentence as plain text: for buttons, crumbs and toasts."""
        return self._texts[key].format(**counted(values))

    def has(self, key: str) -> bool:
        """Whether there is such a sentence."""
        return key in self._texts

    def duration(self, seconds: float) -> str:
        """About so long, in the two largest units at most."""
        total = max(int(seconds), 0)
        days, hours, minutes = total // _DAY, total % _DAY // _HOUR, total % _HOUR // _MINUTE
        if days:
            return self._units((days, "u_d"), (hours, "u_h"))
        if hours:
            return self._units((hours, "u_h"), (minutes, "u_min"))
        if minutes:
            return self._units((minutes, "u_min"), (total % _MINUTE, "u_s"))
        return self._units((total, "u_s"))

    def ago(self, at: datetime | None, now: datetime) -> str:
        """How long ago that was, in the largest unit."""
        if at is None:
            return self.label("never")
        seconds = (now - at).total_seconds()
        return self.label("just_now") if seconds < _MINUTE else self.label("ago", time=self.short(seconds))

    def size(self, count: float) -> str:
        """Bytes for people."""
        for unit in ("u_b", "u_kb", "u_mb"):
            if count < 1024:
                return f"{count:.0f} {self.label(unit)}"
            count /= 1024
        return f"{decimal(count, 1, self.language)} {self.label('u_gb')}"

    def decimal(self, value: float) -> str:
        """The number to one decimal place."""
        return decimal(value, 1, self.language)

    def took(self, seconds: float) -> str:
        """How long something took: 0.3 s, 42 s, 3 min 5 s."""
        if seconds >= 10:
            return self.duration(seconds)
        return f"{decimal(max(seconds, 0.0), 1, self.language)} {self.label('u_s')}"

    def short(self, seconds: float) -> str:
        """About so long, in the largest unit."""
        for length, unit in ((_DAY, "u_d"), (_HOUR, "u_h"), (_MINUTE, "u_min")):
            if seconds >= length:
                return self._units((int(seconds // length), unit))
        return self._units((max(int(seconds), 0), "u_s"))

    def clock(self, seconds: float) -> str:
        """m:ss or h:mm:ss."""
        total = max(int(seconds), 0)
        hours, rest = divmod(total, _HOUR)
        tail = f"{rest // _MINUTE:02d}:{rest % _MINUTE:02d}" if hours else f"{rest // _MINUTE}:{rest % _MINUTE:02d}"
        return f"{hours}:{tail}" if hours else tail

    def error(self, error: VankaError) -> Html:
        """What went wrong and what to do, in this language; what git or another tool said stays in its own."""
        if self.language == "en":
            return join([f"⚠️ {capital(error.message.rstrip('.'))}.", english(error.hint)], " ")
        said = russian(error.message)
        if said is not None:
            return join([f"⚠️ {capital(said)}.", russian(error.hint)], " ")
        key = f"error_{error.code}"
        known = Html(f"⚠️ {self(key) if self.has(key) else self('error_error')}")
        return join([known, Html(f"<i>{escape(error.message)}</i>")])

    def said(self, sentence: str) -> str:
        """What the service said in English - a reason, an error on record - in this language, as far as we know it."""
        return (russian(sentence) if self.language == "ru" else None) or sentence

    def _units(self, first: tuple[int, str], second: tuple[int, str] = (0, "")) -> str:
        parts = [first, second] if second[0] else [first]
        return " ".join(f"{count} {self.label(unit, n=count)}" for count, unit in parts)
