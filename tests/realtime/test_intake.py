"""All WebSockets read in one place: order, pauses, what is handed on, and who floods.

Where the system has no epoll (macOS) each connection reads for itself: what holds for both is tried both ways, so that
every system runs what it can.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial

import gevent
import gevent.socket
import pytest

from realtime.intake import Intake, has_epoll
from realtime.websocket import PONG, RECEIVE, WebSocket
from tests.realtime import bare_sockets as bare

TOGETHER, EACH_FOR_ITSELF = "read together", "each for itself"
WAYS = [TOGETHER, EACH_FOR_ITSELF] if has_epoll() else [EACH_FOR_ITSELF]

masked = partial(bare.frame, mask=b"\x8e\x01\xff\x40")


@dataclass
class Tab:
    """One client, the connection it has, and the task of that connection."""

    intake: Intake | None
    # The number its connection is to have; None: whichever the system gives.
    number: int | None = None
    taken: list[object] = field(default_factory=list)
    handed: list[object] = field(default_factory=list)
    failure: Exception | None = None
    busy: float = 0.0

    def __post_init__(self) -> None:
        self.ours, self.client = gevent.socket.socketpair()
        if self.number == self.client.fileno():
            self.ours, self.client = self.client, self.ours
        if self.number not in (None, self.ours.fileno()):
            os.dup2(self.ours.fileno(), self.number)
            self.ours.close()
            self.ours = gevent.socket.socket(fileno=self.number)
        self.ws = WebSocket(self.ours, 1_000_000)
        self.task = gevent.spawn(self._live)

    def _take(self, message: str | bytes) -> bool:
        """Quick ones begin with q; one that begins with ! is no packet at all."""
        if str(message).startswith("!"):
            raise ValueError("no packet")
        if not str(message).startswith("q"):
            return False
        self.taken.append(message)
        return True

    def _live(self) -> None:
        try:
            intake = self.intake
            while (message := intake.wait(self.ws, self._take) if intake else self.ws.wait()) is not None:
                gevent.sleep(self.busy)
                if not self._take(message):
                    self.taken.append(message)
                    self.handed.append(message)
        except ValueError as failure:
            self.failure = failure
        self.ws.drop("")

    def say(self, *words: str) -> None:
        self.client.sendall(b"".join(masked(word.encode(), 1) for word in words))


def until(condition: object, seconds: float = 10.0) -> None:
    with gevent.Timeout(seconds):
        while not condition():  # type: ignore[operator]
            gevent.sleep(0.001)


class Room:
    def __init__(self, together: bool) -> None:
        self.pause = 0.0
        self.intake = Intake(lambda: self.pause) if together else None
        self.task = gevent.spawn(self.intake.run) if self.intake else None
        self.tabs: list[Tab] = []

    def sit(self, number: int | None = None) -> Tab:
        self.tabs.append(Tab(self.intake, number))
        gevent.sleep(0.01)
        return self.tabs[-1]


@pytest.fixture(params=WAYS)
def room(request: pytest.FixtureRequest) -> Iterator[Room]:
    made = Room(request.param == TOGETHER)
    yield made
    if made.task is not None:
        made.task.kill()
    for tab in made.tabs:
        tab.client.close()
        tab.task.kill()
        tab.ours.close()


def test_what_needs_no_waiting_is_done_in_place_and_the_rest_by_the_connection_in_order(room):
    tab = room.sit()
    tab.busy = 0.001
    words = [word for number in range(40) for word in (f"q{number}", f"q{number}b", f"slow {number}")]
    for word in words:
        tab.say(word)
    until(lambda: len(tab.taken) == len(words))
    assert tab.taken == words
    # One read may bring several: those behind a slow one are the connection's too, and no other.
    assert [word for word in words if word.startswith("slow")] == [w for w in tab.handed if w in words]


if TOGETHER in WAYS:  # a pause is for many sockets read in one go

    @pytest.mark.parametrize("room", [TOGETHER], indirect=True)
    def test_nothing_is_read_before_its_time_and_then_all_at_once(room):
        tabs = [room.sit() for _ in range(5)]
        room.pause = 0.15
        for tab in tabs:
            tab.say("q1")
            gevent.sleep(0.01)
            tab.say("q2")
        assert all(tab.taken == [] for tab in tabs)
        until(lambda: all(tab.taken == ["q1", "q2"] for tab in tabs))


def test_one_that_is_busy_keeps_nobody_else_waiting(room):
    slow, quick = room.sit(), room.sit()
    slow.busy = 0.5
    slow.say("this takes long", "q after it")
    quick.say("q1")
    until(lambda: quick.taken == ["q1"], 0.3)
    assert slow.taken == []
    until(lambda: slow.taken == ["this takes long", "q after it"])


def test_bytes_that_are_no_packet_end_that_connection_and_no_other(room):
    bad, good = room.sit(), room.sit()
    bad.say("q1", "! what is this", "q2")
    until(lambda: bad.task.dead)
    assert isinstance(bad.failure, ValueError) and bad.taken == ["q1"]
    good.say("q1")
    until(lambda: good.taken == ["q1"])


@pytest.mark.parametrize("end", ["client", "drop", "close"])
def test_the_end_of_a_connection_wakes_its_task(room, end):
    tab = room.sit()
    if end == "client":
        tab.client.close()
    else:
        getattr(tab.ws, end)(*[""] if end == "drop" else [])
    tab.task.join(2)
    assert tab.task.dead and (tab.intake is None or tab.intake._ears == {})


def test_a_number_that_is_another_connections_is_not_taken_for_the_old_one(room):
    lower = [os.open(os.devnull, os.O_RDONLY) for _ in range(2)]
    old = room.sit()
    number = old.ours.fileno()
    old.client.close()
    old.task.join(2)
    old.ours.close()
    for one in lower:
        os.close(one)
    # Asked for by name: the system gives the lowest free number, and other tests leave lower ones free at any time.
    new = room.sit(number)
    assert new.ours.fileno() == number
    new.say("q1")
    until(lambda: new.taken == ["q1"])
    assert old.taken == []


def test_who_floods_leaves_two_thirds_of_the_time_to_others(room, monkeypatch):
    """Tiny frames as fast as they are read: the others are heard in between, and the flood gets its third."""
    flooder, other = room.sit(), room.sit()
    flood = masked(b"", PONG) * 3000
    over = False

    def send() -> None:
        while not over:
            flooder.client.sendall(flood)

    sending = gevent.spawn(send)
    reads: list[int] = []
    read = os.read

    def counted(number: int, size: int) -> bytes:
        got = read(number, size)
        if number == flooder.ours.fileno():
            reads.append(len(got))
        return got

    monkeypatch.setattr(os, "read", counted)
    for number in range(20):
        other.say(f"q{number}")
        until(lambda number=number: other.taken[-1:] == [f"q{number}"], 1.0)
    over = True
    sending.kill()
    assert room.intake is None or reads and max(reads) <= RECEIVE
