"""Documents whose log cannot be replayed to its end: what was found, what is written down, what it means.

Whoever reads a document finds a fault the same way, since judging a row is a function of the bytes before it.
What reads does not write: a fault is remembered here and written down by the next beat of the process, with an
alert for the administrators. Once written, everybody stops at the row before it without trying again; a row
that kills who replays it could not be found by everybody anew.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass

import sqlalchemy as sa

from app import alerts, clock
from app.db import session, unit_of_work
from app.errors import Refused
from app.extensions import gettext as _
from drafts.models import Checkpoint, Draft, DraftFault

__all__ = [
    "ALERT",
    "Fault",
    "TextDamaged",
    "among",
    "bad_checkpoint",
    "fault_of",
    "forget",
    "found",
    "subject",
    "write_down",
]

logger = logging.getLogger(__name__)
ALERT = "draft_damaged"


@dataclass(frozen=True)
class Fault:
    """From `seq` on the log cannot be replayed. `why`: a code of the gate, "broken", "died" or "slow"."""

    draft_id: int
    history: str
    seq: int
    why: str


class TextDamaged(Refused):
    """Part of the text cannot be read: it is read-only until it has been healed."""

    def __init__(self) -> None:
        super().__init__(
            _(
                "Une partie de ce texte ne peut plus être relue : il est en lecture seule jusqu’à sa réparation. "
                "L’administrateur du portail est prévenu."
            )
        )


_found: dict[int, Fault] = {}
_bad_checkpoints: set[tuple[int, int]] = set()


def subject(draft_id: int) -> str:
    """What alerts about a draft are about."""
    return f"draft:{draft_id}"


def found(fault: Fault) -> None:
    """Remember a fault until it is written down. Can be called while reading."""
    known = _found.get(fault.draft_id)
    if known is None or known.history != fault.history or fault.seq < known.seq:
        logger.error("draft %s: row %s cannot be replayed (%s)", fault.draft_id, fault.seq, fault.why)
        _found[fault.draft_id] = fault


def bad_checkpoint(draft_id: int, seq: int) -> None:
    """Remember a checkpoint that is not the one that was verified: the rows say the same, so it goes."""
    logger.error("draft %s: the checkpoint at %s is not the one that was verified", draft_id, seq)
    _bad_checkpoints.add((draft_id, seq))


def forget(draft_id: int) -> None:
    """The document was healed: what was found of its earlier life is settled."""
    _found.pop(draft_id, None)


def write_down() -> list[int]:
    """Write what was found, each in a transaction of its own; the drafts for which something changed."""
    written = []
    for key in list(_bad_checkpoints):
        with unit_of_work():
            _drop_checkpoint(*key)
        _bad_checkpoints.discard(key)
    for draft_id, fault in list(_found.items()):
        with unit_of_work():
            if _write(fault):
                written.append(draft_id)
        _found.pop(draft_id, None)
    return written


def _drop_checkpoint(draft_id: int, seq: int) -> None:
    draft, checkpoint = session().get(Draft, draft_id), session().get(Checkpoint, (draft_id, seq))
    # To the first one of a life no row leads: it stays, and is opened in a child each time.
    if draft is not None and checkpoint is not None and seq != draft.history_seq:
        session().delete(checkpoint)


def _write(fault: Fault) -> bool:
    draft = session().get(Draft, fault.draft_id, with_for_update=True, populate_existing=True)
    if draft is None or draft.history != fault.history:
        return False
    known = session().get(DraftFault, fault.draft_id)
    if known is not None and known.history == fault.history and known.seq <= fault.seq:
        return False
    if known is None:
        known = DraftFault(draft_id=fault.draft_id)
        session().add(known)
    known.history, known.seq, known.why, known.found_at = fault.history, fault.seq, fault.why, clock.now()
    alerts.raise_alert(ALERT, subject(fault.draft_id), f"row {fault.seq}: {fault.why}")
    return True


def fault_of(draft: Draft) -> Fault | None:
    """The fault that is written down for this life of a draft, or was found by this process just now."""
    row = session().get(DraftFault, draft.id, populate_existing=True)
    if row is not None and row.history == draft.history:
        return Fault(draft.id, row.history, row.seq, row.why)
    fresh = _found.get(draft.id)
    return fresh if fresh is not None and fresh.history == draft.history else None


def among(draft_ids: list[int]) -> set[int]:
    """Which of these drafts have a fault in their present life."""
    if not draft_ids:
        return set()
    return set(
        session().scalars(
            sa.select(DraftFault.draft_id)
            .join(Draft, sa.and_(Draft.id == DraftFault.draft_id, Draft.history == DraftFault.history))
            .where(DraftFault.draft_id.in_(draft_ids))
        )
    )
