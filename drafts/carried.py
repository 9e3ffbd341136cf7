"""Signatures that hold on: the new revision has the fingerprint they were given for (I2).

A text that is taken back and proposed again unchanged is not signed a second time. The signer is told, and may
object or send it back until the publication. Any other signature is void: it stays with the revision it was
given for, and answers for no other.
"""

from __future__ import annotations

import sqlalchemy as sa

from app import audit
from app.accounts.models import Role
from app.db import session
from app.policy import PortalRole
from drafts.models import Article, Draft
from drafts.review_models import Decision, DraftAct, Part, Revision, RevisionPart, SignedAs, SignOff
from drafts.stages import Deed
from drafts.standing import competent_for, writers_of

# What an administration says about a text; a signature is carried when the last of these is no refusal.
_WORDS = (Deed.SIGN_OFF, Deed.ABSTAIN, Deed.REQUEST_CHANGES, Deed.OBJECT, Deed.LIFT_OBJECTION)


def carry_signatures(draft: Draft, revision: Revision) -> list[SignOff]:
    """Repeat, for a revision just cut, the signatures of the same draft under the same fingerprint.

    Those of a revision that came out as an edition stay with it: a text that is proposed again after its
    publication is read anew. An author's signature holds on beside a second pair of eyes that does too, otherwise
    it would keep a colleague of the same administration from being that pair.
    """
    carried = []
    competent = competent_for(revision.id)
    found = [before for place in competent if (before := _last_signature(draft, revision, place)) is not None]
    writers = writers_of(revision.id)
    standing = [(before, _as(before, writers)) for before in found if _still_stands(draft, before)]
    is_read = any(
        signed_as is SignedAs.SECOND_EYES
        and (len(competent) == 1 or _works_for(before) != revision.main_author_administration_id)
        for before, signed_as in standing
    )
    for before, signed_as in standing:
        if signed_as is SignedAs.AUTHOR and not is_read:
            continue
        if signed_as is SignedAs.SECOND_EYES:
            _second_eyes(revision, before)
        row = SignOff(
            revision_id=revision.id,
            administration_id=before.administration_id,
            fingerprint=before.fingerprint,
            person_id=before.person_id,
            decision=before.decision,
            signed_as=signed_as,
            second_eyes=Part.SECOND_EYES.value if signed_as is SignedAs.SECOND_EYES else None,
            reason=before.reason,
            carried_from=before.carried_from or before.id,
            signature=before.signature,
            key_id=before.key_id,
            at=before.at,
        )
        session().add(row)
        session().flush()
        audit.record(
            None, "carry_sign_off", "draft", draft.id, sign_off=row.id, carried_from=row.carried_from
        )
        carried.append(row)
    return carried


def _last_signature(draft: Draft, revision: Revision, administration_id: int) -> SignOff | None:
    live = session().scalar(sa.select(Article.live_revision_id).where(Article.id == draft.article_id)) or 0
    return (
        session()
        .scalars(
            sa.select(SignOff)
            .join(Revision, Revision.id == SignOff.revision_id)
            .where(
                Revision.draft_id == draft.id,
                Revision.id > live,
                Revision.id < revision.id,
                SignOff.administration_id == administration_id,
                SignOff.fingerprint == revision.fingerprint,
                SignOff.decision == Decision.SIGNED,
            )
            .order_by(SignOff.id.desc())
            .limit(1)
        )
        .first()
    )


def _still_stands(draft: Draft, before: SignOff) -> bool:
    """The signer still speaks for the administration, and it has said nothing against the text since."""
    speaks = session().scalar(
        sa.select(Role.id).where(
            Role.person_id == before.person_id,
            Role.role == PortalRole.REVIEWER,
            Role.administration_id == before.administration_id,
        )
    )
    last_word = (
        session()
        .scalars(
            sa.select(DraftAct.deed)
            .where(
                DraftAct.draft_id == draft.id,
                DraftAct.administration_id == before.administration_id,
                DraftAct.deed.in_(_WORDS),
            )
            .order_by(DraftAct.number.desc())
            .limit(1)
        )
        .first()
    )
    return speaks is not None and last_word in (Deed.SIGN_OFF, Deed.LIFT_OBJECTION)


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
