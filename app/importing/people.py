"""Agents from a partner's table. A file gives accounts and the roles of one administration, and never takes anything.

It holds no password, gives no role over the whole portal, moves nobody and changes no address: an account that exists is
somebody's, and a line in a file does not make it another's. All that is done by hand, at /admin/personnes.
"""

from __future__ import annotations

import re

import sqlalchemy as sa

from app.accounts import mailed_links, people
from app.accounts.models import Person, PersonKind, PersonStatus
from app.db import session
from app.directory.models import Administration
from app.errors import Invalid
from app.extensions import gettext as _
from app.importing import places
from app.importing.mapping import Field
from app.importing.models import ImportRecord, Kind
from app.importing.records import Group, Taken
from app.policy import Actor, PortalRole

# What a file may give: roles that are held for the person's own administration.
_ROLES = {
    "reviewer": PortalRole.REVIEWER,
    "référent": PortalRole.REVIEWER,
    "referent": PortalRole.REVIEWER,
    "mediator": PortalRole.MEDIATOR,
    "médiateur": PortalRole.MEDIATOR,
    "mediateur": PortalRole.MEDIATOR,
}
_REMOVED = "Absent du fichier de son administration."
_BACK = "De nouveau dans le fichier de son administration."


class People:
    kind = Kind.PEOPLE
    named_by = "email"
    grouped = False
    is_personal = True
    fields: tuple[Field, ...] = (
        Field("key", "the partner's own key (a staff number); without it, the e-mail"),
        Field("email", "work e-mail, by which the person signs in", needed=True),
        Field("name", "first name and name", needed=True),
        Field("administration", "its address, name or acronym; the partner when empty"),
        Field("roles", "reviewer, mediator, with | between; roles of the whole portal are given by hand"),
    )

    def __init__(self, partner: str, *, invite: bool = False) -> None:
        self.partner = partner
        self.invite = invite

    def is_due(self, record: ImportRecord) -> bool:
        if not self.invite or record.left_as.get("invited"):
            return False
        person = session().get(Person, record.our_id)
        return person is not None and _may_be_invited(person)

    def take(self, actor: Actor, group: Group, record: ImportRecord | None) -> Taken:
        place = places.named(group.first.get("administration") or self.partner, "administration")
        address = mailed_links.address_of(group.first.get("email", ""))
        roles = _roles(group.first.get("roles", ""))
        person = session().get(Person, record.our_id) if record is not None else _called(address)
        invited = bool(record is not None and record.left_as.get("invited"))
        before, note = None, ""
        if person is None:
            person = people.open_account(actor, address, group.first.get("name", ""), place.id)
        elif person.erased_at is not None:
            # Who asked to be forgotten does not come back by a file.
            return Taken(person.id, person.name, {}, {}, {}, "This person was erased here, and stays so.")
        else:
            _is_theirs(person, place, address)
            before = _shown(person)
            if record is not None and record.put_away and person.status is PersonStatus.SUSPENDED:
                people.reactivate_person(actor, person.id, person.version, _BACK)
            elif person.status is PersonStatus.SUSPENDED:
                note = "The account was suspended here by hand, and stays suspended."
            people.correct_person(
                actor, person.id, person.version, name=group.first.get("name", ""), email=person.email,
                administration_id=person.administration_id,
            )  # fmt: skip
        if person.status is PersonStatus.ACTIVE:
            for role in sorted(
                roles - {one.role for one in person.roles if one.administration_id == place.id}
            ):
                people.appoint(actor, person.id, person.version, role, place.id)
        if self.invite and not invited and _may_be_invited(person):
            people.tell_of_account(actor, person.id)
            invited = True
        return Taken(person.id, person.name, before, _shown(person), {"invited": invited}, note)

    def put_away(self, actor: Actor, record: ImportRecord) -> None:
        person = session().get_one(Person, record.our_id)
        if any(role.role not in _ROLES.values() for role in person.roles):
            raise Invalid(_("Ce compte a un rôle pour tout le portail : suspendez-le à la main."))
        if person.erased_at is None and person.status is PersonStatus.ACTIVE:
            people.suspend_person(actor, person.id, person.version, _REMOVED)

    def called(self, record: ImportRecord) -> str:
        person = session().get(Person, record.our_id)
        return f"{person.name} <{person.email}>" if person is not None else str(record.our_id)


def _called(address: str) -> Person | None:
    return session().scalars(sa.select(Person).where(Person.email == address)).first()


def _is_theirs(person: Person, place: Administration, address: str) -> None:
    """An account that exists is taken for the one the file means only when everything that opens doors is the same."""
    if person.kind is not PersonKind.AGENT:
        raise Invalid(
            _("Cette adresse est celle d’un invité ou d’un usager : invitez cette personne à la main."),
            field="email",
        )
    if person.administration_id != place.id:
        raise Invalid(
            _("Ce compte est d’une autre administration : changez-la à la main."), field="administration"
        )
    if person.email != address:
        raise Invalid(_("L’adresse de ce compte est une autre ici : changez-la à la main."), field="email")


def _roles(words: str) -> set[PortalRole]:
    found = set()
    for word in (part.strip().casefold() for part in re.split(r"[|;,\n]", words)):
        if not word:
            continue
        if word not in _ROLES:
            raise Invalid(
                _(
                    "Un fichier donne les rôles de référent et de médiateur ; les autres se donnent à la main."
                ),
                field="roles",
            )
        found.add(_ROLES[word])
    return found


def _may_be_invited(person: Person) -> bool:
    """Who has a password has been here."""
    return (
        person.status is PersonStatus.ACTIVE
        and person.kind is PersonKind.AGENT
        and person.password_hash is None
        and person.erased_at is None
    )


def _shown(person: Person) -> dict[str, str]:
    return {
        "name": person.name,
        "email": person.email,
        "administration": person.administration.slug if person.administration else "",
        "roles": ", ".join(sorted({str(role.role) for role in person.roles})),
        "suspended": "yes" if person.status is PersonStatus.SUSPENDED else "",
    }
