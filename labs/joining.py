"""Verbs about places in a lab: ask for one, offer one, answer, leave.

Who invites or answers facilitates the lab. What is decided is told to the other side by mail (`labs.joining_mail`) and
waits in their list (`labs.waiting`).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa

from app import audit, clock
from app.accounts.erasing import erases, searched
from app.accounts.models import Person, PersonKind, PersonStatus
from app.db import session, unless_somebody_was_first
from app.errors import Invalid, Missing, MovedOn, RateLimited
from app.extensions import gettext as _
from app.policy import Act, Actor, require
from labs import guests, joining_mail
from labs.access import keep_a_facilitator, living, place_of, seat, take_out
from labs.bounds import allow_invitations
from labs.joining_models import LONGEST_SENTENCE, LabInvitation, LabRequest, Outcome
from labs.models import Lab
from labs.policy import open_invitation
from labs.roles import Right

# A place that is offered waits so long for its answer.
INVITATION_LASTS = timedelta(days=30)
# Questions of one person that wait at once, and to one lab within the days below: whoever asks causes mails.
MOST_WAITING, MOST_TO_ONE_LAB, WITHIN = 20, 3, timedelta(days=30)


# Asking


def ask(actor: Actor, lab: Lab, sentence: str) -> LabRequest:
    """Ask for a place in a lab that is open to requests, and say why in a sentence."""
    require(actor, Act.LAB_ASK, lab)
    sentence = _said(sentence, _("Dites en une phrase pourquoi vous voulez entrer dans ce lab."))
    if open_invitation(actor, lab.id) is not None:
        raise Invalid(_("Vous êtes déjà invité dans ce lab : il suffit d’accepter."))
    mine = sa.select(sa.func.count()).where(LabRequest.person_id == actor.id)
    if session().scalar(mine.where(LabRequest.lab_id == lab.id, LabRequest.outcome.is_(None))):
        raise Invalid(_("Vous avez déjà demandé à entrer : votre demande attend une réponse."))
    recent = mine.where(LabRequest.lab_id == lab.id, LabRequest.asked_at > clock.now() - WITHIN)
    if (session().scalar(recent) or 0) >= MOST_TO_ONE_LAB or (
        session().scalar(mine.where(LabRequest.outcome.is_(None))) or 0
    ) >= MOST_WAITING:
        raise RateLimited(
            _("Vous avez fait beaucoup de demandes. Attendez les réponses, ou écrivez à l’animateur du lab.")
        )
    request = LabRequest(lab_id=lab.id, person_id=actor.id, sentence=sentence, asked_at=clock.now())
    with unless_somebody_was_first(_("Vous avez déjà demandé à entrer : rechargez la page.")):
        session().add(request)
    audit.record(actor.id, "ask_to_join", "lab", lab.id, request=request.id)
    joining_mail.asked(actor, lab)
    return request


def take_back(actor: Actor, lab: Lab) -> None:
    """Who asked does not want the place any more."""
    request = (
        session()
        .scalars(
            sa.select(LabRequest)
            .where(
                LabRequest.lab_id == lab.id, LabRequest.person_id == actor.id, LabRequest.outcome.is_(None)
            )
            .with_for_update()
        )
        .first()
    )
    if request is None:
        raise MovedOn(_("Cette demande a déjà reçu une réponse : rechargez la page."))
    _settle(actor, request, Outcome.WITHDRAWN)


def accept(actor: Actor, lab: Lab, request_id: int, right: Right) -> LabRequest:
    """Give the place that was asked for. Raises MovedOn when somebody else has answered."""
    request = _open_request(actor, lab, request_id)
    seat(lab, request.person, right)
    _settle(actor, request, Outcome.ACCEPTED, right=str(right))
    joining_mail.answered(actor, request)
    return request


def decline(actor: Actor, lab: Lab, request_id: int, reason: str) -> LabRequest:
    """Say why there is no place."""
    request = _open_request(actor, lab, request_id)
    request.reason = _said(reason, _("Dites pourquoi : la personne recevra cette phrase."))
    _settle(actor, request, Outcome.DECLINED)
    joining_mail.answered(actor, request)
    return request


def _open_request(actor: Actor, lab: Lab, request_id: int) -> LabRequest:
    require(actor, Act.LAB_LEAD, lab)
    request = session().get(LabRequest, request_id, with_for_update=True)
    if request is None or request.lab_id != lab.id:
        raise Missing(_("Cette demande n’existe pas, ou vous n’y avez pas accès."))
    if request.outcome is not None:
        raise MovedOn(_("Cette demande a déjà reçu une réponse : rechargez la page."))
    return request


def _settle(actor: Actor, request: LabRequest, outcome: Outcome, **detail: str) -> None:
    request.outcome, request.answered_by, request.answered_at = outcome, actor.id, clock.now()
    session().flush()
    audit.record(actor.id, f"request_{outcome}", "lab", request.lab_id, request=request.id, **detail)


def _said(words: str, missing: str) -> str:
    words = " ".join(words.split(" ")).strip().replace("\r\n", "\n")
    if not words:
        raise Invalid(missing, field="words")
    if len(words) > LONGEST_SENTENCE:
        raise Invalid(_("Ce texte est trop long (500 caractères au plus)."), field="words")
    return words


# Inviting


@dataclass(frozen=True)
class Invited:
    """Who was invited, and who was not and why: (name, reason)."""

    names: tuple[str, ...]
    passed: tuple[tuple[str, str], ...]


def invite(
    actor: Actor, lab: Lab, people: Collection[int], right: Right, facilitator: bool = False
) -> Invited:
    """Offer places to agents, who take them or not. One who cannot be invited keeps nobody else from it."""
    require(actor, Act.LAB_LEAD, lab)
    found = session().scalars(
        sa.select(Person).where(Person.id.in_(set(people))).order_by(Person.name, Person.id)
    )
    names, passed = [], []
    for person in found.all():
        reason = why_not(lab, person)
        if reason is not None:
            passed.append((person.name, reason))
            continue
        allow_invitations(actor, 1)
        _offer(actor, lab, person, right, facilitator)
        names.append(person.name)
    return Invited(tuple(names), tuple(passed))


def why_not(lab: Lab, person: Person) -> str | None:
    """What stands against inviting somebody, in words, or None."""
    if person.kind is not PersonKind.AGENT or person.status is not PersonStatus.ACTIVE:
        return _("n’a pas de compte d’agent actif")
    place = place_of(lab, person.id)
    if place is not None and place.removed_at is None:
        return _("fait déjà partie du lab")
    theirs = (LabInvitation.lab_id == lab.id) & (LabInvitation.person_id == person.id)
    if session().scalar(
        sa.select(LabInvitation.id).where(
            theirs, LabInvitation.outcome.is_(None), LabInvitation.expires_at > clock.now()
        )
    ):
        return _("est déjà invité et n’a pas encore répondu")
    if session().scalar(
        sa.select(LabRequest.id).where(
            LabRequest.lab_id == lab.id, LabRequest.person_id == person.id, LabRequest.outcome.is_(None)
        )
    ):
        return _("demande à entrer : répondez à sa demande")
    return None


def _offer(actor: Actor, lab: Lab, person: Person, right: Right, facilitator: bool) -> None:
    session().execute(
        sa.update(LabInvitation)
        .where(
            LabInvitation.lab_id == lab.id,
            LabInvitation.person_id == person.id,
            LabInvitation.outcome.is_(None),
        )
        .values(outcome=Outcome.EXPIRED, answered_at=clock.now())
    )
    now = clock.now()
    invitation = LabInvitation(
        lab_id=lab.id,
        person_id=person.id,
        right=right,
        is_facilitator=facilitator,
        invited_by=actor.id,
        invited_at=now,
        expires_at=now + INVITATION_LASTS,
    )
    with unless_somebody_was_first(_("Cette personne vient d’être invitée : rechargez la page.")):
        session().add(invitation)
    audit.record(
        actor.id, "invite", "lab", lab.id, invitation=invitation.id, person=person.id, right=str(right)
    )
    joining_mail.invited(actor, lab, person, invitation)


def take_place(actor: Actor, lab: Lab) -> LabInvitation:
    """The person who was invited accepts."""
    invitation = _mine(actor, lab)
    seat(lab, invitation.person, invitation.right, invitation.is_facilitator)
    _answer(actor, invitation, Outcome.ACCEPTED)
    return invitation


def refuse_place(actor: Actor, lab: Lab) -> LabInvitation:
    """The person who was invited does not want the place."""
    invitation = _mine(actor, lab)
    _answer(actor, invitation, Outcome.DECLINED)
    return invitation


def withdraw(actor: Actor, lab: Lab, invitation_id: int) -> LabInvitation:
    """A facilitator takes an offer back before it was answered."""
    require(actor, Act.LAB_LEAD, lab)
    invitation = session().get(LabInvitation, invitation_id, with_for_update=True)
    if invitation is None or invitation.lab_id != lab.id:
        raise Missing(_("Cette invitation n’existe pas, ou vous n’y avez pas accès."))
    if invitation.outcome is not None:
        raise MovedOn(_("Cette invitation a déjà reçu une réponse : rechargez la page."))
    _answer(actor, invitation, Outcome.WITHDRAWN)
    return invitation


def _mine(actor: Actor, lab: Lab) -> LabInvitation:
    invitation = open_invitation(actor, lab.id)
    if invitation is not None:
        session().refresh(invitation, with_for_update=True)
    if invitation is None or invitation.outcome is not None:
        raise MovedOn(_("Cette invitation n’attend plus de réponse : elle a été retirée, ou elle a expiré."))
    return invitation


def _answer(actor: Actor, invitation: LabInvitation, outcome: Outcome) -> None:
    invitation.outcome, invitation.answered_at = outcome, clock.now()
    session().flush()
    audit.record(actor.id, f"invitation_{outcome}", "lab", invitation.lab_id, invitation=invitation.id)


# Leaving


def leave(actor: Actor, lab: Lab) -> None:
    """Give one's own place back. Raises Invalid for the last facilitator, who names another one first."""
    member = living(lab, actor.id)
    if member.is_facilitator:
        keep_a_facilitator(lab, actor.id)
    if actor.is_guest:
        guests.close_links(actor, lab, actor.id)
    take_out(lab, member)
    audit.record(actor.id, "leave", "lab", lab.id)


searched(LabRequest.sentence, LabRequest.reason, longest=LONGEST_SENTENCE)


@erases
def _forget(person_id: int) -> None:
    """What somebody asked for, and what was offered to them, is about them alone. Answers they gave to others stay."""
    for kind in (LabInvitation, LabRequest):
        session().execute(sa.delete(kind).where(kind.person_id == person_id))
