"""What looks like a credential, known to us or not: in URLs, bot tokens, authorization headers; pure.

Works on Latin-1 text in which each character stands for one byte.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from runtime.secret_forms import SEEN_MASK

_LONGEST = 1024
_FLAGS = re.ASCII | re.IGNORECASE  # ASCII: the second byte of a Cyrillic letter may look like a Latin-1 space

# `://user:password@`, the slashes perhaps escaped as JSON does it. The last @ before the path counts: passwords hold @.
_USERINFO = re.compile(r"(:\\?/\\?/)([^\s/\\?#\"'<>`]{1,1024})@", re.ASCII)
_QUERY = re.compile(
    r"[?&;](?:access_|auth_|private_|refresh_|id_|client_|api_?)?"
    r"(?:token|key|secret|password|passwd|pwd|sig|signature)=([^\s&;#\"'<>]{1,1024})",
    _FLAGS,
)
# The path of the Bot API, whatever the length of what follows the colon, and the bare token as BotFather prints it.
_BOT_PATH = re.compile(r"/bot(\d{1,20}(?::|%3[Aa])[A-Za-z0-9_-]{10,128})", re.ASCII)
_BOT_TOKEN = re.compile(r"(?<![A-Za-z0-9_-])\d{5,20}(?::|%3[Aa])[A-Za-z0-9_-]{35}(?![A-Za-z0-9_-])", re.ASCII)
_HEADER = re.compile(
    r"authorization[\"']?\s{0,3}[:=]\s{0,3}[\"']?(?:(?:bearer|basic|token|digest)\s{1,3})?([^\s\"',]{4,1024})"
    r"|\bbearer\s{1,3}([\w.~+/=-]{16,1024})",
    _FLAGS,
)
# Users that are no secret by themselves, and the schemes whose user never is one.
_PLAIN_USERS = frozenset({"git", SEEN_MASK})
_PLAIN_SCHEMES = ("ssh", "git+ssh", "sftp")

# In a stream: a header that may go on behind a space.
_OPEN_HEADER = re.compile(r"(?:authorization|bearer)[^\r\n]{0,1024}\Z", _FLAGS)


def spans(seen: str) -> Iterator[tuple[int, int]]:
    """Where credentials stand; they may overlap."""
    if ":" in seen:
        yield from _of_urls(seen)
    if ":" in seen or "%3" in seen:
        for match in _BOT_PATH.finditer(seen):
            yield match.span(1)
        for match in _BOT_TOKEN.finditer(seen):
            yield match.span()
    if "=" in seen:
        for match in _QUERY.finditer(seen):
            yield match.span(1)
    lowered = seen.lower()
    if "authorization" in lowered or "bearer" in lowered:
        for match in _HEADER.finditer(seen):
            yield match.span(1 if match.group(1) is not None else 2)


def _of_urls(seen: str) -> Iterator[tuple[int, int]]:
    for match in _USERINFO.finditer(seen):
        user = match.group(2)
        plain = ":" not in user and (user in _PLAIN_USERS or seen[: match.start()].endswith(_PLAIN_SCHEMES))
        if not plain:
            yield match.span(2)


def undecided(seen: str) -> int:
    """From which place on the end of the text may be a credential that is not complete yet."""
    tail = max(0, len(seen) - _LONGEST)
    word = max(tail, *(seen.rfind(space, tail) + 1 for space in " \t\r\n"))
    header = _OPEN_HEADER.search(seen, tail)
    return min(word, header.start()) if header else word
