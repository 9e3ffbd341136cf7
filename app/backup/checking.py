"""What a restored database says of itself: everything that was frozen, written, published or noted still holds.

Reads the configured database, some rows at a time. Each check is one line, and says what it looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import sqlalchemy as sa

from app import audit
from app.backup.archive import Tell
from app.db import reading, session
from drafts import audit_heads, canonical, document, faults, log, redactions, reopening, seal
from drafts.models import Draft
from drafts.review_models import Revision
from publish import evidence
from publish.models import Edition

# Findings that are told one by one; the number of all of them is told anyway.
TOLD = 20
# A log that is longer is held against its checkpoints by their digests, not replayed from its first row: one of 40,000
# takes a second or two.
LONGEST_REPLAY = 40_000


@dataclass(frozen=True)
class Check:
    """`wrong`: what does not hold, one line each."""

    says: str
    wrong: tuple[str, ...] = ()


def all_checks(heads: Path, tell: Tell) -> Iterator[Check]:
    """`heads`: the folder with the noted ends of the audit chain. Opens its own readings."""
    yield _revisions(tell)
    yield _editions(tell)
    yield _drafts(tell)
    yield _chain(heads)


def _each(ids: list[int], look: Callable[[int], list[str]], tell: Tell) -> tuple[str, ...]:
    wrong: list[str] = []
    for done, number in enumerate(ids, 1):
        with reading():
            wrong += look(number)
        tell(done, len(ids))
    return tuple(wrong)


def _revisions(tell: Tell) -> Check:
    with reading():
        ids = list(session().scalars(sa.select(Revision.id).order_by(Revision.id)))
    return Check(f"{len(ids)} frozen versions: canonical form and fingerprint", _each(ids, _revision, tell))


def _revision(number: int) -> list[str]:
    revision = session().get_one(Revision, number)
    counted = canonical.fingerprint(revision.canonical)
    if counted != revision.fingerprint and not redactions.explains(
        "revision.canonical", revision.id, revision.fingerprint, counted
    ):
        return [f"frozen version {number}: its canonical form has another fingerprint"]
    if revision.canon == canonical.CANON:
        tree, _fields = canonical.parse(revision.canonical)
        if canonical.project(revision.tree) != tree:
            return [f"frozen version {number}: its text is not that of its canonical form"]
    return []


def _editions(tell: Tell) -> Check:
    with reading():
        ids, lost = evidence.all_ids(), evidence.lost()
    return Check(
        f"{len(ids)} editions: row, evidence and signatures as they were sealed",
        (*lost, *_each(ids, lambda number: evidence.examine(session().get_one(Edition, number)), tell)),
    )


def _drafts(tell: Tell) -> Check:
    with reading():
        ids = list(
            session().scalars(sa.select(Draft.id).where(Draft.trashed_at.is_(None)).order_by(Draft.id))
        )
    try:
        wrong = _each(ids, _draft, tell)
    finally:
        reopening.close()
    return Check(f"{len(ids)} drafts: log without a gap, text replayed to its last number", wrong)


def _draft(number: int) -> list[str]:
    draft = session().get_one(Draft, number)
    stored = log.stored(draft, draft.head_seq)
    if [row.seq for row in stored.tail] != list(
        range((stored.base.seq if stored.base else draft.history_seq) + 1, draft.head_seq + 1)
    ):
        return [f"draft {number}: rows of its log are missing"]
    if faults.fault_of(draft) is not None:
        return []  # It was known to be damaged before: an alert stands for it.
    opened = reopening.open_stored(stored)
    if opened.fault is not None or opened.seq != draft.head_seq:
        return [f"draft {number}: its log cannot be replayed beyond number {opened.seq}"]
    if stored.base is None or draft.history_seq or draft.head_seq > LONGEST_REPLAY:
        return []
    rows = tuple(
        log.StoredRow(row.seq, row.person_id, row.update) for row in log.rows(number, 0, draft.head_seq)
    )
    if rows and rows[0].seq == 1:
        whole = reopening.open_stored(replace(stored, base=None, tail=rows))
        if document.read_tree(whole.doc) != document.read_tree(opened.doc):
            return [f"draft {number}: its log and its checkpoint say different texts"]
    return []


def _chain(heads: Path) -> Check:
    wrong = []
    try:
        noted = list(audit_heads.noted(heads, seal.public_keys()))
    except audit_heads.HeadBroken as error:
        noted = []
        wrong.append(f"noted heads of the audit chain: {error}")
    with reading():
        broken = audit.verify(iter(noted))
        end = audit.head()
    if broken is not None:
        wrong.append(f"audit chain: {broken.says}")
    return Check(
        f"audit chain: {end.number} seals, through {len(noted)} noted heads; its end is {end}", tuple(wrong)
    )
