"""Nobody's new words are lost to a restoration: what was being typed into a block that it took out is put back.

A stroke that was under way when somebody restored is merged like any other, but one that was made inside a block
which is gone has nowhere to stand. The worker looks for such strokes two seconds after a restoration, and then again
whenever as much time as since it has passed, for a week: somebody may have been writing on a train. What it finds is
written as a paragraph near where it stood, under the name of who wrote it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa

from app import audit, clock
from app.db import note, session
from app.errors import MovedOn, Unavailable
from drafts import log, moments, reopening
from drafts.events import DraftTextMoved
from drafts.history_models import DraftRestoration
from drafts.restoring import under_administrations

__all__ = ["Found", "due", "look", "put_back", "put_off", "stop_watching"]

WATCHED = timedelta(days=7)
# Rows since a restoration that are looked through; a text that moved on so far has other ways back.
MOST_ROWS = 20_000
CLIENT_IDS = 64


@dataclass(frozen=True)
class Found:
    """Rows that bring lost words back, made on the text at `seq`; `watched` are the restorations that were looked at."""

    draft_id: int
    seq: int
    history: str
    rows: tuple[tuple[int, int, bytes], ...]
    watched: tuple[int, ...]
    give_up: bool


def due() -> list[int]:
    """Drafts in which it is time to look."""
    return list(
        session().scalars(
            sa.select(DraftRestoration.draft_id)
            .where(DraftRestoration.look_at <= clock.now())
            .distinct()
            .order_by(DraftRestoration.draft_id)
            .limit(20)
        )
    )


def look(draft_id: int) -> Found:
    """What was lost in a draft since it was last looked at. Waits for the child: while reading.

    Raises Missing for a draft in the bin, Unavailable.
    """
    draft = log.draft_row(draft_id)
    session().refresh(draft)
    open_ = list(
        session().scalars(
            sa.select(DraftRestoration)
            .where(DraftRestoration.draft_id == draft_id, DraftRestoration.look_at.is_not(None))
            .order_by(DraftRestoration.first_seq)
        )
    )
    watched = tuple(one.id for one in open_)
    if not open_:
        return Found(draft_id, draft.head_seq, draft.history, (), watched, True)
    base, looked = min(one.base_seq for one in open_), min(one.looked_seq for one in open_)
    # Another life of the document began: what is lost there is in its log, and the healing says so.
    give_up = any(one.history != draft.history for one in open_) or draft.head_seq - base > MOST_ROWS
    ours = _ours(draft_id, base)
    if give_up or draft.head_seq <= looked:
        return Found(draft_id, draft.head_seq, draft.history, (), watched, give_up)
    before, now = log.stored(draft, base), log.stored(draft, draft.head_seq)
    if now.fault is not None:
        return Found(draft_id, draft.head_seq, draft.history, (), watched, True)
    heads = [reopening.request(before, authors=False), reopening.request(now, authors=True)]
    since = log.rows(draft_id, base, draft.head_seq)
    answer, updates = moments.asked(
        "rescue",
        {
            "before": heads[0][0],
            "now": heads[1][0],
            "since": [[row.seq, row.person_id, len(row.update)] for row in since],
            "ours": ours,
            "looked": looked,
            "clients": log.free_client_ids(draft_id, CLIENT_IDS),
        },
        [*heads[0][1], *heads[1][1], [row.update for row in since]],
    )
    if "error" in answer:
        raise Unavailable(str(answer["error"]))
    rows = tuple(
        (person, client, update) for (person, client), update in zip(answer["rows"], updates, strict=True)
    )
    return Found(draft_id, draft.head_seq, draft.history, rows, watched, False)


def _ours(draft_id: int, base: int) -> list[list[int]]:
    """The restorations since `base`: on which number each was made, its first row and its last."""
    found = session().execute(
        sa.select(DraftRestoration.base_seq, DraftRestoration.first_seq, DraftRestoration.last_seq)
        .where(DraftRestoration.draft_id == draft_id, DraftRestoration.last_seq > base)
        .order_by(DraftRestoration.first_seq)
    )
    return [list(one) for one in found]


def put_back(found: Found) -> int:
    """Write what was found, and say when to look again. Returns how many rows were written. Raises MovedOn."""
    draft = log.lock_draft(found.draft_id)
    if draft.history != found.history:
        raise MovedOn
    now = clock.now()
    for one in session().scalars(
        sa.select(DraftRestoration).where(DraftRestoration.id.in_(found.watched)).with_for_update()
    ):
        age = now - one.at
        one.looked_seq = found.seq
        one.look_at = None if found.give_up or age > WATCHED else now + max(age, timedelta(seconds=2))
    session().flush()
    if not found.rows:
        return 0
    first, last = log.append_told(draft, under_administrations(found.rows), nobody=_who_restored(found))
    audit.record(None, "rescue_words", "draft", draft.id, first=first, last=last)
    note(DraftTextMoved(draft_id=draft.id))
    return last - first + 1


def _who_restored(found: Found) -> int:
    return (
        session()
        .scalars(sa.select(DraftRestoration.person_id).where(DraftRestoration.id.in_(found.watched)).limit(1))
        .one()
    )


def stop_watching(draft_id: int) -> None:
    """The draft is in the bin: its words are not to come back."""
    session().execute(
        sa.update(DraftRestoration).where(DraftRestoration.draft_id == draft_id).values(look_at=None)
    )


def put_off(draft_id: int) -> None:
    """It could not be looked at just now: not again before a minute."""
    session().execute(
        sa.update(DraftRestoration)
        .where(DraftRestoration.draft_id == draft_id, DraftRestoration.look_at.is_not(None))
        .values(look_at=clock.now() + timedelta(minutes=1))
    )
