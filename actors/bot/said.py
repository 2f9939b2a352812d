"""The sentences of notices, in one language, each value that is put into one escaped; pure."""

from __future__ import annotations

from actors.bot.texts import CATALOGUES, Html, escape
from actors.bot.texts.grammar import Counted, Language, counted, decimal
from actors.bot.texts.notices_en import TEXTS as ENGLISH
from actors.bot.texts.notices_ru import TEXTS as RUSSIAN
from actors.bot.texts.sentences import russian


class Said:
    """The sentences of one language."""

    def __init__(self, language: str) -> None:
        self._language: Language = "en" if language == "en" else "ru"
        self._texts = ENGLISH if language == "en" else RUSSIAN
        self._screens = CATALOGUES[self._language]

    def __call__(self, key: str, **values: object) -> Html:
        """The sentence, each value escaped."""
        filled = {
            name: value if isinstance(value, Counted) else escape(value) for name, value in counted(values).items()
        }
        return Html(self._texts[key].format(**filled))

    def label(self, key: str) -> str:
        """The sentence as plain text."""
        return self._texts[key]

    def sentence(self, text: str) -> str:
        """What the service said in English, in this language as far as we know it."""
        return text if self._language == "en" else russian(text) or text

    def asker(self, who: str) -> str:
        """Who asked, for people: a name as it is, `cli:anna` as the command line."""
        front, _, name = who.partition(":")
        label = self._screens.get(f"by_{front}")
        return who if label is None else label.format(name=name)

    def time(self, seconds: float | None) -> str:
        """`0.3 s`, `7 s`, `1:12`, `1:02:03`."""
        if seconds is None:
            return self._texts["unknown_code"]
        if seconds < 0.95:
            return f"{decimal(max(seconds, 0.0), 1, self._language)} {self._texts['s']}"
        total = max(round(seconds), 0)
        if total < 60:
            return f"{total} {self._texts['s']}"
        hours, rest = divmod(total, 3600)
        return f"{hours}:{rest // 60:02d}:{rest % 60:02d}" if hours else f"{rest // 60}:{rest % 60:02d}"
