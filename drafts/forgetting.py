"""What this room forgets: of a person who is erased, and of experts, who have no account.

Of a person: what they were told, what they followed, what was refused to them, and their name in the words of others
beside a text: remarks, advice, the reasons of acts. What they wrote, remarked, signed or did stays, under their number:
it is other people's text and evidence. Of an expert: name, address and token; what they
advised stays, under the number of their invitation, which is all that the evidence knows of them.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta

import sqlalchemy as sa

from app import audit, clock
from app.accounts.erasing import ERASED, erases, forget_in_mails, forget_in_words, searched, without
from app.accounts.models import Person
from app.db import session
from app.errors import Missing
from app.extensions import gettext as _
from app.mail import Mail
from app.policy import PORTAL, Act, Actor, require
from drafts.easy_models import EasyReading
from drafts.expert_models import (
    GONE,
    LONGEST_ADVICE,
    LONGEST_REASON,
    ExpertInvitation,
    ExpertOpinion,
    ExpertRemark,
)
from drafts.glossary_models import GlossaryTerm, RuleAmendment
from drafts.history_models import DraftVersion
from drafts.models import RefusedUpdate
from drafts.notice_models import DraftFollow, Notice, NoticeSilence
from drafts.plain_models import PlainException, PlainOverride
from drafts.remark_models import LONGEST_TEXT, RemarkMessage
from drafts.review_models import DraftAct, OpenReview, PassedOver, SignOff, Substitute, WithdrawnSignOff

# How long a link that opens nothing any more still says why, and may be asked about.
KEPT_AFTER = timedelta(days=30)

searched(
    DraftAct.reason,
    SignOff.reason,
    WithdrawnSignOff.reason,
    Substitute.reason,
    PassedOver.reason,
    DraftVersion.name,
    PlainException.reason,
    PlainOverride.reason,
    GlossaryTerm.reason,
    RuleAmendment.reason,
    EasyReading.who,
    EasyReading.place,
)
searched(RemarkMessage.text, longest=LONGEST_TEXT)
searched(ExpertOpinion.text, ExpertRemark.text, longest=LONGEST_ADVICE)
searched(ExpertInvitation.reason, longest=LONGEST_REASON)


@erases
def _forget(person_id: int) -> None:
    for table in (Notice, NoticeSilence, DraftFollow, RefusedUpdate):
        session().execute(sa.delete(table).where(table.person_id == person_id))
    # Who has an account may have been asked for advice before.
    email = session().scalar(sa.select(Person.email).where(Person.id == person_id))
    for invitation in session().scalars(_invited_at(email or "").with_for_update()).all():
        _erase(invitation)


def _invited_at(email: str) -> sa.Select[ExpertInvitation]:
    """The invitations that were mailed to an address, as far as it is known."""
    return (
        sa.select(ExpertInvitation)
        .where(ExpertInvitation.email == email.strip().lower())
        .order_by(ExpertInvitation.id)
    )


def experts_called(email: str) -> list[str]:
    """The names under which an address was asked for advice; none when it was not, or is forgotten."""
    return sorted({invitation.name for invitation in session().scalars(_invited_at(email))})


def erase_expert(actor: Actor | None, email: str) -> list[int]:
    """Forget an expert at once, whose links open nothing from now on; by an administrator, or a command (None).

    Returns the ids of mails whose files have to go. Raises Missing when nobody was invited at this address.
    """
    if actor is not None:
        require(actor, Act.PORTAL_ADMINISTER, PORTAL)
    found = session().scalars(_invited_at(email).with_for_update()).all()
    if not found:
        raise Missing(_("Cette page n’existe pas, ou vous n’y avez pas accès."))
    names = {invitation.name for invitation in found}
    mails: list[int] = []
    for name in sorted(names):
        mails += forget_in_mails(name, email.strip().lower())
        forget_in_words(name, email.strip().lower())
    for invitation in found:
        _erase(invitation)
    audit.record(
        actor.id if actor else None,
        "erase_expert",
        "expert_invitation",
        found[0].id,
        invitations=[invitation.id for invitation in found],
    )
    return mails


def _erase(invitation: ExpertInvitation) -> None:
    """Name, address and token go; a link that is still good ends with it."""
    now = clock.now()
    words = without(invitation.reason, invitation.name, invitation.email)
    invitation.reason = words[:LONGEST_REASON]
    invitation.expires_at = min(invitation.expires_at, now)
    _forget_address(invitation)
    # The number is the one of the evidence, so that two of them are told apart.
    invitation.name = f"{ERASED} (n°\u00a0{invitation.id})"
    invitation.erased_at = now
    session().flush()


def _forget_address(invitation: ExpertInvitation) -> None:
    invitation.email = f"expert-{invitation.id}{GONE}"
    # No SHA-256 can be this: it opens nothing.
    invitation.token_digest = f"erased-{invitation.id}"
    invitation.code_digest = invitation.code_until = None


def forget_over() -> list[int]:
    """Addresses and tokens of links that are over since `KEPT_AFTER`, and names once the review has ended as well: while
    it is open, those who decide have to know who advises. Returns the ids of mails whose files have to go."""
    over = (
        sa.func.coalesce(ExpertInvitation.revoked_at, ExpertInvitation.expires_at) < clock.now() - KEPT_AFTER
    )
    is_open = ExpertInvitation.revision_id.in_(sa.select(OpenReview.revision_id))
    found = (
        session()
        .scalars(
            sa.select(ExpertInvitation)
            .where(
                over,
                ExpertInvitation.erased_at.is_(None),
                sa.or_(~is_open, ~ExpertInvitation.email.endswith(GONE, autoescape=True)),
            )
            .order_by(ExpertInvitation.id)
            .limit(500)
        )
        .all()
    )
    still_read = set(
        session().scalars(
            sa.select(OpenReview.revision_id).where(
                OpenReview.revision_id.in_({invitation.revision_id for invitation in found})
            )
        )
    )
    addresses = {invitation.email for invitation in found if invitation.has_address}
    for invitation in found:
        if invitation.revision_id in still_read:
            _forget_address(invitation)
        else:
            _erase(invitation)
    session().flush()
    return _forget_mails(addresses)


def _forget_mails(addresses: Collection[str]) -> list[int]:
    """Mails to addresses that nothing here needs any more."""
    needed = sa.union(sa.select(Person.email), sa.select(ExpertInvitation.email))
    numbers = (
        session()
        .scalars(sa.select(Mail.id).where(Mail.recipient.in_(addresses), Mail.recipient.not_in(needed)))
        .all()
    )
    session().execute(sa.delete(Mail).where(Mail.id.in_(numbers)))
    return list(numbers)
