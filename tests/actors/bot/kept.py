"""Texts of the chat that are kept in `golden/`: `VANKA_GOLDEN=write` writes them anew, to be read before they stay."""

from __future__ import annotations

import os
from pathlib import Path

GOLDEN = Path(__file__).parent / "golden"


def reads_as_kept(name: str, told: str) -> None:
    """The text is the kept one of that name, to the letter."""
    file = GOLDEN / name
    if os.environ.get("VANKA_GOLDEN") == "write":
        file.write_text(told, encoding="utf-8")
    assert told == file.read_text(encoding="utf-8")
