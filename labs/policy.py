"""Who may do what to a lab."""

from __future__ import annotations

import sqlalchemy as sa

from app.db import session
from app.policy import Act, Actor, judges
from labs.models import Lab, LabKind, Membership
from labs.roles import Right, up_to


def membership(actor: Actor, lab_id: int) -> Membership | None:
    """The living membership of a person in a lab."""
    if not actor.is_authenticated:
        return None
    return (
        session()
        .scalars(
            sa.select(Membership).where(
                Membership.lab_id == lab_id, Membership.person_id == actor.id, Membership.removed_at.is_(None)
            )
        )
        .first()
    )


def rights_in(actor: Actor, lab_id: int) -> frozenset[Right]:
    """The rights a membership gives on every draft of the lab; a facilitator has them all."""
    held = membership(actor, lab_id)
    if held is None:
        return frozenset()
    return up_to(Right.WRITE) if held.is_facilitator else up_to(held.right)


@judges(Lab)
def acts_on_lab(actor: Actor, lab: Lab) -> frozenset[Act]:
    held = membership(actor, lab.id)
    acts: set[Act] = set()
    if held is not None:
        acts |= {Act.LAB_SEE, Act.LAB_READ}
        if held.is_facilitator or held.right is Right.WRITE:
            acts.add(Act.LAB_WRITE)
        if held.is_facilitator:
            acts.add(Act.LAB_LEAD)
    elif actor.is_authenticated and actor.administration_id is not None and lab.open_to_requests:
        # A permanent lab stays out of sight until it invites someone.
        if lab.kind is LabKind.SHARED:
            acts.add(Act.LAB_SEE)
    return frozenset(acts)
