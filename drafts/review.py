"""The acts of a review: submit, take back, send back, sign, abstain, object, and what follows from the answers.

Free functions inside an open unit of work, the actor first. Each takes the draft's row under lock, asks its
guard, changes the rows, and records one numbered act: of two acts at one moment one wins, the other hears that
the situation has changed. What the service refuses the database refuses as well (`drafts.review_models` and the
triggers of the migrations).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager

import sqlalchemy as sa

from app import clock
from app.db import note, session
from app.errors import Invalid, MovedOn, Refused
from app.extensions import gettext as _
from app.policy import Act, Actor, require
from drafts import deadlines, freeze, log, naming, review_mail, review_notices
from drafts.carried import carry_on
from drafts.contributions import contributions
from drafts.may_now import may_now
from drafts.models import Article, Draft
from drafts.review_events import ReviewClosed, RevisionAnswered, RevisionApproved, RevisionSubmitted
from drafts.review_guards import (
    Review,
    answerable,
    last_revision,
    may_answer,
    may_lift,
    may_object,
    may_publish,
    may_read_as_publisher,
    may_retract,
    may_review,
    may_submit,
    moved_on,
    open_revision,
    refuse_blocked,
    spoken_for,
)
from drafts.review_models import Decision, OpenReview, ReviewOutcome, Revision, SignedAs, SignOff
from drafts.scopes import kept_from, propose, proposed_for
from drafts.service import record_act
from drafts.signing import put_down, sign, signs_as, wrote
from drafts.stages import Deed, Stage
from drafts.standing import Standing, competent_for, standing, verdict_of

__all__ = [
    "Standing",
    "abstain",
    "answerable",
    "approve_as_publisher",
    "ask",
    "close_review",
    "contributions",
    "last_revision",
    "lift_objection",
    "may_now",
    "may_publish",
    "object_to",
    "one_wins",
    "open_revision",
    "refuse_blocked",
    "request_changes",
    "retract",
    "said",
    "set_live",
    "settle",
    "sign_off",
    "standing",
    "submit",
]
# A reason is a paragraph or two; a book belongs into the text or its remarks.
LONGEST_REASON = 2000


@contextmanager
def one_wins() -> Iterator[None]:
    """Rows that somebody else may be writing at this moment: the loser hears it in words."""
    try:
        with session().begin_nested():
            yield
    except sa.exc.IntegrityError as error:
        raise MovedOn(_("La situation a changé : rechargez la page."), constraint=str(error.orig)) from None


def said(reason: str, *, required: bool = False) -> str:
    reason = reason.strip()
    if required and not reason:
        raise Invalid(_("Dites pourquoi, en une phrase au moins."), field="reason")
    if len(reason) > LONGEST_REASON:
        raise Invalid(_("Cette explication est trop longue (2 000 caractères au plus)."), field="reason")
    return reason


def submit(
    actor: Actor,
    draft: Draft,
    change_note: str = "",
    *,
    scopes: Mapping[int, Collection[str]] | None = None,
    said_minor: bool = False,
) -> Revision:
    """Freeze the draft and ask the competent administrations. The draft stays writable.

    `scopes`: the blocks that an administration is asked to sign instead of the whole text; None keeps what was
    proposed with the last version. `said_minor`: the writer says that it is a minor correction. Raises MovedOn while a
    review of this article is open, Invalid when the text is not ready.
    """
    draft = log.lock_draft(draft.id)
    may_submit(actor, draft)
    # Not split(): it would take the no-break spaces of French for ordinary ones.
    change_note = re.sub(r"[ \t\r\n]+", " ", change_note).strip()
    if len(change_note) > 500:
        raise Invalid(
            _("La note de modification est trop longue (500 caractères au plus)."), field="change_note"
        )
    # It is published, and stands in the evidence, which is for ever.
    naming.refuse_people(change_note, field="change_note")
    before = last_revision(draft)
    revision = freeze.cut(actor, draft, change_note, said_minor=said_minor)
    lead, competent = draft.article.lead_administration_id, competent_for(revision.id)
    if scopes is None:
        scopes = kept_from(before, revision.tree, competent, lead)
    propose(revision, competent, lead, scopes)
    ask(actor, draft, revision, Deed.SUBMIT, before, reason=change_note)
    return revision


def ask(
    actor: Actor, draft: Draft, revision: Revision, deed: Deed, before: Revision | None, *, reason: str
) -> None:
    """Open the review of a revision just frozen: what still holds of the version before is carried, who has to answer
    is told, and it may be approved by what holds on."""
    with one_wins():
        session().add(
            OpenReview(
                article_id=draft.article_id, draft_id=draft.id, revision_id=revision.id, opened_at=clock.now()
            )
        )
    record_act(draft, deed, actor, revision_id=revision.id, reason=reason)
    note(RevisionSubmitted(draft_id=draft.id, revision_id=revision.id))
    carried = carry_on(draft, revision, before)
    review_mail.submitted(
        draft,
        revision,
        actor.id,
        actor.name,
        but={row.administration_id for row in carried},
        is_same=deed is Deed.ASK_AGAIN,
    )
    review_mail.carried(draft, revision, {row.person_id for row in carried})
    review_notices.carried(draft, {row.person_id for row in carried})
    deadlines.plan(revision, clock.now())
    if carried:
        settle(actor, draft, revision)


def retract(actor: Actor, draft: Draft, reason: str = "") -> None:
    """Take a text back from its review: nothing is lost, it can be proposed again."""
    draft = log.lock_draft(draft.id)
    revision = may_retract(actor, draft)
    _close(draft, revision, Deed.RETRACT)
    record_act(draft, Deed.RETRACT, actor, revision_id=revision.id, reason=said(reason))


def request_changes(actor: Actor, draft: Draft, reason: str, administration_id: int | None = None) -> None:
    """A reviewer sends the text back with a reason; the writers are told, and may propose it again."""
    draft = log.lock_draft(draft.id)
    review = may_review(actor, draft, Deed.REQUEST_CHANGES)
    place = spoken_for(actor, review, administration_id)
    reason = said(reason, required=True)
    _close(draft, review.revision, Deed.REQUEST_CHANGES)
    record_act(
        draft,
        Deed.REQUEST_CHANGES,
        actor,
        administration_id=place,
        revision_id=review.revision.id,
        reason=reason,
    )
    review_mail.sent_back(draft, review.revision, actor.id, place, reason)


def sign_off(
    actor: Actor,
    draft: Draft,
    administration_id: int,
    fingerprint: str,
    reason: str = "",
    *,
    signed_as: SignedAs | None = None,
    agrees_minor: bool = False,
) -> SignOff:
    """An administration signs what its reviewer saw, named by its fingerprint: the whole text, or the part it is asked
    for.

    Who contributed to the difference signs as an author: for the competence, never as second eyes; nor does who read a
    part. `signed_as` says what the person means to be; Refused when they are not. `agrees_minor`: what the writer says
    is a minor correction is one.
    """
    return _answer(
        actor,
        draft,
        Deed.SIGN_OFF,
        administration_id,
        fingerprint,
        reason,
        signed_as,
        agrees_minor=agrees_minor,
    )


def abstain(
    actor: Actor, draft: Draft, administration_id: int, fingerprint: str, reason: str = ""
) -> SignOff:
    """An administration answers that it has nothing to say. Nobody's pair of eyes."""
    return _answer(actor, draft, Deed.ABSTAIN, administration_id, fingerprint, reason)


