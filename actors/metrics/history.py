"""The load of the last day: ten seconds apart for an hour, by the minute for a day, in bounded memory."""

from __future__ import annotations

import threading
from array import array
from collections import deque
from collections.abc import Mapping
from typing import NamedTuple

from actors.model.load import DAY_S, HOUR_S, LoadPoint

MINUTE_S = 60
MINUTES = DAY_S // MINUTE_S
FINE_S = 10.0
MOST_FINE = 1500  # an hour of looks, also while somebody looks every few seconds
MOST_TRACKS = 2000
WHOLE = "whole"
_NOTHING = 0xFFFF
_TENTHS = 0xFFFE  # CPU is kept in tenths of a per cent: 65 full cores at most


class Measured(NamedTuple):
    """CPU in per cent and memory in bytes, of whatever it was."""

    cpu: float
    memory: float


class Track:
    """One thing over a day: three numbers a minute, about 11 KB, and the minute that is not over yet."""

    __slots__ = ("_count", "_cpu", "_highest", "_memory", "_memory_sum", "_peak", "_sum", "last")

    def __init__(self) -> None:
        self._cpu = array("H", [_NOTHING]) * MINUTES
        self._peak = array("H", [_NOTHING]) * MINUTES
        self._memory = array("f", [0.0]) * MINUTES
        self.last = 0  # the last minute with something in it
        self._count, self._sum, self._highest, self._memory_sum = 0, 0.0, 0.0, 0.0

    def add(self, minute: int, measured: Measured) -> None:
        """Something in the minute that is going on; what is kept of it is always complete."""
        self._count += 1
        self._sum += measured.cpu
        self._highest = max(self._highest, measured.cpu)
        self._memory_sum += measured.memory
        slot = minute % MINUTES
        self._cpu[slot] = _tenths(self._sum / self._count)
        self._peak[slot] = _tenths(self._highest)
        self._memory[slot] = self._memory_sum / self._count
        self.last = minute

    def turn(self, first: int, count: int) -> None:
        """So many minutes from that one on are new, and nothing is in them yet."""
        self._count, self._sum, self._highest, self._memory_sum = 0, 0.0, 0.0, 0.0
        for minute in range(first, first + count):
            self._cpu[minute % MINUTES] = _NOTHING

    def points(self, first: int, last: int) -> list[LoadPoint]:
        """What is known of the minutes from first to last."""
        found = []
        for minute in range(first, last + 1):
            slot = minute % MINUTES
            if self._cpu[slot] != _NOTHING:
                cpu, peak = self._cpu[slot] / 10, self._peak[slot] / 10
                found.append(LoadPoint(float(minute * MINUTE_S), cpu, peak, self._memory[slot]))
        return found

    def content(self) -> tuple[bytes, bytes, bytes]:
        """What is kept, for a file."""
        return self._cpu.tobytes(), self._peak.tobytes(), self._memory.tobytes()

    @classmethod
    def of(cls, last: int, cpu: bytes, peak: bytes, memory: bytes) -> Track:
        """From what `content` gave; raises ValueError when it never did."""
        made = cls()
        for kept, content in ((made._cpu, cpu), (made._peak, peak), (made._memory, memory)):
            if len(content) != len(kept) * kept.itemsize:
                raise ValueError("a track of another length")
            del kept[:]
            kept.frombytes(content)
        made.last = last
        return made


def _tenths(percent: float) -> int:
    return min(max(round(percent * 10), 0), _TENTHS)


class History:
    """Made once in the life of the service: it outlives the metrics actor. Any thread.

    Times are Unix times. A clock that is set back overwrites what it had told of the time that is to come again.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._fine: deque[tuple[float, float, float]] = deque(maxlen=MOST_FINE)
        self._tracks: dict[str, Track] = {}
        self._minute = 0

    def add(self, at: float, whole: Measured, others: Mapping[str, Measured]) -> None:
        """One look. Keys name the same thing for as long as it is there."""
        with self._lock:
            while self._fine and self._fine[-1][0] >= at:
                self._fine.pop()  # the clock was set back
            self._fine.append((at, whole.cpu, whole.memory))
            self._turn_to(int(at // MINUTE_S))
            for key, measured in {WHOLE: whole, **others}.items():
                track = self._tracks.get(key)
                if track is None:
                    if len(self._tracks) >= MOST_TRACKS:
                        continue
                    track = self._tracks[key] = Track()
                track.add(self._minute, measured)

    def points(self, start: float, end: float, key: str = WHOLE) -> tuple[float, list[LoadPoint]]:
        """Seconds between two points, and the points: ten seconds apart in the last hour of the whole."""
        with self._lock:
            if key == WHOLE and end - start <= HOUR_S:
                fine = [LoadPoint(at, cpu, cpu, memory) for at, cpu, memory in self._fine if start <= at <= end]
                # of the time before this service's start there are minutes only
                before = fine[0].at if fine else end + 1
                older = [point for point in self._minutes(key, start, end) if point.at + MINUTE_S <= before]
                return (MINUTE_S, older + fine) if older else (FINE_S, fine)
            return MINUTE_S, self._minutes(key, start, end)

    def forget(self, key: str) -> None:
        """It is gone for good."""
        with self._lock:
            self._tracks.pop(key, None)

    def tracks(self) -> tuple[int, dict[str, Track]]:
        """The minute that is going on, and a copy of the table of what is known."""
        with self._lock:
            return self._minute, dict(self._tracks)

    def restore(self, minute: int, tracks: Mapping[str, Track]) -> None:
        """What an earlier service knew; nothing was added yet, or it is let be."""
        with self._lock:
            if not self._minute:
                self._minute = minute
                self._tracks = dict(tracks)

    def _minutes(self, key: str, start: float, end: float) -> list[LoadPoint]:
        track = self._tracks.get(key)
        if track is None:
            return []
        first = max(int(start // MINUTE_S), self._minute - MINUTES + 1)
        found = track.points(first, min(int(end // MINUTE_S), self._minute))
        return [point for point in found if point.at >= start - MINUTE_S]

    def _turn_to(self, minute: int) -> None:
        if minute == self._minute:
            return
        if minute < self._minute:
            first, count = minute, min(self._minute - minute + 1, MINUTES)
        else:
            first, count = self._minute + 1, min(minute - self._minute, MINUTES)
            first = max(first, minute - count + 1)
        self._minute = minute
        for key, track in list(self._tracks.items()):
            if minute - track.last > MINUTES:
                del self._tracks[key]
            else:
                track.turn(first, count)
