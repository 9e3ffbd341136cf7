"""Verbs about guests: invite one by a link, confirm who holds it, take it back, and the end that each has.

The guest is a person of their own kind, so that what they write and remark is theirs. Their sign-in opens one lab and
ends with the link, wherever they are seated; a second lab that invites them sends a second link.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from app import audit, clock, jobs, mail
from app.accounts import mailed_links
from app.accounts import service as accounts
from app.accounts.erasing import erases
from app.accounts.mailed_links import link_called
from app.accounts.models import Person, PersonKind
from app.db import session, unless_somebody_was_first
from app.errors import Invalid, Missing, MovedOn, Refused
from app.extensions import day_in_words
from app.extensions import gettext as _
from app.policy import Act, Actor, require
from labs import joining_mail
from labs.access import place_of, seat, take_out
from labs.bounds import allow_invitations
from labs.guest_models import GUEST_RIGHTS, GuestLink
from labs.guest_policy import LinkState, state_of
from labs.models import Lab
from labs.policy import confined_to
from labs.roles import Right
from labs.words import right_offered

USUAL_STAY, LONGEST_STAY = 30, 90
# Guests that one lab has at once.
MOST_LIVING = 60
END = "labs.guest_end"


def invite_guest(
    actor: Actor, lab: Lab, name: str, email: str, right: Right, days: int = USUAL_STAY
) -> GuestLink:
    """Mail a link into the lab to somebody outside. Raises Invalid for what is missing, too long or there already."""
    require(actor, Act.LAB_LEAD, lab)
    email = mailed_links.address_of(email)
    if right not in GUEST_RIGHTS:
        raise Invalid(
            _("Un invité fait des remarques, suggère ou écrit : choisissez un de ces droits."), field="right"
        )
    if not 1 <= days <= LONGEST_STAY:
        raise Invalid(_("Choisissez une durée de 1 à 90 jours."), field="days")
    person = accounts.guest_called(email, name)
    before = _living_link(lab, person.id)
    if before is not None and not before.is_over:
        raise Invalid(
            _("Cette personne est déjà invitée : son lien se renouvelle sur la page des portes ouvertes."),
            field="email",
        )
    if before is not None:
        mailed_links.revoke(before, actor.id)
    elif len(living_links(lab)) >= MOST_LIVING:
        raise Invalid(_("Ce lab a beaucoup d’invités : fermez d’abord un lien qui ne sert plus."))
    return _send_link(actor, lab, person, right, days)


def renew(actor: Actor, lab: Lab, link_id: int, days: int = USUAL_STAY) -> GuestLink:
    """A new link in the place of one: the old one opens nothing any more, the person keeps their place and right."""
    link = _link_of(actor, lab, link_id)
    if not 1 <= days <= LONGEST_STAY:
        raise Invalid(_("Choisissez une durée de 1 à 90 jours."), field="days")
    if state_of(link) is LinkState.ACCOUNT:
        raise Invalid(_("Cette personne a maintenant un compte d’agent : invitez-la par son nom."))
    mailed_links.revoke(link, actor.id)
    place = place_of(lab, link.person_id)
    held = place is not None and place.removed_at is None
    right = place.right if place is not None and held else link.right
    fresh = _send_link(actor, lab, link.person, right, days)
    if place is not None and held:
        place.until = fresh.expires_at
        session().flush()
    return fresh


def _send_link(actor: Actor, lab: Lab, person: Person, right: Right, days: int) -> GuestLink:
    allow_invitations(actor, 1)
    token, digest = mailed_links.new_token()
    now = clock.now()
    link = GuestLink(
        lab_id=lab.id,
        person_id=person.id,
        right=right,
        token_digest=digest,
        invited_by=actor.id,
        invited_at=now,
        expires_at=now + timedelta(days=days),
    )
    with unless_somebody_was_first(_("Cette personne vient d’être invitée : rechargez la page.")):
        session().add(link)
    jobs.plan(END, str(link.id), link.expires_at)
    audit.record(
        actor.id,
        "invite_guest",
        "lab",
        lab.id,
        link=link.id,
        person=person.id,
        right=str(right),
        days=days,
    )
    body = _(
        "%(who)s vous invite dans « %(lab)s », un lab où des administrations de Nouvelle-Calédonie écrivent ensemble "
        "les pages du service public.\n\n%(right)s.\n\n"
        "Ce lien est pour vous seul. Il ouvre ce lab, et lui seul, jusqu’au %(day)s. "
        "À l’ouverture, un code vous sera envoyé à cette adresse.",
        who=joining_mail.who(actor),
        lab=lab.title,
        right=right_offered(right, guest=True),
        day=day_in_words(clock.local(link.expires_at).date()),
    )
    body += "\n\n" + mail.address(f"/invitation/{token}")
    body += "\n\n" + _(
        "Si ce message n’est pas pour vous, ignorez-le : sans le code, le lien ne montre rien."
    )
    mail.write(person.email, _("Invitation dans « %(lab)s »", lab=lab.title), body + "\n", secret=True)
    return link


# Taking links back


def close(actor: Actor, lab: Lab, link_id: int) -> GuestLink:
    """A guest's link opens nothing from now on, and the guest is out, wherever they are seated."""
    link = _link_of(actor, lab, link_id)
    _close(actor, lab, link)
    return link


