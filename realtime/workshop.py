"""The namespace `/labs`: the rooms of séances, as docs/workshop.md tells of them.

After each act, at each beat of the pulse and at each whisper a hall (realtime.halls) tells what it has not told yet.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import socketio
import sqlalchemy as sa

from app import events, logs, metrics, refusals
from app.accounts import cookie
from app.accounts.service import actor_of, keep_alive
from app.db import reading, session, unit_of_work
from app.errors import DomainError, Missing, MovedOn, RateLimited, Unauthenticated
from app.extensions import gettext as _
from app.policy import PORTAL, Act, Actor, acts_for
from config import Settings
from labs import attendance, fold, polls, room_verbs, session_queries
from labs.models import Lab, LabSession, SessionStatus
from labs.room_events import SessionMoved
from realtime import engine, fanout, pulse, whisper
from realtime.halls import NAMESPACE, Hall, Place, halls, now, tell_news, tell_one, tell_people, tell_turnout
from realtime.limits import ACTS, ROOMS_OF_SOCKET, SOCKETS_OF_ONE, Bucket
from realtime.namespaces import Handler
from realtime.protocol import Code
from realtime.seats import Connection

logger = logging.getLogger(__name__)
Answer = Callable[[dict[str, Any]], None]
# How long an act waits for a locked database: whoever sent it sends it again under the same key.
PATIENCE = 3.0
# In a larger hall who came and went is told at the next beat: a hundred who come at once would each be told to a hundred.
SMALL = 12
# An empty hall leaves memory after so long.
IDLE_SECONDS = 60.0
RENEW_SECONDS = attendance.LEASE.total_seconds() / 3


@dataclass(frozen=True)
class Rule:
    """Who may use an event. `seated`: only in a room this socket has joined."""

    act: Act
    seated: bool


EVENTS: dict[str, Rule] = {
    "connect": Rule(Act.PORTAL_SIT, seated=False),
    "join": Rule(Act.LAB_READ, seated=False),
    # What each act asks for besides is in labs.room_verbs, and judged where it is done.
    "do": Rule(Act.LAB_READ, seated=True),
    "leave": Rule(Act.LAB_READ, seated=True),
}


connections: dict[str, Connection] = {}
_budgets: dict[str, Bucket] = {}
_settings: Settings | None = None
_renewed_at = 0.0


def init_app(server: socketio.Server, settings: Settings) -> None:
    global _settings
    _settings = settings
    halls.clear()
    connections.clear()
    _budgets.clear()
    server.on("connect", _connect, namespace=NAMESPACE)
    server.on("disconnect", _disconnect, namespace=NAMESPACE)
    handlers: dict[str, Handler] = {"join": _join, "do": _do, "leave": _leave}
    # Acts write to the database: none is handled without waiting.
    engine.handle(server, NAMESPACE, handlers, lambda _sid, _event, _payload: False)
    if beat not in pulse.also:
        pulse.also.append(beat)
    metrics.gauge("openlab_halls", lambda: len(halls))
    metrics.gauge("openlab_in_halls", lambda: sum(len(hall.places) for hall in halls.values()))


def start() -> None:
    events.at_once(SessionMoved)(_moved)


def drain() -> None:
    """Before the exit: nobody is in a room of this process any more, and nobody is told so a hundred times."""
    stays = [place.stay for hall in halls.values() for place in hall.places.values() if place.stay]
    if stays:
        with unit_of_work():
            for stay in stays:
                attendance.leave(stay)
    for hall in halls.values():
        hall.places.clear()


def _moved(news: SessionMoved) -> None:
    pulse.wake()
    whisper.say_session(news.session_id)


def _connect(sid: str, environ: dict[str, Any], _auth: object = None) -> None:
    assert _settings is not None
    actor = cookie.actor_behind(environ.get("HTTP_COOKIE", ""), _settings)
    if EVENTS["connect"].act not in acts_for(actor, PORTAL):
        raise _turned_away(Code.UNAUTHENTICATED)
    if sum(other.actor.id == actor.id for other in connections.values()) >= SOCKETS_OF_ONE:
        raise _turned_away(Code.RATE_LIMITED)
    connections[sid] = Connection(sid, actor)
    _budgets[sid] = Bucket(ACTS)
    logs.about(person=actor.id)


def _turned_away(code: Code) -> ConnectionRefusedError:
    metrics.counts.refused(code)
    return ConnectionRefusedError(str(code))


def _disconnect(sid: str, *_reason: object) -> None:
    connections.pop(sid, None)
    _budgets.pop(sid, None)
    for hall in list(halls.values()):
        _stand_up(hall, sid)


def _answered(sid: str, event: str, answer: Answer | None, do: Callable[[], dict[str, Any]]) -> None:
    """Do something and say what became of it; one tree of errors, each with its code and its sentence."""
    try:
        result = {"ok": True, **do()}
    except DomainError as refusal:
        found: dict[str, Any] = {"code": refusal.code, "message": refusal.message or _later()}
        if refusal.retry_after is not None:
            found["retry_after"] = refusal.retry_after
        result = {"ok": False, "error": found}
        metrics.counts.refused(refusal.code)
        if refusal.code in ("unauthenticated", "forbidden", "not_found"):
            connection = connections.get(sid)
            person = connection.actor.id if connection is not None else refusals.NOBODY
            refusals.note(EVENTS[event].act, person)
    if answer is not None:
        answer(result)


def _later() -> str:
    return _("L’enregistrement ne répond pas : la page réessaie dans un instant.")


def _who(sid: str) -> tuple[Connection, Actor]:
    """Who is behind a socket, now. Raises Unauthenticated."""
    connection = connections.get(sid)
    with reading():
        actor = actor_of(connection.actor.session_id) if connection is not None else None
    if connection is None or actor is None:
        raise Unauthenticated(_("Votre session est terminée : connectez-vous de nouveau."))
    return connection, actor


def _session_of(payload: object) -> int:
    value = payload.get("session") if isinstance(payload, dict) else None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value < 2**53:
        raise Missing(_("Cette page n’existe pas, ou vous n’y avez pas accès."))
    return value


def _judged(actor: Actor, session_id: int) -> tuple[LabSession, frozenset[Act]]:
    """A séance one may see, and what one may do there. Raises Missing, as for one that does not exist."""
    seance = session().get(LabSession, session_id, populate_existing=True)
    acts = acts_for(actor, seance.lab) if seance is not None else frozenset()
    if seance is None or EVENTS["join"].act not in acts:
        raise Missing(_("Cette page n’existe pas, ou vous n’y avez pas accès."))
    return seance, acts


def _join(sid: str, payload: object, answer: Answer | None) -> None:
    _answered(sid, "join", answer, lambda: _sit(sid, payload))


def _sit(sid: str, payload: object) -> dict[str, Any]:
    connection, actor = _who(sid)
    wait = connection.joins.wait()
    if wait:
        raise RateLimited(_("Trop d’envois à la fois : la page réessaie dans un instant."), retry_after=wait)
    session_id = _session_of(payload)
    with reading():
        seance, acts = _judged(actor, session_id)
        is_open, epochs = seance.status is SessionStatus.OPEN, (seance.lab.access_epoch, seance.access_epoch)
    elsewhere = sum(sid in hall.places for hall in halls.values() if hall.session_id != session_id)
    if elsewhere >= ROOMS_OF_SOCKET:
        raise RateLimited(_("Trop de salles à la fois : fermez-en une."), retry_after=5.0)
    hall = halls.setdefault(session_id, Hall(session_id))
    with hall.lock:
        tell_news(hall)
        stay = None
        if is_open:
            with unit_of_work(patience=pulse.PATIENCE):
                stay = attendance.come(actor, session_id)
        if sid not in connections:
            raise Unauthenticated(_("Votre session est terminée : connectez-vous de nouveau."))
        if not hall.places:
            hall.epochs = epochs
        leads = Act.LAB_LEAD in acts
        hall.places[sid] = Place(sid, actor, leads, fanout.line_to(sid, NAMESPACE), stay)
        with reading():
            names = session_queries.names_of(fold.people_in(hall.state))
            voted = sorted(polls.voted_in(actor, session_id))
            turnout = polls.turnout([session_id])[session_id]
            people = attendance.present([session_id])[session_id]
        found = {
            "number": hall.number,
            "now": now(),
            "state": hall.state,
            "names": [session_queries.as_json(one) for one in names.values()],
            "people": [session_queries.as_json(one) for one in people],
            "turnout": {str(poll): count for poll, count in turnout.items()},
            "voted": voted,
            "leads": leads,
        }
    if len(hall.places) <= SMALL:
        tell_people(hall, people)
    whisper.say_session(session_id)
    return found


def _do(sid: str, payload: object, answer: Answer | None) -> None:
    _answered(sid, "do", answer, lambda: _act(sid, payload))


def _act(sid: str, payload: object) -> dict[str, Any]:
    """One act: judged and stored in one transaction, told to everybody, then acknowledged."""
    connection, actor = _who(sid)
    wait = _budgets[sid].wait()
    if wait:
        raise RateLimited(_("Trop d’envois à la fois : la page réessaie dans un instant."), retry_after=wait)
    session_id = _session_of(payload)
    assert isinstance(payload, dict)
    hall = halls.get(session_id)
    with reading():
        _judged(actor, session_id)
    if hall is None or sid not in hall.places:
        raise MovedOn(_("Cette page n’est plus dans la salle : elle y revient."), retry_after=0.0)
    connection.at_work = True
    verb = payload.get("verb")
    ready = room_verbs.prepare(actor, session_id, verb if isinstance(verb, str) else "", payload)
    with unit_of_work(patience=PATIENCE):
        done = room_verbs.do(actor, ready)
    with hall.lock:
        tell_news(hall)
    if verb == "vote" and done.number is None:
        tell_turnout(hall)
    whisper.say_session(session_id)
    return {"number": done.number, "again": done.again}


def _leave(sid: str, payload: object, answer: Answer | None) -> None:
    def go() -> dict[str, Any]:
        _who(sid)
        hall = halls.get(_session_of(payload))
        if hall is not None:
            _stand_up(hall, sid)
        return {}

    _answered(sid, "leave", answer, go)


def _stand_up(hall: Hall, sid: str) -> None:
    place = hall.places.pop(sid, None)
    if place is None:
        return
    is_elsewhere = any(other.actor.id == place.actor.id for other in hall.places.values())
    try:
        with unit_of_work(patience=pulse.PATIENCE):
            if place.stay is not None and not is_elsewhere:
                attendance.leave(place.stay)
        if 0 < len(hall.places) <= SMALL:
            with reading():
                people = attendance.present([hall.session_id])[hall.session_id]
            tell_people(hall, people)
        whisper.say_session(hall.session_id)
    except DomainError:
        logger.warning("a stay was not ended; it will lapse")


_seances, _labs = LabSession.__table__.c, Lab.__table__.c
_HEADS = (
    sa.select(
        _seances.id,
        _seances.head_number,
        _seances.status,
        _seances.access_epoch,
        _labs.access_epoch.label("lab_epoch"),
    )
    .join_from(LabSession.__table__, Lab.__table__, _labs.id == _seances.lab_id)
    .where(_seances.id.in_(sa.bindparam("ids", expanding=True)))
)


def beat() -> None:
    """Once a second: what moved elsewhere, whose rights changed, who came and went. One look for all halls."""
    moment = time.monotonic()
    for session_id, hall in list(halls.items()):
        if hall.places or hall.lock.locked():
            hall.empty_since = moment
        elif moment - hall.empty_since > IDLE_SECONDS:
            del halls[session_id]
    if not connections:
        return
    ids = [session_id for session_id, hall in halls.items() if hall.places]
    with reading() as current:
        ended = pulse.ended_sign_ins(connections.values())
        rows = {row.id: row for row in current.connection().execute(_HEADS, {"ids": ids})}
        people = attendance.present(ids)
        turnout = polls.turnout(ids)
    for session_id in ids:
        hall, row = halls[session_id], rows[session_id]
        with hall.lock:
            if row.head_number > hall.number:
                tell_news(hall)
            if hall.epochs != (row.lab_epoch, row.access_epoch):
                _judge_again(hall)
                hall.epochs = (row.lab_epoch, row.access_epoch)
        if hall.turnout != turnout[session_id]:
            tell_turnout(hall)
        tell_people(hall, people[session_id])
        if row.status == SessionStatus.OPEN:
            _seat_late(hall)
    for sid, connection in list(connections.items()):
        if connection.actor.session_id in ended:
            _end(sid)
    _renew(moment)


def _judge_again(hall: Hall) -> None:
    with reading():
        verdicts = {}
        for sid, place in hall.places.items():
            actor = actor_of(place.actor.session_id)
            acts = (
                acts_for(actor, session().get_one(LabSession, hall.session_id).lab) if actor else frozenset()
            )
            verdicts[sid] = acts
    for sid, acts in verdicts.items():
        if sid not in hall.places:
            continue
        place = hall.places[sid]
        if EVENTS["join"].act not in acts:
            _lose(hall, place, Code.NOT_FOUND, _("Vous n’avez plus accès à cette salle."))
        elif (Act.LAB_LEAD in acts) != place.leads:
            place.leads = Act.LAB_LEAD in acts
            tell_one(hall, place, {"leads": place.leads, "reason": "changed"})


def _lose(hall: Hall, place: Place, code: Code, message: str) -> None:
    """Somebody may not be here any more: said once, then nothing further, and the line is closed."""
    tell_one(hall, place, {"leads": False, "gone": True, "reason": str(code), "message": message})
    _stand_up(hall, place.sid)
    if not any(place.sid in other.places for other in halls.values()):
        fanout.hang_up_soon(place.sid, NAMESPACE)


def _end(sid: str) -> None:
    """The sign-in behind a socket has ended."""
    message = _("Votre session est terminée : connectez-vous de nouveau.")
    for hall in list(halls.values()):
        if (place := hall.places.get(sid)) is not None:
            _lose(hall, place, Code.UNAUTHENTICATED, message)
    fanout.hang_up_soon(sid, NAMESPACE)


def _seat_late(hall: Hall) -> None:
    """Who came before the séance was opened is there from now on."""
    late = [place for place in hall.places.values() if place.stay is None]
    if late:
        with unit_of_work(patience=pulse.PATIENCE):
            for place in late:
                place.stay = attendance.come(place.actor, hall.session_id)


def _renew(moment: float) -> None:
    global _renewed_at
    if moment - _renewed_at < RENEW_SECONDS:
        return
    stays = [place.stay for hall in halls.values() for place in hall.places.values() if place.stay]
    working = {connection.actor.session_id for connection in connections.values() if connection.at_work}
    if stays or working:
        with unit_of_work(patience=pulse.PATIENCE):
            attendance.renew(stays)
            keep_alive(working)
    _renewed_at = moment
    for connection in connections.values():
        connection.at_work = False
