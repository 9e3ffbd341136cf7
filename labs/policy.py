"""Who may do what to a lab."""

from __future__ import annotations

import sqlalchemy as sa

from app import clock
from app.db import session
from app.policy import Act, Actor, PortalRole, judges
from labs.cycle_models import Cycle
from labs.joining_models import LabInvitation
from labs.models import Lab, LabKind, Membership
from labs.roles import Right, up_to


def confined_to(lab_id: int) -> str:
    """The word by which a sign-in is held to one lab (Actor.confined_to)."""
    return f"lab:{lab_id}"


def membership(actor: Actor, lab_id: int) -> Membership | None:
    """The living membership of a person in a lab. That of a guest lives no longer than their link."""
    if not actor.is_authenticated or actor.confined_to not in (None, confined_to(lab_id)):
        return None
    return (
        session()
        .scalars(
            sa.select(Membership).where(
                Membership.lab_id == lab_id,
                Membership.person_id == actor.id,
                Membership.removed_at.is_(None),
                Membership.until.is_(None) | (Membership.until > clock.now()),
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


def open_invitation(actor: Actor, lab_id: int) -> LabInvitation | None:
    """The place that is offered to a person and waits for their answer."""
    return (
        session()
        .scalars(
            sa.select(LabInvitation).where(
                LabInvitation.lab_id == lab_id,
                LabInvitation.person_id == actor.id,
                LabInvitation.outcome.is_(None),
                LabInvitation.expires_at > clock.now(),
            )
        )
        .first()
    )


@judges(Lab)
def acts_on_lab(actor: Actor, lab: Lab) -> frozenset[Act]:
    held = membership(actor, lab.id)
    if held is not None:
        return _acts_of_a_member(actor, held)
    if not actor.is_authenticated or actor.is_guest or actor.is_citizen:
        return frozenset()
    acts: set[Act] = set()
    if open_invitation(actor, lab.id) is not None:
        acts |= {Act.LAB_SEE, Act.LAB_ANSWER}
    # A permanent lab stays out of sight until it invites someone.
    if actor.administration_id is not None and lab.open_to_requests and lab.kind is LabKind.SHARED:
        acts |= {Act.LAB_SEE, Act.LAB_ASK}
    return frozenset(acts)


def _acts_of_a_member(actor: Actor, held: Membership) -> frozenset[Act]:
    acts = {Act.LAB_SEE, Act.LAB_READ}
    # A guest may write in a text; which texts the lab has is for its members to say.
    if not actor.is_guest and (held.is_facilitator or held.right is Right.WRITE):
        acts.add(Act.LAB_WRITE)
    if held.is_facilitator:
        acts.add(Act.LAB_LEAD)
    return frozenset(acts)


class Labs:
    """The labs as a whole: one that is still to be founded."""


LABS = Labs()


@judges(Labs)
def acts_on_labs(actor: Actor, _labs: Labs) -> frozenset[Act]:
    """Every agent may bring administrations together; nobody else has to be asked first."""
    return frozenset({Act.LAB_FOUND} if actor.administration_id is not None and not actor.is_guest else ())


class Cycles:
    """The cycles as a whole: the list, and a cycle that is still to be made."""


CYCLES = Cycles()


@judges(Cycles)
@judges(Cycle)
def acts_on_cycle(actor: Actor, _cycle: Cycle | Cycles) -> frozenset[Act]:
    """Seen by all agents. The portal has one row of cycles, so administrators make them; who facilitates a lab says
    whether it works in one (`LAB_LEAD`)."""
    acts: set[Act] = set()
    if actor.administration_id is not None or PortalRole.ADMINISTRATOR in actor.roles:
        acts.add(Act.CYCLE_SEE)
    if PortalRole.ADMINISTRATOR in actor.roles:
        acts.add(Act.CYCLE_EDIT)
    return frozenset(acts)
