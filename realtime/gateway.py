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

from app import events, logs, metrics, refusals
from app.accounts import cookie
from app.accounts.service import AccessEnded
from app.db import reading, unit_of_work
from app.errors import DomainError
from app.policy import PORTAL, Act, acts_for
from config import Settings
from drafts import document, images, refused, reopening
from drafts.bulk_check import BulkChecker
from drafts.events import DraftAccessChanged, DraftStageChanged, DraftTextMoved, RemarksChanged
from drafts.exchange import setting
from drafts.gate import GateRefusal
from drafts.grammar import GRAMMAR
from drafts.plain_french import asking
from labs.access import LabAccessChanged
from realtime import (
    comparing,
    door,
    engine,
    fanout,
    presence,
    pulse,
    seats,
    ticks,
    websocket,
    whisper,
    workshop,
)
from realtime.limits import SEATS_OF_SOCKET, SOCKETS_OF_ONE
from realtime.namespaces import Handler
from realtime.protocol import (
    NAMESPACE,
    READ_ONLY,
    Code,
    Reason,
    WireRefusal,
    error,
    read_awareness,
    read_join,
    read_update,
)
from realtime.protocol import draft_of as read_draft
from realtime.rooms import Pending, Table, table_of, tables
from realtime.seats import Connection, Seat, ladder

logger = logging.getLogger(__name__)
Answer = Callable[[dict[str, Any]], None]


@dataclass(frozen=True)
class Rule:
    """Who may use an event. `seated`: only at a draft this socket has joined."""

    act: Act
    seated: bool


EVENTS: dict[str, Rule] = {
    "connect": Rule(Act.PORTAL_SIT, seated=False),
    "join": Rule(Act.DRAFT_READ, seated=False),
    # Who may suggest and not write is held to it where the stroke is judged (drafts.suggest_gate).
    "update": Rule(Act.DRAFT_SUGGEST, seated=True),
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
    handlers: dict[str, Handler] = {
        "join": _join,
        "update": _update,
        "awareness": _awareness,
        "leave": _leave,
    }
    engine.handle(server, NAMESPACE, handlers, _is_quick)
    workshop.init_app(server, settings)
    app.wsgi_app = door.SocketDoor(app.wsgi_app, settings, server)  # type: ignore[method-assign]
    metrics.gauge("openlab_rooms", lambda: sum(table.room is not None for table in tables.values()))
    metrics.gauge("openlab_seats", lambda: sum(len(table.seats) for table in tables.values()))
    metrics.gauge("openlab_sockets", lambda: len(pulse.connections))
    metrics.gauge("openlab_connections", lambda: len(server.environ))
    metrics.gauge("openlab_queue_packets", lambda: websocket.Backlogs.packets)
    metrics.gauge("openlab_queue_bytes", lambda: websocket.Backlogs.bytes)


def start(app: Flask) -> None:
    """Start the flusher, the pulse and the whisper of this process."""
    settings: Settings = app.config["SETTINGS"]
    if not settings.redis_url and settings.is_sqlite:
        with unit_of_work():
            seats.release_all()
    for kind in (AccessEnded, LabAccessChanged, DraftTextMoved, DraftAccessChanged, RemarksChanged):
        events.at_once(kind)(_wake)
    events.at_once(DraftStageChanged)(_tell_stage)
    workshop.start()
    gevent.spawn(ticks.run)
    engine.read_together(ticks.pause)
    gevent.spawn(pulse.run)
    gevent.spawn(comparing.run)
    gevent.spawn(reopening.opener().ready)
    whisper.start(settings.redis_url)


def drain() -> None:
    """Before the exit: what was taken in goes to the disk and is acknowledged; then everybody is sent away.

    A connection that ends, unlike a goodbye in the namespace, makes a client come back by itself, after a pause it
    draws by lot.
    """
    ticks.drain()
    gevent.sleep(0.05)
    workshop.drain()
    fanout.close_all()
    with unit_of_work():
        seats.release([seat.name for table in tables.values() for seat in table.seats.values()])
    _bulk.close()
    reopening.close()
    images.close()
    setting.close()
    asking.close()


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
        raise _turned_away(Code.UNAUTHENTICATED)
    if sum(other.actor.id == actor.id for other in pulse.connections.values()) >= SOCKETS_OF_ONE:
        raise _turned_away(Code.RATE_LIMITED)
    pulse.connections[sid] = Connection(sid, actor)
    logs.about(person=actor.id)


def _turned_away(code: Code) -> ConnectionRefusedError:
    metrics.counts.refused(code)
    return ConnectionRefusedError(str(code))


def _disconnect(sid: str, *_reason: object) -> None:
    pulse.connections.pop(sid, None)
    for table in list(tables.values()):
        seat = table.seats.get(sid)
        if seat is not None:
            pulse.stand_up(table, seat)


def _counted(answer: Answer | None) -> Answer:
    """An answer that counts what it refuses, and reaches the client if that asked for one."""

    def reply(result: dict[str, Any]) -> None:
        if not result["ok"]:
            metrics.counts.refused(result["error"]["code"])
        if answer is not None:
            answer(result)

    return reply


# Codes that say what somebody may not do; the others are about moments, bytes and pace.
_RIGHTS = frozenset({Code.UNAUTHENTICATED, Code.FORBIDDEN, Code.NOT_FOUND})


def _note_refusal(sid: str, event: str, code: str) -> None:
    if code in _RIGHTS:
        connection = pulse.connections.get(sid)
        refusals.note(EVENTS[event].act, connection.actor.id if connection is not None else refusals.NOBODY)


def _refusal(answer: Answer, refusal: WireRefusal) -> None:
    answer({"ok": False, "error": error(refusal.code, refusal.retry_after)})


def _join(sid: str, payload: object, answer: Answer | None) -> None:
    reply = _counted(answer)
    try:
        reply(_seat(sid, payload))
    except WireRefusal as refusal:
        _note_refusal(sid, "join", refusal.code)
        _refusal(reply, refusal)
    except DomainError as failure:
        logger.warning("a join failed: %s", failure)
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
        remarks = seats.remark_number(wanted.draft_id)
    if actor is None:
        raise WireRefusal(Code.UNAUTHENTICATED)
    if not held:
        raise WireRefusal(Code.NOT_FOUND)
    if wanted.schema is not None and wanted.schema < GRAMMAR.schema:
        # A bundle that does not know a node deletes it for everybody: it must not get the text at all.
        fanout.to_socket(sid, "reload", {"draft": wanted.draft_id, "reason": "schema"})
        raise WireRefusal(Code.SCHEMA)
    elsewhere = sum(sid in other.seats for other in tables.values() if other.draft_id != wanted.draft_id)
    if elsewhere >= SEATS_OF_SOCKET:
        raise WireRefusal(Code.RATE_LIMITED, 5.0)
    table = table_of(wanted.draft_id)
    with table.lock:
        room = table.opened(wait=True)
        pulse.tell_what_was_missed(table, room)
        same_life = wanted.history in (None, room.history)
        # A lease may have lapsed while the database took no writes; who sits here sits here all the same.
        is_taken = any(seat.client_id == wanted.client_id for seat in table.seats.values() if seat.sid != sid)
        try:
            update = document.diff(room.doc, wanted.state_vector if same_life else b"\x00")
        except document.DocumentBroken:
            raise WireRefusal(Code.MALFORMED) from None
        with unit_of_work(patience=pulse.PATIENCE):
            client_id = seats.take_client_id(
                seats.seat_name(sid, table.draft_id),
                table.draft_id,
                actor,
                wanted.client_id if same_life and not is_taken else None,
            )
            table.clients[actor.id] = seats.clients_of(table.draft_id, actor.id)
        if sid not in pulse.connections:
            raise WireRefusal(Code.UNAUTHENTICATED)  # it hung up while we looked
        seat = Seat(sid, table.draft_id, actor, client_id, held, line=fanout.line_to(sid))
        table.seats[sid] = seat
        table.heard = (room.history, room.seq)
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
            "remarks": remarks,
        }
        if room.read_only:
            found["reason"] = Reason.DAMAGED
            found["message"] = READ_ONLY[Reason.DAMAGED]()
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
        if act is Act.DRAFT_SUGGEST and not seat.can_send:
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
    if act is Act.DRAFT_SUGGEST and seats.Right.SUGGEST not in held:
        raise WireRefusal(Code.FORBIDDEN)
    raise WireRefusal(Code.RESYNC)  # it may, but it has to join first


