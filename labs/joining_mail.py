"""Mails about places in a lab: who is asked, who is invited, who is answered."""

from __future__ import annotations

import sqlalchemy as sa

from app import clock, mail
from app.accounts.models import Person, PersonStatus
from app.db import session
from app.extensions import day_in_words
from app.extensions import gettext as _
from app.policy import Actor
from labs.joining_models import LabInvitation, LabRequest, Outcome
from labs.models import Lab, Membership
from labs.words import right_offered


def who(actor: Actor) -> str:
    """A person as a mail names them."""
    return f"{actor.name} ({actor.administration})" if actor.administration else actor.name


def facilitators(lab: Lab) -> list[str]:
    """Where those who facilitate a lab have their mail."""
    return list(
        session().scalars(
            sa.select(Person.email)
            .join(Membership, Membership.person_id == Person.id)
            .where(
                Membership.lab_id == lab.id,
                Membership.is_facilitator,
                Membership.removed_at.is_(None),
                Person.status == PersonStatus.ACTIVE,
            )
            .order_by(Person.id)
        )
    )


def asked(actor: Actor, lab: Lab) -> None:
    body = _(
        "%(who)s demande à entrer dans « %(lab)s », un lab que vous animez.\n\n"
        "Sa demande est ici ; vous pouvez l’accepter ou la refuser.",
        who=who(actor),
        lab=lab.title,
    )
    link = mail.address(f"/labs/{lab.slug}/portes#demandes")
    for recipient in facilitators(lab):
        mail.write(recipient, _("Une demande pour « %(lab)s »", lab=lab.title), f"{body}\n\n{link}\n")


def answered(actor: Actor, request: LabRequest) -> None:
    lab = request.lab
    if request.outcome is Outcome.ACCEPTED:
        body = _("%(who)s vous accueille dans le lab « %(lab)s ».", who=who(actor), lab=lab.title)
    else:
        body = _(
            "%(who)s ne peut pas vous accueillir dans le lab « %(lab)s » :\n\n%(reason)s",
            who=who(actor),
            lab=lab.title,
            reason=request.reason,
        )
    link = mail.address(f"/labs/{lab.slug}")
    subject = _("Votre demande pour « %(lab)s »", lab=lab.title)
    mail.write(request.person.email, subject, f"{body}\n\n{link}\n")


def invited(actor: Actor, lab: Lab, person: Person, invitation: LabInvitation) -> None:
    body = _(
        "%(who)s vous invite dans le lab « %(lab)s » sur Open Lab.\n\n%(right)s.\n\n"
        "Vous pouvez accepter ou refuser jusqu’au %(day)s :",
        who=who(actor),
        lab=lab.title,
        right=right_offered(invitation.right, facilitates=invitation.is_facilitator),
        day=day_in_words(clock.local(invitation.expires_at).date()),
    )
    link = mail.address(f"/labs/{lab.slug}#invitation")
    mail.write(person.email, _("Invitation dans « %(lab)s »", lab=lab.title), f"{body}\n{link}\n")
