"""The pulse: once a second each process asks the database what changed at its tables.

This poll is the truth about numbers, histories, epochs and sign-ins; a whisper over Redis, or news of the same
process, only makes it come sooner.
"""

from __future__ import annotations

import logging
import time

import sqlalchemy as sa
from gevent.event import Event

from app import clock
from app.accounts.models import SignIn
from app.accounts.service import keep_alive
from app.db import reading, session, unit_of_work
from app.errors import DomainError
from drafts import log
from drafts.models import Draft
from labs.models import Lab
from labs.roles import Right
from realtime import fanout, presence, seats
from realtime.protocol import Code, error
from realtime.rooms import Table, close_idle, tables
from realtime.seats import LEASE, Connection, Seat, ladder

logger = logging.getLogger(__name__)
BEAT_SECONDS = 1.0

_wake = Event()
connections: dict[str, Connection] = {}
_renewed_at = 0.0


def wake() -> None:
    """Beat now rather than within a second."""
    _wake.set()


def run() -> None:
    while True:
        _wake.wait(BEAT_SECONDS)
        _wake.clear()
        try:
            beat()
        except DomainError as failure:
            logger.warning("the pulse got no answer: %s", failure.detail or failure)
        except Exception:
            logger.exception("a beat of the pulse failed")


def beat() -> None:
    """Compare what the tables believe with what the database says, and set it right."""
    close_idle()
    ids = list(tables)
    if not ids and not connections:
        return
    with reading() as current:
        rows = {
            row.id: row
            for row in current.execute(
                sa.select(
                    Draft.id,
                    Draft.head_seq,
                    Draft.history,
                    Draft.access_epoch,
                    Draft.stage,
                    Draft.trashed_at,
                    Lab.access_epoch.label("lab_epoch"),
                )
                .join(Lab, Lab.id == Draft.lab_id)
                .where(Draft.id.in_(ids))
            )
        }
        good = _good_sign_ins()
        people = seats.guests(ids)
    for draft_id in ids:
        table, row = tables.get(draft_id), rows.get(draft_id)
        if table is None:
            continue
        if row is None or row.trashed_at is not None:
            for seat in list(table.seats.values()):
                lose(table, seat, Code.NOT_FOUND)
            continue
        _compare(table, row.head_seq, row.history, log.Authority(row.access_epoch, row.lab_epoch))
        _tell_people(table, people[draft_id])
    for sid, connection in list(connections.items()):
        if connection.actor.session_id not in good:
            end_connection(sid)
    _renew_leases()


def _good_sign_ins() -> set[int]:
    wanted = {connection.actor.session_id for connection in connections.values()}
    return set(
        session().scalars(
            sa.select(SignIn.id).where(
                SignIn.id.in_(wanted), SignIn.revoked_at.is_(None), SignIn.expires_at > clock.now()
            )
        )
    )


def _compare(table: Table, head_seq: int, history: str, authority: log.Authority) -> None:
    room = table.room
    if room is None:
        if table.seats:
            review_seats(table)
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
    if room.seq < head_seq:
        catch_up(table)


def catch_up(table: Table) -> None:
    """Take in the rows that others appended, and tell the table."""
    with table.lock:
        room = table.room
        if room is None:
            return
        with reading():
            missed = log.rows(table.draft_id, room.seq)
        try:
            for row in missed:
                room.take_in(row.update)
        except Exception:
            logger.exception("draft %s: the rows after %s could not be taken in", table.draft_id, room.seq)
            table.evict()
            return
        if missed:
            room.seq = missed[-1].seq
            fanout.rows(table, [(row.seq, row.update, None, None) for row in missed])


def review_seats(table: Table) -> None:
    """Ask the judge again for every seat; only who really lost a right hears of it."""
    with reading():
        verdicts = {
            sid: seats.judge(seat.actor.session_id, table.draft_id) for sid, seat in table.seats.items()
        }
    for sid, (actor, held) in verdicts.items():
        seat = table.seats.get(sid)
        if seat is None:
            continue
        if actor is None:
            lose(table, seat, Code.UNAUTHENTICATED)
        elif not held:
            lose(table, seat, Code.NOT_FOUND)
        elif held != seat.rights:
            seat.rights = held
            fanout.one(
                seat, "access", {"rights": ladder(held), "can_write": seat.can_write, "reason": "changed"}
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
    fanout.seat_out(seat)
    if seat.cursor is not None:
        fanout.everybody(table, "awareness", {"update": presence.gone(seat)})
    try:
        with unit_of_work():
            seats.release([seat.name])
        refresh_people(table)
    except DomainError:
        logger.warning("a lease was not released; it will lapse")


def end_connection(sid: str) -> None:
    """The sign-in behind a socket ended: take every seat away, then close it."""
    for table in list(tables.values()):
        seat = table.seats.get(sid)
        if seat is not None:
            lose(table, seat, Code.UNAUTHENTICATED)
    fanout.hang_up_soon(sid)


def reload(table: Table, reason: str) -> None:
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
    if names and time.monotonic() - _renewed_at > LEASE.total_seconds() / 3:
        _renewed_at = time.monotonic()
        # Who types is at work, though no page is asked for; who only left a tab open is not.
        working = {connection.actor.session_id for connection in connections.values() if connection.at_work}
        with unit_of_work():
            seats.renew(names)
            keep_alive(working)
        for connection in connections.values():
            connection.at_work = False
