"""Verbs about labs. Every change of who may do what bumps the lab's access epoch in the same transaction."""

from __future__ import annotations

import re
import secrets
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

import labs.policy  # noqa: F401 - registers the judge that `require` asks about a lab
from app import audit, clock, events
from app.accounts.models import Person, PersonStatus
from app.db import note, session
from app.directory.models import Administration
from app.errors import Invalid
from app.extensions import gettext as _
from app.policy import Act, Actor, require
from labs.models import Lab, LabKind, LabSession, Membership, SessionStatus
from labs.roles import Right


@events.event
@dataclass(frozen=True)
class LabAccessChanged(events.Event):
    """Somebody's rights in a lab changed: open tables ask again."""

    name = "labs.access_changed"
    lab_id: int


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
    """Found a lab across administrations; who founds it facilitates it."""
    # Not split(): it would take the no-break spaces of French for ordinary ones.
    title = re.sub(r"[ \t\r\n]+", " ", title).strip()
    if not title or len(title) > 200:
        raise Invalid(_("Donnez au lab un titre de 200 caractères au plus."))
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
    while session().scalar(sa.select(Lab.id).where(Lab.slug == slug)) is not None:
        slug = f"{slug[:70]}-{secrets.token_hex(3)}"
    return slug


def add_member(actor: Actor, lab: Lab, person: Person, right: Right, facilitator: bool = False) -> Membership:
    """Invite a person, or bring back one who left. Disturbs nobody who is at a table."""
    require(actor, Act.LAB_LEAD, lab)
    if person.status is not PersonStatus.ACTIVE:
        raise Invalid(_("Ce compte n’est pas actif."))
    member = session().scalars(sa.select(Membership).filter_by(lab_id=lab.id, person_id=person.id)).first()
    if member is None:
        member = Membership(lab_id=lab.id, person_id=person.id, joined_at=clock.now())
        session().add(member)
    elif member.removed_at is None:
        raise Invalid(_("Cette personne fait déjà partie du lab."))
    member.right, member.is_facilitator, member.removed_at = right, facilitator, None
    _access_changed(lab)
    audit.record(actor.id, "add_member", "lab", lab.id, person=person.id, right=str(right))
    return member


def change_right(actor: Actor, lab: Lab, person: Person, right: Right, facilitator: bool = False) -> None:
    require(actor, Act.LAB_LEAD, lab)
    member = _living(lab, person)
    if member.is_facilitator and not facilitator:
        _keep_a_facilitator(lab, person)
    member.right, member.is_facilitator = right, facilitator
    _access_changed(lab)
    audit.record(actor.id, "change_right", "lab", lab.id, person=person.id, right=str(right))


def remove_member(actor: Actor, lab: Lab, person: Person) -> None:
    """Take a person out of a lab; what they wrote stays theirs, their open tables close within seconds."""
    require(actor, Act.LAB_LEAD, lab)
    member = _living(lab, person)
    if member.is_facilitator:
        _keep_a_facilitator(lab, person)
    member.removed_at = clock.now()
    _access_changed(lab)
    audit.record(actor.id, "remove_member", "lab", lab.id, person=person.id)


def _living(lab: Lab, person: Person) -> Membership:
    member = (
        session()
        .scalars(sa.select(Membership).filter_by(lab_id=lab.id, person_id=person.id, removed_at=None))
        .first()
    )
    if member is None:
        raise Invalid(_("Cette personne ne fait plus partie du lab."))
    return member


def _keep_a_facilitator(lab: Lab, leaving: Person) -> None:
    others = session().scalar(
        sa.select(sa.func.count())
        .select_from(Membership)
        .where(
            Membership.lab_id == lab.id,
            Membership.is_facilitator,
            Membership.removed_at.is_(None),
            Membership.person_id != leaving.id,
        )
    )
    if not others:
        raise Invalid(_("Un lab garde toujours un animateur : nommez-en un autre d’abord."))


def _access_changed(lab: Lab) -> None:
    session().flush()
    session().execute(sa.update(Lab).where(Lab.id == lab.id).values(access_epoch=Lab.access_epoch + 1))
    session().refresh(lab, ["access_epoch"])
    note(LabAccessChanged(lab_id=lab.id))


def plan_session(
    actor: Actor,
    lab: Lab,
    title: str,
    starts_at: datetime,
    ends_at: datetime,
    place: str = "",
    agenda: list[Any] | None = None,
) -> LabSession:
    require(actor, Act.LAB_LEAD, lab)
    if ends_at <= starts_at:
        raise Invalid(_("La fin de la séance doit venir après son début."))
    seance = LabSession(
        lab_id=lab.id, title=title, place=place, starts_at=starts_at, ends_at=ends_at, agenda=agenda or []
    )
    session().add(seance)
    session().flush()
    audit.record(actor.id, "plan_session", "lab_session", seance.id)
    return seance


def open_session(actor: Actor, seance: LabSession) -> None:
    require(actor, Act.LAB_LEAD, seance.lab)
    if seance.status is SessionStatus.CLOSED:
        raise Invalid(_("Cette séance est close."))
    seance.status = SessionStatus.OPEN
    audit.record(actor.id, "open_session", "lab_session", seance.id)


def close_session(actor: Actor, seance: LabSession) -> None:
    require(actor, Act.LAB_LEAD, seance.lab)
    seance.status = SessionStatus.CLOSED
    audit.record(actor.id, "close_session", "lab_session", seance.id)
