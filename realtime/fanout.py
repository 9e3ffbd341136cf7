"""The only module that sends: to everybody at a table, or to one socket."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gevent
import socketio

from realtime.protocol import NAMESPACE
from realtime.rooms import PARCEL, Table, merged
from realtime.seats import Seat

server: socketio.Server | None = None


def _server() -> socketio.Server:
    if server is None:
        raise RuntimeError("the gateway is not set up")
    return server


def everybody(table: Table, event: str, payload: dict[str, Any], but: str | None = None) -> None:
    """One message to every seat of the table, encoded once."""
    _server().emit(
        event,
        {"draft": table.draft_id, **payload},
        room=f"draft:{table.draft_id}",
        skip_sid=but,
        namespace=NAMESPACE,
    )


def rows(table: Table, told: Sequence[tuple[int, bytes, str | None, int | None]]) -> None:
    """Rows of the log to everybody: (seq, update, client id, n) each, merged by parcels.

    Each message's `seq` is that of its own last row: whoever has heard `seq` has heard everything up to it.
    """
    for start in range(0, len(told), PARCEL):
        parcel = told[start : start + PARCEL]
        whole = merged([update for _seq, update, _client, _n in parcel])
        if whole is None:
            for row in parcel:
                _parcel(table, row[1], [row])
        else:
            _parcel(table, whole, parcel)


def _parcel(table: Table, update: bytes, told: Sequence[tuple[int, bytes, str | None, int | None]]) -> None:
    payload: dict[str, Any] = {"update": update, "seq": told[-1][0]}
    saved: dict[str, int] = {}
    for _seq, _update, client, n in told:
        if client is not None and n is not None:
            saved[client] = max(n, saved.get(client, 0))
    if saved:
        payload["saved"] = saved
    everybody(table, "update", payload)


def one(seat: Seat, event: str, payload: dict[str, Any]) -> None:
    _server().emit(event, {"draft": seat.draft_id, **payload}, to=seat.sid, namespace=NAMESPACE)


def to_socket(sid: str, event: str, payload: dict[str, Any]) -> None:
    _server().emit(event, payload, to=sid, namespace=NAMESPACE)


def seat_in(seat: Seat) -> None:
    _server().enter_room(seat.sid, f"draft:{seat.draft_id}", namespace=NAMESPACE)


def seat_out(seat: Seat) -> None:
    _server().leave_room(seat.sid, f"draft:{seat.draft_id}", namespace=NAMESPACE)


def hang_up(sid: str) -> None:
    """Close the whole connection of a socket that lost everything."""
    current = _server()
    eio_sid = current.manager.eio_sid_from_sid(sid, NAMESPACE)
    current.disconnect(sid, namespace=NAMESPACE)
    if eio_sid is not None:
        current.eio.disconnect(eio_sid)


def hang_up_soon(sid: str) -> None:
    """Hang up once the last message has had time to leave."""
    gevent.spawn_later(0.5, hang_up, sid)
