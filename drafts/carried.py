"""What holds on in a new version: signatures whose extent has the fingerprint they were given for (I2), and who answers
for an administration that has nobody.

A text that is taken back and proposed again unchanged is not signed a second time, nor is the part of an administration
in which nothing has changed. The signer is told, and may take the signature back, object or send the text back until
the publication. Any other signature is void: it stays with the revision it was given for, and answers for no other.
"""

from __future__ import annotations

import sqlalchemy as sa

from app import audit
from app.accounts.models import Role
from app.db import session
from app.policy import PortalRole
from drafts.answers import substitutes_for
from drafts.models import Article, Draft
from drafts.review_models import (
    Decision,
    DraftAct,
    Part,
    Revision,
    RevisionPart,
    SignedAs,
    SignOff,
    Size,
    Substitute,
    WithdrawnSignOff,
)
from drafts.scopes import Proposed, proposed_for
from drafts.stages import Deed
from drafts.standing import competent_for, lead_of, reviewed, writers_of

# What an administration says about a text; a signature is carried when the last of these is no refusal.
_WORDS = (
    Deed.SIGN_OFF,
    Deed.ABSTAIN,
    Deed.WITHDRAW_SIGN_OFF,
    Deed.REQUEST_CHANGES,
    Deed.OBJECT,
    Deed.LIFT_OBJECTION,
)


def carry_on(draft: Draft, revision: Revision, before: Revision | None) -> list[SignOff]:
    """Repeat for a revision whose review has just been opened what still holds. Returns the signatures.

    An author's signature of the whole text holds on beside a second pair of eyes that does too, otherwise it would keep
    a colleague of the same administration from being that pair.
    """
    if before is not None:
        _carry_substitutes(revision, before)
    carried = []
    competent = competent_for(revision.id)
    asked = proposed_for(revision.id)
    found = [
        row
        for place in competent
        if (row := _last_signature(draft, revision, place, asked.get(place))) is not None
    ]
    writers = writers_of(revision.id)
    standing = [(row, _as(row, writers)) for row in found if _still_stands(draft, revision, row)]
    is_read = any(
        signed_as is SignedAs.SECOND_EYES
        and (len(competent) == 1 or _works_for(row) != revision.main_author_administration_id)
        for row, signed_as in standing
    )
    for row, signed_as in standing:
        is_whole = row.fingerprint == revision.fingerprint
        if signed_as is SignedAs.AUTHOR and is_whole and not is_read:
            continue
        if signed_as is SignedAs.SECOND_EYES:
            _second_eyes(revision, row)
        carried.append(_carry(draft, revision, row, signed_as))
    return carried


def _carry(draft: Draft, revision: Revision, before: SignOff, signed_as: SignedAs) -> SignOff:
    is_read = signed_as is SignedAs.SECOND_EYES
    row = SignOff(
        revision_id=revision.id,
        administration_id=before.administration_id,
        fingerprint=before.fingerprint,
        person_id=before.person_id,
        decision=before.decision,
        signed_as=signed_as,
        second_eyes=Part.SECOND_EYES.value if is_read else None,
        reason=before.reason,
        carried_from=before.carried_from or before.id,
        signature=before.signature,
        key_id=before.key_id,
        at=before.at,
        agrees_minor=before.agrees_minor and is_read and revision.size is Size.SAID_MINOR,
    )
    session().add(row)
    session().flush()
    audit.record(None, "carry_sign_off", "draft", draft.id, sign_off=row.id, carried_from=row.carried_from)
    return row


def _last_signature(
    draft: Draft, revision: Revision, administration_id: int, asked: Proposed | None
) -> SignOff | None:
    """The newest signature of an administration on what it is asked for now: the whole text, or its part.

    Of the whole text, those of an edition stay with it: a text that is proposed again after its publication is read
    anew. A part may have been signed for any earlier version of the article.
    """
    live = session().scalar(sa.select(Article.live_revision_id).where(Article.id == draft.article_id)) or 0
    holds = sa.and_(
        SignOff.fingerprint == revision.fingerprint, Revision.draft_id == draft.id, Revision.id > live
    )
    if asked is not None:
        holds |= SignOff.fingerprint == asked.fingerprint
    again = sa.orm.aliased(SignOff)
    first = sa.func.coalesce(SignOff.carried_from, SignOff.id)
    taken_back = (
        sa.exists()
        .where(WithdrawnSignOff.sign_off_id == again.id)
        .where((again.id == first) | (again.carried_from == first))
    )
    return session().scalars(
        sa.select(SignOff)
        .join(Revision, Revision.id == SignOff.revision_id)
        .where(
            Revision.article_id == draft.article_id,
            Revision.id < revision.id,
            SignOff.administration_id == administration_id,
            SignOff.decision == Decision.SIGNED,
            holds,
            ~taken_back,
        )
        .order_by(SignOff.id.desc())
        .limit(1)
    ).first()  # fmt: skip


def _still_stands(draft: Draft, revision: Revision, before: SignOff) -> bool:
    """The signer still speaks for the administration, and it has said nothing against the text since."""
    is_reviewer = session().scalar(
        sa.select(Role.id).where(
            Role.person_id == before.person_id,
            Role.role == PortalRole.REVIEWER,
            Role.administration_id == before.administration_id,
        )
    )
    substitute = session().get(Substitute, (revision.id, before.administration_id))
    speaks = is_reviewer is not None or (substitute is not None and substitute.person_id == before.person_id)
    last_word = session().scalars(
        sa.select(DraftAct.deed)
        .join(Draft, Draft.id == DraftAct.draft_id)
        .where(
            Draft.article_id == draft.article_id,
            DraftAct.administration_id == before.administration_id,
            DraftAct.deed.in_(_WORDS),
        )
        .order_by(DraftAct.id.desc())
        .limit(1)
    ).first()  # fmt: skip
    return speaks and last_word in (Deed.SIGN_OFF, Deed.LIFT_OBJECTION)


def _as(before: SignOff, writers: frozenset[int]) -> SignedAs:
    return SignedAs.AUTHOR if before.person_id in writers else before.signed_as


def _works_for(before: SignOff) -> int | None:
    """The administration the signer worked for when they signed."""
    part = session().get_one(RevisionPart, (before.revision_id, before.person_id))
    return part.administration_id or before.administration_id


def _second_eyes(revision: Revision, before: SignOff) -> None:
    if session().get(RevisionPart, (revision.id, before.person_id)) is not None:
        return
    then = session().get_one(RevisionPart, (before.revision_id, before.person_id))
    session().add(
        RevisionPart(
            revision_id=revision.id,
            person_id=before.person_id,
            part=Part.SECOND_EYES,
            administration_id=then.administration_id,
        )
    )
    session().flush()


def _carry_substitutes(revision: Revision, before: Revision) -> None:
    """Who answers for an administration that has nobody answers for it in the next version of the text too."""
    there = reviewed(competent_for(revision.id))
    for row in substitutes_for(before.id):
        if row.administration_id in competent_for(revision.id) and row.administration_id not in there:
            if _may_stand_in(revision, row.person_id):
                session().add(
                    Substitute(
                        revision_id=revision.id,
                        administration_id=row.administration_id,
                        person_id=row.person_id,
                        reason=row.reason,
                        at=row.at,
                    )
                )
    session().flush()


def _may_stand_in(revision: Revision, person_id: int) -> bool:
    held = (Role.role == PortalRole.PORTAL_EDITOR) | (
        (Role.role == PortalRole.REVIEWER) & (Role.administration_id == lead_of(revision))
    )
    return session().scalar(sa.select(Role.id).where(Role.person_id == person_id, held).limit(1)) is not None
