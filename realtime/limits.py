"""What one seat may ask for in a second."""

from __future__ import annotations

import time

# A person holding a key down sends about 30 strokes a second; a robot that replays a trace was measured at 340 to
# 460 (docs/benchmarks.md). Beyond it a seat costs others their time.
STROKES = (400.0, 4000.0)
AWARENESS = (30.0, 100.0)
JOINS = (5.0, 30.0)
# Two a minute (realtime protocol): a large paste, an undo of "delete all", a long offline spell.
BULK = (2 / 60, 2.0)


class Bucket:
    """A token bucket: `rate` a second, `burst` at once."""

    __slots__ = ("burst", "level", "rate", "since")

    def __init__(self, limits: tuple[float, float]) -> None:
        self.rate, self.burst = limits
        self.level = self.burst
        self.since = time.monotonic()

    def wait(self) -> float:
        """Take one; 0 when it was there, else the seconds until it will be (and nothing is taken)."""
        now = time.monotonic()
        self.level = min(self.burst, self.level + (now - self.since) * self.rate)
        self.since = now
        if self.level >= 1:
            self.level -= 1
            return 0.0
        return (1 - self.level) / self.rate
