"""The row of a signature: what it says, the seal over it, and the pair of eyes it stands for."""

from __future__ import annotations

import sqlalchemy as sa

from app import clock
from app.db import session
from app.errors import Refused
from app.extensions import gettext as _
from app.policy import Actor
from drafts import seal
from drafts.review_models import (
    Decision,
    Part,
    Revision,
    RevisionPart,
    SignedAs,
    SignOff,
    Size,
    WithdrawnSignOff,
)
from drafts.standing import writers_of


def signs_as(actor: Actor, revision: Revision, fingerprint: str) -> SignedAs:
    """What this person's signature would be: of an author, of who read a part, or of second eyes."""
    if actor.id in writers_of(revision.id):
        return SignedAs.AUTHOR
    return SignedAs.SECOND_EYES if fingerprint == revision.fingerprint else SignedAs.PART


def sign(
    actor: Actor,
    revision: Revision,
    administration_id: int,
    fingerprint: str,
    decision: Decision,
    signed_as: SignedAs,
    reason: str,
    *,
    agrees_minor: bool = False,
) -> SignOff:
    """Seal and keep what a person decided for an administration. Raises IntegrityError for what the database refuses."""
    is_read = signed_as is SignedAs.SECOND_EYES
    at = clock.now()
    signature, key_id = seal.sign(
        seal.payload(
            revision=revision.id,
            fingerprint=fingerprint,
            person=actor.id,
            administration=administration_id,
            decision=decision,
            time=at,
        )
    )
    if is_read:
        put_down(actor, revision)
    row = SignOff(
        revision_id=revision.id,
        administration_id=administration_id,
        fingerprint=fingerprint,
        person_id=actor.id,
        decision=decision,
        signed_as=signed_as,
        second_eyes=Part.SECOND_EYES.value if is_read else None,
        reason=reason,
        signature=signature,
        key_id=key_id,
        at=at,
        turn=_turn(revision.id, administration_id),
        # Whether it is a detail is for who reads the whole of what is said to be one.
        agrees_minor=agrees_minor and is_read and revision.size is Size.SAID_MINOR,
    )
    session().add(row)
    session().flush()
    return row


def _turn(revision_id: int, administration_id: int) -> int:
    withdrawn = session().scalar(
        sa.select(sa.func.count())
        .select_from(WithdrawnSignOff)
        .join(SignOff, SignOff.id == WithdrawnSignOff.sign_off_id)
        .where(SignOff.revision_id == revision_id, SignOff.administration_id == administration_id)
    )
    return 1 + (withdrawn or 0)


def put_down(actor: Actor, revision: Revision) -> None:
    """Put a person down as second eyes; who is down as a writer is refused by the key of the table."""
    part = session().get(RevisionPart, (revision.id, actor.id))
    if part is None:
        session().add(
            RevisionPart(
                revision_id=revision.id,
                person_id=actor.id,
                part=Part.SECOND_EYES,
                administration_id=actor.administration_id,
            )
        )
        session().flush()
    elif part.part is not Part.SECOND_EYES:
        raise wrote()


def wrote() -> Refused:
    return Refused(_("Vous avez écrit dans ce texte : vous ne pouvez pas en être le second regard."))
