"""What waits for a person about places in labs: an invitation to answer, a request to decide; and what they are told."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta

import sqlalchemy as sa

from app import clock
from app.accounts.models import Person
from app.db import session
from app.extensions import gettext as _
from app.policy import Actor
from app.waiting import Waiting, source
from labs.joining_models import LabInvitation, LabRequest, Outcome
from labs.models import Lab, Membership
from labs.words import right_offered

# Lines of one kind, and how long an answer is news.
MOST = 40
NEWS_FOR = timedelta(days=7)


@source("places")
def places(actor: Actor) -> Iterable[Waiting]:
    return [*_invitations(actor), *_requests(actor)]


def _invitations(actor: Actor) -> Iterator[Waiting]:
    """Places that are offered to a person, and how others answered what they offered: one query for both."""
    now, host, guest = clock.now(), sa.orm.aliased(Person), sa.orm.aliased(Person)
    offered = (
        (LabInvitation.person_id == actor.id)
        & LabInvitation.outcome.is_(None)
        & (LabInvitation.expires_at > now)
    )
    answered = (
        (LabInvitation.invited_by == actor.id)
        & LabInvitation.outcome.in_([Outcome.ACCEPTED, Outcome.DECLINED])
        & (LabInvitation.answered_at > now - NEWS_FOR)
    )
    rows = session().execute(
        sa.select(LabInvitation, Lab.title, Lab.slug, host.name, guest.name)
        .join(Lab, Lab.id == LabInvitation.lab_id)
        .join(host, host.id == LabInvitation.invited_by)
        .join(guest, guest.id == LabInvitation.person_id)
        .where(offered | answered)
        # What waits for an answer comes first, so that the bound never hides it.
        .order_by(LabInvitation.outcome.is_not(None), LabInvitation.id)
        .limit(MOST)
    )
    for invitation, title, slug, by, who in rows:
        if invitation.outcome is None:
            yield _offered(invitation, title, slug, by)
        else:
            yield _taken(invitation, title, slug, who)


def _offered(invitation: LabInvitation, title: str, slug: str, by: str) -> Waiting:
    right = right_offered(invitation.right, facilitates=invitation.is_facilitator)
    return Waiting(
        title,
        _("Accepter l’invitation dans un lab, ou la refuser"),
        _("%(name)s vous invite. %(right)s.", name=by, right=right),
        f"/labs/{slug}#invitation",
        until=clock.local(invitation.expires_at).date(),
    )


def _taken(invitation: LabInvitation, title: str, slug: str, who: str) -> Waiting:
    accepted = invitation.outcome is Outcome.ACCEPTED
    return Waiting(
        title,
        _("%(name)s accepte votre invitation", name=who)
        if accepted
        else _("%(name)s n’accepte pas votre invitation", name=who),
        _("Cette personne fait maintenant partie du lab.") if accepted else _("Sa place reste libre."),
        f"/labs/{slug}#personnes",
        is_news=True,
    )


def _requests(actor: Actor) -> Iterator[Waiting]:
    """Requests that a facilitator has to answer, and how a person's own were answered: one query for both."""
    led = sa.select(Membership.lab_id).where(
        Membership.person_id == actor.id, Membership.is_facilitator, Membership.removed_at.is_(None)
    )
    to_answer = LabRequest.outcome.is_(None) & LabRequest.lab_id.in_(led)
    answered = (
        (LabRequest.person_id == actor.id)
        & LabRequest.outcome.in_([Outcome.ACCEPTED, Outcome.DECLINED])
        & (LabRequest.answered_at > clock.now() - NEWS_FOR)
    )
    rows = session().execute(
        sa.select(LabRequest, Lab.title, Lab.slug, Person.name)
        .join(Lab, Lab.id == LabRequest.lab_id)
        .join(Person, Person.id == LabRequest.person_id)
        .where(to_answer | answered)
        .order_by(LabRequest.outcome.is_not(None), LabRequest.id)
        .limit(MOST)
    )
    for request, title, slug, name in rows:
        if request.outcome is None:
            yield Waiting(
                title,
                _("Répondre à une demande d’entrée"),
                _("%(name)s demande à entrer dans le lab.", name=name),
                f"/labs/{slug}/portes#demandes",
            )
            continue
        accepted = request.outcome is Outcome.ACCEPTED
        yield Waiting(
            title,
            _("Votre demande est acceptée") if accepted else _("Votre demande n’est pas acceptée"),
            _("Vous faites maintenant partie du lab.") if accepted else request.reason,
            f"/labs/{slug}",
            is_news=True,
        )
