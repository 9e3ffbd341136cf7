"""Rooms and tables. A room is a cache of the log (document, index, number); a table is who sits around it.

The room may be thrown away at any moment and opened again from the log; the table stays, with its seats and
the strokes that wait. `lock` covers a tick and every read of the room: what is read under it is committed.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from gevent.lock import RLock
from pycrdt import merge_updates

from app.db import reading
from drafts import document, log
from drafts.gate import RoomIndex, check
from realtime.seats import Guest, Seat

logger = logging.getLogger(__name__)
# Rooms nobody sits in leave memory after this long.
IDLE_SECONDS = 60.0


class _Everyone:
    """The rows of the log passed the gate when they were written."""

    def __contains__(self, _client_id: object) -> bool:
        return True


@dataclass
class Pending:
    """A stroke that waits for its tick, and what to do with the answer."""

    seat: Seat
    update: bytes
    n: int | None
    bulk: bool
    answer: Callable[[dict[str, Any]], None]
    tries: int = 0


@dataclass
class Room:
    doc: Any
    index: RoomIndex
    seq: int
    history: str
    authority: log.Authority
    read_only: bool = False

    def take_in(self, update: bytes) -> None:
        """Apply a row that is in the log already."""
        accepted = check(self.index, update, _Everyone(), bulk=True)
        document.apply(self.doc, update)
        self.index.admit(accepted)


@dataclass
class Table:
    draft_id: int
    lock: RLock = field(default_factory=RLock)
    room: Room | None = None
    seats: dict[str, Seat] = field(default_factory=dict)
    queue: list[Pending] = field(default_factory=list)
    clients: dict[int, set[int]] = field(default_factory=dict)
    people: tuple[Guest, ...] = ()
    ticked_at: float = 0.0
    empty_since: float = field(default_factory=time.monotonic)

    def opened(self) -> Room:
        """The room, opened from the log if need be. Call under `lock`. Raises Missing, Unavailable."""
        if self.room is None:
            self.room = open_room(self.draft_id)
        return self.room

    def evict(self) -> None:
        """Forget the document: after any failure the log is asked again."""
        self.room = None


def open_room(draft_id: int) -> Room:
    with reading():
        taken = log.snapshot(draft_id)
    read_only = False
    try:
        doc = document.replay(taken.state, taken.tail)
    except document.DocumentBroken as broken:
        # One bad row must not take the draft away from those who only want to read what was good.
        logger.error("draft %s: row %s cannot be applied; it opens read-only", draft_id, broken.row)
        doc = document.replay(taken.state, taken.tail[: broken.row or 0])
        read_only = True
    return Room(doc, RoomIndex.of(document.state(doc)), taken.seq, taken.history, taken.authority, read_only)


tables: dict[int, Table] = {}


def table_of(draft_id: int) -> Table:
    """The table of a draft; made when the first person comes."""
    found = tables.get(draft_id)
    if found is None:
        found = tables[draft_id] = Table(draft_id)
    return found


def close_idle() -> None:
    """Rooms nobody sits in leave memory; they open again from the log."""
    now = time.monotonic()
    for draft_id, table in list(tables.items()):
        if table.seats or table.queue:
            table.empty_since = now
        elif now - table.empty_since > IDLE_SECONDS:
            del tables[draft_id]


# pycrdt's merge is quadratic (8,000 updates take 178 ms), so a long tick goes out in several messages.
PARCEL = 200


def merged(updates: list[bytes]) -> bytes | None:
    """A parcel of updates as one; None when pycrdt will not merge them and they have to go one by one."""
    if len(updates) == 1:
        return updates[0]
    try:
        return merge_updates(*updates)
    except Exception:
        logger.exception("a merge failed; the strokes go out one by one")
        return None
