"""Who may have packs made: agents, and mediators wherever they work."""

from __future__ import annotations

from app.policy import Act, Actor, PortalRole, judges


class Packs:
    """The packs as a whole: each is made of what everybody may read."""


PACKS = Packs()


@judges(Packs)
def acts_on_packs(actor: Actor, _packs: Packs) -> frozenset[Act]:
    works_here = actor.administration_id is not None or PortalRole.MEDIATOR in actor.roles
    outside = actor.is_guest or actor.is_citizen or actor.confined_to is not None
    return (
        frozenset({Act.PACK_MAKE}) if actor.is_authenticated and works_here and not outside else frozenset()
    )
