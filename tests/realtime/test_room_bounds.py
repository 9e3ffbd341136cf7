"""Rooms leave memory, and a cursor carries nobody's identity: judged without a server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest

from app.errors import Unavailable
from app.policy import ANONYMOUS
from realtime import presence, rooms
from realtime.limits import AWARENESS, Bucket
from realtime.presence import encode
from realtime.protocol import MAX_AWARENESS, WireRefusal, read_awareness
from realtime.rooms import Pending, Table, table_of, tables
from realtime.seats import Guest, Seat

HERE = {"tname": "content", "type": None, "item": {"client": 7, "clock": 3}, "assoc": -1}
CURSOR = {"anchor": HERE, "head": HERE}
KEPT = {
    place: {"item": {"client": 7, "clock": 3}, "tname": "content", "assoc": -1}
    for place in ("anchor", "head")
}


def seat(sid: str = "a", client_id: int = 7) -> Seat:
    return Seat(sid, 1, ANONYMOUS, client_id, frozenset())


@pytest.fixture(autouse=True)
def no_tables() -> Iterator[None]:
    before = dict(tables)
    tables.clear()
    yield
    tables.clear()
    tables.update(before)


def test_idle_rooms_leave_memory_and_others_stay(monkeypatch):
    now = 1000.0
    monkeypatch.setattr(rooms.time, "monotonic", lambda: now)
    for draft in range(1, 6):
        tables[draft] = Table(draft, empty_since=now)
    tables[2].seats["a"] = seat()
    tables[3].queue.append(Pending(seat(), b"", None, False, lambda _answer: None))
    tables[4].lock.acquire()
    tables[5].opening = True
    now += rooms.IDLE_SECONDS - 1
    rooms.close_idle()
    assert list(tables) == [1, 2, 3, 4, 5]
    now += 2
    rooms.close_idle()
    assert list(tables) == [2, 3, 4, 5]
    tables[4].lock.release()
    tables[2].seats.clear()
    now += rooms.IDLE_SECONDS - 1
    rooms.close_idle()
    assert list(tables) == [2, 3, 4, 5]
    now += 2
    rooms.close_idle()
    assert list(tables) == [3, 5]


def test_beyond_the_bound_the_room_that_was_idle_for_longest_goes_first(monkeypatch):
    monkeypatch.setattr(rooms, "ROOMS", 4)
    for draft, since in ((1, 5.0), (2, 1.0), (3, 3.0), (4, 2.0)):
        table_of(draft).empty_since = since
    tables[2].seats["a"] = seat()
    tables[4].lock.acquire()
    assert table_of(3) is tables[3]
    table_of(5).seats["b"] = seat()
    assert list(tables) == [1, 2, 4, 5]
    table_of(6).seats["c"] = seat()
    assert list(tables) == [2, 4, 5, 6]
    with pytest.raises(Unavailable):
        table_of(7)
    assert list(tables) == [2, 4, 5, 6] and table_of(2) is tables[2]


def state_of(update: bytes) -> object:
    return json.loads(update[update.index(b"{") :])


def test_of_a_state_only_the_cursor_is_kept():
    state = {
        "user": {"name": "Le Maire", "color": "red"},
        "cursor": CURSOR,
        "client_id": 9,
        "administration": "DINUM",
    }
    kept = presence.read_cursor(seat(), encode(7, 1, state))
    assert state_of(kept) == {"cursor": KEPT} and kept.startswith(b"\x01\x07\x01")
    for wrong in (
        {"cursor": "Le Maire"},
        {"cursor": {"anchor": HERE}},
        {"cursor": {"anchor": 3, "head": HERE}},
        {"name": "Le Maire"},
        ["Le Maire"],
        "Le Maire",
        3,
    ):
        assert state_of(presence.read_cursor(seat(), encode(7, 1, wrong))) == {}
    hidden = {
        "tname": "x" * 5000,
        "item": {"client": "Le Maire", "clock": 3},
        "assoc": 10**9,
        "user": "Le Maire",
    }
    told = presence.read_cursor(seat(), encode(7, 1, {"cursor": {"anchor": hidden, "head": HERE}}))
    assert b"Maire" not in told and len(told) < 300
    assert presence.read_cursor(seat(), encode(7, 2, None)).endswith(b"null")


@pytest.mark.parametrize(
    "garbage",
    [
        b"",
        b"\x01",
        b"\x00",
        b"\xff" * 12,
        encode(8, 1, {"cursor": CURSOR}),
        encode(7, 2_000_000, {"cursor": CURSOR}),
        encode(7, 1, {}) + b"\x00",
        b"\x02" + encode(7, 1, {})[1:] * 2,
        b"\x01\x07\x01\x05{{{{{",
        b"\x01\x07\x01\x04\xff\xfe\xff\xfe",
        b"\x01\x07\x01\xa0\x1f" + b"[" * 4000,
    ],
)
def test_another_s_client_id_and_garbage_are_no_cursor(garbage):
    mine = seat()
    with pytest.raises(WireRefusal):
        presence.read_cursor(mine, garbage)
    assert mine.cursor is None and mine.cursor_clock == 0


def test_a_state_of_a_megabyte_is_not_read():
    with pytest.raises(WireRefusal):
        read_awareness({"draft": 1, "update": encode(7, 1, {"name": "x" * 1_000_000})})
    assert read_awareness({"draft": 1, "update": bytes(MAX_AWARENESS)})


def test_a_flood_of_cursors_is_cut_to_its_budget():
    bucket = Bucket(AWARENESS)
    assert 100 <= sum(bucket.wait() == 0 for _ in range(10_000)) <= 110


def test_what_is_whispered_is_a_cursor_of_somebody_who_sits_elsewhere():
    ana, ben = Guest(7, 1, "Ana", "Sud"), Guest(8, 2, "Ben", "Nord")
    table = Table(1, people=(ana, ben))
    table.seats["a"] = seat()
    told = presence.heard_cursor(table, encode(8, 5, {"cursor": CURSOR, "user": {"name": "Le Maire"}}))
    assert told == encode(8, 5, {"cursor": KEPT})
    for forged in (
        encode(7, 6, {"cursor": CURSOR}),  # hers, who sits here
        encode(9, 1, {"cursor": CURSOR}),  # nobody's
        encode(8, 5_000_000, {"cursor": CURSOR}),  # would silence him for ever
        b"\x01\x08\x06\x05{{{{{",
    ):
        with pytest.raises(WireRefusal):
            presence.heard_cursor(table, forged)
    assert presence.heard_cursor(table, encode(8, 6, {"cursor": CURSOR}))
    table.people = (ana, replace(ben, client_id=10))
    presence.heard_cursor(table, encode(10, 1, {}))
    assert list(table.foreign_clocks) == [10]
