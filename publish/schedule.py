"""Publication at a chosen moment. A schedule holds the revision and its address, never the draft."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from app import clock, jobs
from app.accounts.service import actor_for_person
from app.db import session
from app.errors import Invalid, MovedOn
from app.extensions import gettext as _
from app.policy import Act, Actor, require
from drafts import canonical, log, review
from drafts.models import Draft
from drafts.service import record_act
from drafts.stages import Deed, Stage
from publish import service

PUBLISH_AT = "publish.at"


def schedule(actor: Actor, draft: Draft, fingerprint: str, at: datetime, change_note: str = "") -> None:
    """Have the approved revision published at `at`, in the name of who asks.

    Raises Invalid for a moment that has passed or a dangerous link, MovedOn when the fingerprint is another or
    nothing is approved.
    """
    require(actor, Act.DRAFT_PUBLISH, draft)
    draft = log.lock_draft(draft.id)
    if at <= clock.now():
        raise Invalid(_("Choisissez un moment à venir."), field="at")
    revision = review.open_revision(draft)
    if draft.stage is not Stage.APPROVED or revision is None or revision.fingerprint != fingerprint:
        raise MovedOn(_("Le texte que vous avez lu n’est plus celui qui est approuvé : rechargez la page."))
    service.have_outcome(revision)
    # Now, while somebody is there to mend it, and not at night.
    service.refuse_dangerous_links(canonical.parse(revision.canonical)[0])
    note = service.checked_note(change_note)
    record_act(draft, Deed.SCHEDULE, actor, revision_id=revision.id, reason=at.isoformat())
    jobs.plan(PUBLISH_AT, str(draft.id), at, person=actor.id, revision=revision.id, note=note)


def cancel(actor: Actor, draft: Draft) -> None:
    """Take the schedule back; the text stays approved."""
    require(actor, Act.DRAFT_PUBLISH, draft)
    draft = log.lock_draft(draft.id)
    record_act(draft, Deed.CANCEL, actor)
    jobs.cancel(PUBLISH_AT, str(draft.id))


def scheduled_for(draft: Draft) -> datetime | None:
    """When a scheduled draft will be published."""
    return session().scalar(
        sa.select(jobs.DueRow.due_at).where(
            jobs.DueRow.kind == PUBLISH_AT, jobs.DueRow.key == str(draft.id), jobs.DueRow.done_at.is_(None)
        )
    )


@jobs.due(PUBLISH_AT)
def _publish_now(key: str, payload: dict[str, Any]) -> None:
    """The moment has come. Who planned it had the right to then; what was taken back or has moved on stays."""
    draft = log.lock_draft(int(key))
    revision = review.open_revision(draft)
    if draft.stage is not Stage.SCHEDULED or revision is None or revision.id != payload["revision"]:
        return
    service.have_outcome(revision)
    service.make_public(actor_for_person(payload["person"]), draft, revision, payload["note"])
