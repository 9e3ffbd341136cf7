"""Checkpoints: a document and its authors at one number, verified by loading it before it is believed.

The rows stay, so a checkpoint is only speed. It is made in a child process: the log of a draft is replayed
there, written out, loaded again and compared.
"""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa

from app import clock
from app.db import session
from drafts import document, log, packed_index, reopening
from drafts.gate import RoomIndex
from drafts.models import Checkpoint, Draft, DraftFault, DraftUpdate
from drafts.review_models import Revision

__all__ = [
    "CHECKPOINT_EVERY",
    "MILESTONE_EVERY",
    "Unstable",
    "due",
    "keep",
    "long_drafts",
    "made_of",
    "missing_milestone",
    "of_state",
    "prepare",
]

# A checkpoint when the tail is this long: a replay of 1,000 keystrokes takes some 10 ms (40,000 take 0.36 s). A table
# of fifty who all type has one every four seconds.
CHECKPOINT_EVERY = 1_000
# A text in which nobody writes any more gets one for a shorter tail: it opens in half the time next morning.
CHECKPOINT_RESTING, RESTING = 50, timedelta(minutes=1)
# The newest three, for the case that one is found damaged.
KEPT = 3
# One in so many rows is kept for ever, so that any moment is this near to one (docs/together/history.md): 2,500 rows
# are replayed in a tenth of a second, in half a second with every word’s author. One is smaller than the rows it saves.
MILESTONE_EVERY = 2_500


class Unstable(Exception):
    """The document, written out and loaded again, is another one: blocks in it cross one another."""


def due(limit: int = 20) -> list[int]:
    """Drafts whose tail is long for whether they are being written, counted from what is vouched for; not damaged ones."""
    newest = (
        sa.select(Checkpoint.draft_id, Checkpoint.history, sa.func.max(Checkpoint.seq).label("seq"))
        .where(Checkpoint.digest.is_not(None))
        .group_by(Checkpoint.draft_id, Checkpoint.history)
        .subquery()
    )
    since = sa.func.coalesce(newest.c.seq, 0)
    return list(
        session().scalars(
            sa.select(Draft.id)
            .outerjoin(newest, sa.and_(newest.c.draft_id == Draft.id, newest.c.history == Draft.history))
            .outerjoin(
                DraftFault, sa.and_(DraftFault.draft_id == Draft.id, DraftFault.history == Draft.history)
            )
            .where(
                DraftFault.draft_id.is_(None),
                Draft.trashed_at.is_(None),
                sa.or_(
                    Draft.head_seq - since >= CHECKPOINT_EVERY,
                    sa.and_(
                        Draft.head_seq - since >= CHECKPOINT_RESTING,
                        sa.select(DraftUpdate.at)
                        .where(DraftUpdate.draft_id == Draft.id, DraftUpdate.seq == Draft.head_seq)
                        .scalar_subquery()
                        < clock.now() - RESTING,
                    ),
                ),
            )
            .order_by(Draft.id)
            .limit(limit)
        )
    )


def prepare(draft_id: int, seq: int | None = None) -> Checkpoint | None:
    """A checkpoint at the head (or at `seq`), replayed and verified in the child; None when the log breaks before it.

    Call it while reading, never in a write transaction. Raises Unstable.
    """
    draft = session().get_one(Draft, draft_id, populate_existing=True)
    left, answer, parts = reopening.in_child(
        log.stored(draft, draft.head_seq if seq is None else seq), authors=True
    )
    if answer is None or left.fault is not None:
        return None
    if not answer["stable"]:
        raise Unstable
    state, room_index, authorship, _vector = parts
    return of_state(draft_id, answer["seq"], draft.history, state, authorship, room_index)