def _update(sid: str, payload: object, answer: Answer | None) -> None:
    n = payload.get("n") if isinstance(payload, dict) else None
    draft = payload.get("draft") if isinstance(payload, dict) else None

    def reply(result: dict[str, Any]) -> None:
        """One answer: the acknowledgement when it was asked for, else `refused` for what did not pass."""
        if not result["ok"]:
            metrics.counts.refused(result["error"]["code"])
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
        _note_refusal(sid, "update", refusal.code)
        _refusal(reply, refusal)
    except DomainError as failure:
        logger.warning("a stroke met a failure: %s", failure)
        _refusal(reply, WireRefusal(Code.UNAVAILABLE, 2.0))


def _try_first(table: Table, seat: Seat, update: bytes) -> None:
    """The wide door: a child process under limits tries the update, on what its sender has written so far."""
    ticks.settle(table)
    with reading():
        table.clients[seat.actor.id] = seats.clients_of(table.draft_id, seat.actor.id)
    with table.lock:
        state = document.state(table.opened(wait=True).doc)
    try:
        own = table.clients.get(seat.actor.id, set())
        _bulk.check(state, update, own, suggests=not seat.can_write)
    except GateRefusal as refusal:
        refused.keep(table.draft_id, seat.actor.id, refusal.code, update)
        raise WireRefusal(refusal.code) from None


def _is_quick(sid: str, event: str, payload: dict[str, Any]) -> bool:
    """Whether an event is handled without waiting: a stroke or a cursor of who sits at that very table."""
    if event not in ("update", "awareness") or payload.get("bulk") is True:
        return False
    draft_id = payload.get("draft")
    table = tables.get(draft_id) if isinstance(draft_id, int) else None
    return table is not None and sid in table.seats


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
    reply = _counted(answer)
    try:
        table, seat = _seat_of(sid, read_draft(payload), EVENTS["leave"].act)
        pulse.stand_up(table, seat)
        reply({"ok": True})
    except WireRefusal as refusal:
        _refusal(reply, refusal)
