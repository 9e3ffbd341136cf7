"""What administrators do with accounts: make one, correct it, give and take roles, suspend and reactivate.

Nobody does it to themselves where it would widen or end their own rights, and somebody always administers the portal.
"""

from __future__ import annotations

import sqlalchemy as sa

from app import audit, mail
from app.accounts import mailed_links, second_factor, service
from app.accounts.erasing import searched
from app.accounts.events import RolesChanged
from app.accounts.models import NAME_LENGTH, REASON_LENGTH, Person, PersonKind, PersonStatus, Role
from app.db import note, session, unless_somebody_was_first
from app.directory.models import Administration
from app.directory.offices import before_closing
from app.errors import Invalid, Missing, MovedOn
from app.extensions import gettext as _
from app.extensions import ngettext
from app.policy import PORTAL, Act, Actor, PortalRole, require

searched(Person.status_reason)
# Where a person chooses a password, the first one too.
CHOOSE_PASSWORD = "/connexion/oubli"  # nosec B105 # an address of a page
# Held for one administration; a mediator may also be one for the whole portal.
OF_ONE = frozenset({PortalRole.REVIEWER, PortalRole.MEDIATOR})


def invite_person(actor: Actor, email: str, name: str, administration_id: int | None) -> Person:
    """A new account, and a mail that says where to choose its password. Raises Invalid with the field."""
    person = _opened(actor, email, name, administration_id)
    audit.record(actor.id, "invite_person", "person", person.id, administration=administration_id)
    _write_of_account(person.email)
    return person


def open_account(actor: Actor, email: str, name: str, administration_id: int | None) -> Person:
    """A new account, and no mail: the person hears of it by `tell_of_account`. Raises Invalid with the field."""
    person = _opened(actor, email, name, administration_id)
    audit.record(actor.id, "open_account", "person", person.id, administration=administration_id)
    return person


def tell_of_account(actor: Actor, number: int) -> None:
    """A mail to somebody whose account was opened without one, that says where to choose its password."""
    require(actor, Act.PORTAL_ADMINISTER, PORTAL)
    person = _there(number)
    audit.record(actor.id, "invite_person", "person", person.id, administration=person.administration_id)
    _write_of_account(person.email)


def _opened(actor: Actor, email: str, name: str, administration_id: int | None) -> Person:
    require(actor, Act.PORTAL_ADMINISTER, PORTAL)
    address, said = mailed_links.address_of(email), _name(name)
    place = _open_place(administration_id)
    taken = session().scalar(sa.select(Person.kind).where(Person.email == address))
    if taken is PersonKind.AGENT:
        raise Invalid(_("Cette adresse a déjà un compte."), field="email")
    with unless_somebody_was_first(_("Cette adresse vient d’avoir un compte : cherchez-la dans la liste.")):
        return service.create_person(address, said, place)


def _write_of_account(address: str) -> None:
    mail.write(
        address,
        _("Votre compte Open Lab"),
        _(
            "Bonjour,\n\nUn compte Open Lab vient d’être ouvert pour vous. Choisissez votre mot de passe, avec "
            "cette adresse électronique :\n\n%(link)s\n",
            link=mail.address(CHOOSE_PASSWORD),
        ),
    )


def correct_person(
    actor: Actor, number: int, seen: int, *, name: str, email: str, administration_id: int | None
) -> Person:
    """Another name, address or administration.

    Who changes administration is signed out and no longer speaks for the one they leave; who gets another address is
    told at both. Raises MovedOn when somebody changed the account since, Invalid with the field.
    """
    person = _as_seen(actor, number, seen)
    said, address = _name(name), mailed_links.address_of(email)
    fields = []
    if person.name != said:
        person.name = said
        fields.append("name")
    if person.email != address:
        if session().scalar(sa.select(Person.id).where(Person.email == address, Person.id != number)):
            raise Invalid(_("Cette adresse a déjà un compte."), field="email")
        _tell_both(person.email, address)
        with unless_somebody_was_first(_("Cette adresse vient d’avoir un compte : choisissez-en une autre.")):
            person.email = address
        fields.append("email")
    if person.administration_id != administration_id:
        if person.kind is not PersonKind.AGENT:
            raise Invalid(_("Un invité ou un usager n’est d’aucune administration."), field="administration")
        if person.id == actor.id:
            raise Invalid(
                _("Demandez à un autre administrateur de changer votre administration."),
                field="administration",
            )
        _open_place(administration_id)
        _leave(actor, person)
        person.administration_id = administration_id
        fields.append("administration")
    if fields:
        _changed(person)
        audit.record(actor.id, "correct_person", "person", person.id, fields=fields)
    return person


def take_second_factor(actor: Actor, number: int, seen: int) -> Person:
    """For somebody who has lost telephone and paper (`second_factor.forget_second_factor`)."""
    person = _as_seen(actor, number, seen)
    second_factor.forget_second_factor(actor, person)
    _changed(person)
    return person


def _leave(actor: Actor, person: Person) -> None:
    """What was held for the administration a person leaves goes; they sign in again as what they are now."""
    for role in [role for role in person.roles if role.administration_id is not None]:
        if role.administration_id == person.administration_id:
            person.roles.remove(role)
            _tell_taken(actor, person, role)
    service.end_all(person.id)


