"""How far a long command is: a bar on a terminal, a plain line at every tenth elsewhere."""

from __future__ import annotations

import sys
import time
from typing import TextIO

WIDTH = 40


class Progress:
    """`show(done)` as often as one likes; `end()` once."""

    def __init__(self, what: str, total: int, stream: TextIO = sys.stderr) -> None:
        self.what, self.total, self.stream = what, max(total, 1), stream
        self.began = time.monotonic()
        self._tenth = 0

    def show(self, done: int) -> None:
        rate = done / max(time.monotonic() - self.began, 1e-6)
        if self.stream.isatty():
            full = WIDTH * done // self.total
            bar = "█" * full + "░" * (WIDTH - full)
            self.stream.write(f"\r{self.what} {bar} {done:,}/{self.total:,} · {rate:,.0f}/s ")
        elif done * 10 // self.total > self._tenth:
            self._tenth = done * 10 // self.total
            self.stream.write(f"{self.what}: {done:,} of {self.total:,} ({rate:,.0f}/s)\n")
        self.stream.flush()

    def end(self) -> None:
        self.show(self.total)
        if self.stream.isatty():
            self.stream.write("\n")
            self.stream.flush()
