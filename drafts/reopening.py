"""Opening a stored document: here when it is short and vouched for, else first in a child that may die.

What is given back was replayed row by row, each judged first. A document that cannot be replayed to its end
is given as it was before the first bad row, with its fault.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from app.errors import Unavailable
from app.extensions import gettext as _
from drafts import document, faults, markers, packed_index
from drafts.authorship import RunTable
from drafts.child import Child, ChildDied, ChildSlow, Part
from drafts.faults import Fault
from drafts.gate import RoomIndex
from drafts.judged import StoredRow, take_in_all

__all__ = [
    "Base",
    "Opened",
    "Stored",
    "ask",
    "close",
    "digest",
    "in_child",
    "needs_child",
    "open_stored",
    "opener",
    "request",
    "without_fault",
]

logger = logging.getLogger(__name__)
# Longer tails are replayed in the child: 2,000 keystrokes take some 20 ms here, the loop's whole budget.
LONG_TAIL, LARGE_TAIL = 2_000, 1024 * 1024
# A replay of 260,000 rows takes 5 s on a quiet machine, 80 s on a busy one when every word's author is followed;
# neither must look like a fault.
_SECONDS, _ROWS_A_SECOND = 15.0, 1_000
_MEMORY = 2 * 1024 * 1024 * 1024
_LONGEST = 512 * 1024 * 1024
# A death counts when it happens twice: the first may have been the machine's.
_TRIES = 2


@dataclass(frozen=True)
class Base:
    """A checkpoint as it is stored."""

    seq: int
    state: bytes
    authorship: bytes
    room_index: bytes | None
    digest: str | None

    @property
    def is_vouched_for(self) -> bool:
        """Whether these very bytes were verified by loading when they were written."""
        return self.digest is not None and self.digest == digest(
            self.seq, self.state, self.authorship, self.room_index
        )


@dataclass(frozen=True)
class Stored:
    """What the database holds of a document up to `seq`: the last checkpoint before, and the rows after it."""

    draft_id: int
    history: str
    seq: int
    base: Base | None
    tail: tuple[StoredRow, ...]
    fault: Fault | None
    # The same from the checkpoint before this one; None when there is nothing before.
    earlier: Callable[[], Stored | None]
    # An earlier life of the document: what is wrong with it was healed.
    is_past: bool = False

    @property
    def good(self) -> tuple[StoredRow, ...]:
        """The rows before the fault."""
        if self.fault is None:
            return self.tail
        return tuple(row for row in self.tail if row.seq < self.fault.seq)


@dataclass
class Opened:
    """A document at `seq`, with its index and (when asked for) who wrote what."""

    doc: document.Doc
    index: RoomIndex
    seq: int
    fault: Fault | None
    runs: RunTable | None = None


def without_fault(stored: Stored) -> Stored:
    """All rows, those behind the fault too: for work that passes over what cannot be replayed."""
    return replace(stored, fault=None, is_past=True)


def digest(seq: int, state: bytes, authorship: bytes, room_index: bytes | None) -> str:
    """What says that a checkpoint is the one that was verified."""
    seen = hashlib.sha256(f"{packed_index.FORMAT}:{seq}:{len(state)}:{len(authorship)}:".encode())
    for part in (state, authorship, room_index or b""):
        seen.update(part)
    return seen.hexdigest()


def open_stored(stored: Stored, *, authors: bool = False, may_wait: bool = True) -> Opened:
    """The document, and where it breaks.

    `may_wait=False` in a write transaction, which must not wait for a child: raises Unavailable for a
    document that nobody has vouched for yet.
    """
    if not _is_trusted(stored):
        if not may_wait:
            raise Unavailable(
                _("Ce texte est en cours de vérification : réessayez dans un instant."), retry_after=2.0
            )
        return _from_child(stored, authors)
    if may_wait and _is_long(stored):
        return _from_child(stored, authors)
    with markers.being_opened(stored.draft_id):
        return _here(stored, stored.good, authors)


def needs_child(stored: Stored) -> bool:
    """Whether it is opened in the child first: nobody vouches for it, or it is long."""
    return not _is_trusted(stored) or _is_long(stored)


def _is_trusted(stored: Stored) -> bool:
    return not markers.is_suspect(stored.draft_id) and (stored.base is None or stored.base.is_vouched_for)


def _is_long(stored: Stored) -> bool:
    rows = stored.good
    return len(rows) > LONG_TAIL or sum(len(row.update) for row in rows) > LARGE_TAIL


def _here(stored: Stored, rows: Sequence[StoredRow], authors: bool) -> Opened:
    doc, index, runs = _built(stored.base, authors)
    bad = take_in_all(doc, index, rows, runs=runs)
    if bad is None:
        return Opened(doc, index, _last(stored, rows), stored.fault, runs)
    fault = _faulty(stored, bad.seq, bad.why)
    good = [row for row in rows if row.seq < bad.seq]
    if bad.half_done:
        doc, index, runs = _built(stored.base, authors)
        take_in_all(doc, index, good, runs=runs)
    return Opened(doc, index, _last(stored, good), fault, runs)


def _built(base: Base | None, authors: bool) -> tuple[document.Doc, RoomIndex, RunTable | None]:
    doc = document.replay(base.state if base else None, ())
    index = RoomIndex()
    if base is not None:
        index = packed_index.unpack(base.room_index) if base.room_index else RoomIndex.of(base.state)
    runs = RunTable.of(doc, base.authorship if base else None) if authors else None
    return doc, index, runs


def _last(stored: Stored, rows: Sequence[StoredRow]) -> int:
    if rows:
        return rows[-1].seq
    if stored.fault is not None:
        return stored.base.seq if stored.base else 0
    return max(stored.seq, stored.base.seq if stored.base else 0)


def _from_child(stored: Stored, authors: bool) -> Opened:
    found, answer, parts = in_child(stored, authors=authors)
    if answer is None:
        return Opened(
            document.new_document(), RoomIndex(), 0, found.fault, RunTable.of(document.new_document())
        )
    state, room_index, authorship, _vector = parts
    doc = document.replay(state, ())
    return Opened(
        doc,
        packed_index.unpack(room_index),
        answer["seq"],
        found.fault,
        RunTable.of(doc, authorship) if authors else None,
    )


def in_child(
    stored: Stored, *, authors: bool, do: str = "open", **more: Any
) -> tuple[Stored, dict[str, Any] | None, list[bytes]]:
    """Replay in the child until it survives: what was left of `stored` (with its fault), and its answer.

    A row it dies on becomes the fault, and the rows before it are tried; a checkpoint it dies on is passed
    over for the one before. (…, None, []) when nothing at all can be read.
    """
    left: Stored | None = stored
    if stored.base is not None and not stored.base.is_vouched_for:
        faults.bad_checkpoint(stored.draft_id, stored.base.seq)
    while left is not None:
        answer, parts, died = ask(left, authors=authors, do=do, **more)
        if answer is not None and "error" not in answer:
            if answer["bad"] is not None:
                left = _with_fault(left, *answer["bad"])
            markers.clear(stored.draft_id)
            return left, answer, parts
        if died is not None and authors and ask(left, authors=False)[0] is not None:
            # The text holds; it is following every word's author that was too much for the machine just now.
            raise Unavailable(
                _("Ce texte est en cours de vérification : réessayez dans un instant."), retry_after=5.0
            )
        if died is not None and died.at > 0:
            left = _with_fault(left, died.at, "slow" if isinstance(died, ChildSlow) else "died")
        elif died is not None and died.at < 0 and left.good:
            # It replayed everything and died reading it: look for the place by halves.
            left = _with_fault(left, left.good[len(left.good) // 2].seq, "died")
        else:
            logger.error("draft %s: a checkpoint cannot be loaded: %s", stored.draft_id, answer or died)
            before, first = left.earlier(), left.base.seq if left.base else stored.seq
            if before is None:
                return _with_fault(left, max(first, 1), "checkpoint"), None, []
            left = replace(before, fault=left.fault, is_past=left.is_past)
    raise AssertionError("there is always something left to say")


def _with_fault(stored: Stored, seq: int, why: str) -> Stored:
    return replace(stored, fault=_faulty(stored, seq, why))


def _faulty(stored: Stored, seq: int, why: str) -> Fault:
    fault = Fault(stored.draft_id, stored.history, seq, why)
    if not stored.is_past:
        faults.found(fault)
    return fault


def ask(
    stored: Stored, *, authors: bool, do: str = "open", **more: Any
) -> tuple[dict[str, Any] | None, list[bytes], ChildDied | None]:
    """One replay in the child, tried again when it died."""
    died: ChildDied | None = None
    head, parts = request(stored, authors=authors, **more)
    seconds = _SECONDS + len(head["rows"]) / _ROWS_A_SECOND
    for _attempt in range(_TRIES):
        try:
            return (*opener().ask(do, head, parts, seconds), None)
        except ChildDied as death:
            died = death
            logger.warning("draft %s: the child that opened it ended at row %s", stored.draft_id, death.at)
    return None, [], died


def request(stored: Stored, *, authors: bool, **more: Any) -> tuple[dict[str, Any], list[Part]]:
    """The child's request to open what is stored."""
    base, rows = stored.base, stored.good
    believed = base is not None and base.is_vouched_for
    head = {
        "seq": base.seq if base else 0,
        "authors": authors,
        "rows": [[row.seq, row.person_id, len(row.update)] for row in rows],
        **more,
    }
    parts: list[Part] = [
        base.state if base else b"",
        (base.room_index or b"") if base and believed else b"",
        base.authorship if base else b"",
        [row.update for row in rows],
    ]
    return head, parts


_opener = Child(seconds=_SECONDS, memory=_MEMORY, longest=_LONGEST)


def close() -> None:
    """End the child of this process, if there is one."""
    _opener.close()


def opener() -> Child:
    """The child of this process in which stored documents are opened."""
    return _opener