def appoint(actor: Actor, number: int, seen: int, role: str, administration_id: int | None) -> Person:
    """Give a role. Raises Invalid for oneself, a guest, somebody suspended, and a role they hold."""
    person = _as_seen(actor, number, seen)
    _not_oneself(actor, person, "role")
    if role not in list(PortalRole):
        raise Invalid(_("Choisissez un rôle."), field="role")
    wanted = PortalRole(role)
    if person.kind is not PersonKind.AGENT or person.status is not PersonStatus.ACTIVE:
        raise Invalid(_("Seul un agent dont le compte est actif a un rôle."), field="role")
    if wanted not in OF_ONE and administration_id is not None:
        raise Invalid(_("Ce rôle vaut pour tout le portail : laissez l’administration vide."), field="place")
    if wanted is PortalRole.REVIEWER and administration_id is None:
        raise Invalid(_("Un référent l’est pour une administration : choisissez-la."), field="place")
    place = _open_place(administration_id)
    if any(held.role is wanted and held.administration_id == administration_id for held in person.roles):
        raise Invalid(_("Cette personne a déjà ce rôle."), field="role")
    person.roles.append(Role(role=wanted, administration_id=place.id if place else None))
    _changed(person)
    audit.record(actor.id, "appoint", "person", person.id, role=str(wanted), administration=administration_id)
    note(RolesChanged(person_id=person.id))
    return person


def dismiss(actor: Actor, number: int, seen: int, role_id: int) -> Person:
    """Take a role away; the person is signed out everywhere and comes back without it. Raises Invalid for oneself and for
    the last administrator."""
    person = _as_seen(actor, number, seen)
    _not_oneself(actor, person, "role")
    held = next((role for role in person.roles if role.id == role_id), None)
    if held is None:
        raise Missing(_("Cette personne n’a plus ce rôle."))
    if held.role is PortalRole.ADMINISTRATOR and person.status is PersonStatus.ACTIVE:
        service.keep_an_administrator(person.id)
    person.roles.remove(held)
    _tell_taken(actor, person, held)
    _changed(person)
    service.end_all(person.id)
    return person


def _tell_taken(actor: Actor, person: Person, held: Role) -> None:
    audit.record(
        actor.id, "dismiss", "person", person.id, role=str(held.role), administration=held.administration_id
    )


def suspend_person(actor: Actor, number: int, seen: int, reason: str) -> Person:
    """Close every door of a person at once. Raises Invalid without a reason, for oneself, for the last administrator."""
    person = _as_seen(actor, number, seen)
    if person.status is not PersonStatus.ACTIVE:
        raise Invalid(_("Ce compte est déjà suspendu."), field="reason")
    service.suspend(actor, person, _reason(reason))
    _changed(person)
    return person


def reactivate_person(actor: Actor, number: int, seen: int, reason: str) -> Person:
    """Let a suspended person sign in again, with the roles they had."""
    person = _as_seen(actor, number, seen)
    if person.status is PersonStatus.ACTIVE:
        raise Invalid(_("Ce compte est déjà actif."), field="reason")
    person.status, person.status_reason = PersonStatus.ACTIVE, _reason(reason)
    _changed(person)
    audit.record(actor.id, "reactivate", "person", person.id)
    return person


def sign_out_everywhere(actor: Actor, number: int) -> Person:
    """End every session of a person: on a telephone that was lost, for instance."""
    require(actor, Act.PORTAL_ADMINISTER, PORTAL)
    person = _there(number)
    service.end_all(person.id)
    audit.record(actor.id, "sign_out_everywhere", "person", person.id)
    return person


@before_closing
def _people_first(administration_id: int) -> str | None:
    """An administration closes empty: whoever works there is moved, or suspended, by name."""
    count = session().scalar(
        sa.select(sa.func.count())
        .select_from(Person)
        .where(Person.administration_id == administration_id, Person.status == PersonStatus.ACTIVE)
    )
    if not count:
        return None
    return ngettext(
        "%(num)s personne y travaille encore : changez d’abord son administration.",
        "%(num)s personnes y travaillent encore : changez d’abord leur administration.",
        count,
    )


def _there(number: int) -> Person:
    person = session().get(Person, number, with_for_update=True)
    if person is None or person.erased_at is not None:
        raise Missing(_("Cette page n’existe pas, ou vous n’y avez pas accès."))
    return person


def _as_seen(actor: Actor, number: int, seen: int) -> Person:
    require(actor, Act.PORTAL_ADMINISTER, PORTAL)
    person = _there(number)
    if person.version != seen:
        raise MovedOn(_("Quelqu’un a changé cette page entre-temps. Comparez, puis envoyez de nouveau."))
    return person


def _changed(person: Person) -> None:
    person.version += 1
    session().flush()


def _not_oneself(actor: Actor, person: Person, field: str) -> None:
    if person.id == actor.id:
        raise Invalid(_("Demandez à un autre administrateur de changer vos rôles."), field=field)


def _open_place(number: int | None) -> Administration | None:
    if number is None:
        return None
    place = session().get(Administration, number)
    if place is None or place.closed_at is not None:
        raise Invalid(_("Choisissez une administration ouverte."), field="administration")
    return place


def _name(name: str) -> str:
    said = " ".join(name.split())
    if not said or len(said) > NAME_LENGTH:
        raise Invalid(_("Donnez le nom de la personne (128 caractères au plus)."), field="name")
    return said


def _reason(words: str) -> str:
    said = " ".join(words.split())
    if not said or len(said) > REASON_LENGTH:
        raise Invalid(_("Dites pourquoi, en 300 caractères au plus."), field="reason")
    return said


def _tell_both(before: str, after: str) -> None:
    """At the former address too, so that a change somebody did not ask for is seen."""
    body = _(
        "Bonjour,\n\nL’adresse de votre compte Open Lab a été changée par un administrateur. Si ce n’était pas "
        "prévu, prévenez-le.\n"
    )
    for recipient in (before, after):
        mail.write(recipient, _("L’adresse de votre compte a changé"), body)
