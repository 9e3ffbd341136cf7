"""Verbs about labs. Every change of who may do what bumps the lab's access epoch in the same transaction."""

from __future__ import annotations

import re
import secrets
import unicodedata
from collections.abc import Collection

import sqlalchemy as sa

from app import audit, clock
from app.accounts.erasing import erases, searched
from app.accounts.models import Person, PersonKind, PersonStatus
from app.db import session
from app.directory import themes as vocabulary
from app.directory.models import Administration
from app.errors import Invalid
from app.extensions import gettext as _
from app.policy import Act, Actor, require
from labs import guests
from labs.access import access_changed, keep_a_facilitator, living, seat, take_out
from labs.guest_models import GUEST_RIGHTS
from labs.models import Lab, LabKind, Membership
from labs.policy import LABS
from labs.roles import Right

LONGEST_TITLE = 200
LONGEST_PURPOSE = 2000
# Stands in the address of the form by which a lab is founded.
RESERVED = "nouveau"


def slugify(text: str, fallback: str = "texte") -> str:
    """An address made of words: no accents, hyphens, 80 characters at most."""
    plain = (
        unicodedata.normalize("NFKD", text.replace("œ", "oe").replace("’", " "))
        .encode("ascii", "ignore")
        .decode()
    )
    return re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")[:80].strip("-") or fallback


def permanent_lab(administration: Administration) -> Lab:
    """The lab every administration has; made at its first use, with the administration's people as writers."""
    found = (
        session()
        .scalars(
            sa.select(Lab).where(Lab.kind == LabKind.PERMANENT, Lab.administration_id == administration.id)
        )
        .first()
    )
    if found is not None:
        return found
    lab = Lab(
        slug=administration.slug,
        title=administration.name,
        kind=LabKind.PERMANENT,
        administration_id=administration.id,
        open_to_requests=False,
        created_at=clock.now(),
    )
    session().add(lab)
    session().flush()
    people = session().scalars(
        sa.select(Person).where(
            Person.administration_id == administration.id, Person.status == PersonStatus.ACTIVE
        )
    )
    for person in people:
        session().add(
            Membership(lab_id=lab.id, person_id=person.id, right=Right.WRITE, joined_at=clock.now())
        )
    session().flush()
    audit.record(None, "permanent_lab", "lab", lab.id)
    return lab


def create_lab(
    actor: Actor, title: str, purpose: str, administration: Administration, slug: str | None = None
) -> Lab:
    """Found a lab across administrations, carried by one of them; who founds it facilitates it."""
    require(actor, Act.LAB_FOUND, LABS)
    # Not split(): it would take the no-break spaces of French for ordinary ones.
    title = re.sub(r"[ \t\r\n]+", " ", title).strip()
    if not title or len(title) > LONGEST_TITLE:
        raise Invalid(_("Donnez au lab un titre de 200 caractères au plus."), field="title")
    lab = Lab(
        slug=slug or _free_slug(slugify(title)),
        title=title,
        purpose=purpose,
        kind=LabKind.SHARED,
        administration_id=administration.id,
        created_at=clock.now(),
    )
    session().add(lab)
    session().flush()
    session().add(
        Membership(
            lab_id=lab.id, person_id=actor.id, right=Right.WRITE, is_facilitator=True, joined_at=clock.now()
        )
    )
    session().flush()
    audit.record(actor.id, "create_lab", "lab", lab.id)
    return lab


def _free_slug(slug: str) -> str:
    while slug == RESERVED or session().scalar(sa.select(Lab.id).where(Lab.slug == slug)) is not None:
        slug = f"{slug[:70]}-{secrets.token_hex(3)}"
    return slug


def describe(
    actor: Actor, lab: Lab, *, purpose: str, themes: Collection[str], open_to_requests: bool
) -> None:
    """Say what a lab is for, what it works on, and whether agents may ask to join it."""
    require(actor, Act.LAB_LEAD, lab)
    purpose = purpose.replace("\r\n", "\n").strip()
    if not purpose or len(purpose) > LONGEST_PURPOSE:
        raise Invalid(
            _("Dites en quelques phrases ce que le lab veut obtenir (2 000 caractères au plus)."),
            field="purpose",
        )
    known = list(vocabulary.themes())
    lab.purpose = purpose
    lab.themes = [slug for slug in known if slug in set(themes)]
    # The lab of an administration is found by those it invites.
    lab.open_to_requests = open_to_requests and lab.kind is LabKind.SHARED
    session().flush()
    audit.record(actor.id, "describe", "lab", lab.id, open_to_requests=lab.open_to_requests)


def add_member(actor: Actor, lab: Lab, person: Person, right: Right, facilitator: bool = False) -> Membership:
    """Give an agent a place at once, without asking them: for commands, imports and whoever founds a lab with others."""
    require(actor, Act.LAB_LEAD, lab)
    if person.status is not PersonStatus.ACTIVE or person.kind is not PersonKind.AGENT:
        raise Invalid(_("Ce compte n’est pas actif."))
    member = seat(lab, person, right, facilitator)
    audit.record(actor.id, "add_member", "lab", lab.id, person=person.id, right=str(right))
    return member


def change_right(actor: Actor, lab: Lab, person: Person, right: Right, facilitator: bool = False) -> None:
    require(actor, Act.LAB_LEAD, lab)
    member = living(lab, person.id)
    if person.kind is PersonKind.GUEST and (facilitator or right not in GUEST_RIGHTS):
        raise Invalid(_("Un invité fait des remarques, suggère ou écrit : choisissez un de ces droits."))
    if member.is_facilitator and not facilitator:
        keep_a_facilitator(lab, person.id)
    member.right, member.is_facilitator = right, facilitator
    access_changed(lab)
    audit.record(
        actor.id, "change_right", "lab", lab.id, person=person.id, right=str(right), facilitator=facilitator
    )


def remove_member(actor: Actor, lab: Lab, person: Person) -> None:
    """Take a person out of a lab; what they wrote stays theirs, their open tables close within seconds."""
    require(actor, Act.LAB_LEAD, lab)
    member = living(lab, person.id)
    if member.is_facilitator:
        keep_a_facilitator(lab, person.id)
    if person.kind is PersonKind.GUEST:
        guests.close_links(actor, lab, person.id)
    take_out(lab, member)
    audit.record(actor.id, "remove_member", "lab", lab.id, person=person.id)


searched(Lab.title, Lab.purpose)


@erases
def _forget(person_id: int) -> None:
    """Who is erased leaves every lab, also as its last facilitator: nobody is there any more to keep it."""
    for member in session().scalars(sa.select(Membership).filter_by(person_id=person_id, removed_at=None)):
        take_out(member.lab, member)
