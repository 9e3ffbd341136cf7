"""The only module that sends: to everybody at a table, or to one socket."""

from __future__ import annotations

from typing import Any

import gevent
import socketio

from realtime.protocol import NAMESPACE
from realtime.rooms import Table
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
