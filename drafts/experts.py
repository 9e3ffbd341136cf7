"""Verbs about experts: invite one to a frozen text, take the link back, confirm who holds it, give advice.

Advice is never a sign-off: it stands beside the answers and decides nothing. An expert acts by a link and not by an
account, so that what they do is judged by their seat (`drafts.expert_policy`) and in the audit log belongs to nobody
with an id, but to the invitation.
"""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa

from app import audit, clock, mail
from app.accounts import mailed_links
from app.accounts.mailed_links import link_called
from app.accounts.models import NAME_LENGTH
from app.db import session
from app.errors import Invalid, Missing, MovedOn, Refused
from app.extensions import day_in_words
from app.extensions import gettext as _
from app.policy import Act, Actor, require
from drafts import log
from drafts.expert_models import (
    LONGEST_ADVICE,
    LONGEST_QUOTE,
    LONGEST_REASON,
    ExpertInvitation,
    ExpertOpinion,
    ExpertRemark,
    Opinion,
)
from drafts.expert_policy import LinkState, Seat, state_of
from drafts.grammar import passages
from drafts.models import Draft
from drafts.notice_models import NoticeKind
from drafts.notice_words import EXPERT_REMARK, OPINION
from drafts.notices import tell
from drafts.review_guards import open_revision
from drafts.review_models import OpenReview, Revision
from drafts.review_notices import authors_of
from drafts.stages import Stage

LONGEST_STAY = 30
# People one revision is shown to at once, and mails it may cause in all: whoever may invite writes to any address.
MOST_LIVING, MOST_INVITED = 20, 60
MOST_REMARKS = 200


def invite(actor: Actor, draft: Draft, name: str, email: str, days: int, reason: str) -> ExpertInvitation:
    """Ask somebody outside for advice on the revision that is read now, by a link that is mailed to them.

    Raises MovedOn when nothing is being read, Invalid for what is missing, too long or there already.
    """
    require(actor, Act.DRAFT_INVITE_EXPERT, draft)
    draft = log.lock_draft(draft.id)
    revision = open_revision(draft)
    if revision is None or draft.stage is not Stage.IN_REVIEW:
        raise MovedOn(_("Ce texte n’est pas en relecture : rechargez la page."))
    name, email, reason = " ".join(name.split()), mailed_links.address_of(email), reason.strip()
    _checked(revision, name, email, days, reason)
    token, digest = mailed_links.new_token()
    now = clock.now()
    invitation = ExpertInvitation(
        revision_id=revision.id,
        name=name,
        email=email,
        reason=reason,
        token_digest=digest,
        invited_by=actor.id,
        invited_at=now,
        expires_at=now + timedelta(days=days),
    )
    session().add(invitation)
    session().flush()
    audit.record(
        actor.id,
        "invite_expert",
        "draft",
        draft.id,
        revision=revision.id,
        invitation=invitation.id,
        days=days,
    )
    _mail_link(actor, revision, invitation, token)
    return invitation


def _checked(revision: Revision, name: str, email: str, days: int, reason: str) -> None:
    if not name or len(name) > NAME_LENGTH:
        raise Invalid(_("Donnez le nom de la personne (128 caractères au plus)."), field="name")
    if not 1 <= days <= LONGEST_STAY:
        raise Invalid(_("Choisissez une durée de 1 à 30 jours."), field="days")
    if not reason or len(reason) > LONGEST_REASON:
        raise Invalid(_("Dites en une phrase au moins ce que vous attendez de cet avis."), field="reason")
    living = session().scalars(
        sa.select(ExpertInvitation.email).where(
            ExpertInvitation.revision_id == revision.id, ExpertInvitation.revoked_at.is_(None)
        )
    ).all()  # fmt: skip
    if email in living:
        raise Invalid(
            _(
                "Cette personne est déjà invitée sur cette version. Pour un nouveau lien, retirez d’abord l’ancien."
            ),
            field="email",
        )
    total = session().scalar(sa.select(sa.func.count()).where(ExpertInvitation.revision_id == revision.id))
    if len(living) >= MOST_LIVING or (total or 0) >= MOST_INVITED:
        raise Invalid(_("Cette version a trop d’experts invités : retirez un lien qui ne sert plus."))


