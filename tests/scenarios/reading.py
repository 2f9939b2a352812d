"""What jars when a person reads a message of the chat: half-translated texts, raw errors, gaps, wide keyboards."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterator

from tests.fakes.botapi import Message

# as wide as a phone shows a button of a row with so many, in columns of letters (an emoji takes two)
WIDEST = {1: 38, 2: 23, 3: 15, 4: 11, 5: 9}
OURS = re.compile(r"^(?:Меню|Menu)(?: › |\n|$)")
# tools and things that are called so in Russian too, names of variables, numbers of commits, paths
LATIN = re.compile(
    r"[A-Za-z]+_[A-Z_]+|\b[0-9a-f]{7}\b|\w+/[\w/-]+|\b(?:"
    r"Vanka|Telegram|GitHub|Git|git|Docker|Dockerfile|Python|venv|main|py|CPU|RAM|HTTP|URL|UTC|CSV|IP|SSH|https?|ssh|tcp|"
    r"env|secret|key|kept|Settings|Deploy|keys|push|application|json|Prometheus|metrics|user\d*|PORT|KEY|menu|"
    r"run|test|rollback|status|logs|set|interval|check|repo|load|approve|journal|lang|id|cancel|"
    r"checker|control|doors|keeper|guests|herald|bot|projects|uploads|sqlite3|branch)\b"
)
RAW = re.compile(r"Traceback|Exception|\w+Error\(|<class|object at 0x|\bNone\b(?! is)|\bNaN\b|\{\w*\}|%[sd]")
GAPS = re.compile(r"\(\s*\)|\(,| ,|,\s*\)|[а-яёa-z] \.(?:\s|$)|«»|“”|— —|\bназад назад|\bago ago|  \S")
ISO = re.compile(r"\d{4}-\d\d-\d\dT|\+00:00")
BAD_PLURAL = re.compile(
    r"\b(?:\d*[02-9])?1 (?:версии|версий|дня|дней|строки|строк|коммита|коммитов|переменных|неудач|тестовых)\b"
    r"|\b[2-4] (?:версия|версий|день|строка|коммит|переменная|тестовых)\b"
    r"|\b(?:[05-9]|1\d) (?:версия|версии|день|дня|строка|строки|коммит|коммита|переменная|переменные)\b"
    r"|\b1 (?:versions|lines|commits|variables|failures|events)\b"
    r"|\b[02-9] (?:version|line|commit|variable|failure|event)\b"
)


def faults(message: Message, language: str, *, names: tuple[str, ...] = ()) -> list[str]:
    """What is wrong with a message of the bot. `names` are those of people, projects and files in it."""
    found = [*_text(message, language, names), *_buttons(message)]
    if OURS.match(message.text) and message.html.startswith("<b>"):
        found += _panel(message)
    return [f"{fault}\n{message.text}\n{message.labels}" for fault in found]


def _text(message: Message, language: str, names: tuple[str, ...]) -> Iterator[str]:
    if not message.text.strip():
        yield "an empty text"
    if len(message.text.encode("utf-16-le")) // 2 > 4096:
        yield "over 4,096 characters"
    prose = prose_of(message.html)
    for pattern, what in ((RAW, "raw"), (GAPS, "a gap"), (ISO, "a date for machines"), (BAD_PLURAL, "a wrong plural")):
        hit = pattern.search(prose)
        if hit is not None:
            yield f"{what}: {hit.group()!r}"
    spoken = prose + "\n" + "\n".join(label for row in message.labels for label in row)
    for name in sorted(names, key=len, reverse=True):
        spoken = spoken.replace(name, "")
    strange = re.search(r"[A-Za-z]{3,}", LATIN.sub("", spoken)) if language == "ru" else re.search("[А-Яа-яЁё]", spoken)
    if strange is not None and "Русский" not in spoken:
        yield f"another language: {strange.group()!r}"


def prose_of(source: str) -> str:
    """The text without what programs, tools and people wrote: code, blocks, links, quoted words of a tool."""
    bare = re.sub(r"<(code|pre|i|tg-spoiler)>.*?</\1>|\(fatal: .*?\)", "…", source, flags=re.DOTALL)
    return re.sub(r"(?:https?|tcp|ssh|ftp)://\S+|(?<!\w)/\w\S*", "…", html.unescape(re.sub(r"<[^>]+>", "", bare)))


def _panel(message: Message) -> Iterator[str]:
    """A panel has a way back and a way home, or a way out."""
    last = " ".join(message.labels[-1]) if message.labels else ""
    if message.text.split("\n")[0] not in ("Меню", "Menu") and not ("🏠" in last or "✖" in last):
        yield "a dead end"


def _buttons(message: Message) -> Iterator[str]:
    for row in message.keyboard:
        for button in row:
            wide = sum(2 if _is_wide(letter) else 1 for letter in button["text"] if not _is_mark(letter))
            if wide > WIDEST.get(len(row), 7) and not button.get("callback_data", "").startswith(("X1a:", "X3e:")):
                yield f"a button too wide for a phone, {wide} in a row of {len(row)}: {button['text']!r}"
        reds = [button for button in row if button.get("style") == "danger" and _acts(button)]
        if reds and not any("✖" in label for label in (label for row in message.labels for label in row)):
            yield f"a red button that acts, and no way out before it: {reds[0]['text']!r}"


def _acts(button: dict[str, str]) -> bool:
    return not button.get("callback_data", ":").endswith(":")


def _is_wide(letter: str) -> bool:
    return unicodedata.east_asian_width(letter) in "WF" or ord(letter) >= 0x1F000


def _is_mark(letter: str) -> bool:
    return unicodedata.category(letter) in ("Mn", "Cf") or letter == "\ufe0f"
