"""The few letters of a chart, as strokes: they look the same on every machine, where no font has to be; pure."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final, Literal, NamedTuple

HEIGHT = 6.0  # of every letter, in the units below
_GAP = 1.5
_WEIGHT = 0.8
Anchor = Literal["start", "middle", "end"]


class Glyph(NamedTuple):
    """How wide a letter is, and the path of the pen."""

    width: float
    path: str


_THREE = "M.2 1.1C.6.4 1.2 0 2 0 3 0 3.7.6 3.7 1.45S3 2.85 1.5 2.85C3.1 2.85 4 3.4 4 4.4S3.2 6 2 6C1.1 6 .4 5.6 0 4.9"
_EIGHT = (
    "M2 2.8C.9 2.8.3 2.2.3 1.4S1 0 2 0 3.7.6 3.7 1.4 3.1 2.8 2 2.8Z"
    "M2 2.8C.8 2.8 0 3.5 0 4.4S.8 6 2 6 4 5.3 4 4.4 3.2 2.8 2 2.8Z"
)
_P = "M0 6V0H2.2C3.3 0 4 .7 4 1.75S3.3 3.5 2.2 3.5H0"

GLYPHS: Final = MappingProxyType(
    {
        "0": Glyph(4, "M2 0C.6 0 0 1.3 0 3S.6 6 2 6 4 4.7 4 3 3.4 0 2 0Z"),
        "1": Glyph(2.4, "M.3 1.5L2.2 0V6"),
        "2": Glyph(4, "M.1 1.7C.1.6.9 0 2 0S3.8.7 3.8 1.7C3.8 3.1 2.2 4 .1 6H4"),
        "3": Glyph(4, _THREE),
        "4": Glyph(4, "M3 6V0L0 4.3H4"),
        "5": Glyph(4, "M3.6 0H.6L.3 2.7C.8 2.35 1.4 2.2 2 2.2 3.2 2.2 4 2.9 4 4.05S3.2 6 2 6C1.1 6 .4 5.6 0 4.9"),
        "6": Glyph(4, "M3.5.6C3.1.2 2.6 0 2.1 0 .8 0 0 1.4 0 3.6 0 5.2.8 6 2 6S4 5.2 4 4.1 3.2 2.3 2.1 2.3.2 3 0 4"),
        "7": Glyph(4, "M0 0H4L1.5 6"),
        "8": Glyph(4, _EIGHT),
        "9": Glyph(4, "M.5 5.4C.9 5.8 1.4 6 1.9 6 3.2 6 4 4.6 4 2.4 4 .8 3.2 0 2 0S0 .8 0 1.9.8 3.7 1.9 3.7 3.8 3 4 2"),
        ":": Glyph(0.6, "M.3 1.9h.01M.3 4.9h.01"),
        ".": Glyph(0.6, "M.3 5.9h.01"),
        "%": Glyph(5.2, "M1 0a1 1.2 0 1 0 .01 0ZM4.2 3.6a1 1.2 0 1 0 .01 0ZM4.4 0L.8 6"),
        " ": Glyph(1.5, ""),
        "A": Glyph(4.4, "M0 6L2.2 0 4.4 6M.8 4.1H3.6"),
        "C": Glyph(4, "M4 1C3.6.4 3 0 2.2 0 .8 0 0 1.2 0 3S.8 6 2.2 6C3 6 3.6 5.6 4 5"),
        "G": Glyph(4, "M3.9 1C3.5.4 2.9 0 2.2 0 .8 0 0 1.2 0 3S.8 6 2.2 6C3.3 6 4 5.4 4 4.3V3.2H2.4"),
        "K": Glyph(4, "M0 0V6M3.8 0L0 3.7M1.4 2.4L4 6"),
        "M": Glyph(4.6, "M0 6V0L2.3 3.6 4.6 0V6"),
        "P": Glyph(4, _P),
        "R": Glyph(4, f"{_P}M2 3.5L4 6"),
        "U": Glyph(4, "M0 0V3.9C0 5.2.8 6 2 6S4 5.2 4 3.9V0"),
    }
)


def width(text: str, height: float) -> float:
    """How wide a text is when its letters are that high."""
    units = sum(GLYPHS[letter].width for letter in text) + _GAP * max(len(text) - 1, 0)
    return units * height / HEIGHT


def write(text: str, x: float, y: float, height: float, colour: str, anchor: Anchor = "start") -> str:
    """The text as a group of SVG strokes; `y` is the top of its letters. KeyError for a letter that there is not."""
    scale = height / HEIGHT
    left = x - {"start": 0.0, "middle": 0.5, "end": 1.0}[anchor] * width(text, height)
    strokes, at = [], 0.0
    for letter in text:
        glyph = GLYPHS[letter]
        if glyph.path:
            strokes.append(f'<path transform="translate({at:g} 0)" d="{glyph.path}"/>')
        at += glyph.width + _GAP
    return (
        f'<g transform="translate({left:.1f} {y:.1f}) scale({scale:.3f})" fill="none" stroke="{colour}" '
        f'stroke-width="{_WEIGHT}" stroke-linecap="round" stroke-linejoin="round">{"".join(strokes)}</g>'
    )
