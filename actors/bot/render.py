"""A page as Telegram takes it: HTML within the limits, a keyboard, and what of it may be pressed to act; pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from actors.bot.keyboard import Button, Keyboard
from actors.bot.screen import HOME, Choice, Page, go
from actors.bot.texts import Html, Words, escape, join, plain

MAX_TEXT = 4000  # Telegram takes 4,096 characters after parsing
MAX_LINES = 30
MAX_OUTPUT = 3500
MAX_LABEL = 60
MAX_ROW = 8
MAX_BUTTONS = 90


@dataclass(frozen=True)
class Shown:
    """A drawn page. `offered`: the data of its buttons that act."""

    text: str
    keyboard: Keyboard
    offered: tuple[str, ...]


def render(page: Page, words: Words, nonce: str, note: Html | None = None) -> Shown:
    """The page with crumbs on top, and with the row that every screen ends with."""
    crumbs = " › ".join(escape(crumb) for crumb in page.crumbs)
    text = join([Html(f"<b>{crumbs}</b>") if crumbs else None, note, page.text], "\n\n" if note else "\n")
    if len(plain(text)) > MAX_TEXT:
        text = escape(cut_middle(plain(text), MAX_TEXT - 60, words))
    rows = [*page.rows, _last_row(page, words)]
    acting = [choice.to for row in rows for choice in row if choice.to is not None and choice.to.act]
    keyboard: list[tuple[Button, ...]] = []
    count = 0
    for row in rows:
        for start in range(0, len(row), MAX_ROW):
            part = tuple(_button(choice, nonce) for choice in row[start : start + MAX_ROW])
            count += len(part)
            if part and count <= MAX_BUTTONS:
                keyboard.append(part)
    return Shown(text, tuple(keyboard), tuple(link.data(nonce) for link in acting))


def _last_row(page: Page, words: Words) -> tuple[Choice, ...]:
    if page.cancel is not None:
        before = () if page.back in (None, HOME) else (Choice(words.label("b_back"), page.back),)
        return (*before, Choice(words.label("b_cancel"), page.cancel))
    if page.back is None:
        return ()
    menu = go(words.label("b_menu"), HOME.screen)
    return (menu,) if page.back == HOME else (Choice(words.label("b_back"), page.back), menu)


def _button(choice: Choice, nonce: str) -> Button:
    label = choice.label if len(choice.label) <= MAX_LABEL else choice.label[: MAX_LABEL - 1] + "…"
    label = label.strip() or "…"
    data = choice.to.data(nonce) if choice.to is not None else None
    return Button(label, data=data, url=choice.url, copy=choice.copy, style=choice.style)


def output(lines: Iterable[str], words: Words, most: int = MAX_LINES) -> Html:
    """Lines of a program in a block: the last `most`, 3,500 characters, what is too much cut out of the middle."""
    kept = [_printable(line) for line in list(lines)[-most:]]
    if not any(line.strip() for line in kept):
        return words("no_output")
    return Html(f"<pre>{escape(cut_middle(chr(10).join(kept), MAX_OUTPUT, words))}</pre>")


def cut_middle(text: str, most: int, words: Words) -> str:
    """The text, or its beginning and its end with a line between that tells how much is hidden."""
    if len(text) <= most:
        return text
    half = most // 2 - 20
    hidden = text[half:-half].count("\n") + 1
    return f"{text[:half]}\n{words.label('hidden', lines=hidden)}\n{text[-half:]}"


def _printable(line: str) -> str:
    return "".join(letter if letter.isprintable() or letter == "\t" else "\N{REPLACEMENT CHARACTER}" for letter in line)
