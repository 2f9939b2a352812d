"""Which lines of a program's output tell of trouble; pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

SEARCHED_LINES: Final = 5_000  # of an output, from its end, that trouble is looked for in
_TROUBLE: Final = re.compile(r"error|exception|traceback|critical|fatal|panic|failed|ошибк", re.IGNORECASE)


def tells_of_trouble(line: str) -> bool:
    """Whether a reader who looks for errors wants to see this line."""
    return _TROUBLE.search(line) is not None


def troubled(lines: Iterable[str]) -> int:
    """How many of the lines tell of trouble."""
    return sum(map(tells_of_trouble, lines))