def close_all(actor: Actor, lab: Lab) -> int:
    """Close every guest's link of a lab. Returns how many there were."""
    require(actor, Act.LAB_LEAD, lab)
    links = living_links(lab)
    for link in links:
        _close(actor, lab, link)
    audit.record(actor.id, "close_all_guests", "lab", lab.id, links=len(links))
    return len(links)


def close_links(actor: Actor, lab: Lab, person_id: int) -> None:
    """The link of somebody who is taken out of the lab, or leaves it, whatever else was decided about their place."""
    link = _living_link(lab, person_id)
    if link is not None:
        mailed_links.revoke(link, actor.id)
        audit.record(actor.id, "revoke_guest", "lab", lab.id, link=link.id, person=person_id)
    accounts.end_confined(person_id, confined_to(lab.id))


def _close(actor: Actor, lab: Lab, link: GuestLink) -> None:
    close_links(actor, lab, link.person_id)
    place = place_of(lab, link.person_id)
    if place is not None and place.removed_at is None and link.person.kind is PersonKind.GUEST:
        take_out(lab, place)


def _link_of(actor: Actor, lab: Lab, link_id: int) -> GuestLink:
    require(actor, Act.LAB_LEAD, lab)
    link = session().get(GuestLink, link_id, with_for_update=True)
    if link is None or link.lab_id != lab.id:
        raise Missing(_("Ce lien n’existe pas, ou vous n’y avez pas accès."))
    if link.revoked_at is not None:
        raise MovedOn(_("Ce lien est déjà fermé : rechargez la page."))
    return link


def living_links(lab: Lab) -> list[GuestLink]:
    """The links of a lab that are not closed; one of them may have expired and wait for the sweep."""
    return list(
        session().scalars(
            sa.select(GuestLink)
            .where(GuestLink.lab_id == lab.id, GuestLink.revoked_at.is_(None))
            .order_by(GuestLink.id)
        )
    )


def _living_link(lab: Lab, person_id: int) -> GuestLink | None:
    return (
        session()
        .scalars(
            sa.select(GuestLink)
            .where(
                GuestLink.lab_id == lab.id,
                GuestLink.person_id == person_id,
                GuestLink.revoked_at.is_(None),
            )
            .with_for_update()
        )
        .first()
    )


@jobs.due(END)
def _end(key: str, _payload: dict[str, Any]) -> None:
    """The day of a link has come: nothing opens any more since then; now the place is empty for everybody to see."""
    link = session().get(GuestLink, int(key), with_for_update=True)
    if link is None or link.revoked_at is not None or not link.is_over:
        return
    place = place_of(link.lab, link.person_id)
    if (
        place is not None
        and place.removed_at is None
        and place.until is not None
        and place.until <= clock.now()
    ):
        take_out(link.lab, place)
        audit.record(None, "guest_end", "lab", link.lab_id, link=link.id, person=link.person_id)


# Who holds the link


def why_not(state: LinkState) -> str:
    """What to tell whoever holds a link that opens nothing any more."""
    return {
        LinkState.GOOD: "",
        LinkState.EXPIRED: _(
            "Ce lien a expiré. Si vous devez encore entrer dans ce lab, demandez une nouvelle invitation à la "
            "personne qui vous a écrit."
        ),
        LinkState.REVOKED: _(
            "Ce lien a été retiré, ou un autre l’a remplacé : cherchez le dernier message reçu. Si vous pensez que c’est "
            "une erreur, répondez à la personne qui vous a écrit."
        ),
        LinkState.ACCOUNT: _(
            "Vous avez maintenant un compte d’agent : connectez-vous pour entrer dans le lab."
        ),
    }[state]


def send_code(token: str) -> None:
    """Mail a new code to the address that was invited. Raises Refused when the link is not good any more, RateLimited
    when codes are asked for too fast."""
    link = _good(token)
    mailed_links.send_code(
        link, token, link.person.email, _("Votre code d’entrée"), _("Votre code pour entrer dans le lab")
    )


def try_code(token: str, given: str, *, shared_computer: bool) -> accounts.Opened | None:
    """The sign-in of the guest whose code this is; None for a wrong one, which is counted: let the unit of work end
    well. With their first code they take their place in the lab."""
    link = _good(token)
    is_first = link.confirmed_at is None
    if not mailed_links.try_code(link, token, given):
        return None
    place = place_of(link.lab, link.person_id)
    if place is None or place.removed_at is not None:
        seat(link.lab, link.person, link.right, until=link.expires_at)
    if is_first:
        audit.record(link.person_id, "confirm_guest", "lab", link.lab_id, link=link.id)
    return accounts.sign_in(
        link.person_id,
        shared_computer=shared_computer,
        ends_at=link.expires_at,
        confined_to=confined_to(link.lab_id),
    )


def _good(token: str) -> GuestLink:
    link = link_called(GuestLink, token, lock=True)
    state = state_of(link)
    if state is not LinkState.GOOD:
        raise Refused(why_not(state))
    return link


@erases
def _forget(person_id: int) -> None:
    """The links of somebody who is erased open nothing any more. Which there were stays, under their number."""
    for link in session().scalars(
        sa.select(GuestLink).where(GuestLink.person_id == person_id, GuestLink.revoked_at.is_(None))
    ):
        mailed_links.revoke(link, link.invited_by)