def _mail_link(actor: Actor, revision: Revision, invitation: ExpertInvitation, token: str) -> None:
    who = f"{actor.name} ({actor.administration})" if actor.administration else actor.name
    body = _(
        "%(who)s vous demande un avis sur « %(title)s », un texte en relecture sur Open Lab.\n\n"
        "Ce qui est attendu : %(reason)s\n\n"
        "Ce lien est pour vous seul. Il ouvre cette version du texte, et elle seule, jusqu’au %(day)s. "
        "À la première ouverture, un code vous sera envoyé à cette adresse.",
        who=who,
        title=revision.title,
        reason=invitation.reason,
        day=day_in_words(clock.local(invitation.expires_at).date()),
    )
    body += "\n\n" + mail.address(f"/expertise/{token}")
    body += "\n\n" + _(
        "Si ce message n’est pas pour vous, ignorez-le : sans le code, le lien ne montre rien."
    )
    mail.write(
        invitation.email, _("Votre avis sur « %(title)s »", title=revision.title), body + "\n", secret=True
    )


def revoke(actor: Actor, draft: Draft, invitation_id: int) -> None:
    """Take a link back: it opens nothing from now on. What was advised by it stays."""
    require(actor, Act.DRAFT_INVITE_EXPERT, draft)
    invitation = session().get(ExpertInvitation, invitation_id, with_for_update=True)
    revision = session().get(Revision, invitation.revision_id) if invitation is not None else None
    if invitation is None or revision is None or revision.draft_id != draft.id:
        raise Missing(_("Cette invitation n’existe pas, ou vous n’y avez pas accès."))
    if invitation.revoked_at is not None or invitation.erased_at is not None:
        raise MovedOn(_("Ce lien est déjà retiré."))
    mailed_links.revoke(invitation, actor.id)
    audit.record(actor.id, "revoke_expert", "draft", draft.id, invitation=invitation.id)


# Who holds the link


def send_code(token: str) -> None:
    """Mail a new code to the address that was invited. Raises Refused when the link is not good any more, RateLimited
    when codes are asked for too fast."""
    invitation = _living(token)
    mailed_links.send_code(
        invitation,
        token,
        invitation.email,
        _("Votre code de lecture"),
        _("Votre code pour lire le texte sur lequel un avis vous est demandé"),
    )


def try_code(token: str, given: str) -> int | None:
    """The invitation that is confirmed by this code; None for a wrong one, which is counted: let the unit of work end
    well."""
    invitation = _living(token)
    is_first = invitation.confirmed_at is None
    if not mailed_links.try_code(invitation, token, given):
        return None
    if is_first:
        revision = session().get_one(Revision, invitation.revision_id)
        audit.record(None, "confirm_expert", "draft", revision.draft_id, invitation=invitation.id)
    return invitation.id


def _living(token: str) -> ExpertInvitation:
    """The invitation behind a token, under lock. Raises Missing, and Refused when it is not good any more."""
    invitation = link_called(ExpertInvitation, token, lock=True)
    revision = session().get_one(Revision, invitation.revision_id)
    state = state_of(invitation, session().get_one(Draft, revision.draft_id))
    if state is not LinkState.GOOD:
        raise Refused(why_not(state))
    return invitation


def why_not(state: LinkState) -> str:
    """What to tell whoever holds a link that opens nothing any more."""
    return {
        LinkState.GOOD: "",
        LinkState.EXPIRED: _(
            "Ce lien a expiré. Si un avis est encore attendu de vous, demandez une nouvelle invitation à la "
            "personne qui vous a écrit."
        ),
        LinkState.REVOKED: _(
            "Ce lien a été retiré. Si vous pensez que c’est une erreur, répondez à la personne qui vous a écrit."
        ),
        LinkState.CLOSED: _(
            "La relecture de ce texte est close : il n’y a plus d’avis à donner. Merci de votre aide."
        ),
    }[state]


