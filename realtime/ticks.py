"""Ticks: queued strokes pass the gate, are applied, committed together, told to everybody, acknowledged.

A tick commits all due rooms in one transaction but fails them apart: a savepoint per room. Whatever fails,
the room is thrown away and opened again from the log, and the strokes that are still good wait for the next
tick; nothing that was not committed has been seen by anyone.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import gevent
from gevent.event import Event

from app import metrics
from app.db import reading
from app.errors import DomainError, Missing
from app.pen import pen
from drafts import appends, document, refused
from drafts.appends import Row, Sheaf, Stroke
from drafts.gate import Accepted, GateRefusal, check
from realtime import fanout, pulse, whisper
from realtime.pace import Pace
from realtime.protocol import Code, closed, error
from realtime.rooms import Pending, Room, Table, tables
from realtime.seats import clients_of

logger = logging.getLogger(__name__)
# A stroke that could not be committed is tried this often, after pauses that double: 1.5 s in all. Then its writer
# is told, and keeps it.
MAX_TRIES, FIRST_PAUSE = 5, 0.05
# How long one try waits for what others hold, seconds: five of them and their pauses are some 4 s, before anyone who
# waits for an acknowledgement gives it up (10 s).
PATIENCE = 0.5
# When a writer may try again what the database could not take.
RETRY_AFTER = 2.0
# An update of no struct and no deletion: it only carries what was saved.
NOTHING = b"\x00\x00"

_wake = Event()
_due: set[int] = set()
_pace = Pace()
_ending = False
Judge = Callable[[Table, Pending], Accepted]


@dataclass
class Batch:
    """What one table brings to a tick."""

    table: Table
    accepted: list[Pending] = field(default_factory=list)
    # Resent strokes the log has already: answered with the number of the head, no row of their own.
    known: list[Pending] = field(default_factory=list)
    first: int = 0
    missed: list[Row] = field(default_factory=list)
    failure: Exception | None = None


def submit(table: Table, pending: Pending) -> None:
    """Queue a stroke for the next tick of its table; while the process ends, its writer keeps it for the next one."""
    if _ending:
        _refuse(pending, Code.UNAVAILABLE)
        return
    table.queue.append(pending)
    _due.add(table.draft_id)
    _wake.set()


def pause() -> float:
    """Seconds until the next tick may come: what is read before then waits for it."""
    return _pace.wait()


def run() -> None:
    """The one flusher of this process."""
    while True:
        _wake.wait()
        _wake.clear()
        # Even a tick that is due lets the sockets that are readable now bring their strokes to it.
        gevent.sleep(_pace.wait())
        try:
            tick(_ready())
        except Exception:
            logger.exception("a tick failed")
        if _due:
            _wake.set()
            _breathe()


def _breathe() -> None:
    """When all that waits rests after a failure, sleep until the first may try again."""
    resting = [table.rest_until for draft_id in _due if (table := tables.get(draft_id)) and table.queue]
    pause = min(resting, default=0.0) - time.monotonic()
    if pause > 0:
        _wake.clear()
        _wake.wait(min(pause, 0.05))
        _wake.set()


def _ready() -> list[Table]:
    ready, now = [], time.monotonic()
    for draft_id in sorted(_due):
        table = tables.get(draft_id)
        if table is None or not table.queue:
            _due.discard(draft_id)
        elif table.rest_until <= now:
            ready.append(table)
    return ready


def tick(ready: list[Table]) -> None:
    """One tick of these tables; a table that is busy elsewhere waits for the next one."""
    held = [table for table in ready if table.lock.acquire(blocking=False)]
    if not held:
        gevent.sleep(0.001)
        return
    try:
        began, worked = time.monotonic(), time.thread_time()
        batches = [_prepare(table, _taken(table), _checked) for table in held]
        strokes = _commit([batch for batch in batches if batch.accepted])
        for batch in batches:
            _finish(batch)
        now = time.monotonic()
        _pace.ticked(strokes, time.thread_time() - worked, now - began, now)
    finally:
        for table in held:
            table.lock.release()


def wide(table: Table, pending: Pending) -> None:
    """The tick of one bulk update: judged on a native thread, so that a long check stalls no other table."""
    if _ending:
        _refuse(pending, Code.UNAVAILABLE)
        return
    with table.lock:
        batch = _prepare(table, [*_taken(table), pending], _off_the_loop)
        _commit([batch] if batch.accepted else [])
        _finish(batch)


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


def _prepare(table: Table, waiting: list[Pending], judge: Judge) -> Batch:
    """Gate and apply what waits at a table. Call under its lock."""
    batch = Batch(table)
    try:
        room = table.opened()
        pulse.tell_what_was_missed(table, room)
    except DomainError as failure:
        _refuse_all(waiting, Code.NOT_FOUND if isinstance(failure, Missing) else Code.UNAVAILABLE)
        return batch
    for place, pending in enumerate(waiting):
        if not pending.seat.can_send:
            _refuse(pending, pending.seat.lost or Code.FORBIDDEN)
            continue
        if room.closed is not None:
            pending.answer({"ok": False, "error": closed(room.closed)})
            continue
        tried = not pending.seat.can_write
        if tried and not room.trial.is_ready and pending.seat.trials.wait():
            _refuse(pending, Code.RATE_LIMITED)
            continue
        try:
            accepted = judge(table, pending)
            if tried and not accepted.is_empty:
                own = Own(table, pending.seat.actor.id)
                room.trial.judge(room.doc, pending.update, own, room.index, accepted.news)
        except GateRefusal as refusal:
            refused.keep(table.draft_id, pending.seat.actor.id, refusal.code, pending.update)
            vector = document.state_vector(room.doc) if refusal.code == Code.RESYNC else None
            _refuse(pending, Code(refusal.code), state_vector=vector)
            continue
        if accepted.is_empty:
            batch.known.append(pending)
            continue
        try:
            room.put_in(pending.update, accepted, tried=tried)
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
    return check(room.index, pending.update, _asked_again(table, person_id), bulk=pending.bulk)


def _asked_again(table: Table, person_id: int) -> set[int]:
    with reading():
        found = table.clients[person_id] = clients_of(table.draft_id, person_id)
    return found


class Own:
    """The client ids of a person; asked of the register once before it says that one is not theirs."""

    def __init__(self, table: Table, person_id: int) -> None:
        self.table, self.person_id, self.asked = table, person_id, False

    def __contains__(self, client_id: object) -> bool:
        if client_id in self.table.clients.get(self.person_id, ()):
            return True
        if self.asked or client_id is None:
            return False
        self.asked = True
        return client_id in _asked_again(self.table, self.person_id)


def _commit(batches: list[Batch]) -> int:
    """Bring the strokes of these batches to the disk in one transaction; how many were. What failed says so."""
    if not batches:
        return 0
    began = time.monotonic()
    try:
        busy = _write(batches)
    except Exception as failure:
        logger.warning("a tick of %s drafts was not committed: %s", len(batches), type(failure).__name__)
        for batch in batches:
            batch.failure = failure
        # When the database is there, one draft's rows were the reason: they must not keep the others' from the disk.
        busy = batches if len(batches) > 1 and not isinstance(failure, DomainError) else []
    for batch in busy:
        batch.failure = None
        try:
            _write([batch], waiting=True)
        except Exception as failure:
            batch.failure = failure
    metrics.commit_took(time.monotonic() - began)
    metrics.counts.ticks += 1
    written = sum(len(batch.accepted) for batch in batches if batch.failure is None)
    metrics.counts.strokes += written
    return written


def _write(batches: Sequence[Batch], *, waiting: bool = False) -> list[Batch]:
    """One transaction. Returns those whose draft another transaction holds; raises when nothing was written."""
    sheaves = [_sheaf(batch) for batch in batches]
    with pen(PATIENCE) as cursor:
        outcomes = appends.append(cursor, sheaves, waiting=waiting)
    for batch in batches:
        outcome = outcomes[batch.table.draft_id]
        batch.first, batch.missed, batch.failure = outcome.first, outcome.missed, outcome.failure
    return [batch for batch in batches if isinstance(batch.failure, appends.DraftBusy)]


def _sheaf(batch: Batch) -> Sheaf:
    room = batch.table.opened()
    strokes = [
        Stroke(pending.seat.actor.id, pending.seat.client_id, pending.update, pending.seat.actor.session_id)
        for pending in batch.accepted
    ]
    return Sheaf(batch.table.draft_id, room.seq, room.history, room.authority, strokes)


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
        _take_in(table, room, batch)
        if batch.missed:
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


def _take_in(table: Table, room: Room, batch: Batch) -> None:
    """The rows that others wrote before ours. What is on the disk is told whatever becomes of the document."""
    try:
        for row in batch.missed:
            room.take_in(row.update)
        room.seq = batch.first + len(batch.accepted) - 1
    except (document.DocumentBroken, GateRefusal, ValueError):
        logger.exception("draft %s: the rows before %s could not be taken in", table.draft_id, batch.first)
        table.evict()


def _told(pending: Pending) -> tuple[bytes, int, int | None]:
    return pending.update, pending.seat.client_id, pending.n


def _fail(batch: Batch) -> None:
    table, failure = batch.table, batch.failure
    waiting = [*batch.accepted, *batch.known]
    table.evict()
    if isinstance(failure, appends.HistoryChanged):
        _refuse_all(waiting, Code.RESYNC)
        pulse.reload(table, "history")
        return
    if isinstance(failure, appends.DraftGone | Missing):
        _refuse_all(waiting, Code.NOT_FOUND)
        pulse.wake()
        return
    if isinstance(failure, appends.AuthorityChanged):
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
            _refuse(pending, Code.UNAVAILABLE)
        else:
            again.append(pending)
    table.queue = again + table.queue
    if table.queue:
        _due.add(table.draft_id)
        pause = FIRST_PAUSE * 2 ** (table.queue[0].tries - 1) if again else 0.0
        table.rest_until = time.monotonic() + pause
        gevent.spawn_later(pause, _wake.set)


def _refuse(pending: Pending, code: Code, *, state_vector: bytes | None = None) -> None:
    retry_after = RETRY_AFTER if code is Code.UNAVAILABLE else None
    answer: dict[str, object] = {"ok": False, "error": error(code, retry_after)}
    if state_vector is not None:
        answer["state_vector"] = state_vector
    pending.answer(answer)


def _refuse_all(strokes: list[Pending], code: Code) -> None:
    for pending in strokes:
        _refuse(pending, code)


def drain() -> None:
    """Take no further stroke, and bring every queued one to the disk."""
    global _ending
    _ending = True
    while any(table.queue for table in tables.values()):
        tick([table for table in tables.values() if table.queue])
        gevent.sleep(0)
