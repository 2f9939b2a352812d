"""The pause before the next try; pure."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Backoff:
    """Exponential pauses with jitter: `first`, doubled at each failure, at most `longest` seconds.

    `jitter` is the share by which a pause may be shorter: 0.2 gives 80 % to 100 % of it.
    """

    first: float = 0.1
    longest: float = 30.0
    factor: float = 2.0
    jitter: float = 0.2

    def pause(self, failures: int, draw: Callable[[], float] = random.random) -> float:
        """Seconds to wait after the given number of failures in a row (1 or more). `draw` gives 0.0 to 1.0."""
        exponent = min(max(failures, 1) - 1, 64)
        full = min(self.first * self.factor**exponent, self.longest)
        return full * (1.0 - self.jitter * draw())
