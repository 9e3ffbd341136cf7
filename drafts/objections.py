"""The objections to a revision, folded from its acts: raised by an administration, lifted by it, or arbitrated."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import sqlalchemy as sa

from app.db import session
from drafts.review_models import DraftAct
from drafts.stages import Deed

# So many people settle an objection together (editorial model, section 4).
ARBITERS = 2


@dataclass(frozen=True)
class Raised:
    """An objection that was not lifted, and who has arbitrated it since."""

    act: DraftAct
    arbiters: dict[int, DraftAct]

    @property
    def stands(self) -> bool:
        return len(self.arbiters) < ARBITERS


def objections_to(revision_id: int) -> list[DraftAct]:
    """The objections that stand, one per administration: neither lifted by it nor arbitrated by two people since."""
    return [found.act for found in raised(revision_id) if found.stands]


def raised(revision_id: int) -> list[Raised]:
    """The objections that were not lifted, one per administration, settled ones among them."""
    return raised_against([revision_id]).get(revision_id, [])


def raised_against(revision_ids: Collection[int]) -> dict[int, list[Raised]]:
    """As `raised`, for several revisions at once."""
    found: dict[int, dict[int | None, Raised]] = {}
    for act in session().scalars(
        sa.select(DraftAct)
        .where(
            DraftAct.revision_id.in_(revision_ids),
            DraftAct.deed.in_([Deed.OBJECT, Deed.LIFT_OBJECTION, Deed.ARBITRATE]),
        )
        .order_by(DraftAct.number)
    ):
        here = found.setdefault(act.revision_id or 0, {})
        if act.deed is Deed.OBJECT:
            here[act.administration_id] = Raised(act, {})
        elif act.deed is Deed.LIFT_OBJECTION:
            here.pop(act.administration_id, None)
        elif act.administration_id in here and act.person_id is not None:
            here[act.administration_id].arbiters.setdefault(act.person_id, act)
    return {revision: list(raised.values()) for revision, raised in found.items()}


def arbiters_of(revision_id: int, administration_id: int) -> frozenset[int]:
    """Who has arbitrated the objection of an administration since it was raised."""
    return frozenset(
        person
        for found in raised(revision_id)
        if found.act.administration_id == administration_id
        for person in found.arbiters
    )


def arbitrated(revision_id: int) -> list[tuple[DraftAct, list[DraftAct]]]:
    """The objections that two people have settled, each with the acts of those two."""
    return [(found.act, list(found.arbiters.values())) for found in raised(revision_id) if not found.stands]
