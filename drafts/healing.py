"""A new life of a document: the text that its log still says, written anew, under a new `history`.

For two kinds of harm that no client can mend: a row that cannot be replayed, and blocks that cross one another,
so that the document written out and loaded again is another one. The text is replayed in a child, rows that
the gate refuses (and what builds on them) left out, and written into a document without a past, with its
authors. The log keeps all its rows; the new life begins with a checkpoint at the number that was reached.
Browsers that hold the old life hear `reload`, offer what they had not sent for copying, and begin anew.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass

import sqlalchemy as sa

from app import alerts, audit
from app.db import database, note, reading, session, unit_of_work
from app.errors import MovedOn
from app.extensions import gettext as _
from app.policy import Actor
from drafts import checkpoints, faults, log, reopening
from drafts.events import DraftTextMoved
from drafts.models import Checkpoint, Draft, DraftFault

__all__ = ["ASKED", "DIVERGED", "DIVERGENCE", "UNSTABLE", "Healed", "heal"]

DIVERGENCE = "draft_diverged"
# Why: a table differed from the replay; a replay differed from itself; an administrator asked.
DIVERGED, UNSTABLE, ASKED = "diverged", "unstable", "asked"
# Above all that are ever issued (drafts.log.MAX_CLIENT_ID), so that nobody goes on under it.
_CLIENT_ID = 2**32
# How often the text may move on while it is prepared.
_ATTEMPTS = 3


@dataclass(frozen=True)
class Healed:
    """`left_out`: the numbers of the rows that are not in the text any more."""

    history: str
    seq: int
    left_out: tuple[int, ...]


def heal(draft_id: int, actor: Actor | None, why: str) -> Healed:
    """Begin a new life of a draft with what its log still says. An edge: it opens its own transactions.

    Replaying takes a while and is done before anything is locked; when somebody writes meanwhile it is done
    again. Raises Missing, or MovedOn when that never ends.
    """
    for _attempt in range(_ATTEMPTS):
        with reading():
            draft = log.draft_row(draft_id)
            session().refresh(draft)
            before = draft.history
            head, checkpoint, left_out = _prepare(draft)
        with unit_of_work():
            locked = log.lock_draft(draft_id)
            if (locked.head_seq, locked.history) == (head, before):
                return _begin(locked, checkpoint, actor, why, left_out)
            if locked.history != before:
                return Healed(locked.history, locked.head_seq, ())
    if not database().is_sqlite:
        # People write at other processes, which do not know yet: now they wait, their strokes are sent again.
        with unit_of_work():
            locked = log.lock_draft(draft_id)
            head, checkpoint, left_out = _prepare(locked)
            return _begin(locked, checkpoint, actor, why, left_out)
    raise MovedOn(_("On écrit trop vite dans ce texte pour le réparer : réessayez."))


def _prepare(draft: Draft) -> tuple[int, Checkpoint, list[int]]:
    head = draft.head_seq
    whole = log.stored(draft, head)
    # All rows are tried again, those behind a fault as well: what does not build on the bad one stands.
    left, answer, parts = reopening.in_child(
        reopening.without_fault(whole), authors=True, do="begin_again", client=_CLIENT_ID
    )
    if answer is None:
        raise faults.TextDamaged
    left_out = list(answer["left_out"])
    if left.fault is not None:
        left_out += [row.seq for row in whole.tail if row.seq >= left.fault.seq]
    state, room_index, authorship, _vector = parts
    checkpoint = checkpoints.of_state(draft.id, head, secrets.token_hex(8), state, authorship, room_index)
    return head, checkpoint, left_out


def _begin(
    draft: Draft, checkpoint: Checkpoint, actor: Actor | None, why: str, left_out: list[int]
) -> Healed:
    session().execute(
        sa.delete(Checkpoint).where(Checkpoint.draft_id == draft.id, Checkpoint.seq == checkpoint.seq)
    )
    session().execute(sa.delete(DraftFault).where(DraftFault.draft_id == draft.id))
    draft.history, draft.history_seq = checkpoint.history, checkpoint.seq
    session().add(checkpoint)
    session().flush()
    faults.forget(draft.id)
    audit.record(
        actor.id if actor else None,
        "heal",
        "draft",
        draft.id,
        why=why,
        seq=checkpoint.seq,
        left_out=left_out[:100],
    )
    alerts.settle(faults.ALERT, faults.subject(draft.id))
    if why != ASKED:
        alerts.raise_alert(DIVERGENCE, faults.subject(draft.id), f"{why} at {checkpoint.seq}")
    note(DraftTextMoved(draft_id=draft.id))
    return Healed(draft.history, checkpoint.seq, tuple(left_out))
