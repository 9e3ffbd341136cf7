"""How often a process ticks: at once while it is quiet, and in step for all tables when it is busy.

A tick costs a commit and one write for each person at the table, whether it carries one stroke or twenty. So a
process watches what its ticks take and how many strokes come: while ticking at once would take a small share of
its time, nobody waits; beyond that the ticks are spaced so that they keep to a share, and at most so far apart that
a letter is still seen within two frames of a screen.
"""

from __future__ import annotations

import time

# Up to this share of the loop's time every stroke is told at once: two people who type take half of it, ten some 3 %.
QUIET_SHARE = 0.01
# What each further hundredth adds: ten who all type are told within 20 ms, twenty among fifty within SLOWEST.
STEP = 0.010
# 95 of 100 letters are to be on everybody's screen within 45 ms; a letter waits for a tick up to a whole interval, then
# for that tick, and the next interval begins when that has ended. Waking and reading what came take the other 3 ms. Slower ticks save less and less: from 25 to 50 ms a
# third, from 50 to 100 a fifth (docs/benchmarks.md).
NEARLY_ALL = 0.042
# The bounds of the interval that follows from it.
BUSY, SLOWEST = 0.030, 0.037
# Ticks that take long for themselves (many tables, a slow disk) get this many times as much between them.
REST = 2.5
# How long the past counts: long enough to see a room of people who type five letters a second.
MEMORY_SECONDS = 1.0


class Pace:
    """The rhythm of one process. Times are seconds of the monotonic clock."""

    __slots__ = ("_cost", "_rate", "_ticked_at", "_took")

    def __init__(self) -> None:
        self._rate = 0.0
        self._cost = 0.0005
        self._took = 0.0
        self._ticked_at = 0.0

    def ticked(self, strokes: int, worked: float, took: float, now: float) -> None:
        """A tick of so many strokes cost so much of the processor, took so long with its disk, and ended now."""
        apart = max(now - self._ticked_at, 0.0005)
        weight = min(1.0, apart / MEMORY_SECONDS)
        self._rate += (strokes / apart - self._rate) * weight
        self._cost += (worked - self._cost) * 0.1
        self._took += (took - self._took) * 0.1
        self._ticked_at = now

    @property
    def interval(self) -> float:
        """Seconds between two ticks now."""
        spacing = STEP * (self._rate * self._cost / QUIET_SHARE - 1)
        # A disk that is slow holds the loop as well: no more than half of the time.
        if self._rate * self._took > 0.5:
            spacing = max(spacing, self._took)
        return min(self._longest, max(0.0, spacing))

    @property
    def _longest(self) -> float:
        """Of an interval i and ticks that take t, nearly all letters have come after 0.95 (i + t) + t."""
        for_nearly_all = (NEARLY_ALL - 1.95 * self._took) / 0.95
        return min(SLOWEST, max(BUSY, REST * self._took, for_nearly_all))

    def wait(self, now: float | None = None) -> float:
        """Seconds until the next tick is due; 0 when it is."""
        since = (time.monotonic() if now is None else now) - self._ticked_at
        return max(0.0, self.interval - since)
