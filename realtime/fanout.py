"""The only module that sends: to everybody at a table, or to one socket."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import gevent
import socketio

from realtime.engine import Line, line_of
from realtime.packets import Message
from realtime.protocol import NAMESPACE
from realtime.rooms import PARCEL, Table, merged
from realtime.seats import Seat

server: socketio.Server | None = None


def _server() -> socketio.Server:
    if server is None:
        raise RuntimeError("the gateway is not set up")
    return server


def everybody(table: Table, event: str, payload: dict[str, Any], but: str | None = None) -> None:
    """One message to every seat of the table, encoded and framed once."""
    _deliver(table, Message.event(NAMESPACE, event, {"draft": table.draft_id, **payload}), but)


def _deliver(table: Table, message: Message, but: str | None = None) -> None:
    for seat in table.seats.values():
        if seat.sid != but and seat.line is not None:
            seat.line.deliver(message)


def rows(table: Table, told: Sequence[tuple[int, bytes, int | None, int | None]]) -> None:
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
    if told and table.heard is not None:
        table.heard = (table.heard[0], told[-1][0])


def _parcel(table: Table, update: bytes, told: Sequence[tuple[int, bytes, int | None, int | None]]) -> None:
    saved: dict[int, int] = {}
    for _seq, _update, client, n in told:
        if client is not None and n is not None:
            saved[client] = max(n, saved.get(client, 0))
    _deliver(table, Message.stroke(NAMESPACE, table.draft_id, update, told[-1][0], saved))


def one(seat: Seat, event: str, payload: dict[str, Any]) -> None:
    if seat.line is not None:
        seat.line.deliver(Message.event(NAMESPACE, event, {"draft": seat.draft_id, **payload}))


def to_lines(namespace: str, lines: Iterable[Line | None], event: str, payload: dict[str, Any]) -> None:
    """One message to some sockets of a namespace, encoded and framed once."""
    message = Message.event(namespace, event, payload)
    for line in lines:
        if line is not None:
            line.deliver(message)


def to_socket(sid: str, event: str, payload: dict[str, Any]) -> None:
    line = line_of(_server(), sid, NAMESPACE)
    if line is not None:
        line.deliver(Message.event(NAMESPACE, event, payload))


def line_to(sid: str, namespace: str = NAMESPACE) -> Line | None:
    """The way to a socket, kept by its seat."""
    return line_of(_server(), sid, namespace)


def hang_up(sid: str, namespace: str = NAMESPACE) -> None:
    """Close the whole connection of a socket that lost everything."""
    current = _server()
    eio_sid = current.manager.eio_sid_from_sid(sid, namespace)
    current.disconnect(sid, namespace=namespace)
    if eio_sid is not None:
        current.eio.disconnect(eio_sid)


def hang_up_soon(sid: str, namespace: str = NAMESPACE) -> None:
    """Hang up once the last message has had time to leave."""
    gevent.spawn_later(0.5, hang_up, sid, namespace)


def close_all() -> None:
    """End every connection of this process; their clients come back by themselves."""
    current = _server()
    for eio_sid in list(current.eio.sockets):
        current.eio.disconnect(eio_sid)
