"""Numbers in sentences: the form of a word that goes with a number, and decimals as each language writes them; pure."""

from __future__ import annotations

from typing import Literal

Language = Literal["ru", "en"]


class Counted(int):
    """A number that chooses its word: `{n:версия|версии|версий}`, `{n:version|versions}`; `{n}` is the number."""

    def __format__(self, spec: str) -> str:
        """The form of the word, or the number itself."""
        return plural(self, *spec.split("|")) if "|" in spec else int(self).__format__(spec)


def plural(count: int, one: str, *others: str) -> str:
    """The form that goes with the number: of two for English, of three for Russian (1 версия, 2 версии, 5 версий)."""
    count = abs(count)
    if len(others) == 1:
        return one if count == 1 else others[0]
    few, many = others
    if count % 100 in (11, 12, 13, 14):
        return many
    return one if count % 10 == 1 else few if count % 10 in (2, 3, 4) else many


def decimal(value: float, digits: int, language: Language) -> str:
    """0.3 in English, 0,3 in Russian."""
    text = f"{value:.{digits}f}"
    return text.replace(".", ",") if language == "ru" else text


def counted(values: dict[str, object]) -> dict[str, object]:
    """The values, those that are whole numbers able to choose a word."""
    return {
        name: Counted(value) if isinstance(value, int) and not isinstance(value, bool) else value
        for name, value in values.items()
    }
