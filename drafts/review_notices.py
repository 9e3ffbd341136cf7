"""How a review goes on, told to those who wait for it: what has no mail of its own in `drafts.review_mail`.

An answer is told to who proposed the text and to those who wrote it, in the page at once and in the mail of the day; a
text of fifteen administrations would otherwise be fifteen mails.
"""

from __future__ import annotations

import sqlalchemy as sa

from app.db import session
from app.policy import Actor, PortalRole
from drafts import review_mail
from drafts.models import Draft
from drafts.notice_models import NoticeKind
from drafts.notice_words import CARRIED
from drafts.notices import tell
from drafts.review_models import DraftAct, Revision, SignOff
from drafts.stages import Deed
from drafts.standing import competent_for, writers_of

_TO_AUTHORS = frozenset({Deed.SIGN_OFF, Deed.ABSTAIN, Deed.LIFT_OBJECTION, Deed.SCHEDULE, Deed.CANCEL})
_TO_SIGNERS = frozenset({Deed.SCHEDULE, Deed.CANCEL, Deed.PUBLISH})


def deed_done(actor: Actor | None, draft: Draft, act: DraftAct) -> None:
    """Tell of one act of a review. Called by `service.record_act` in the act's transaction."""
    revision = session().get(Revision, act.revision_id) if act.revision_id is not None else None
    if act.deed is Deed.CANCEL and revision is None:
        revision = _last(draft)
    if revision is None:
        return
    if act.deed is Deed.RETRACT and actor is not None:
        review_mail.retracted(draft, revision, actor.id, actor.name)
    people: set[int] = set()
    if act.deed in _TO_AUTHORS:
        people |= authors_of(revision)
    if act.deed in _TO_SIGNERS:
        people |= _signers(revision) - (authors_of(revision) if act.deed is Deed.PUBLISH else set())
    if act.deed is Deed.REQUEST_CHANGES:
        # The writers have a mail of their own, with the reason.
        people |= set(review_mail.holding(PortalRole.REVIEWER, competent_for(revision.id)))
        people -= authors_of(revision)
    if people:
        tell(people, NoticeKind.REVIEW, draft, by=act.person_id, what=str(act.deed))


def carried(draft: Draft, people: set[int]) -> None:
    """Whose signature holds on in a new version is told in the page; the mail is `review_mail.carried`."""
    tell(people, NoticeKind.REVIEW, draft, what=CARRIED, by_mail=False)


def authors_of(revision: Revision) -> set[int]:
    """Who proposed a text and who wrote its difference."""
    return {*writers_of(revision.id), revision.created_by}


def _signers(revision: Revision) -> set[int]:
    return set(session().scalars(sa.select(SignOff.person_id).where(SignOff.revision_id == revision.id)))


def _last(draft: Draft) -> Revision | None:
    return session().scalars(
        sa.select(Revision).where(Revision.draft_id == draft.id).order_by(Revision.number.desc()).limit(1)
    ).first()  # fmt: skip