def _answer(
    actor: Actor,
    draft: Draft,
    deed: Deed,
    administration_id: int,
    fingerprint: str,
    reason: str,
    meant: SignedAs | None = None,
    *,
    agrees_minor: bool = False,
) -> SignOff:
    draft = log.lock_draft(draft.id)
    review, place = may_answer(actor, draft, deed, administration_id)
    revision = review.revision
    part = proposed_for(revision.id).get(place) if deed is Deed.SIGN_OFF else None
    if fingerprint not in (revision.fingerprint, part.fingerprint if part is not None else None):
        raise MovedOn(
            _("Le texte que vous avez lu n’est plus celui qui est en relecture : rechargez la page.")
        )
    reason = said(reason)
    if deed is Deed.ABSTAIN:
        decision, signed_as = Decision.ABSTAINED, SignedAs.NOBODY
    else:
        decision, signed_as = Decision.SIGNED, signs_as(actor, revision, fingerprint)
    if agrees_minor and signed_as is SignedAs.PART:
        raise Invalid(_("Pour dire que la correction est mineure, lisez et signez tout le texte."))
    if meant is SignedAs.SECOND_EYES and signed_as is SignedAs.AUTHOR:
        raise wrote()
    if meant is SignedAs.SECOND_EYES and signed_as is not meant:
        raise Refused(_("Le second regard lit tout le texte : signez-le en entier."))
    with one_wins():
        row = sign(
            actor, revision, place, fingerprint, decision, signed_as, reason, agrees_minor=agrees_minor
        )
    record_act(draft, deed, actor, administration_id=place, revision_id=revision.id, reason=reason)
    note(
        RevisionAnswered(
            draft_id=draft.id, revision_id=revision.id, administration_id=place, decision=str(decision)
        )
    )
    settle(actor, draft, revision)
    return row


