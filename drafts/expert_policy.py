"""Who is behind an expert's link, and what they may do: judged for every request, since a link can be taken back."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import sqlalchemy as sa

from app.accounts.mailed_links import link_called
from app.db import session
from app.policy import Act, Actor, judges
from drafts.expert_models import ExpertInvitation
from drafts.models import Draft
from drafts.review_models import OpenReview, Revision


class LinkState(StrEnum):
    """`closed`: the review that the link belongs to has ended."""

    GOOD = "good"
    EXPIRED = "expired"
    REVOKED = "revoked"
    CLOSED = "closed"


@dataclass(frozen=True)
class Seat:
    """An expert's place before one revision. `is_confirmed`: this browser has shown that the mail arrives with them."""

    invitation: ExpertInvitation
    revision: Revision
    draft: Draft
    state: LinkState
    is_confirmed: bool = False

    @property
    def expert(self) -> str:
        return self.invitation.name


def seat_at(token: str, confirmed: frozenset[int]) -> Seat:
    """The seat behind a token; `confirmed` are the invitations whose code was typed in here. Raises Missing."""
    invitation = link_called(ExpertInvitation, token)
    revision = session().get_one(Revision, invitation.revision_id)
    draft = session().get_one(Draft, revision.draft_id)
    return Seat(invitation, revision, draft, state_of(invitation, draft), invitation.id in confirmed)


def state_of(invitation: ExpertInvitation, draft: Draft) -> LinkState:
    if invitation.revoked_at is not None:
        return LinkState.REVOKED
    if invitation.is_over:
        return LinkState.EXPIRED
    is_open = session().scalar(
        sa.select(OpenReview.article_id).where(OpenReview.revision_id == invitation.revision_id)
    )
    if is_open is None or draft.trashed_at is not None:
        return LinkState.CLOSED
    return LinkState.GOOD


@judges(Seat)
def acts_on_seat(_actor: Actor, seat: Seat) -> frozenset[Act]:
    """Whoever holds the link may knock, whether it is still good or not: they are told. Who is confirmed advises."""
    if seat.state is LinkState.GOOD and seat.is_confirmed:
        return frozenset({Act.EXPERT_KNOCK, Act.EXPERT_ADVISE})
    return frozenset({Act.EXPERT_KNOCK})
