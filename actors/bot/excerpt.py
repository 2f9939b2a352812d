"""Of a command's lines, as many as fit: at most so many lines and characters, the middle left out; pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence

LEAST_WIDTH = 60


def excerpt(lines: Sequence[str], hidden: int, most: int, room: int, left_out: Callable[[int], str]) -> list[str]:
    """The lines, with one among them that tells how many are not here where `hidden` or the bounds say so.

    Long lines are cut before whole ones are left out: the first and the last ones say most.
    """
    kept, width = list(lines), room
    while True:
        if hidden or len(kept) > most:
            keep = max(min(len(kept), most - 1), 0)
            first = keep // 2
            gone = hidden + len(kept) - keep
            shown = [*kept[:first], left_out(gone), *kept[len(kept) - (keep - first) :]]
        else:
            shown = kept
        cut = [line if len(line) <= width else f"{line[: width - 1]}…" for line in shown]
        if sum(map(len, cut)) + len(cut) <= room or most <= 1:
            return cut
        if width > LEAST_WIDTH:
            width = max(room // max(len(shown), 1) - 1, LEAST_WIDTH)
        else:
            most = len(shown) - 1
