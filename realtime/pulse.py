"""The pulse: once a second each process asks the database what changed at its tables.

This poll is the truth about numbers, histories, epochs and sign-ins; a whisper over Redis, or news of the same
process, only makes it come sooner.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable

import sqlalchemy as sa
from gevent.event import Event

from app import clock, metrics
from app.accounts.models import SignIn
from app.accounts.service import keep_alive
from app.db import reading, session, unit_of_work
from app.errors import DomainError
from drafts import log
from drafts.appends import Authority
from drafts.models import Draft
from labs.models import Lab
from labs.roles import Right
from realtime import fanout, presence, seats
from realtime.protocol import Code, Reason, error
from realtime.rooms import Room, Table, close_idle, tables
from realtime.seats import LEASE, Connection, Seat, ladder

logger = logging.getLogger(__name__)
BEAT_SECONDS = 1.0
# How long a seat's small writes wait for a locked database: the next beat, or the next join, tries again.
PATIENCE = 1.0

# Built once: a process asks this every second of its life.
_drafts, _labs, _sign_ins = Draft.__table__.c, Lab.__table__.c, SignIn.__table__.c
_HEADS = (
    sa.select(
        _drafts.id,
        _drafts.head_seq,
        _drafts.history,
        _drafts.access_epoch,
        _drafts.trashed_at,
        _drafts.remark_number,
        _labs.access_epoch.label("lab_epoch"),
    )
    .join_from(Draft.__table__, Lab.__table__, _labs.id == _drafts.lab_id)
    .where(_drafts.id.in_(sa.bindparam("ids", expanding=True)))
)
_SIGN_INS = sa.select(_sign_ins.id).where(
    _sign_ins.id.in_(sa.bindparam("ids", expanding=True)),
    _sign_ins.revoked_at.is_(None),
    _sign_ins.expires_at > sa.bindparam("now"),
)

_wake = Event()
# What else is asked at each beat (realtime.workshop).
also: list[Callable[[], None]] = []
connections: dict[str, Connection] = {}
_renewed_at = 0.0


def wake() -> None:
    """Beat now rather than within a second."""
    _wake.set()


def run() -> None:
    while True:
        _wake.wait(BEAT_SECONDS)
        _wake.clear()
        for ask in (beat, *also):
            try:
                ask()
            except DomainError as failure:
                logger.warning("the pulse got no answer: %s", failure)
            except Exception:
                logger.exception("a beat of the pulse failed")


def beat() -> None:
    """Compare what the tables believe with what the database says, and set it right."""
    close_idle()
    ids = list(tables)
    if not ids and not connections:
        return
    with reading() as current:
        rows = {row.id: row for row in current.connection().execute(_HEADS, {"ids": ids})}
        ended = ended_sign_ins(connections.values())
        marks = seats.marks(ids)
        changed = [draft_id for draft_id in ids if _marked(draft_id) != marks.get(draft_id)]
        people = seats.guests(changed) if changed else {}
    for draft_id in ids:
        table, row = tables.get(draft_id), rows.get(draft_id)
        if table is None:
            continue
        if row is None or row.trashed_at is not None:
            for seat in list(table.seats.values()):
                lose(table, seat, Code.NOT_FOUND)
            continue
        _compare(table, row.head_seq, row.history, Authority(row.access_epoch, row.lab_epoch))
        _tell_remarks(table, row.remark_number)
        if draft_id in people:
            _tell_people(table, people[draft_id])
    for sid, connection in list(connections.items()):
        if connection.actor.session_id in ended:
            end_connection(sid)
    _renew_leases()


def _marked(draft_id: int) -> tuple[int, int] | None:
    """The mark of the guests everybody at a table was told of."""
    table = tables.get(draft_id)
    ids = [guest.client_id for guest in table.people] if table is not None else []
    return (len(ids), sum(ids)) if ids else None


def ended_sign_ins(theirs: Iterable[Connection]) -> set[int]:
    """Those behind some connections that are no longer good.

    Who connects while the database answers was not asked about, and keeps the connection until the next beat.
    """
    asked = {connection.actor.session_id for connection in theirs}
    rows = session().connection().execute(_SIGN_INS, {"ids": sorted(asked), "now": clock.now()})
    return asked - set(rows.scalars())


def _compare(table: Table, head_seq: int, history: str, authority: Authority) -> None:
    room = table.room
    if room is None:
        if table.seats:
            review_seats(table)
            table.open_soon()
        return
    if room.history != history:
        with table.lock:
            table.evict()
        reload(table, "history")
        return
    if room.authority != authority:
        with table.lock:
            review_seats(table)
            if table.room is not None:
                table.room.authority = authority
    behind = table.heard is not None and table.heard[1] < room.seq
    if (room.seq < head_seq or behind) and not room.read_only:
        catch_up(table)


def _tell_remarks(table: Table, number: int) -> None:
    """Something changed in the remarks since the table last heard. The first beat tells too: who joined before it may
    have asked before the change."""
    if table.seats and table.remarks != number:
        fanout.everybody(table, "remarks", {"number": number})
    table.remarks = number if table.seats else None


def catch_up(table: Table) -> None:
    """Take in the rows that others appended, and tell the table."""
    with table.lock:
        room = table.room
        if room is None:
            return
        tell_what_was_missed(table, room)
        with reading():
            missed = log.rows(table.draft_id, room.seq)
        try:
            for row in missed:
                room.take_in(row.update)
        except Exception:
            logger.exception("draft %s: the rows after %s could not be taken in", table.draft_id, room.seq)
            # Opened again it says itself where it breaks.
            table.evict()
            table.open_soon()
            return
        if missed:
            room.seq = missed[-1].seq
            fanout.rows(table, [(row.seq, row.update, None, None) for row in missed])


def tell_what_was_missed(table: Table, room: Room) -> None:
    """The rows between what the table has heard and where its room stands. Call under the table's lock.

    A room that was thrown away after a failure opens again at the head of the log. By then another process may have
    written, or a commit of our own may stand whose answer got lost: rows that nobody has told here.
    """
    if not table.seats or table.heard is None or table.heard == (room.history, room.seq):
        return
    history, seq = table.heard
    if history != room.history:
        reload(table, "history")
        return
    with reading():
        missed = log.rows(table.draft_id, seq, room.seq)
    fanout.rows(table, [(row.seq, row.update, None, None) for row in missed])


def review_seats(table: Table) -> None:
    """Ask the judge again for every seat; only who really lost a right hears of it."""
    with reading():
        verdicts = {
            sid: seats.judge(seat.actor.session_id, table.draft_id) for sid, seat in list(table.seats.items())
        }
    for sid, (actor, held) in verdicts.items():
        seat = table.seats.get(sid)
        if seat is None:
            continue
        if actor is None:
            lose(table, seat, _ended(seat))
        elif not held:
            lose(table, seat, Code.NOT_FOUND)
        elif held != seat.rights:
            seat.rights = held
            can_write = seat.can_write and not (table.room is not None and table.room.read_only)
            fanout.one(
                seat, "access", {"rights": ladder(held), "can_write": can_write, "reason": Reason.CHANGED}
            )


def lose(table: Table, seat: Seat, code: Code) -> None:
    """A seat whose person may not even read any more: say so, send nothing further, close."""
    seat.rights, seat.lost = frozenset[Right](), code
    reason = error(code)["message"]
    fanout.one(seat, "access", {"rights": [], "can_write": False, "reason": str(code), "message": reason})
    stand_up(table, seat)
    if not any(seat.sid in other.seats for other in tables.values()):
        fanout.hang_up_soon(seat.sid)


def stand_up(table: Table, seat: Seat) -> None:
    """Take a seat away from its table; the others see the cursor go."""
    if table.seats.pop(seat.sid, None) is None:
        return
    if seat.cursor is not None:
        fanout.everybody(table, "awareness", {"update": presence.gone(seat)})
    try:
        with unit_of_work(patience=PATIENCE):
            seats.release([seat.name])
        refresh_people(table)
    except DomainError:
        logger.warning("a lease was not released; it will lapse")


def end_connection(sid: str) -> None:
    """The sign-in behind a socket ended: take every seat away, then close it."""
    for table in list(tables.values()):
        seat = table.seats.get(sid)
        if seat is not None:
            lose(table, seat, _ended(seat))
    fanout.hang_up_soon(sid)


def _ended(seat: Seat) -> Code:
    """What to say when the sign-in of a seat has ended. A guest's ends with their link: they were sent away, there is no
    password to come back with, and the strokes that were not sent are not theirs to keep."""
    return Code.NOT_FOUND if seat.actor.is_guest else Code.UNAUTHENTICATED


def reload(table: Table, reason: str) -> None:
    metrics.counts.resyncs += len(table.seats)
    table.heard = None  # everybody comes again, and hears then
    fanout.everybody(table, "reload", {"reason": reason})


def refresh_people(table: Table) -> None:
    with reading():
        people = seats.guests([table.draft_id])[table.draft_id]
    _tell_people(table, people)


def _tell_people(table: Table, people: tuple[seats.Guest, ...]) -> None:
    if people != table.people:
        table.people = people
        if table.seats:
            fanout.everybody(table, "people", {"people": presence.people(people)})


def _renew_leases() -> None:
    global _renewed_at
    names = [seat.name for table in tables.values() for seat in table.seats.values()]
    now = time.monotonic()
    if names and now - _renewed_at > LEASE.total_seconds() / 3:
        # Who types is at work, though no page is asked for; who only left a tab open is not.
        working = {connection.actor.session_id for connection in connections.values() if connection.at_work}
        with unit_of_work(patience=PATIENCE):
            seats.renew(names)
            keep_alive(working)
        # Only once it is done: after an outage that outlasted the leases they are taken back at the first beat.
        _renewed_at = now
        for connection in connections.values():
            connection.at_work = False
