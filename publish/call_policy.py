"""Who may do what to a call to the public. Its public page is for everybody, as every page of the portal."""

from __future__ import annotations

import sqlalchemy as sa

from app.db import session
from app.policy import Act, Actor, PortalRole, acts_for, judges
from labs.models import Lab, LabKind, Membership
from publish.call_models import Call, CallState


class Calls:
    """The calls as a whole: the list, and one that is still to be prepared."""


CALLS = Calls()


def is_agent(actor: Actor) -> bool:
    return actor.is_authenticated and not actor.is_guest and actor.administration_id is not None


def labs_to_call_for(actor: Actor) -> list[Lab]:
    """The labs in whose name a person may put a call: those they facilitate; for communication agents those open to all."""
    if not is_agent(actor):
        return []
    mine = sa.select(Membership.lab_id).where(
        Membership.person_id == actor.id, Membership.is_facilitator, Membership.removed_at.is_(None)
    )
    which: sa.ColumnElement[bool] = Lab.id.in_(mine)
    if PortalRole.COMMUNICATION in actor.roles:
        which |= Lab.open_to_requests & (Lab.kind == LabKind.SHARED)
    found = session().scalars(sa.select(Lab).where(which).order_by(Lab.title, Lab.id))
    return [lab for lab in found if Act.LAB_SEE in acts_for(actor, lab)]


@judges(Calls)
def acts_on_calls(actor: Actor, _calls: Calls) -> frozenset[Act]:
    if not is_agent(actor):
        return frozenset()
    acts = {Act.CALL_SEE}
    if PortalRole.COMMUNICATION in actor.roles or labs_to_call_for(actor):
        acts.add(Act.CALL_EDIT)
    return frozenset(acts)


@judges(Call)
def acts_on_call(actor: Actor, call: Call) -> frozenset[Act]:
    """SEE is the results and the words: for who answers for the call, and for the members of its lab."""
    if not is_agent(actor):
        return frozenset()
    in_lab = (
        acts_for(actor, session().get_one(Lab, call.lab_id)) if call.lab_id is not None else frozenset[Act]()
    )
    if PortalRole.COMMUNICATION in actor.roles or Act.LAB_LEAD in in_lab:
        return frozenset({Act.CALL_SEE, Act.CALL_EDIT, Act.CALL_KEY_IN})
    acts: set[Act] = set()
    if Act.LAB_READ in in_lab:
        acts.add(Act.CALL_SEE)
    if PortalRole.MEDIATOR in actor.roles and call.state is not CallState.DRAFT:
        acts.add(Act.CALL_KEY_IN)
    return frozenset(acts)
