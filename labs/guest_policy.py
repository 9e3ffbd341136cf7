"""Who stands before a guest's link, and whether it still opens: asked for every request, since a link can be taken back.

What a guest may do once inside is said by their membership, as for everybody (`labs.policy`).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from app.accounts.mailed_links import link_called
from app.accounts.models import PersonKind, PersonStatus
from app.policy import Act, Actor, judges
from labs.guest_models import GuestLink


class LinkState(StrEnum):
    """`account`: who was a guest has an account by now, which is the way in."""

    GOOD = "good"
    EXPIRED = "expired"
    REVOKED = "revoked"
    ACCOUNT = "account"


def state_of(link: GuestLink) -> LinkState:
    if link.revoked_at is not None:
        return LinkState.REVOKED
    if link.person.kind is not PersonKind.GUEST:
        return LinkState.ACCOUNT
    if link.is_over or link.person.status is not PersonStatus.ACTIVE:
        return LinkState.EXPIRED
    return LinkState.GOOD


@dataclass(frozen=True)
class Knock:
    """Whoever stands before a link, good or not any more."""

    link: GuestLink
    state: LinkState


def knock_at(token: str) -> Knock:
    """Raises Missing for a link that never was."""
    link = link_called(GuestLink, token)
    return Knock(link, state_of(link))


@judges(Knock)
def acts_on_knock(_actor: Actor, _knock: Knock) -> frozenset[Act]:
    """Whoever holds the link may knock, whether it is still good or not: they are told which."""
    return frozenset({Act.GUEST_KNOCK})
