"""Publication at a chosen moment. A schedule holds the revision and its address, never the draft."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from app import clock, events, jobs
from app.accounts.service import actor_for_person
from app.db import session
from app.errors import DomainError, Invalid, MovedOn
from app.extensions import gettext as _
from app.policy import Act, Actor, PortalRole, require
from drafts import canonical, log, review, review_mail
from drafts.events import DraftStageChanged
from drafts.models import ArticleState, Draft
from drafts.remark_queries import open_blocking
from drafts.review_models import DraftAct
from drafts.service import record_act
from drafts.stages import Deed, Stage
from publish import failures, schedule_mail, service

PUBLISH_AT = "publish.at"
# A failure that is nobody's fault is tried again after 1, 2, 4, 8 and 16 minutes; then people have to look.
MOST_ATTEMPTS = 6
# An article that was masked or withdrawn does not come back by a plan that was made before.
_PLANNABLE = (ArticleState.UNPUBLISHED, ArticleState.LIVE)


def schedule(actor: Actor, draft: Draft, fingerprint: str, at: datetime, change_note: str = "") -> None:
    """Have the approved revision published at `at`, in the name of who asks.

    Raises Invalid for a moment that has passed or a dangerous link, MovedOn when the fingerprint is another,
    nothing is approved or the article is not read.
    """
    require(actor, Act.DRAFT_PUBLISH, draft)
    draft = log.lock_draft(draft.id)
    _refuse_past(at)
    revision = review.open_revision(draft)
    if draft.stage is not Stage.APPROVED or revision is None or revision.fingerprint != fingerprint:
        raise MovedOn(_("Le texte que vous avez lu n’est plus celui qui est approuvé : rechargez la page."))
    service.have_outcome(revision)
    review.refuse_blocked(draft)
    if draft.article.state not in _PLANNABLE:
        raise MovedOn(
            _("Cette fiche n’est pas en ligne : décidez d’abord de son sort, ou publiez sans attendre.")
        )
    # Now, while somebody is there to mend it, and not at night.
    service.refuse_dangerous_links(canonical.parse(revision.canonical)[0])
    note = service.needed_note(draft.article, revision, change_note)
    record_act(draft, Deed.SCHEDULE, actor, revision_id=revision.id, reason=at.isoformat())
    failures.forget(draft.id)
    jobs.plan(PUBLISH_AT, str(draft.id), at, person=actor.id, revision=revision.id, note=note)


def _refuse_past(at: datetime) -> None:
    if at <= clock.now():
        raise Invalid(_("Choisissez un moment à venir."), field="at")


def move(actor: Actor, draft: Draft, at: datetime) -> None:
    """Another moment for what is planned; from now on it is in the name of who moved it.

    Raises Invalid for a moment that has passed, MovedOn when nothing is planned any more.
    """
    require(actor, Act.DRAFT_PUBLISH, draft)
    draft = log.lock_draft(draft.id)
    _refuse_past(at)
    row = _waiting(draft.id)
    if draft.stage is not Stage.SCHEDULED or row is None:
        raise MovedOn(_("Aucune publication n’est programmée pour ce texte : rechargez la page."))
    payload = {**row.payload, "person": actor.id}
    # Two acts, so that the list of what was done says both moments.
    record_act(draft, Deed.CANCEL, actor, revision_id=payload["revision"])
    record_act(draft, Deed.SCHEDULE, actor, revision_id=payload["revision"], reason=at.isoformat())
    failures.forget(draft.id)
    jobs.plan(PUBLISH_AT, str(draft.id), at, **payload)


def cancel(actor: Actor, draft: Draft) -> None:
    """Take the schedule back; the text stays approved, and who planned it is told."""
    require(actor, Act.DRAFT_PUBLISH, draft)
    draft = log.lock_draft(draft.id)
    row = _waiting(draft.id)
    record_act(draft, Deed.CANCEL, actor)
    failures.forget(draft.id)
    jobs.cancel(PUBLISH_AT, str(draft.id))
    if row is not None:
        schedule_mail.called_off(draft, row.payload["person"], actor.id, actor.name)


def _waiting(draft_id: int) -> jobs.DueRow | None:
    return session().scalars(
        sa.select(jobs.DueRow).where(
            jobs.DueRow.kind == PUBLISH_AT, jobs.DueRow.key == str(draft_id), jobs.DueRow.done_at.is_(None)
        )
    ).first()  # fmt: skip


def scheduled_for(draft: Draft) -> datetime | None:
    """When a scheduled draft will be published."""
    row = _waiting(draft.id)
    return row.due_at if row is not None else None


@jobs.due(PUBLISH_AT)
def _publish_now(key: str, payload: dict[str, Any]) -> None:
    """The moment has come. Who planned it had the right to then; what was taken back or has moved on stays."""
    draft = log.lock_draft(int(key))
    if draft.stage is Stage.PUBLISHED:
        return  # somebody did not want to wait
    revision = review.open_revision(draft)
    if draft.stage is not Stage.SCHEDULED or revision is None or revision.id != payload["revision"]:
        schedule_mail.void(draft, payload["person"])
        return
    service.have_outcome(revision)
    planner = actor_for_person(payload["person"])
    if open_blocking(draft):
        # Somebody found a fault after it was planned: the text waits for people again, and who planned it is told.
        record_act(draft, Deed.CANCEL, planner, reason=_("Une remarque bloquante est ouverte."))
        review_mail.not_published(draft, revision, planner.id)
        return
    service.make_public(planner, draft, revision, payload["note"])


@jobs.when_it_fails(PUBLISH_AT)
def _failed(key: str, payload: dict[str, Any], attempts: int, error: Exception) -> bool:
    """It is shown and mailed; a refusal stays one, anything else is tried again a few times."""
    draft = log.lock_draft(int(key))
    is_refusal = isinstance(error, DomainError)
    gives_up = is_refusal or attempts >= MOST_ATTEMPTS
    said = str(error) if is_refusal else _("Une erreur est survenue de notre côté.")
    row = _waiting(draft.id)
    assert row is not None
    next_at = None if gives_up else row.due_at
    is_first = failures.keep(
        draft.id,
        payload["person"],
        said[:500],
        attempts=attempts,
        planned_for=_planned_for(draft) or clock.now(),
        next_at=next_at,
    )
    if gives_up and draft.stage is Stage.SCHEDULED:
        record_act(draft, Deed.CANCEL, None, reason=said[:500])
    if is_first or gives_up:
        people = {payload["person"], *review_mail.holding(PortalRole.PORTAL_EDITOR)}
        schedule_mail.not_published(draft, people, said, next_at)
    return gives_up


def _planned_for(draft: Draft) -> datetime | None:
    """The moment that was chosen: the due row itself is put off at each failure."""
    reason = session().scalar(
        sa.select(DraftAct.reason)
        .where(DraftAct.draft_id == draft.id, DraftAct.deed == Deed.SCHEDULE)
        .order_by(DraftAct.number.desc())
        .limit(1)
    )
    try:
        return datetime.fromisoformat(reason) if reason else None
    except ValueError:
        return None


@events.on(DraftStageChanged, "publish.schedule_void")
def _void(news: DraftStageChanged) -> None:
    """A review that was voided takes its schedule along. Who takes a schedule back has done that already."""
    row = _waiting(news.draft_id)
    draft = session().get(Draft, news.draft_id)
    if row is None or draft is None or draft.stage in (Stage.SCHEDULED, Stage.PUBLISHED):
        return
    schedule_mail.void(draft, row.payload["person"])
    jobs.cancel(PUBLISH_AT, str(draft.id))
