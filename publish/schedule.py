"""Publication at a chosen moment. A schedule holds the revision and its address, never the draft."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from app import clock, jobs
from app.accounts.service import actor_for_person
from app.db import session
from app.errors import Invalid, MovedOn
from app.extensions import gettext as _
from app.policy import Act, Actor, require
from drafts import log, review
from drafts.models import Draft
from drafts.service import record_act
from drafts.stages import Deed
from publish import service

PUBLISH_AT = "publish.at"


def schedule(actor: Actor, draft: Draft, fingerprint: str, at: datetime, change_note: str = "") -> None:
    """Have the approved revision published at `at`, in the name of who asks.

    Raises Invalid for a moment that has passed, MovedOn when the fingerprint is another or nothing is approved.
    """
    require(actor, Act.DRAFT_PUBLISH, draft)
    draft = log.lock_draft(draft.id)
    if at <= clock.now():
        raise Invalid(_("Choisissez un moment à venir."), field="at")
    revision = review.open_revision(draft)
    if revision is None or revision.fingerprint != fingerprint:
        raise MovedOn(_("Le texte que vous avez lu n’est plus celui qui est approuvé : rechargez la page."))
    record_act(draft, Deed.SCHEDULE, actor, revision_id=revision.id, reason=at.isoformat())
    jobs.plan(
        PUBLISH_AT,
        str(draft.id),
        at,
        person=actor.id,
        fingerprint=fingerprint,
        note=change_note or revision.change_note,
    )


def cancel(actor: Actor, draft: Draft) -> None:
    """Take the schedule back; the text stays approved."""
    require(actor, Act.DRAFT_PUBLISH, draft)
    draft = log.lock_draft(draft.id)
    record_act(draft, Deed.CANCEL, actor)
    jobs.cancel(PUBLISH_AT, str(draft.id))


@jobs.due(PUBLISH_AT)
def _publish_now(key: str, payload: dict[str, Any]) -> None:
    draft = session().get(Draft, int(key))
    if draft is not None:
        service.publish(actor_for_person(payload["person"]), draft, payload["fingerprint"], payload["note"])
