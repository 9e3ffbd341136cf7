"""Publication before the review has come out: by one portal editor, marked on the page, approved by others afterwards.

The review goes on as if nothing had happened, by its own rule. Contributions are counted from the last edition that
was approved, so that words published urgently stay their authors', who are nobody's second pair of eyes for them.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

from app import clock, events, jobs, working_days
from app.db import note, session
from app.errors import MovedOn, Refused
from app.extensions import gettext as _
from app.policy import Act, Actor, PortalRole, require
from drafts import log, naming, review
from drafts.models import Article, Draft
from drafts.remark_queries import open_blocking
from drafts.review_events import RevisionAnswered, RevisionApproved, SignOffWithdrawn
from drafts.review_mail import holding
from drafts.review_models import Part, Revision, RevisionPart
from drafts.stages import Stage
from drafts.standing import competent_for
from publish import evidence, fate_mail, search_index, service, store
from publish.events import EditionPublished
from publish.fate_acts import lock, record
from publish.fate_models import UrgentPublication
from publish.fate_stages import Fate
from publish.models import Edition

# Working days that the others have (editorial model, section 4).
APPROVE_WITHIN = 5
UNREAD = "publish.urgent_unread"
MORNING = time(8)


def may_publish_urgently(actor: Actor, draft: Draft) -> Revision:
    """A portal editor, while the review of the text is open and nobody has done so. Returns the revision."""
    require(actor, Act.DRAFT_PUBLISH, draft)
    if PortalRole.PORTAL_EDITOR not in actor.roles:
        raise Refused(_("Seul un éditeur du portail publie en urgence."))
    revision = review.open_revision(draft)
    if revision is None:
        raise MovedOn(_("La situation a changé : rechargez la page."))
    if draft.stage is not Stage.IN_REVIEW:
        raise MovedOn(_("Ce texte est approuvé : publiez-le sans urgence."))
    if session().get(UrgentPublication, revision.id) is not None:
        raise MovedOn(_("Cette version est déjà publiée en urgence : rechargez la page."))
    part = session().get(RevisionPart, (revision.id, actor.id))
    if part is not None and part.part is Part.SECOND_EYES:
        raise Refused(_("Vous avez signé ce texte comme second regard : une autre personne doit le publier."))
    return revision


def publish_urgently(
    actor: Actor,
    draft: Draft,
    fingerprint: str,
    reason: str,
    change_note: str = "",
    *,
    seen: int | None = None,
) -> Edition:
    """Make a revision public whose review is still open; what checks the text has passed at its submission.

    Raises Refused for who may not, MovedOn under another fingerprint, Invalid without a reason or note.
    """
    draft = log.lock_draft(draft.id)
    revision = may_publish_urgently(actor, draft)
    if revision.fingerprint != fingerprint:
        raise MovedOn(
            _("Le texte que vous avez lu n’est plus celui qui est en relecture : rechargez la page.")
        )
    reason = review.said(reason, required=True)
    # It goes into the evidence, which is for ever and for everybody.
    naming.refuse_names(reason, field="reason")
    (article,) = lock(draft.article_id)
    service.refuse_unpublishable(article, seen)
    change_note = service.needed_note(article, revision, change_note)
    waiting = pending(article)
    last = working_days.last_day(clock.now(), APPROVE_WITHIN)
    urgent = UrgentPublication(
        revision_id=revision.id,
        fingerprint=fingerprint,
        person_id=actor.id,
        reason=reason,
        at=clock.now(),
        # One urgency after the other does not put off what the first one owes.
        approve_by=last if waiting is None else min(last, waiting.approve_by),
    )
    with review.one_wins():
        session().add(urgent)
    edition = service.make_edition(actor, article, revision, change_note)
    service.give_address(article)
    service.plan_review(edition)
    record(article, Fate.PUBLISH_URGENTLY, actor, reason=reason, edition_id=edition.id)
    article.urgent_revision_id = revision.id
    session().flush()
    evidence.keep(edition, actor.id)
    search_index.index(edition)
    _ask_tomorrow(revision.id, 0, urgent.approve_by + timedelta(days=1))
    note(EditionPublished(edition_id=edition.id, article_id=article.id, slug=edition.slug))
    fate_mail.published_urgently(article, actor, urgent, _concerned(revision))
    return edition


def pending(article: Article) -> UrgentPublication | None:
    """The urgency that nobody else has approved yet, of what the public reads."""
    if article.urgent_revision_id is None:
        return None
    return session().get(UrgentPublication, article.urgent_revision_id)


def _concerned(revision: Revision) -> set[int]:
    """Who can finish the review, and who wrote: the reviewers, the portal editors, who proposed it."""
    return {
        *holding(PortalRole.REVIEWER, competent_for(revision.id)),
        *holding(PortalRole.PORTAL_EDITOR),
        revision.created_by,
    }


def _ask_tomorrow(revision_id: int, times: int, day: date) -> None:
    # The number of the mail is in the key: each day has a row of its own, done once.
    jobs.plan(UNREAD, f"{revision_id}/{times}", working_days.start_of(day, MORNING))


@jobs.due(UNREAD)
def _still_unread(key: str, _payload: dict[str, Any]) -> None:
    revision_id, times = map(int, key.split("/"))
    urgent = session().get_one(UrgentPublication, revision_id)
    revision = session().get_one(Revision, revision_id)
    article = session().get_one(Article, revision.article_id)
    if article.urgent_revision_id != revision_id:
        return
    fate_mail.urgency_unread(article, urgent, _concerned(revision))
    _ask_tomorrow(revision_id, times + 1, _today(clock.now()) + timedelta(days=1))


def _today(now: datetime) -> date:
    return clock.local(now).date()


@events.on(RevisionAnswered, "publish.signed_urgent")
@events.on(SignOffWithdrawn, "publish.unsigned_urgent")
def _signed(news: RevisionAnswered | SignOffWithdrawn) -> None:
    """The page of what is public already says who has signed it by now."""
    if session().get(UrgentPublication, news.revision_id) is not None:
        store.invalidate()


@events.on(RevisionApproved, "publish.finish_urgent")
def _approved(news: RevisionApproved) -> None:
    """The review of what is public already has come out: its edition becomes one like any other."""
    draft = log.lock_draft(news.draft_id)
    revision = review.open_revision(draft)
    if (
        draft.stage is Stage.APPROVED
        and revision is not None
        and revision.id == news.revision_id
        and service.edition_of(revision) is not None
        and not open_blocking(draft)
    ):
        service.finish_urgent(None, draft, revision)
