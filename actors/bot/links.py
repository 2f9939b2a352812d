"""Where a button leads, and how that fits into a callback's few bytes: `screen:projectno36:arg:nonce`.

A link without a nonce only shows a screen: anybody who may see it may follow it, any number of times, from any message
(a notice's buttons are such links). One with a nonce acts, once, and only from the panel that offered it. What changes
nothing may be done with the standing nonce: from any message, any number of times.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

MAX_DATA_BYTES = 40
STANDING = "0"
_DATA = re.compile(r"([A-Za-z0-9]{1,4}):([0-9a-z]{0,11}):([A-Za-z0-9_.,-]{0,24}):([0-9a-z]{0,8})")
_ARG = re.compile(r"[A-Za-z0-9_.,-]{0,24}")
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True, slots=True)
class Link:
    """A screen by its short id, for the project (or the user) of that number, with one more word if it needs one.

    `act`: pressing it does something. Its nonce is given when the page is drawn.
    """

    screen: str
    no: int = 0
    arg: str = ""
    act: bool = False
    nonce: str = ""

    def __post_init__(self) -> None:
        if not _ARG.fullmatch(self.arg):
            raise ValueError(f"link to {self.screen}: {self.arg!r} does not fit into a button")

    def data(self, nonce: str = "") -> str:
        """What the button carries; `nonce` for a link that acts. At most 40 bytes of ASCII."""
        return f"{self.screen}:{base36(self.no) if self.no else ''}:{self.arg}:{nonce if self.act else ''}"

    @property
    def place(self) -> Link:
        """The same without its nonce: what is drawn again."""
        return replace(self, act=False, nonce="")


def parse(data: str) -> Link | None:
    """The link that a button carried; None for what never was one of our buttons."""
    found = _DATA.fullmatch(data)
    if found is None or len(data) > MAX_DATA_BYTES:
        return None
    screen, no, arg, nonce = found.groups()
    return Link(screen, int(no, 36) if no else 0, arg, bool(nonce), nonce)


def base36(number: int) -> str:
    """Digits and small letters; not for negative numbers."""
    if number < 0:
        raise ValueError(f"{number} has no place in a button")
    digits = ""
    while number or not digits:
        number, digit = divmod(number, 36)
        digits = _DIGITS[digit] + digits
    return digits