def object_to(actor: Actor, draft: Draft, reason: str, administration_id: int | None = None) -> None:
    """A competent administration objects, with a reason: nothing is published until it lifts the objection."""
    draft = log.lock_draft(draft.id)
    review, place = may_object(actor, draft, administration_id)
    reason = said(reason, required=True)
    record_act(
        draft, Deed.OBJECT, actor, administration_id=place, revision_id=review.revision.id, reason=reason
    )
    review_mail.objected(draft, review.revision, actor.id, place, reason)


def lift_objection(actor: Actor, draft: Draft, reason: str = "") -> None:
    draft = log.lock_draft(draft.id)
    review, place = may_lift(actor, draft)
    record_act(
        draft,
        Deed.LIFT_OBJECTION,
        actor,
        administration_id=place,
        revision_id=review.revision.id,
        reason=said(reason),
    )
    settle(actor, draft, review.revision)


def settle(actor: Actor, draft: Draft, revision: Revision) -> None:
    """Approval is nobody's act: it follows from the answers, in the transaction of the last one."""
    found = verdict_of(revision)
    approved_before = session().get(ReviewOutcome, revision.id) is not None
    if found.objecting or draft.stage is not Stage.IN_REVIEW or not (approved_before or found.is_approved):
        return
    if not approved_before:
        _outcome(revision, found.second_eyes[0])
    _approved(None, actor, draft, revision)


def _outcome(revision: Revision, second_eyes_person_id: int) -> None:
    with one_wins():
        session().add(
            ReviewOutcome(
                revision_id=revision.id,
                fingerprint=revision.fingerprint,
                second_eyes_person_id=second_eyes_person_id,
                approved_at=clock.now(),
            )
        )


def _approved(by: Actor | None, cause: Actor, draft: Draft, revision: Revision) -> None:
    record_act(draft, Deed.APPROVE, by, revision_id=revision.id)
    note(RevisionApproved(draft_id=draft.id, revision_id=revision.id))
    review_mail.approved(draft, revision, cause.id)


def approve_as_publisher(actor: Actor, revision: Revision) -> None:
    """Where one administration alone is competent and its signers wrote, who publishes is the second pair of eyes.

    Called by the publication, in its transaction; does nothing when the revision is approved already. Raises
    Refused for a publisher who contributed, or when more than the second pair of eyes is missing.
    """
    draft = log.lock_draft(revision.draft_id)
    require(actor, Act.DRAFT_PUBLISH, draft)
    current = open_revision(draft)
    if current is None or current.id != revision.id:
        raise moved_on()
    if draft.stage is not Stage.IN_REVIEW:
        return
    may_read_as_publisher(actor, Review(draft, revision), verdict_of(revision))
    with one_wins():
        put_down(actor, revision)
    _outcome(revision, actor.id)
    _approved(actor, actor, draft, revision)


def _close(draft: Draft, revision: Revision, deed: Deed) -> None:
    close_review(draft.article_id, how=str(deed), revision_id=revision.id)


def close_review(article_id: int, *, how: str = "publish", revision_id: int | None = None) -> None:
    """Take the lock of an article's review away. `publish` calls it once the edition's row is written."""
    lock = session().get(OpenReview, article_id)
    if lock is None or (revision_id is not None and lock.revision_id != revision_id):
        return
    note(ReviewClosed(article_id=article_id, revision_id=lock.revision_id, how=how))
    deadlines.give_up(lock.revision_id)
    session().delete(lock)
    session().flush()


def set_live(article: Article, revision: Revision) -> None:
    """A call downward from `publish`: from now on the public reads this revision, contributions count from it."""
    if revision.article_id != article.id or session().get(ReviewOutcome, revision.id) is None:
        raise Invalid(_("Cette version n’a pas été approuvée : elle ne peut pas être publiée."))
    article.live_revision_id, article.urgent_revision_id = revision.id, None
    session().flush()
