"""What the pages about experts show, as plain values: the invitations, the opinions, the remarks by block."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from markupsafe import Markup

from app import clock
from app.accounts.service import names_of
from app.db import session
from app.extensions import gettext as _
from drafts.card_queries import references_in
from drafts.expert_models import ExpertInvitation, ExpertOpinion, ExpertRemark, Opinion
from drafts.expert_policy import LinkState, Seat, state_of
from drafts.models import Draft
from drafts.queries import FieldLine, field_lines
from drafts.render import render_blocks
from drafts.review_models import Revision


@dataclass(frozen=True)
class ExpertRemarkRow:
    id: int
    expert: str
    block_id: str | None
    quote: str
    text: str
    at: datetime
    is_open: bool
    resolved_by: str


@dataclass(frozen=True)
class OpinionRow:
    expert: str
    opinion: Opinion
    word: str
    text: str
    at: datetime


@dataclass(frozen=True)
class InvitationRow:
    """An invitation as who invited sees it. `state_word` says whether the link opens anything; `email` is "" once it is
    forgotten."""

    id: int
    name: str
    email: str
    reason: str
    invited_by: str
    invited_at: datetime
    expires_at: datetime
    state: LinkState
    state_word: str
    opened_count: int
    opened_at: datetime | None
    opinion_word: str

    @property
    def is_good(self) -> bool:
        return self.state is LinkState.GOOD


@dataclass(frozen=True)
class ExpertPage:
    """What an expert reads: one frozen text, and what they said of it so far."""

    title: str
    number: int
    text: Markup
    fields: tuple[FieldLine, ...]
    reason: str
    invited_by: str
    expires_at: datetime
    opinion: OpinionRow | None
    remarks: tuple[ExpertRemarkRow, ...]


def opinion_word(opinion: Opinion) -> str:
    return {
        Opinion.FAVOURABLE: _("Avis favorable"),
        Opinion.RESERVED: _("Avis favorable avec réserves"),
        Opinion.UNFAVOURABLE: _("Avis défavorable"),
    }[opinion]


def state_word(state: LinkState) -> str:
    return {
        LinkState.GOOD: _("Lien en cours"),
        LinkState.EXPIRED: _("Lien expiré"),
        LinkState.REVOKED: _("Lien retiré"),
        LinkState.CLOSED: _("Relecture close"),
    }[state]


def opinions_of(revision: Revision) -> tuple[OpinionRow, ...]:
    """The opinions on a revision, the first that was given first."""
    rows = session().execute(
        sa.select(ExpertOpinion, ExpertInvitation.name)
        .join(ExpertInvitation, ExpertInvitation.id == ExpertOpinion.invitation_id)
        .where(ExpertOpinion.revision_id == revision.id)
        .order_by(ExpertOpinion.given_at, ExpertOpinion.invitation_id)
    )
    return tuple(_opinion(row, name) for row, name in rows)


def _opinion(row: ExpertOpinion, name: str) -> OpinionRow:
    return OpinionRow(name, row.opinion, opinion_word(row.opinion), row.text, row.changed_at)


def remarks_of(revision: Revision, invitation_id: int | None = None) -> tuple[ExpertRemarkRow, ...]:
    """The remarks of experts on a revision, or of one of them, in the order they were made."""
    query = (
        sa.select(ExpertRemark, ExpertInvitation.name)
        .join(ExpertInvitation, ExpertInvitation.id == ExpertRemark.invitation_id)
        .where(ExpertRemark.revision_id == revision.id)
        .order_by(ExpertRemark.id)
    )
    if invitation_id is not None:
        query = query.where(ExpertRemark.invitation_id == invitation_id)
    rows = session().execute(query).all()
    names = names_of(row.resolved_by for row, _name in rows)
    return tuple(
        ExpertRemarkRow(
            row.id,
            name,
            row.block_id,
            row.quote,
            row.text,
            row.at,
            row.is_open,
            names.get(row.resolved_by or 0, ""),
        )
        for row, name in rows
    )


def invitations_of(draft: Draft, revision: Revision) -> tuple[InvitationRow, ...]:
    """Everybody who was asked for advice on a revision, the last one first."""
    rows = session().execute(
        sa.select(ExpertInvitation, ExpertOpinion.opinion)
        .outerjoin(ExpertOpinion, ExpertOpinion.invitation_id == ExpertInvitation.id)
        .where(ExpertInvitation.revision_id == revision.id)
        .order_by(ExpertInvitation.id.desc())
    ).all()  # fmt: skip
    names = names_of(invited.invited_by for invited, _opinion in rows)
    return tuple(
        InvitationRow(
            id=invited.id,
            name=invited.name,
            email=invited.email if invited.has_address else "",
            reason=invited.reason,
            invited_by=names.get(invited.invited_by, ""),
            invited_at=invited.invited_at,
            expires_at=invited.expires_at,
            state=(state := state_of(invited, draft)),
            state_word=state_word(state),
            opened_count=invited.opened_count,
            opened_at=invited.opened_at,
            opinion_word=opinion_word(opinion) if opinion is not None else "",
        )
        for invited, opinion in rows
    )


def awaited_experts(revision: Revision) -> tuple[str, ...]:
    """The names of those whose advice is still waited for: their link is good, and they gave none."""
    return tuple(
        session().scalars(
            sa.select(ExpertInvitation.name)
            .outerjoin(ExpertOpinion, ExpertOpinion.invitation_id == ExpertInvitation.id)
            .where(
                ExpertInvitation.revision_id == revision.id,
                ExpertInvitation.revoked_at.is_(None),
                ExpertInvitation.expires_at > clock.now(),
                ExpertOpinion.invitation_id.is_(None),
            )
            .order_by(ExpertInvitation.id)
        )
    )


def expert_page(seat: Seat, images: str) -> ExpertPage:
    """What stands on the page of a confirmed expert. `images`: the address under which they may see its images."""
    revision, invitation = seat.revision, seat.invitation
    known = references_in(seat.draft, revision.tree)
    text = render_blocks(revision.tree, 1, known)
    row = session().get(ExpertOpinion, invitation.id)
    return ExpertPage(
        title=revision.title,
        number=revision.number,
        # The images of a text that is not public are shown to who reads the draft; an expert has a way of their own.
        text=Markup(str(text).replace(' src="/images/', f' src="{images}/')),  # noqa: S704 # nosec B704 # it was escaped; only addresses of images change
        fields=field_lines(revision.fields),
        reason=invitation.reason,
        invited_by=names_of([invitation.invited_by]).get(invitation.invited_by, ""),
        expires_at=invitation.expires_at,
        opinion=_opinion(row, invitation.name) if row is not None else None,
        remarks=remarks_of(revision, invitation.id),
    )
