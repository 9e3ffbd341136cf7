"""What a séance of a lab is told of the lab's texts (labs.texts): their names, how far they are, who wrote how much in
between, and which remarks are open."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

import sqlalchemy as sa

from app.accounts.models import Person
from app.db import session
from app.directory.models import Administration
from app.extensions import gettext as _
from drafts import log, queries
from drafts.grammar import passages
from drafts.models import Draft, DraftClient, DraftUpdate
from drafts.remark_models import Remark, RemarkMessage
from drafts.timeline import counted
from labs import texts
from labs.texts import Block, Contribution, OpenRemark, Version

# Blocks one can point at, and of each so many characters.
MOST_BLOCKS, LONGEST_WORDS = 400, 160
MOST_REMARKS = 200
# Rows read at a time, in the worker: an update of one keystroke takes some microseconds to count.
PARCEL = 2000


class LabTexts:
    """The shelf of this room."""

    def titles(self, lab_id: int) -> dict[int, str]:
        rows = session().execute(
            sa.select(Draft.id, Draft.title)
            .where(Draft.lab_id == lab_id, Draft.trashed_at.is_(None))
            .order_by(Draft.title, Draft.id)
        )
        return dict(rows.all())

    def heads(self, lab_id: int) -> dict[int, int]:
        rows = session().execute(
            sa.select(Draft.id, Draft.head_seq).where(Draft.lab_id == lab_id, Draft.trashed_at.is_(None))
        )
        return dict(rows.all())

    def blocks(self, draft_id: int) -> tuple[Block, ...]:
        found = passages(log.text(draft_id).tree)
        return tuple(
            Block(block, words[:LONGEST_WORDS])
            for block, words in list(found.items())[:MOST_BLOCKS]
            if words.strip()
        )

    def version(self, draft_id: int, block: str | None) -> Version:
        draft = queries.draft_numbered(draft_id)
        data = queries.draft_data(draft)
        words = passages(data.blocks).get(block, "") if block else ""
        return Version(
            draft_id=draft.id,
            title=draft.title,
            seq=data.seq,
            fingerprint=data.fingerprint,
            block=block if words else None,
            words=words[:LONGEST_WORDS],
        )

    def contributions(
        self, lab_id: int, since: Mapping[int, int], until: Mapping[int, int]
    ) -> list[Contribution]:
        found: list[Contribution] = []
        for draft_id, seq in until.items():
            sums = _sums(draft_id, since.get(draft_id, 0), seq)
            found += [Contribution(draft_id, place, *counts) for place, counts in sums.items() if any(counts)]
        return sorted(found, key=lambda one: (one.draft_id, -one.inserted - one.deleted, one.administration))

    def open_remarks(self, lab_id: int) -> list[OpenRemark]:
        first = (
            sa.select(sa.func.min(RemarkMessage.id))
            .where(RemarkMessage.remark_id == Remark.id)
            .correlate(Remark)
            .scalar_subquery()
        )
        rows = session().execute(
            sa.select(Draft.id, Draft.title, Person.name, RemarkMessage.text, Remark.blocking)
            .select_from(Remark)
            .join(Draft, Draft.id == Remark.draft_id)
            .join(RemarkMessage, RemarkMessage.id == first)
            .join(Person, Person.id == Remark.opened_by)
            .where(Draft.lab_id == lab_id, Draft.trashed_at.is_(None), Remark.resolved_at.is_(None))
            .order_by(Draft.title, Draft.id, Remark.id)
            .limit(MOST_REMARKS)
        )
        return [OpenRemark(*row) for row in rows]


def _sums(draft_id: int, after: int, until: int) -> dict[str, list[int]]:
    """{administration: [characters brought, taken out]}, as the time line of the draft counts them."""
    sums: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    while after < until:
        rows = (
            session()
            .execute(
                sa.select(DraftUpdate.seq, DraftUpdate.update, Administration.acronym, Administration.name)
                .outerjoin(
                    DraftClient,
                    (DraftClient.draft_id == DraftUpdate.draft_id)
                    & (DraftClient.client_id == DraftUpdate.client_id),
                )
                .outerjoin(Administration, Administration.id == DraftClient.administration_id)
                .where(
                    DraftUpdate.draft_id == draft_id,
                    DraftUpdate.seq > after,
                    DraftUpdate.seq <= until,
                    # What nobody wrote (anchors of remarks) is nobody's.
                    DraftUpdate.person_id.is_not(None),
                )
                .order_by(DraftUpdate.seq)
                .limit(PARCEL)
            )
            .all()
        )
        for seq, update, acronym, name in rows:
            inserted, deleted = counted(bytes(update))
            place = sums[acronym or name or _("Invités")]
            place[0] += inserted
            place[1] += deleted
            after = seq
        if len(rows) < PARCEL:
            break
    return sums


texts.keep(LabTexts())
