"""The namespace `/drafts`: connect, join, update, awareness, leave. What stands behind each is elsewhere.

Every event declares the act it asks for in `EVENTS`; the seat is judged again at each of them.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import gevent
from flask import Flask
from flask_socketio import SocketIO

from app import events
from app.accounts import cookie
from app.accounts.service import AccessEnded
from app.db import reading, unit_of_work
from app.errors import DomainError
from app.policy import PORTAL, Act, acts_for
from config import Settings
from drafts import document
from drafts.bulk_check import BulkChecker
from drafts.events import DraftAccessChanged, DraftStageChanged, DraftTextMoved
from drafts.gate import GateRefusal
from drafts.grammar import GRAMMAR
from labs.service import LabAccessChanged
from realtime import door, engine, fanout, presence, pulse, seats, ticks, whisper
from realtime.protocol import NAMESPACE, Code, WireRefusal, error, read_awareness, read_join, read_update
from realtime.protocol import draft_of as read_draft
from realtime.rooms import Pending, Table, table_of, tables
from realtime.seats import Connection, Seat, ladder

logger = logging.getLogger(__name__)
Answer = Callable[[dict[str, Any]], None]
# A person with more open tabs than this is a program.
MAX_SOCKETS_PER_PERSON = 50


@dataclass(frozen=True)
class Rule:
    """Who may use an event. `seated`: only at a draft this socket has joined."""

    act: Act
    seated: bool


EVENTS: dict[str, Rule] = {
    "connect": Rule(Act.PORTAL_WORK, seated=False),
    "join": Rule(Act.DRAFT_READ, seated=False),
    "update": Rule(Act.DRAFT_WRITE, seated=True),
    "awareness": Rule(Act.DRAFT_READ, seated=True),
    "leave": Rule(Act.DRAFT_READ, seated=True),
}
_bulk = BulkChecker()
_settings: Settings | None = None


def init_app(app: Flask, settings: Settings) -> None:
    """Set up Socket.IO on the application; nothing runs until `start`."""
    global _settings
    _settings = settings
    io = SocketIO(app, **engine.options(settings))
    server = io.server
    engine.harden(server)
    fanout.server = server
    tables.clear()
    pulse.connections.clear()
    server.on("connect", _connect, namespace=NAMESPACE)
    server.on("disconnect", _disconnect, namespace=NAMESPACE)
    engine.handle(
        server, NAMESPACE, {"join": _join, "update": _update, "awareness": _awareness, "leave": _leave}
    )
    app.wsgi_app = door.SocketDoor(app.wsgi_app, settings)  # type: ignore[method-assign]


def start(app: Flask) -> None:
    """Start the flusher, the pulse and the whisper of this process."""
    settings: Settings = app.config["SETTINGS"]
    if not settings.redis_url and settings.is_sqlite:
        with unit_of_work():
            seats.release_all()
    for kind in (AccessEnded, LabAccessChanged, DraftTextMoved, DraftAccessChanged):
        events.at_once(kind)(_wake)
    events.at_once(DraftStageChanged)(_tell_stage)
    gevent.spawn(ticks.run)
    gevent.spawn(pulse.run)
    whisper.start(settings.redis_url)


def drain() -> None:
    """Before the exit: what was taken in goes to the disk and is acknowledged."""
    ticks.drain()
    gevent.sleep(0.05)
    for sid in list(pulse.connections):
        fanout.hang_up(sid)
    with unit_of_work():
        seats.release([seat.name for table in tables.values() for seat in table.seats.values()])
    _bulk.close()


def _wake(_news: events.Event) -> None:
    pulse.wake()
    for draft_id in tables:
        whisper.say(draft_id)


def _tell_stage(news: DraftStageChanged) -> None:
    table = tables.get(news.draft_id)
    if table is not None:
        fanout.everybody(table, "stage", {"stage": news.stage})
    _wake(news)


def _connect(sid: str, environ: dict[str, Any], _auth: object = None) -> None:
    assert _settings is not None
    actor = cookie.actor_behind(environ.get("HTTP_COOKIE", ""), _settings)
    if EVENTS["connect"].act not in acts_for(actor, PORTAL):
        raise ConnectionRefusedError(str(Code.UNAUTHENTICATED))
    if sum(other.actor.id == actor.id for other in pulse.connections.values()) >= MAX_SOCKETS_PER_PERSON:
        raise ConnectionRefusedError(str(Code.RATE_LIMITED))
    pulse.connections[sid] = Connection(sid, actor)


def _disconnect(sid: str, *_reason: object) -> None:
    pulse.connections.pop(sid, None)
    for table in list(tables.values()):
        seat = table.seats.get(sid)
        if seat is not None:
            pulse.stand_up(table, seat)


def _refusal(answer: Answer, refusal: WireRefusal) -> None:
    answer({"ok": False, "error": error(refusal.code, refusal.retry_after)})


def _join(sid: str, payload: object, answer: Answer | None) -> None:
    reply = answer or (lambda _reply: None)
    try:
        reply(_seat(sid, payload))
    except WireRefusal as refusal:
        _refusal(reply, refusal)
    except DomainError as failure:
        logger.warning("a join failed: %s", failure.detail or failure)
        code = Code.NOT_FOUND if failure.code == "not_found" else Code.UNAVAILABLE
        _refusal(reply, WireRefusal(code, 2.0))


def _seat(sid: str, payload: object) -> dict[str, Any]:
    connection = pulse.connections.get(sid)
    if connection is None:
        raise WireRefusal(Code.UNAUTHENTICATED)
    wait = connection.joins.wait()
    if wait:
        raise WireRefusal(Code.RATE_LIMITED, wait)
    wanted = read_join(payload)
    with reading():
        actor, held = seats.judge(connection.actor.session_id, wanted.draft_id)
    if actor is None:
        raise WireRefusal(Code.UNAUTHENTICATED)
    if not held:
        raise WireRefusal(Code.NOT_FOUND)
    if wanted.schema is not None and wanted.schema < GRAMMAR.schema:
        # A bundle that does not know a node deletes it for everybody: it must not get the text at all.
        fanout.to_socket(sid, "reload", {"draft": wanted.draft_id, "reason": "schema"})
        raise WireRefusal(Code.SCHEMA)
    table = table_of(wanted.draft_id)
    with table.lock:
        room = table.opened()
        same_life = wanted.history in (None, room.history)
        try:
            update = document.diff(room.doc, wanted.state_vector if same_life else b"\x00")
        except document.DocumentBroken:
            raise WireRefusal(Code.MALFORMED) from None
        with unit_of_work():
            client_id = seats.take_client_id(
                seats.seat_name(sid, table.draft_id),
                table.draft_id,
                actor,
                wanted.client_id if same_life else None,
            )
            table.clients[actor.id] = seats.clients_of(table.draft_id, actor.id)
        if sid not in pulse.connections:
            raise WireRefusal(Code.UNAUTHENTICATED)  # it hung up while we looked
        seat = Seat(sid, table.draft_id, actor, client_id, held)
        table.seats[sid] = seat
        fanout.seat_in(seat)
        found: dict[str, Any] = {
            "ok": True,
            "seq": room.seq,
            "client_id": client_id,
            "history": room.history,
            "schema": GRAMMAR.schema,
            "rights": ladder(held),
            "can_write": seat.can_write and not room.read_only,
            "update": update,
            "state_vector": document.state_vector(room.doc),
        }
        cursors = presence.cursors(table, sid)
        if cursors is not None:
            found["awareness"] = cursors
    pulse.refresh_people(table)
    whisper.say(table.draft_id)
    found["people"] = presence.people(table.people)
    return found


def _seat_of(sid: str, draft_id: int, act: Act) -> tuple[Table, Seat]:
    """The seat a socket has at this very draft. Raises WireRefusal with the code its person deserves."""
    table = tables.get(draft_id)
    seat = table.seats.get(sid) if table is not None else None
    if table is not None and seat is not None:
        if act is Act.DRAFT_WRITE and not seat.can_write:
            raise WireRefusal(Code.FORBIDDEN)
        return table, seat
    connection = pulse.connections.get(sid)
    if connection is None:
        raise WireRefusal(Code.UNAUTHENTICATED)
    with reading():
        actor, held = seats.judge(connection.actor.session_id, draft_id)
    if actor is None:
        raise WireRefusal(Code.UNAUTHENTICATED)
    if not held:
        raise WireRefusal(Code.NOT_FOUND)
    if act is Act.DRAFT_WRITE and seats.Right.WRITE not in held:
        raise WireRefusal(Code.FORBIDDEN)
    raise WireRefusal(Code.RESYNC)  # it may, but it has to join first


def _update(sid: str, payload: object, answer: Answer | None) -> None:
    n = payload.get("n") if isinstance(payload, dict) else None
    draft = payload.get("draft") if isinstance(payload, dict) else None

    def reply(result: dict[str, Any]) -> None:
        """One answer: the acknowledgement when it was asked for, else `refused` for what did not pass."""
        if answer is not None:
            answer(result)
        elif not result["ok"]:
            told = {key: value for key, value in result.items() if key != "ok"}
            fanout.to_socket(sid, "refused", {"draft": draft, "n": n, **told})

    try:
        stroke = read_update(payload)
        table, seat = _seat_of(sid, stroke.draft_id, EVENTS["update"].act)
        pulse.connections[sid].at_work = True
        wait = (seat.bulk if stroke.bulk else seat.strokes).wait()
        if wait:
            raise WireRefusal(Code.RATE_LIMITED, wait)
        pending = Pending(seat, stroke.update, stroke.n, stroke.bulk, reply)
        if stroke.bulk:
            _try_first(table, seat, stroke.update)
            ticks.wide(table, pending)
        else:
            ticks.submit(table, pending)
    except WireRefusal as refusal:
        _refusal(reply, refusal)
    except DomainError as failure:
        logger.warning("a stroke met a failure: %s", failure.detail or failure)
        _refusal(reply, WireRefusal(Code.UNAVAILABLE, 2.0))


def _try_first(table: Table, seat: Seat, update: bytes) -> None:
    """The wide door: a child process under limits tries the update, on what its sender has written so far."""
    ticks.settle(table)
    with reading():
        table.clients[seat.actor.id] = seats.clients_of(table.draft_id, seat.actor.id)
    with table.lock:
        state = document.state(table.opened().doc)
    try:
        _bulk.check(state, update, table.clients.get(seat.actor.id, set()))
    except GateRefusal as refusal:
        raise WireRefusal(refusal.code) from None


def _awareness(sid: str, payload: object, _answer: Answer | None) -> None:
    try:
        draft_id, update = read_awareness(payload)
        table, seat = _seat_of(sid, draft_id, EVENTS["awareness"].act)
        if seat.awareness.wait():
            return
        cursor = presence.read_cursor(seat, update)
    except (WireRefusal, DomainError):
        return  # a cursor that is not understood is not worth an answer
    fanout.everybody(table, "awareness", {"update": cursor}, but=sid)
    whisper.say(draft_id, cursor)


def _leave(sid: str, payload: object, answer: Answer | None) -> None:
    reply = answer or (lambda _reply: None)
    try:
        table, seat = _seat_of(sid, read_draft(payload), EVENTS["leave"].act)
        pulse.stand_up(table, seat)
        reply({"ok": True})
    except WireRefusal as refusal:
        _refusal(reply, refusal)
