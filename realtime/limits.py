"""What one seat may ask for in a second, and what one person, and everybody, may hold of a process."""

from __future__ import annotations

import time

import gevent

# A person holding a key down sends about 30 strokes a second; a robot that replays a trace was measured at 340 to
# 460 (docs/benchmarks.md). Beyond it a seat costs others their time.
STROKES = (400.0, 4000.0)
AWARENESS = (30.0, 100.0)
JOINS = (5.0, 30.0)
# Two a minute (realtime protocol): a large paste, an undo of "delete all", a long offline spell.
BULK = (2 / 60, 2.0)
# Copies of a document to try suggestions on (drafts.suggest_gate): a refused one uses a copy up, and a copy of a long
# text takes some milliseconds.
TRIALS = (1.0, 5.0)
# Acts in the room of a séance: a person who presses a button, answers, writes a line. A facilitator who points at one
# passage after the other needs two a second.
ACTS = (4.0, 40.0)
# A tab sits in one room.
ROOMS_OF_SOCKET = 5
# A person with more open tabs than this is a program.
SOCKETS_OF_ONE = 50
# A tab sits at one draft.
SEATS_OF_SOCKET = 20
# At 150 kB for each that sits at a table: 600 MB.
SOCKETS = 4000
# Requests in flight for one connection: a poll, a post, and the WebSocket it changes over to; one may still end.
REQUESTS_OF_SOCKET = 4
# Open documents of a process: 2.3 MB for one of 100,000 characters that was edited 260,000 times, as pycrdt keeps it.
ROOMS = 500
# What a process may hold of messages that are not complete, and what of one person's: 100 MB of unfinished
# fragments once made a server grow by as much. A bulk update over a weak line needs up to 5.6 MB for minutes, and
# one person, with however many sockets, must not keep the others from sending theirs.
UNFINISHED_BYTES, UNFINISHED_OF_ONE = 24 * 1024 * 1024, 8 * 1024 * 1024


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


class Turn:
    """How long one connection has the loop to itself, while more of it waits to be read.

    All that send faster than they are read have a third of the loop together: each waits twice what it took, one
    after the other.
    """

    __slots__ = ("since",)
    # Before it is over nobody has noticed; the loop of people typing may be held up for 20 ms.
    SLICE = 0.004
    # What took long waited itself, for a disk or a child.
    LONGEST = 0.05
    free_at = 0.0

    def __init__(self) -> None:
        self.since = time.monotonic()

    def begin(self) -> None:
        self.since = time.monotonic()

    def owed(self, now: float) -> float:
        """How long to give way to the others now, seconds; 0 when it was short."""
        took = now - self.since
        if took <= self.SLICE:
            return 0.0
        Turn.free_at = max(now, Turn.free_at) + min(2 * took, self.LONGEST)
        return Turn.free_at - now

    def rest(self) -> None:
        """Give way to the others when it was long."""
        pause = self.owed(time.monotonic())
        if pause:
            gevent.sleep(pause)
            self.begin()


class Held:
    """Amounts that owners hold, with a bound for each and for all together."""

    def __init__(self, most: int, most_of_one: int) -> None:
        self.most, self.most_of_one = most, most_of_one
        self.total = 0
        self.of: dict[object, int] = {}

    def take(self, owner: object, amount: int) -> bool:
        """Count so much more (or less) for an owner; False when that is too much. It is counted all the same."""
        self.total += amount
        held = self.of.get(owner, 0) + amount
        if held:
            self.of[owner] = held
        else:
            self.of.pop(owner, None)
        return self.total <= self.most and held <= self.most_of_one


unfinished = Held(UNFINISHED_BYTES, UNFINISHED_OF_ONE)