def opened(invitation_id: int) -> None:
    """The text was read once more by its expert."""
    session().execute(
        sa.update(ExpertInvitation)
        .where(ExpertInvitation.id == invitation_id, ExpertInvitation.confirmed_at.is_not(None))
        .values(opened_count=ExpertInvitation.opened_count + 1, opened_at=clock.now())
        .execution_options(synchronize_session=False)
    )


# What an expert advises


def give_opinion(actor: Actor, seat: Seat, opinion: Opinion, text: str) -> ExpertOpinion:
    """The one opinion of an expert on the text, or another in its place while the review is open."""
    require(actor, Act.EXPERT_ADVISE, seat)
    text = _said(text)
    _lock(seat)
    now = clock.now()
    row = session().get(ExpertOpinion, seat.invitation.id, with_for_update=True)
    is_new = row is None
    if row is None:
        row = ExpertOpinion(
            invitation_id=seat.invitation.id,
            revision_id=seat.revision.id,
            opinion=opinion,
            text=text,
            given_at=now,
            changed_at=now,
        )
        session().add(row)
    else:
        row.opinion, row.text, row.changed_at = opinion, text, now
    session().flush()
    _done(seat, "give_opinion" if is_new else "change_opinion", OPINION, opinion=str(opinion))
    return row


def add_remark(actor: Actor, seat: Seat, block_id: str, text: str) -> ExpertRemark:
    """Something said on a block of the frozen text, or with an empty id on the whole of it."""
    require(actor, Act.EXPERT_ADVISE, seat)
    text = _said(text)
    words = passages(seat.revision.tree)
    if block_id and block_id not in words:
        raise Invalid(_("Choisissez un passage de la liste."), field="block")
    _lock(seat)
    count = session().scalar(
        sa.select(sa.func.count()).where(ExpertRemark.invitation_id == seat.invitation.id)
    )
    if (count or 0) >= MOST_REMARKS:
        raise Invalid(_("Vous avez fait beaucoup de remarques : dites le reste dans votre avis."))
    row = ExpertRemark(
        invitation_id=seat.invitation.id,
        revision_id=seat.revision.id,
        block_id=block_id or None,
        quote=words.get(block_id, "")[:LONGEST_QUOTE],
        text=text,
        at=clock.now(),
    )
    session().add(row)
    session().flush()
    _done(seat, "expert_remark", EXPERT_REMARK, remark=row.id)
    return row


def _lock(seat: Seat) -> None:
    """The review cannot be closed while somebody advises. Raises Refused when it was closed meanwhile."""
    lock = sa.select(OpenReview.article_id).where(OpenReview.revision_id == seat.revision.id)
    if session().scalar(lock.with_for_update(read=True)) is None:
        raise Refused(why_not(LinkState.CLOSED))


def _said(text: str) -> str:
    text = text.replace("\r\n", "\n").replace("\r", "\n").strip()
    if not text:
        raise Invalid(_("Écrivez quelques mots."), field="text")
    if len(text) > LONGEST_ADVICE:
        raise Invalid(_("Ce texte est trop long (4 000 caractères au plus)."), field="text")
    return text


def _done(seat: Seat, act: str, what: str, **detail: object) -> None:
    audit.record(None, act, "draft", seat.draft.id, invitation=seat.invitation.id, **detail)
    people = {*authors_of(seat.revision), seat.invitation.invited_by}
    tell(people, NoticeKind.REVIEW, seat.draft, what=what)


def settle_remark(actor: Actor, draft: Draft, remark_id: int) -> ExpertRemark:
    """Who writes the text says that a remark of an expert is settled, or open again."""
    require(actor, Act.DRAFT_STEER, draft)
    row = session().get(ExpertRemark, remark_id, with_for_update=True)
    revision = session().get(Revision, row.revision_id) if row is not None else None
    if row is None or revision is None or revision.draft_id != draft.id:
        raise Missing(_("Cette remarque n’existe pas, ou vous n’y avez pas accès."))
    if row.is_open:
        row.resolved_by, row.resolved_at = actor.id, clock.now()
    else:
        row.resolved_by = row.resolved_at = None
    session().flush()
    audit.record(
        actor.id,
        "reopen_expert_remark" if row.is_open else "resolve_expert_remark",
        "draft",
        draft.id,
        remark=row.id,
    )
    return row