def made_of(loaded: log.Loaded) -> Checkpoint | None:
    """A checkpoint of what was loaded, for who holds it anyway; None when it would not hold."""
    state = document.state(loaded.doc)
    again = document.replay(state, ())
    if (
        loaded.fault is not None
        or document.read_tree(again) != loaded.tree
        or document.state_vector(again) != document.state_vector(loaded.doc)
    ):
        return None
    room_index = packed_index.pack(RoomIndex.of(state))
    return of_state(
        loaded.draft.id, loaded.seq, loaded.draft.history, state, loaded.runs.encode(memory=True), room_index
    )


def of_state(
    draft_id: int, seq: int, history: str, state: bytes, authorship: bytes, room_index: bytes
) -> Checkpoint:
    """The row of a state that was verified by loading it."""
    return Checkpoint(
        draft_id=draft_id,
        seq=seq,
        history=history,
        state=state,
        authorship=authorship,
        room_index=room_index,
        digest=reopening.digest(seq, state, authorship, room_index),
        made_at=clock.now(),
    )


def keep(checkpoint: Checkpoint) -> None:
    """Store it, unless the draft began another life meanwhile; keep the newest, the milestones and those of revisions.

    What changed since the live edition is replayed from the number at which its revision was cut. The first
    one of a life stays too: no row leads to it.
    """
    draft = session().get(Draft, checkpoint.draft_id)
    if draft is None or draft.history != checkpoint.history:
        return
    known = session().get(Checkpoint, (checkpoint.draft_id, checkpoint.seq))
    if known is not None and (known.digest is None or known.history != checkpoint.history):
        session().delete(known)
        session().flush()
        known = None
    if known is None:
        session().add(checkpoint)
        session().flush()
    for seq in _needless(draft):
        session().execute(sa.delete(Checkpoint).where(Checkpoint.draft_id == draft.id, Checkpoint.seq == seq))


def _needless(draft: Draft) -> list[int]:
    """Checkpoints of this life that nobody needs: neither new, nor a revision's, nor the milestone of its stretch."""
    revisions = set(session().scalars(sa.select(Revision.seq).where(Revision.draft_id == draft.id)))
    # Those of an earlier life are all that is left of it.
    held = session().scalars(
        sa.select(Checkpoint.seq)
        .where(Checkpoint.draft_id == draft.id, Checkpoint.history == draft.history)
        .order_by(Checkpoint.seq)
    )
    milestones: dict[int, int] = {}
    seqs = list(held)
    for seq in seqs:
        milestones.setdefault(seq // MILESTONE_EVERY, seq)
    kept = revisions | set(milestones.values()) | set(seqs[-KEPT:]) | {draft.history_seq}
    return [seq for seq in seqs if seq not in kept]


def missing_milestone(draft_id: int) -> int | None:
    """The first number at which a milestone is wanted and far from any; None when the draft has what it needs.

    A text that was written before there were milestones, or faster than checkpoints were made, gets them later.
    """
    draft = session().get(Draft, draft_id)
    if draft is None or draft.trashed_at is not None:
        return None
    held = session().scalars(
        sa.select(Checkpoint.seq)
        .where(
            Checkpoint.draft_id == draft_id,
            Checkpoint.history == draft.history,
            Checkpoint.digest.is_not(None),
        )
        .order_by(Checkpoint.seq)
    )
    before = draft.history_seq
    for seq in [*held, draft.head_seq]:
        if seq - before > 2 * MILESTONE_EVERY:
            return before + MILESTONE_EVERY
        before = max(before, seq)
    return None


def long_drafts() -> list[tuple[int, int]]:
    """(draft, its number) of those long enough to need milestones, and not damaged."""
    rows = session().execute(
        sa.select(Draft.id, Draft.head_seq)
        .outerjoin(DraftFault, sa.and_(DraftFault.draft_id == Draft.id, DraftFault.history == Draft.history))
        .where(
            DraftFault.draft_id.is_(None),
            Draft.trashed_at.is_(None),
            Draft.head_seq - Draft.history_seq > 2 * MILESTONE_EVERY,
        )
        .order_by(Draft.id)
    )
    return [(draft_id, head) for draft_id, head in rows]
