"""Stored rows on their way into a document: each is judged again before pycrdt sees it.

A row of the log was judged when it was written, but a log can be damaged: by a disk, a careless hand in the
database, or a row that an older gate let through. What pycrdt does with such bytes nothing catches afterwards.
The gate takes some microseconds for a row, about as long as pycrdt.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import nullcontext
from dataclasses import dataclass
from typing import NamedTuple

from drafts import document
from drafts.authorship import RunTable
from drafts.gate import GateRefusal, RoomIndex, check

__all__ = ["EVERYONE", "BadRow", "StoredRow", "take_in", "take_in_all"]


class StoredRow(NamedTuple):
    """One row of a log as it is replayed."""

    seq: int
    person_id: int | None
    update: bytes


class _Everyone:
    """Whose id a row was written under was judged when it came in."""

    def __contains__(self, _client_id: object) -> bool:
        return True


EVERYONE = _Everyone()


@dataclass(frozen=True)
class BadRow:
    """The first row that could not be taken in. `half_done`: the document must be thrown away."""

    seq: int
    why: str
    half_done: bool


def take_in(doc: document.Doc, index: RoomIndex, update: bytes) -> None:
    """Judge one stored row, apply it, and let the index know. Raises GateRefusal or DocumentBroken."""
    accepted = check(index, update, EVERYONE, bulk=True)
    document.apply(doc, update)
    index.admit(accepted)


def take_in_all(
    doc: document.Doc,
    index: RoomIndex,
    rows: Iterable[StoredRow],
    *,
    runs: RunTable | None = None,
    at: Callable[[int], object] | None = None,
    leave_out: list[int] | None = None,
) -> BadRow | None:
    """Take rows in, in order, up to the first bad one, which is returned.

    `at` hears each number before its row is applied. With `leave_out` a row that the gate refuses is noted
    there and passed over, and so is what builds on it; one that pycrdt itself breaks on still ends the work.
    """
    for row in rows:
        if at is not None:
            at(row.seq)
        try:
            accepted = check(index, row.update, EVERYONE, bulk=True)
        except GateRefusal as refusal:
            if leave_out is not None:
                leave_out.append(row.seq)
                continue
            return BadRow(row.seq, refusal.code, False)
        try:
            with runs.recording(row.person_id or 0) if runs is not None else nullcontext():
                document.apply(doc, row.update)
            index.admit(accepted)
        except (document.DocumentBroken, ValueError):
            return BadRow(row.seq, "broken", True)
    return None
