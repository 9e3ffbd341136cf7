"""Who may do what to a wish, beside its author, who has no account."""

from __future__ import annotations

from app.db import session
from app.policy import PORTAL, Act, Actor, acts_for, judges
from labs.models import Lab
from labs.wish_models import Standing, Wish


@judges(Wish)
def acts_on_wish(actor: Actor, wish: Wish) -> frozenset[Act]:
    """What becomes of it is for who leads its lab to say, for portal editors and for administrators; a moderator, and who may say
    what becomes of it, merges it. Who facilitates a lab takes it up in the name of that lab (`Act.LAB_LEAD`)."""
    portal = acts_for(actor, PORTAL)
    acts = portal & {Act.PORTAL_MODERATE}
    if acts:
        acts |= {Act.WISH_MERGE}
    if wish.standing is Standing.SHOWN:
        acts |= portal & {Act.PORTAL_READ, Act.PORTAL_WORK}
        if portal & {Act.PORTAL_PUBLISH, Act.PORTAL_ADMINISTER} or _leads_its_lab(actor, wish):
            acts |= {Act.WISH_DECIDE, Act.WISH_MERGE}
    # Every agent sees what is being done about what the public reads.
    if acts & {Act.WISH_MERGE, Act.PORTAL_WORK}:
        acts |= {Act.WISH_SEE}
    return acts


def _leads_its_lab(actor: Actor, wish: Wish) -> bool:
    lab = session().get(Lab, wish.lab_id) if wish.lab_id is not None else None
    return lab is not None and Act.LAB_LEAD in acts_for(actor, lab)
