"""Takes secrets out of text and child output: known values in every usual form, and what looks like a credential.

Work is done on UTF-8 bytes seen as Latin-1 text, one character a byte: one set of patterns serves text and raw output,
and a stream may be cut anywhere, in the middle of a letter too.
"""

from __future__ import annotations

import bisect
import re
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from runtime import credentials
from runtime.secret_forms import MASK, SEEN_MASK, SHORTEST, forms, learnable, to_bytes

__all__ = ["MASK", "Redactor", "Stream"]

_SETTLE_AT = 256  # so many new forms at least are searched one by one before the big pattern is compiled again

Span = tuple[int, int]


class Redactor:
    """Knows the secret values and cleans what passes. Safe from any thread; a clean never waits for a learn."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._values: dict[str, frozenset[bytes]] = {}
        self._known = _Known()

    def learn(self, value: str) -> bool:
        """Makes the value known; from the next call on it is masked in all its forms.

        Returns False when it is not learnt, because masking it would blank out ordinary text: fewer than four
        characters, or `true`, `false`, `none`, `null`.
        """
        if not learnable(value):
            return False
        with self._lock:
            if value not in self._values:
                self._values[value] = forms(value)
                self._known = self._known.plus(self._values[value])
        return True

    def forget(self, value: str) -> None:
        """The value is no secret any more. Forgetting what was never learnt does nothing."""
        with self._lock:
            if self._values.pop(value, None) is not None:
                self._known = _Known().plus(frozenset().union(*self._values.values()))

    def clean(self, text: str) -> str:
        """The text with every secret replaced by the mask; the very same text when there is none."""
        if text.isascii():
            cleaned = self._clean(text)
            return cleaned if cleaned.isascii() else cleaned.encode("latin-1").decode("utf-8")
        seen = to_bytes(text).decode("latin-1")
        cleaned = self._clean(seen)
        return text if cleaned is seen else cleaned.encode("latin-1").decode("utf-8", "surrogatepass")

    def clean_bytes(self, data: bytes) -> bytes:
        """The same for raw output, whatever its encoding. For output that comes in pieces use a `Stream`."""
        return self._clean(data.decode("latin-1")).encode("latin-1")

    def stream(self) -> Stream:
        """A new stream over what this redactor knows, also over what it learns later."""
        return Stream(self)

    def _clean(self, seen: str) -> str:
        return masked(seen, self.spans(seen))

    def spans(self, seen: str) -> list[Span]:
        """For `Stream`: where secrets stand in Latin-1 text, in order and never overlapping."""
        found = [*self._known.spans(seen), *credentials.spans(seen)]
        return _united(found) if len(found) > 1 else found

    def undecided(self, seen: str) -> int:
        """For `Stream`: from which place on the end of the text may be the beginning of a secret."""
        return min(self._known.undecided(seen), credentials.undecided(seen))


class Stream:
    """Cleans output that comes in pieces: a secret that is cut by the border of two pieces is found all the same.

    Holds back only what may be the beginning of a secret, so a line is passed on at once as a rule, and never more
    than the longest known secret and about a kilobyte. One stream belongs to one thread.
    """

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._held = ""
        self._hidden = 0  # how much of the beginning of `_held` is covered by a mask that was already given out

    def feed(self, chunk: bytes) -> bytes:
        """What is certain by now, cleaned; it may be empty."""
        seen = self._held + chunk.decode("latin-1")
        return self._give(seen, self._redactor.undecided(seen))

    def flush(self) -> bytes:
        """The rest, cleaned: there is no more to come, or nobody wants to wait for it."""
        return self._give(self._held, len(self._held))

    def _give(self, seen: str, upto: int) -> bytes:
        spans = (
            _united([(0, self._hidden), *self._redactor.spans(seen)]) if self._hidden else self._redactor.spans(seen)
        )
        inside = [(start, min(end, upto)) for start, end in spans if start < upto]
        given = masked(seen[:upto], inside, begun=self._hidden > 0)
        over = max(self._hidden, next((end for start, end in spans if start < upto < end), upto))
        self._held, self._hidden = seen[upto:], over - upto
        return given.encode("latin-1")


def masked(seen: str, spans: list[Span], *, begun: bool = False) -> str:
    """The text with each span replaced by one mask. `begun`: the first span's mask was already given out."""
    if not spans:
        return seen
    parts: list[str] = []
    at = 0
    for start, end in spans:
        parts.append(seen[at:start])
        if not (begun and start == 0):
            parts.append(SEEN_MASK)
        at = end
    parts.append(seen[at:])
    return "".join(parts)


def _united(spans: Iterable[Span]) -> list[Span]:
    result: list[Span] = []
    for start, end in sorted(spans):
        if result and start < result[-1][1]:
            result[-1] = (result[-1][0], max(result[-1][1], end))
        else:
            result.append((start, end))
    return result


@dataclass(frozen=True)
class _Known:
    """An immutable set of forms: most of them in one compiled pattern, the latest few searched one by one.

    Compiling hundreds of values takes a tenth of a second; so it is not done for each value that is learnt.
    """

    every: frozenset[str] = frozenset()
    pattern: re.Pattern[str] | None = None
    recent: tuple[str, ...] = ()
    ordered: list[str] = field(default_factory=list)
    beginnings: frozenset[str] = frozenset()
    longest: int = 0

    def plus(self, more: frozenset[bytes]) -> _Known:
        new = {form.decode("latin-1") for form in more} - self.every
        every = self.every | new
        recent: tuple[str, ...] = (*self.recent, *new)
        pattern = self.pattern
        if len(recent) >= max(_SETTLE_AT, len(every) // 4):
            recent, pattern = (), re.compile(_alternation(sorted(every)))
        starts = {form[:length] for form in new for length in range(1, SHORTEST + 1)}
        longest = max((self.longest, *map(len, new)))
        return _Known(every, pattern, recent, sorted(every), self.beginnings | starts, longest)

    def spans(self, seen: str) -> Iterator[Span]:
        if self.pattern is not None:
            match = self.pattern.search(seen)
            while match:
                yield match.span()
                # One further on, not behind the match: two secrets may overlap, and both must go in full.
                match = self.pattern.search(seen, match.start() + 1)
        for form in self.recent:
            at = seen.find(form)
            while at >= 0:
                yield at, at + len(form)
                at = seen.find(form, at + 1)

    def undecided(self, seen: str) -> int:
        for at in range(max(0, len(seen) - self.longest + 1), len(seen)):
            if seen[at : at + SHORTEST] in self.beginnings:
                rest = seen[at:]
                place = bisect.bisect_left(self.ordered, rest)
                if place < len(self.ordered) and self.ordered[place].startswith(rest):
                    return at
        return len(seen)


def _alternation(tails: list[str], depth: int = 0) -> str:
    """One pattern for all of them, branching at each of the first characters: most texts fail at the first one.

    Every form has at least four characters, so none ends within the branches. The longest comes first.
    """
    if len(tails) == 1 or depth == SHORTEST - 1:
        return "|".join(re.escape(tail) for tail in sorted(tails, key=len, reverse=True))
    groups: dict[str, list[str]] = {}
    for tail in tails:
        groups.setdefault(tail[0], []).append(tail[1:])
    return "|".join(f"{re.escape(first)}(?:{_alternation(rest, depth + 1)})" for first, rest in groups.items())
