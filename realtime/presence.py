"""Cursors and people. Who somebody is comes from the seat; an awareness message may only carry a cursor.

The format is y-protocols' awareness update: count, then per client its id, a clock and a JSON string.
"""

from __future__ import annotations

import json
from typing import Any

from drafts.lib0 import varint
from realtime.protocol import Code, WireRefusal
from realtime.rooms import Table
from realtime.seats import Guest, Seat, colours

# How far a clock may run ahead of the last that was heard, and how far in all: thirty moves a second for a year.
MOST_AHEAD, MOST_MOVES = 1_000_000, 1_000_000_000


def _read(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if at >= len(data) or shift > 49:
            raise WireRefusal(Code.MALFORMED)
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at


def encode(client_id: int, clock: int, state: Any) -> bytes:
    """An awareness update of one client."""
    text = json.dumps(state, separators=(",", ":")).encode()
    return varint(1) + varint(client_id) + varint(clock) + varint(len(text)) + text


def merged(updates: list[bytes]) -> bytes:
    """Several updates of one client each, as one."""
    return varint(len(updates)) + b"".join(update[1:] for update in updates)


def read_cursor(seat: Seat, data: bytes) -> bytes:
    """What the others get of a seat's awareness: its own cursor, re-encoded. Raises WireRefusal.

    A clock that jumps ahead would silence the real cursor of a client for ever, so clocks stay near the last.
    """
    client_id, clock, state = _one(data)
    if client_id != seat.client_id:
        raise WireRefusal(Code.FORGED)
    if clock > seat.cursor_clock + MOST_AHEAD:
        raise WireRefusal(Code.MALFORMED)
    seat.cursor_clock = clock
    seat.cursor = encode(client_id, clock, _plain(state))
    return seat.cursor


def heard_cursor(table: Table, data: bytes) -> bytes:
    """The same for what another process whispers: of somebody who has a seat there, and none here."""
    client_id, clock, state = _one(data)
    here = {seat.client_id for seat in table.seats.values()}
    if client_id in here or all(guest.client_id != client_id for guest in table.people):
        raise WireRefusal(Code.FORGED)
    known = table.foreign_clocks.get(client_id)
    # Not seen before: it may have moved for hours.
    if clock > (MOST_MOVES if known is None else known + MOST_AHEAD):
        raise WireRefusal(Code.MALFORMED)
    table.foreign_clocks[client_id] = max(clock, known or 0)
    for gone_id in table.foreign_clocks.keys() - {guest.client_id for guest in table.people}:
        del table.foreign_clocks[gone_id]
    return encode(client_id, clock, _plain(state))


def _one(data: bytes) -> tuple[int, int, object]:
    """Client id, clock and state of an awareness update of one client."""
    count, at = _read(data, 0)
    client_id, at = _read(data, at)
    clock, at = _read(data, at)
    size, at = _read(data, at)
    if count != 1 or at + size != len(data):
        raise WireRefusal(Code.MALFORMED)
    try:
        return client_id, clock, json.loads(data[at:].decode())
    except (ValueError, RecursionError):
        raise WireRefusal(Code.MALFORMED) from None


def _plain(state: object) -> dict[str, Any] | None:
    """A state without anything but its cursor; None says that its client is gone."""
    cursor = _plain_cursor(state.get("cursor")) if isinstance(state, dict) else None
    return {"cursor": cursor} if cursor is not None else ({} if state is not None else None)


def _plain_cursor(cursor: object) -> dict[str, Any] | None:
    """{"anchor", "head"}: Yjs relative positions as JSON, nothing else."""
    if not isinstance(cursor, dict):
        return None
    found = {name: _position(cursor.get(name)) for name in ("anchor", "head")}
    return found if all(position is not None for position in found.values()) else None


def _position(value: object) -> dict[str, Any] | None:
    if not isinstance(value, dict):
        return None
    kept: dict[str, Any] = {}
    for name in ("type", "item"):
        place = value.get(name)
        if isinstance(place, dict) and all(_is_whole(place.get(key)) for key in ("client", "clock")):
            kept[name] = {"client": place["client"], "clock": place["clock"]}
    if isinstance(value.get("tname"), str):
        kept["tname"] = value["tname"][:64]
    if value.get("assoc") in (-1, 0, 1):
        kept["assoc"] = value["assoc"]
    return kept


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and 0 <= value < 2**53


def gone(seat: Seat) -> bytes:
    """The message that takes a seat's cursor away from the others' screens."""
    return encode(seat.client_id, seat.cursor_clock + 1, None)


def cursors(table: Table, but: str) -> bytes | None:
    """All cursors of the table, for one who joins."""
    known = [seat.cursor for sid, seat in table.seats.items() if sid != but and seat.cursor is not None]
    return merged(known) if known else None


def people(guests: tuple[Guest, ...]) -> list[dict[str, Any]]:
    """The people at the table as the wire shows them; the colour is a place in the client's readable palette."""
    colour_of = colours((guest.client_id, guest.person) for guest in guests)
    return [
        {
            "client_id": guest.client_id,
            "person": guest.person,
            "name": guest.name[:128],
            "administration": guest.administration,
            "colour": colour_of[guest.person],
        }
        for guest in guests
    ]
