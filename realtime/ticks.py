"""Ticks: queued strokes pass the gate, are applied, committed together, told to everybody, acknowledged.

A tick commits all due rooms in one transaction but fails them apart: a savepoint per room. Whatever fails,
the room is thrown away and opened again from the log, and the strokes that are still good wait for the next
tick; nothing that was not committed has been seen by anyone.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import gevent
import sqlalchemy as sa
from gevent.event import Event

from app.db import database, reading, session, unit_of_work
from app.errors import DomainError, Missing
from drafts import document, log
from drafts.gate import Accepted, GateRefusal, check
from realtime import fanout, pulse, whisper
from realtime.protocol import Code, error
from realtime.rooms import Pending, Table, tables
from realtime.seats import clients_of

logger = logging.getLogger(__name__)
# A stroke that could not be committed waits this many ticks before its writer is told.
MAX_TRIES = 5
# The pace of a busy table: the fewer ticks, the fewer writes to each socket (see docs/architecture.md).
SLOWEST_TICK = 0.025
# An update of no struct and no deletion: it only carries what was saved.
NOTHING = b"\x00\x00"

_wake = Event()
_due: set[int] = set()
stopping = False


@dataclass
class Batch:
    """What one table brings to a tick."""

    table: Table
    accepted: list[Pending] = field(default_factory=list)
    # Resent strokes the log has already: answered with the number of the head, no row of their own.
    known: list[Pending] = field(default_factory=list)
    first: int = 0
    missed: list[log.Row] = field(default_factory=list)
    failure: Exception | None = None


def submit(table: Table, pending: Pending) -> None:
    """Queue a stroke for the next tick of its table."""
    table.queue.append(pending)
    _due.add(table.draft_id)
    _wake.set()


def _pace(table: Table) -> float:
    """At once in a quiet room; up to 25 ms where many sit, since each tick is one write per person."""
    seats = len(table.seats)
    return 0.0 if seats <= 3 else min(SLOWEST_TICK, seats * 0.0008)


def run() -> None:
    """The one flusher of this process."""
    while True:
        _wake.wait()
        _wake.clear()
        gevent.sleep(0)  # let the other sockets that are readable now bring their strokes to the same tick
        now = time.monotonic()
        ready, later = [], SLOWEST_TICK
        for draft_id in sorted(_due):
            table = tables.get(draft_id)
            if table is None or not table.queue:
                _due.discard(draft_id)
                continue
            wait = table.ticked_at + _pace(table) - now
            if wait <= 0:
                ready.append(table)
            else:
                later = min(later, wait)
        try:
            tick(ready)
        except Exception:
            logger.exception("a tick failed")
        if _due:
            if not ready:
                gevent.sleep(later)
            _wake.set()


def tick(ready: list[Table]) -> None:
    """One tick of these tables; a table that is busy elsewhere waits for the next one."""
    held = [table for table in ready if table.lock.acquire(blocking=False)]
    if not held:
        gevent.sleep(0.001)
        return
    try:
        batches = [_prepare(table, _taken(table), _checked) for table in held]
        _commit([batch for batch in batches if batch.accepted])
        for batch in batches:
            _finish(batch)
    finally:
        for table in held:
            table.ticked_at = time.monotonic()
            table.lock.release()


def wide(table: Table, pending: Pending) -> None:
    """The tick of one bulk update: judged on a native thread, so that a long check stalls no other table."""
    with table.lock:
        batch = _prepare(table, [*_taken(table), pending], _off_the_loop)
        if batch.accepted:
            _commit([batch])
        _finish(batch)
        table.ticked_at = time.monotonic()


def settle(table: Table) -> None:
    """Return once nothing waits at the table: what comes next builds on what came before."""
    while table.queue:
        tick([table])
        gevent.sleep(0)


def _taken(table: Table) -> list[Pending]:
    waiting, table.queue = table.queue, []
    return waiting


def _off_the_loop(table: Table, pending: Pending) -> Accepted:
    return (
        gevent.get_hub().threadpool.apply(_checked, (table, pending))
        if pending.bulk
        else _checked(table, pending)
    )


def _prepare(table: Table, waiting: list[Pending], judge: Callable[[Table, Pending], Accepted]) -> Batch:
    """Gate and apply what waits at a table. Call under its lock."""
    batch = Batch(table)
    try:
        room = table.opened()
    except DomainError as failure:
        _refuse_all(waiting, Code.NOT_FOUND if isinstance(failure, Missing) else Code.UNAVAILABLE)
        return batch
    for place, pending in enumerate(waiting):
        if room.read_only or not pending.seat.can_write:
            _refuse(pending, pending.seat.lost or Code.FORBIDDEN)
            continue
        try:
            accepted = judge(table, pending)
        except GateRefusal as refusal:
            vector = document.state_vector(room.doc) if refusal.code == Code.RESYNC else None
            _refuse(pending, Code(refusal.code), state_vector=vector)
            continue
        if accepted.is_empty:
            batch.known.append(pending)
            continue
        try:
            document.apply(room.doc, pending.update)
            room.index.admit(accepted)
        except (document.DocumentBroken, ValueError):
            # A failed apply is not atomic: the document is thrown away, the others' strokes wait.
            logger.exception("draft %s: an update passed the gate and broke the document", table.draft_id)
            table.evict()
            _refuse(pending, Code.MALFORMED)
            _put_back(table, [*batch.accepted, *batch.known, *waiting[place + 1 :]])
            return Batch(table)
        batch.accepted.append(pending)
    return batch


def _checked(table: Table, pending: Pending) -> Accepted:
    room, person_id = table.opened(), pending.seat.actor.id
    try:
        return check(room.index, pending.update, table.clients.get(person_id, ()), bulk=pending.bulk)
    except GateRefusal as refusal:
        if refusal.code != Code.FORGED:
            raise
    # The same person may have been seated by another process meanwhile: ask the register before saying so.
    with reading():
        table.clients[person_id] = clients_of(table.draft_id, person_id)
    return check(room.index, pending.update, table.clients[person_id], bulk=pending.bulk)


def _commit(batches: list[Batch]) -> None:
    if not batches:
        return
    try:
        with unit_of_work() as current:
            if not database().is_sqlite:
                current.execute(sa.text("SET LOCAL lock_timeout = '250ms'"))
            for batch in batches:
                _append(batch)
    except Exception as failure:
        for batch in batches:
            batch.failure = batch.failure or failure


def _append(batch: Batch) -> None:
    room = batch.table.opened()
    strokes = [
        log.Stroke(
            pending.seat.actor.id, pending.seat.client_id, pending.update, pending.seat.actor.session_id
        )
        for pending in batch.accepted
    ]
    try:
        with session().begin_nested():
            batch.missed, batch.first = log.append(
                batch.table.draft_id, room.seq, room.history, room.authority, strokes
            )
    except (log.AuthorityChanged, log.HistoryChanged, DomainError, sa.exc.DBAPIError) as failure:
        batch.failure = failure


def _finish(batch: Batch) -> None:
    """Tell everybody and acknowledge, or put the strokes back behind a fresh room."""
    table = batch.table
    if batch.failure is not None:
        _fail(batch)
        return
    room = table.opened() if batch.accepted or batch.known else None
    if room is None:
        return
    if batch.accepted:
        for row in batch.missed:
            room.take_in(row.update)
        room.seq = batch.first + len(batch.accepted) - 1
        fanout.rows(table, [(row.seq, row.update, None, None) for row in batch.missed])
        fanout.rows(
            table, [(batch.first + place, *_told(pending)) for place, pending in enumerate(batch.accepted)]
        )
        whisper.say(table.draft_id)
    numbered = [pending for pending in batch.known if pending.n is not None]
    if numbered:
        fanout.rows(table, [(room.seq, NOTHING, *_told(pending)[1:]) for pending in numbered])
    for offset, pending in enumerate(batch.accepted):
        pending.answer({"ok": True, "seq": batch.first + offset})
    for pending in batch.known:
        pending.answer({"ok": True, "seq": room.seq})


def _told(pending: Pending) -> tuple[bytes, str, int | None]:
    return pending.update, str(pending.seat.client_id), pending.n


def _fail(batch: Batch) -> None:
    table, failure = batch.table, batch.failure
    waiting = [*batch.accepted, *batch.known]
    table.evict()
    if isinstance(failure, log.HistoryChanged):
        _refuse_all(waiting, Code.RESYNC)
        pulse.reload(table, "history")
        return
    if isinstance(failure, Missing):
        _refuse_all(waiting, Code.NOT_FOUND)
        pulse.wake()
        return
    if isinstance(failure, log.AuthorityChanged):
        # Ask again who may do what; those who still may are served by the next tick without noticing.
        pulse.review_seats(table)
    else:
        logger.warning("draft %s: a tick was not committed: %s", table.draft_id, failure)
    _put_back(table, waiting)


def _put_back(table: Table, strokes: list[Pending]) -> None:
    again = []
    for pending in strokes:
        pending.tries += 1
        if pending.tries > MAX_TRIES:
            _refuse(pending, Code.UNAVAILABLE, retry_after=2.0)
        else:
            again.append(pending)
    table.queue = again + table.queue
    if table.queue:
        _due.add(table.draft_id)
        gevent.spawn_later(0.05, _wake.set)


def _refuse(
    pending: Pending, code: Code, *, state_vector: bytes | None = None, retry_after: float | None = None
) -> None:
    answer: dict[str, object] = {"ok": False, "error": error(code, retry_after)}
    if state_vector is not None:
        answer["state_vector"] = state_vector
    pending.answer(answer)


def _refuse_all(strokes: list[Pending], code: Code) -> None:
    for pending in strokes:
        _refuse(pending, code)


def drain() -> None:
    """Bring every queued stroke to the disk."""
    while any(table.queue for table in tables.values()):
        tick([table for table in tables.values() if table.queue])
        gevent.sleep(0)
