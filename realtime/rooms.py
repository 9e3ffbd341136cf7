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

import gevent
from gevent.lock import RLock
from pycrdt import merge_updates

from app.db import reading
from app.errors import DomainError, Unavailable
from drafts import document, log, reopening
from drafts.appends import Authority
from drafts.gate import Accepted, RoomIndex
from drafts.judged import take_in
from drafts.suggest_gate import Trial
from realtime.limits import ROOMS
from realtime.protocol import Reason
from realtime.seats import Guest, Seat

logger = logging.getLogger(__name__)
# Rooms nobody sits in leave memory after this long.
IDLE_SECONDS = 60.0


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
    authority: Authority
    # Why nobody can write in it, while that is so.
    closed: Reason | None = None
    # Whether those who sit at it have heard that it is read-only.
    told: bool = False
    # When it was last found equal to a replay of its log (realtime.comparing).
    compared_seq: int = 0
    compared_at: float = field(default_factory=time.monotonic)
    comparing_took: float = 0.0
    # Where strokes of who may only suggest are tried.
    trial: Trial = field(default_factory=Trial)

    @property
    def read_only(self) -> bool:
        return self.closed is not None

    def take_in(self, update: bytes) -> None:
        """Apply a row that is in the log already."""
        take_in(self.doc, self.index, update)
        self.trial.follow(update)

    def put_in(self, update: bytes, accepted: Accepted, *, tried: bool) -> None:
        """Apply an update that the gate let through; `tried`: the trial holds it already.

        Raises DocumentBroken, ValueError: the room is then to be thrown away.
        """
        document.apply(self.doc, update)
        self.index.admit(accepted)
        if not tried:
            self.trial.follow(update)


@dataclass
class Table:
    draft_id: int
    lock: RLock = field(default_factory=RLock)
    room: Room | None = None
    opening: bool = False
    seats: dict[str, Seat] = field(default_factory=dict)
    queue: list[Pending] = field(default_factory=list)
    clients: dict[int, set[int]] = field(default_factory=dict)
    people: tuple[Guest, ...] = ()
    # How far the cursors of those who sit at other processes have moved.
    foreign_clocks: dict[int, int] = field(default_factory=dict)
    # The life of the document and the row up to which everybody who sits here has heard; None: nobody waits to hear.
    heard: tuple[str, int] | None = None
    # The number of the last change of a remark that everybody who sits here was told of.
    remarks: int | None = None
    # Until when it does not tick: a failed commit is not tried again at once.
    rest_until: float = 0.0
    empty_since: float = field(default_factory=time.monotonic)

    @property
    def in_use(self) -> bool:
        """Who holds the lock may be about to sit down: forgotten now, they would sit where nobody is told anything."""
        return bool(self.seats or self.queue or self.opening or self.lock.locked())

    def opened(self, *, wait: bool = False) -> Room:
        """The room, opened from the log if need be. Call under `lock`. Raises Missing, Unavailable.

        A document that has to be tried in a child first is waited for with `wait` only: a tick holds other
        tables as well. Without it, it is opened behind the back of who asked, who tries again.
        """
        if self.room is None:
            try:
                self.room = open_room(self.draft_id, wait=wait)
            except Unavailable:
                self.open_soon()
                raise
        return self.room

    def open_soon(self) -> None:
        """Open the room without anybody waiting for it."""
        if not self.opening:
            self.opening = True
            gevent.spawn(self._open)

    def _open(self) -> None:
        try:
            with self.lock:
                self.opened(wait=True)
        except DomainError as failure:
            logger.warning("draft %s was not opened: %s", self.draft_id, failure)
        finally:
            self.opening = False

    def evict(self) -> None:
        """Forget the document: after any failure the log is asked again."""
        self.room = None


def open_room(draft_id: int, *, wait: bool = True) -> Room:
    """The document as the log has it. One that cannot be replayed to its end opens read-only, up to there."""
    with reading():
        taken = log.snapshot(draft_id)
    if not wait and reopening.needs_child(taken.stored):
        raise Unavailable(detail="the document is opened in a child first")
    opened = reopening.open_stored(taken.stored)
    return Room(
        opened.doc,
        opened.index,
        opened.seq,
        taken.history,
        taken.authority,
        closed=Reason.DAMAGED if opened.fault is not None else None,
        compared_seq=opened.seq,
    )


tables: dict[int, Table] = {}


def table_of(draft_id: int) -> Table:
    """The table of a draft; made when the first person comes."""
    found = tables.get(draft_id)
    if found is None:
        if len(tables) >= ROOMS:
            _make_room()
        found = tables[draft_id] = Table(draft_id)
    return found


def _make_room() -> None:
    """Forget the table that nobody has sat at for longest. Raises Unavailable when somebody sits at each."""
    idle = [table for table in tables.values() if not table.in_use]
    if not idle:
        raise Unavailable(detail="as many documents are open as one process keeps")
    del tables[min(idle, key=lambda table: table.empty_since).draft_id]


def close_idle() -> None:
    """Rooms nobody sits in leave memory; they open again from the log."""
    now = time.monotonic()
    for draft_id, table in list(tables.items()):
        if table.in_use:
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
