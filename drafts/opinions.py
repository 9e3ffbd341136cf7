"""What experts advised on a revision, as evidence: ids and codes, never names or words."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from app.db import session
from drafts.expert_models import ExpertInvitation, ExpertOpinion, ExpertRemark


def opinions_on(revision_id: int) -> list[dict[str, Any]]:
    """One entry for each expert who was invited, in the order of the invitations: `invitation`, `invited_by`, `opinion`
    (None while there is none), `at` (ISO 8601, UTC), `remarks` (their number)."""
    remarks = dict(
        session()
        .execute(
            sa.select(ExpertRemark.invitation_id, sa.func.count())
            .where(ExpertRemark.revision_id == revision_id)
            .group_by(ExpertRemark.invitation_id)
        )
        .all()
    )
    rows = session().execute(
        sa.select(ExpertInvitation, ExpertOpinion)
        .outerjoin(ExpertOpinion, ExpertOpinion.invitation_id == ExpertInvitation.id)
        .where(ExpertInvitation.revision_id == revision_id)
        .order_by(ExpertInvitation.id)
    )
    return [
        {
            "invitation": invited.id,
            "invited_by": invited.invited_by,
            "opinion": str(given.opinion) if given is not None else None,
            "at": _instant(given.changed_at) if given is not None else None,
            "remarks": remarks.get(invited.id, 0),
        }
        for invited, given in rows
    ]


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")
