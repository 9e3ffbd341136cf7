"""Cursors and people. Who somebody is comes from the seat; an awareness message may only carry a cursor.

The format is y-protocols' awareness update: count, then per client its id, a clock and a JSON string.
"""

from __future__ import annotations

import json
from typing import Any

from realtime.protocol import Code, WireRefusal
from realtime.rooms import Table
from realtime.seats import Guest, Seat


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(0x80 | (value & 0x7F))
        value >>= 7
    out.append(value)
    return bytes(out)


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
    return _varint(1) + _varint(client_id) + _varint(clock) + _varint(len(text)) + text


def merged(updates: list[bytes]) -> bytes:
    """Several updates of one client each, as one."""
    return _varint(len(updates)) + b"".join(update[1:] for update in updates)


def read_cursor(seat: Seat, data: bytes) -> bytes:
    """What the others get of a seat's awareness: its own cursor, re-encoded. Raises WireRefusal.

    A clock that jumps ahead would silence the real cursor of a client for ever, so clocks stay near the last.
    """
    count, at = _read(data, 0)
    client_id, at = _read(data, at)
    clock, at = _read(data, at)
    size, at = _read(data, at)
    if count != 1 or at + size != len(data):
        raise WireRefusal(Code.MALFORMED)
    if client_id != seat.client_id:
        raise WireRefusal(Code.FORGED)
    try:
        state = json.loads(data[at:].decode())
    except (ValueError, RecursionError):
        raise WireRefusal(Code.MALFORMED) from None
    if clock > seat.cursor_clock + 1_000_000:
        raise WireRefusal(Code.MALFORMED)
    seat.cursor_clock = clock
    cursor = _plain_cursor(state.get("cursor")) if isinstance(state, dict) else None
    kept = {"cursor": cursor} if cursor is not None else ({} if state is not None else None)
    seat.cursor = encode(client_id, clock, kept)
    return seat.cursor


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
        if isinstance(place, dict) and all(isinstance(place.get(key), int) for key in ("client", "clock")):
            kept[name] = {"client": place["client"], "clock": place["clock"]}
    if isinstance(value.get("tname"), str):
        kept["tname"] = value["tname"][:64]
    if isinstance(value.get("assoc"), int):
        kept["assoc"] = value["assoc"]
    return kept


def gone(seat: Seat) -> bytes:
    """The message that takes a seat's cursor away from the others' screens."""
    return encode(seat.client_id, seat.cursor_clock + 1, None)


def cursors(table: Table, but: str) -> bytes | None:
    """All cursors of the table, for one who joins."""
    known = [seat.cursor for sid, seat in table.seats.items() if sid != but and seat.cursor is not None]
    return merged(known) if known else None


def people(guests: tuple[Guest, ...]) -> list[dict[str, Any]]:
    """The people at the table as the wire shows them; the colour is a place in the client's readable palette."""
    return [
        {
            "client_id": guest.client_id,
            "person": guest.person,
            "name": guest.name[:128],
            "administration": guest.administration,
            "colour": guest.person % 8,
        }
        for guest in guests
    ]
