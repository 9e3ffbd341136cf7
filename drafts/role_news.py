"""Somebody was given a role while they sat at a table: what they may do there is asked again, in every process."""

from __future__ import annotations

import sqlalchemy as sa

from app import clock, events
from app.accounts.events import RolesChanged
from app.db import note, session
from drafts.events import DraftAccessChanged
from drafts.models import Draft, DraftClient


@events.on(RolesChanged, "drafts.ask_again")
def ask_again(news: RolesChanged) -> None:
    """Raise the epoch of the drafts at whose tables the person sits."""
    where = sa.select(DraftClient.draft_id).where(
        DraftClient.person_id == news.person_id, DraftClient.seated_until > clock.now()
    )
    for draft_id in sorted(set(session().scalars(where))):
        session().execute(
            sa.update(Draft)
            .where(Draft.id == draft_id)
            .values(access_epoch=Draft.access_epoch + 1)
            .execution_options(synchronize_session=False)
        )
        note(DraftAccessChanged(draft_id=draft_id))
