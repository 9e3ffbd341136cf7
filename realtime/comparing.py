"""Now and then a live document is compared with a fresh replay of its log, and set right when it differs.

The gate lets nothing through that is known to part copies of a document, but blocks that cross one another can:
then the table, the log and who joins later read different texts, and no client can notice, since all have the
same state vector. After a thousand rows, some minutes, or when the last person has left, the process takes a
fingerprint of its document and has the log replayed in a child (`drafts.reopening`). When they differ, the room is
read-only for a moment, the server begins a new life of the text (`drafts.healing`), and everybody joins again.

The same round writes down what was noted where nothing may be written: faults that were found while reading, and
refused bytes. And it closes rooms over which another process found a fault.
"""

from __future__ import annotations

import contextlib
import logging
import time

import gevent

from app import metrics
from app.db import reading, session
from app.errors import DomainError, Missing
from drafts import document, faults, healing, log, markers, refused, reopening
from drafts.checkpoints import CHECKPOINT_EVERY
from drafts.child_work import clocks, tree_digest
from drafts.models import Draft
from realtime import fanout, pulse
from realtime.protocol import READ_ONLY, Reason
from realtime.rooms import Room, Table, tables
from realtime.seats import ladder

__all__ = ["EVERY_ROWS", "EVERY_SECONDS", "compare", "round_", "run"]

logger = logging.getLogger(__name__)
ROUND_SECONDS = 2.0
# As many rows as a checkpoint waits for, so that a difference is found before it is in one.
EVERY_ROWS, EVERY_SECONDS = CHECKPOINT_EVERY, 300.0
# A comparison of a large text in a busy room takes long: at most one part in 200 of the time goes into it.
SHARE = 200


def run() -> None:
    while True:
        gevent.sleep(ROUND_SECONDS)
        try:
            round_()
        except DomainError as failure:
            logger.warning("a round of comparing got no answer: %s", failure)
        except Exception:
            logger.exception("a round of comparing failed")


def round_() -> None:
    """Faults to the disk, rooms with a fault read-only, and at most one comparison."""
    faults.write_down()
    refused.write_down()
    with reading():
        damaged = faults.among(list(tables))
    for draft_id in damaged:
        table = tables.get(draft_id)
        if table is not None and table.room is not None and not table.room.read_only:
            with table.lock:
                table.evict()
            table.open_soon()
    for table in list(tables.values()):
        if table.room is not None and table.room.read_only and not table.room.told:
            table.room.told = True
            tell_read_only(table, Reason.DAMAGED)
    for draft_id in markers.suspects()[:1]:
        # Before somebody needs it in a transaction, where nothing can be waited for.
        with reading(), contextlib.suppress(Missing):
            log.text(draft_id)
        markers.clear(draft_id)
    due = [table for table in tables.values() if _is_due(table)]
    if due:
        compare(min(due, key=lambda table: table.room.compared_at if table.room else 0.0))


def _is_due(table: Table) -> bool:
    room = table.room
    if room is None or room.read_only or room.seq == room.compared_seq:
        return False
    since = time.monotonic() - room.compared_at
    return since >= room.comparing_took * SHARE and (
        not table.seats or room.seq - room.compared_seq >= EVERY_ROWS or since >= EVERY_SECONDS
    )


def compare(table: Table) -> bool:
    """Whether the live document is what its log says; when it is not, it has been healed."""
    began = time.monotonic()
    with table.lock:
        room = table.room
        if room is None or room.read_only:
            return True
        seq, history = room.seq, room.history
        # Reading 100,000 characters takes 16 ms: on a native thread, where the loop has its turns meanwhile. The
        # lock keeps the document to that one thread.
        seen = gevent.get_hub().threadpool.apply(_picture, (room.doc,))
    room.compared_seq, room.compared_at = seq, time.monotonic()
    with reading():
        draft = session().get(Draft, table.draft_id, populate_existing=True)
        if draft is None or draft.history != history:
            return True
        stored = log.stored(draft, seq)
    left, answer, parts = reopening.in_child(stored, authors=False, with_index=False)
    room.comparing_took = time.monotonic() - began
    if answer is None or left.fault is not None:
        return True  # a fault of the log: the next round closes the room over it
    if answer["stable"] and (answer["tree"], clocks(parts[3])) == seen:
        return True
    _heal(table, room)
    return False


def _picture(doc: document.Doc) -> tuple[str, dict[int, int]]:
    return tree_digest(document.read_tree(doc)), clocks(document.state_vector(doc))


def _heal(table: Table, room: Room) -> None:
    metrics.counts.divergences += 1
    logger.error(
        "draft %s: the table differs from its log at %s; a new life begins", table.draft_id, room.seq
    )
    with table.lock:
        if table.room is not room:
            return
        room.closed, room.told = Reason.HEALING, True
    tell_read_only(table, Reason.HEALING)
    try:
        healing.heal(table.draft_id, None, healing.DIVERGED)
    finally:
        # Also when it could not be healed: who joins again may write, and the next comparison tries again.
        with table.lock:
            table.evict()
        pulse.reload(table, "history")


def tell_read_only(table: Table, reason: Reason) -> None:
    """Everybody at the table hears that, and why, nobody can write for now."""
    for seat in list(table.seats.values()):
        fanout.one(
            seat,
            "access",
            {
                "rights": ladder(seat.rights),
                "can_write": False,
                "reason": str(reason),
                "message": READ_ONLY[reason](),
            },
        )
