"""The lines of a .env file: NAME=value, with or without `export`, quotes and comments; pure."""

from __future__ import annotations

import re

_LINE = re.compile(r"(?:export\s+)?([A-Za-z_][A-Za-z0-9_]{0,127})\s*=\s*(.*)")
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", '"': '"', "\\": "\\"}


def parse_dotenv(text: str) -> tuple[dict[str, str], int]:
    """The variables in order (the last one of a name counts), and how many lines were none."""
    found: dict[str, str] = {}
    strange = 0
    for line in text.splitlines():
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        match = _LINE.fullmatch(stripped)
        if match is None:
            strange += 1
        else:
            found[match.group(1)] = _value(match.group(2).strip())
    return found, strange


def _value(text: str) -> str:
    if len(text) >= 2 and text[0] == text[-1] == "'":
        return text[1:-1]
    if len(text) >= 2 and text[0] == text[-1] == '"':
        return re.sub(r"\\(.)", lambda found: _ESCAPES.get(found.group(1), found.group(0)), text[1:-1])
    return re.sub(r"\s+#.*$", "", text)
