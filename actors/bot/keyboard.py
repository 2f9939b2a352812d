"""Buttons under a message as plain values, drawn by every front."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Style: TypeAlias = Literal["danger", "success", "primary"]

MAX_DATA_BYTES = 64
MAX_COPY = 256


@dataclass(frozen=True, slots=True)
class Button:
    """One button: what stands on it, and exactly one thing that it does.

    `data` comes back to the bot when it is pressed (1-64 bytes), `url` opens a page, `copy` puts a text of up to 256
    characters on the clipboard. `style` is red, green or blue where the client knows colours. ValueError otherwise.
    """

    label: str
    data: str | None = None
    url: str | None = None
    copy: str | None = None
    style: Style | None = None

    def __post_init__(self) -> None:
        if not self.label.strip():
            raise ValueError("a button without a label")
        if sum(value is not None for value in (self.data, self.url, self.copy)) != 1:
            raise ValueError(f"button {self.label!r} must have exactly one of data, url and copy")
        if self.data is not None and not 1 <= len(self.data.encode("utf-8", "replace")) <= MAX_DATA_BYTES:
            raise ValueError(f"button {self.label!r}: its data must have 1 to {MAX_DATA_BYTES} bytes")
        if self.copy is not None and not 1 <= len(self.copy) <= MAX_COPY:
            raise ValueError(f"button {self.label!r}: the text to copy must have 1 to {MAX_COPY} characters")


Row: TypeAlias = tuple[Button, ...]
Keyboard: TypeAlias = tuple[Row, ...]
