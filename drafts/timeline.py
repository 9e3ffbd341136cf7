"""The life of a draft as stretches of work: who wrote, from when to when, how much.

A log of 260,000 rows cannot be read for a page. So the worker folds what was written since it last looked into
stretches, some hundred rows at a time, and a page reads finished stretches and folds only the last minute itself.
A stretch ends with a pause, with the day, after an hour, and where the server restored a moment; the last one of a
draft may still grow.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from sys import maxsize
from typing import NamedTuple

import sqlalchemy as sa

from app import clock
from app.db import is_writing, session
from drafts.history_models import DraftFolded, DraftRestoration, DraftStretch, DraftStretchPart
from drafts.models import Draft, DraftClient, DraftUpdate
from drafts.yupdate import STRING, GateRefusal, read_update

__all__ = ["Part", "Stretch", "behind", "keep", "tail", "unfolded"]

# Who comes back from a coffee goes on; who comes back from a meeting begins anew.
PAUSE = timedelta(minutes=10)
LONGEST = timedelta(hours=1)
# Rows folded at a time: some 8 ms, after which others have their turn.
PIECE = 500
# What a page folds by itself, when the worker has not come to it yet. Beyond, it says that it is not complete.
TAIL = 8 * PIECE
# The worker folds a text that is being written once in so long, or when so many rows are waiting.
EVERY_SECONDS, EVERY_ROWS = 60.0, 500


class Line(NamedTuple):
    """One row of the log as the fold reads it."""

    seq: int
    person_id: int | None
    administration_id: int | None
    at: datetime
    added: int
    removed: int


@dataclass
class Part:
    """What one person did in a stretch; `added` and `removed` are characters, near enough (see `counted`)."""

    administration_id: int | None
    strokes: int = 0
    added: int = 0
    removed: int = 0


@dataclass
class Stretch:
    """Strokes without a long pause between them. `parts` by person; the first who wrote stands first."""

    first_seq: int
    last_seq: int
    began_at: datetime
    ended_at: datetime
    parts: dict[int, Part] = field(default_factory=dict)

    def take(self, line: Line) -> None:
        self.last_seq, self.ended_at = line.seq, line.at
        if line.person_id is None:
            return
        part = self.parts.setdefault(line.person_id, Part(line.administration_id))
        part.strokes += 1
        part.added += line.added
        part.removed += line.removed


@dataclass(frozen=True)
class Folded:
    """What a fold came to: the stretches that are new or have grown, and the number it reached."""

    draft_id: int
    after: int
    seq: int
    stretches: tuple[Stretch, ...]
    more: bool


def counted(update: bytes) -> tuple[int, int]:
    """Characters that an update brings, and places it takes out: bytes alone say no more without the document.

    A paragraph that is split or joined is sent anew by the editor and counts on both sides; a mark that is taken
    away counts as a place.
    """
    try:
        sections, deletes = read_update(update, maxsize, maxsize)
    except GateRefusal:
        return 0, 0
    added = sum(struct[1] for section in sections for struct in section[3] if struct[0] == STRING)
    return added, sum(stop - start for _client, ranges in deletes for start, stop in ranges)


def fold(open_: Stretch | None, lines: Iterable[Line], restored: Sequence[tuple[int, int]]) -> list[Stretch]:
    """`lines` in stretches, the first of which goes on from `open_` where it can.

    Rows of a restoration are nobody's work: they bring back what was written before.
    """
    found: list[Stretch] = [] if open_ is None else [open_]
    for line in lines:
        way_back = next((first for first, last in restored if first <= line.seq <= last), 0)
        if way_back:
            line = line._replace(person_id=None)
        last = found[-1] if found else None
        if last is None or _ends(last, line, way_back, restored):
            last = Stretch(line.seq, line.seq, line.at, line.at)
            found.append(last)
        last.take(line)
    return found


def _ends(last: Stretch, line: Line, way_back: int, restored: Sequence[tuple[int, int]]) -> bool:
    inside = any(first <= last.last_seq <= end for first, end in restored)
    if way_back or inside:
        return not (way_back and last.first_seq >= way_back)
    return (
        line.at - last.ended_at > PAUSE
        or line.at - last.began_at > LONGEST
        or clock.local(line.at).date() != clock.local(last.began_at).date()
    )


def behind() -> list[int]:
    """Drafts with rows that nobody has folded yet, those with most of them first."""
    waiting = Draft.head_seq - sa.func.coalesce(DraftFolded.seq, 0)
    return list(
        session().scalars(
            sa.select(Draft.id)
            .outerjoin(DraftFolded, DraftFolded.draft_id == Draft.id)
            .where(waiting > 0, Draft.trashed_at.is_(None))
            .order_by(waiting.desc())
            .limit(50)
        )
    )


def waiting_rows(draft_id: int) -> int:
    """How many rows of a draft are not folded."""
    head = session().scalar(sa.select(Draft.head_seq).where(Draft.id == draft_id)) or 0
    return head - _folded_to(draft_id)


def _folded_to(draft_id: int) -> int:
    return session().scalar(sa.select(DraftFolded.seq).where(DraftFolded.draft_id == draft_id)) or 0


def unfolded(draft_id: int, after: int | None = None, open_: Stretch | None = None) -> Folded:
    """The next rows of a draft in stretches, not written down yet. `after` and `open_` go on from a fold before."""
    if after is None:
        after = _folded_to(draft_id)
        open_ = _last(draft_id)
    lines = _lines(draft_id, after)
    restored = [
        (first, last)
        for first, last in session().execute(
            sa.select(DraftRestoration.first_seq, DraftRestoration.last_seq).where(
                DraftRestoration.draft_id == draft_id, DraftRestoration.last_seq >= after
            )
        )
    ]
    grown = replace(open_, parts={key: replace(part) for key, part in open_.parts.items()}) if open_ else None
    stretches = fold(grown, lines, restored)
    reached = lines[-1].seq if lines else after
    return Folded(draft_id, after, reached, tuple(stretches), len(lines) == PIECE)


def _lines(draft_id: int, after: int) -> list[Line]:
    rows = (
        session()
        .execute(
            sa.select(
                DraftUpdate.seq,
                DraftUpdate.person_id,
                DraftUpdate.client_id,
                DraftUpdate.at,
                DraftUpdate.update,
            )
            .where(DraftUpdate.draft_id == draft_id, DraftUpdate.seq > after)
            .order_by(DraftUpdate.seq)
            .limit(PIECE)
        )
        .all()
    )
    places = dict(
        session()
        .execute(
            sa.select(DraftClient.client_id, DraftClient.administration_id).where(
                DraftClient.draft_id == draft_id, DraftClient.client_id.in_({row.client_id for row in rows})
            )
        )
        .all()
    )
    return [
        Line(row.seq, row.person_id, places.get(row.client_id), row.at, *counted(row.update)) for row in rows
    ]


def _last(draft_id: int) -> Stretch | None:
    row = (
        session()
        .scalars(
            sa.select(DraftStretch)
            .where(DraftStretch.draft_id == draft_id)
            .order_by(DraftStretch.first_seq.desc())
            .limit(1)
        )
        .first()
    )
    return None if row is None else loaded([row])[0]


def loaded(rows: Sequence[DraftStretch]) -> list[Stretch]:
    """Stored stretches of one draft with their parts, in the order given."""
    found = {row.first_seq: Stretch(row.first_seq, row.last_seq, row.began_at, row.ended_at) for row in rows}
    if found:
        parts = session().scalars(
            sa.select(DraftStretchPart)
            .where(
                DraftStretchPart.draft_id == rows[0].draft_id,
                DraftStretchPart.first_seq.in_(found),
            )
            .order_by(DraftStretchPart.strokes.desc(), DraftStretchPart.person_id)
        )
        for part in parts:
            found[part.first_seq].parts[part.person_id] = Part(
                part.administration_id, part.strokes, part.added, part.removed
            )
    return list(found.values())


def keep(folded: Folded) -> None:
    """Write a fold down, unless somebody else did meanwhile or the draft is gone."""
    draft_id = folded.draft_id
    known = session().get(DraftFolded, draft_id, with_for_update=True, populate_existing=True)
    if (known.seq if known else 0) != folded.after or folded.seq == folded.after:
        return
    if session().get(Draft, draft_id) is None:
        return
    if known is None:
        session().add(DraftFolded(draft_id=draft_id, seq=folded.seq))
    else:
        known.seq = folded.seq
    for stretch in folded.stretches:
        row = session().get(DraftStretch, (draft_id, stretch.first_seq))
        if row is None:
            row = DraftStretch(draft_id=draft_id, first_seq=stretch.first_seq, began_at=stretch.began_at)
            session().add(row)
        row.last_seq, row.ended_at = stretch.last_seq, stretch.ended_at
        session().flush()
        for person, part in stretch.parts.items():
            held = session().get(DraftStretchPart, (draft_id, stretch.first_seq, person))
            if held is None:
                held = DraftStretchPart(draft_id=draft_id, first_seq=stretch.first_seq, person_id=person)
                held.administration_id = part.administration_id
                session().add(held)
            held.strokes, held.added, held.removed = part.strokes, part.added, part.removed
    session().flush()


def tail(draft_id: int) -> tuple[list[Stretch], bool]:
    """What is not written down yet, the oldest first, and whether that is all. The first may be one that grew.

    Call it while reading: between two pieces others have their turn.
    """
    folded = unfolded(draft_id)
    found = {stretch.first_seq: stretch for stretch in folded.stretches}
    rows = folded.seq - folded.after
    while folded.more and rows < TAIL:
        if not is_writing():
            time.sleep(0)
        folded = unfolded(draft_id, folded.seq, folded.stretches[-1])
        rows += folded.seq - folded.after
        found |= {stretch.first_seq: stretch for stretch in folded.stretches}
    return list(found.values()), not folded.more
