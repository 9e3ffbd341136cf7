"""People as administrators see them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from app import clock
from app.accounts import second_factor
from app.accounts.models import Person, PersonKind, PersonStatus, Role, SignIn
from app.administration.doors import AT_ONCE
from app.db import session
from app.directory.catalogue import sort_key
from app.directory.models import Administration
from app.errors import Missing
from app.extensions import gettext as _
from app.policy import Actor, PortalRole
from labs.models import Lab, Membership
from labs.roles import Right
from labs.words import right_word

# What a list may be narrowed to.
STATES = ("actifs", "suspendus", "invites", "sans-administration")


@dataclass(frozen=True)
class Asked:
    """What of the list is asked for; "" and None: everything."""

    words: str = ""
    administration: int | None = None
    role: str = ""
    state: str = ""


@dataclass(frozen=True)
class Line:
    id: int
    name: str
    email: str
    administration: str
    roles: tuple[PortalRole, ...]
    is_active: bool
    is_guest: bool


@dataclass(frozen=True)
class Listing:
    lines: tuple[Line, ...]
    count: int
    page: int
    pages: int


@dataclass(frozen=True)
class Held:
    id: int
    role: PortalRole
    place: str


@dataclass(frozen=True)
class Open:
    """A session that is good now."""

    begun: datetime
    seen: datetime
    shared_computer: bool


@dataclass(frozen=True)
class Seat:
    slug: str
    title: str
    right: str
    leads: bool


@dataclass(frozen=True)
class PersonPage:
    id: int
    version: int
    name: str
    email: str
    administration_id: int | None
    administration: str
    is_active: bool
    is_guest: bool
    is_citizen: bool
    has_second_factor: bool
    is_self: bool
    reason: str
    created_at: datetime
    roles: tuple[Held, ...]
    sessions: tuple[Open, ...]
    labs: tuple[Seat, ...]


def places(*, closed: bool = False) -> list[tuple[int, str]]:
    """(id, name) of the open administrations for a form, or of all, by name."""
    query = sa.select(Administration.id, Administration.name)
    if not closed:
        query = query.where(Administration.closed_at.is_(None))
    return sorted(((row.id, row.name) for row in session().execute(query)), key=lambda one: sort_key(one[1]))


def listing(asked: Asked, page: int) -> Listing:
    """A page of the people that fit, by name. A name or address fits when it holds each of the words, whatever their
    accents; that is looked at here, since the databases fold letters differently."""
    rows = session().execute(_fitting(asked)).all()
    wanted = sort_key(asked.words[:200]).split()
    if wanted:
        rows = [row for row in rows if all(word in sort_key(f"{row.name} {row.email}") for word in wanted)]
    rows = sorted(rows, key=lambda row: (sort_key(row.name), row.id))
    pages = max(1, -(-len(rows) // AT_ONCE))
    page = min(page, pages)
    shown = rows[(page - 1) * AT_ONCE : page * AT_ONCE]
    roles: dict[int, list[PortalRole]] = {}
    for person, role in session().execute(
        sa.select(Role.person_id, Role.role)
        .where(Role.person_id.in_([row.id for row in shown]))
        .order_by(Role.id)
    ):
        if role not in roles.setdefault(person, []):
            roles[person].append(role)
    lines = (
        Line(
            row.id, row.name, row.email, row.acronym or row.place or "", tuple(roles.get(row.id, ())),
            row.status is PersonStatus.ACTIVE, row.kind is PersonKind.GUEST,
        )
        for row in shown
    )  # fmt: skip
    return Listing(tuple(lines), len(rows), page, pages)


def _fitting(asked: Asked) -> sa.Select[int, str, str, PersonStatus, PersonKind, str | None, str]:
    query = (
        sa.select(
            Person.id, Person.name, Person.email, Person.status, Person.kind, Administration.acronym,
            Administration.name.label("place"),
        )
        .outerjoin(Administration, Administration.id == Person.administration_id)
        .where(Person.erased_at.is_(None))
    )  # fmt: skip
    if asked.administration is not None:
        query = query.where(Person.administration_id == asked.administration)
    if asked.role in list(PortalRole):
        query = query.where(Person.roles.any(Role.role == PortalRole(asked.role)))
    if asked.state == "actifs":
        query = query.where(Person.status == PersonStatus.ACTIVE, Person.kind == PersonKind.AGENT)
    elif asked.state == "suspendus":
        query = query.where(Person.status == PersonStatus.SUSPENDED)
    elif asked.state == "invites":
        query = query.where(Person.kind == PersonKind.GUEST)
    elif asked.state == "sans-administration":
        query = query.where(*without_place())
    return query


def without_place() -> tuple[sa.ColumnElement[bool], ...]:
    """Agents who can do nothing yet: they wait for somebody to say whom they work for."""
    return (
        Person.kind == PersonKind.AGENT,
        Person.status == PersonStatus.ACTIVE,
        Person.administration_id.is_(None),
        ~Person.roles.any(),
    )


def person_page(actor: Actor, number: int) -> PersonPage:
    """Raises Missing for who is not there, and for who was erased."""
    person = session().get(Person, number)
    if person is None or person.erased_at is not None:
        raise Missing(_("Cette page n’existe pas, ou vous n’y avez pas accès."))
    place = person.administration
    return PersonPage(
        id=person.id,
        version=person.version,
        name=person.name,
        email=person.email,
        administration_id=person.administration_id,
        administration=place.name if place else "",
        is_active=person.status is PersonStatus.ACTIVE,
        is_guest=person.kind is PersonKind.GUEST,
        is_citizen=person.kind is PersonKind.CITIZEN,
        has_second_factor=second_factor.is_on(number),
        is_self=person.id == actor.id,
        reason=person.status_reason,
        created_at=person.created_at,
        roles=_held(number),
        sessions=_open(number),
        labs=_seats(number),
    )


def _held(number: int) -> tuple[Held, ...]:
    rows = session().execute(
        sa.select(Role.id, Role.role, Administration.name)
        .outerjoin(Administration, Administration.id == Role.administration_id)
        .where(Role.person_id == number)
        .order_by(Role.id)
    )
    return tuple(Held(ident, role, place or "") for ident, role, place in rows)


def _open(number: int) -> tuple[Open, ...]:
    rows = session().execute(
        sa.select(SignIn.created_at, SignIn.seen_at, SignIn.shared_computer)
        .where(SignIn.person_id == number, SignIn.revoked_at.is_(None), SignIn.expires_at > clock.now())
        .order_by(SignIn.seen_at.desc())
        .limit(AT_ONCE)
    )
    return tuple(Open(*row) for row in rows)


def _seats(number: int) -> tuple[Seat, ...]:
    rows = session().execute(
        sa.select(Lab.slug, Lab.title, Membership.right, Membership.is_facilitator)
        .join(Membership, Membership.lab_id == Lab.id)
        .where(Membership.person_id == number, Membership.removed_at.is_(None))
    )
    seats = [Seat(slug, title, right_word(Right(right)), leads) for slug, title, right, leads in rows]
    return tuple(sorted(seats, key=lambda seat: (not seat.leads, sort_key(seat.title))))
