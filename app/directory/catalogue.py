"""Administrations, counters and online services as pages show them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import selectinload

from app import clock
from app.db import session
from app.directory.models import Administration, Counter, Kind, Login, OnlineService, ServiceKind
from app.extensions import gettext as _
from app.markup import safe_href

# From so many communes on, a service is every town hall's: naming those that are written down would send
# the people of all the others to the wrong town.
MANY_COMMUNES = 3


@dataclass(frozen=True)
class Office:
    """An administration as it is named and linked in a page."""

    slug: str
    name: str
    short: str


@dataclass(frozen=True)
class Desk:
    """A counter: `tel` is the telephone number as a link wants it, "" when it is none."""

    name: str
    address: str
    commune: str
    phone: str
    tel: str
    email: str
    hours: str
    office: Office


@dataclass(frozen=True)
class Concern:
    """What a page is about: ids of the administrations that answer for it, slugs of the territories it is for."""

    administrations: frozenset[int] = frozenset()
    territories: frozenset[str] = frozenset()


ANYONE = Concern()


@dataclass(frozen=True)
class Service:
    """`offices` are all its owners, `named` how a line says them; `desk` is where to go without internet, None
    when there is none or when it is the reader's own town hall (`is_town_hall`)."""

    slug: str
    title: str
    kind: str
    href: str | None
    login: str
    summary: str
    outage: str
    offices: tuple[Office, ...]
    named: tuple[str, ...]
    desk: Desk | None
    is_town_hall: bool


def kind_names() -> dict[Kind, str]:
    return {
        Kind.GOVERNMENT: _("Gouvernement de la Nouvelle-Calédonie"),
        Kind.PROVINCE: _("Provinces"),
        Kind.COMMUNE: _("Communes"),
        Kind.STATE: _("Services de l’État"),
        Kind.PUBLIC_BODY: _("Établissements et organismes publics"),
        Kind.CHAMBER: _("Chambres consulaires"),
        Kind.OPERATOR: _("Opérateurs de service public"),
    }


def service_kinds() -> dict[ServiceKind, str]:
    return {
        ServiceKind.ONLINE_PROCEDURE: _("Démarche en ligne"),
        ServiceKind.FORM: _("Formulaire à remplir"),
        ServiceKind.LETTER_TEMPLATE: _("Modèle de lettre"),
        ServiceKind.SIMULATOR: _("Simulateur"),
        ServiceKind.APPOINTMENT: _("Prise de rendez-vous"),
    }


def logins() -> dict[Login, str]:
    return {
        Login.NONE: _("Sans compte"),
        Login.NC_CONNECT: _("Avec un compte NC Connect"),
        Login.OTHER: _("Avec un compte propre à ce site"),
    }


def sort_key(text: str) -> str:
    """French alphabetical order: accents and apostrophes do not count."""
    folded = unicodedata.normalize("NFKD", text.lower()).replace("œ", "oe").replace("’", " ")
    return "".join(character for character in folded if not unicodedata.combining(character))


def office_of(place: Administration) -> Office:
    return Office(place.slug, place.name, place.short_name)


def tel_of(phone: str) -> str:
    """A telephone number as a link wants it."""
    digits = re.sub(r"[^0-9+]", "", phone)
    # Numbers of the territory have six digits; the country code makes the link work from anywhere.
    return f"+687{digits}" if re.fullmatch(r"[0-9]{6}", digits) else digits


def desk_of(counter: Counter, place: Administration) -> Desk:
    email = counter.email if re.fullmatch(r"[^@\s<>\"?&]+@[^@\s<>\"?&]+", counter.email or "") else ""
    return Desk(
        counter.name,
        counter.address,
        counter.commune,
        counter.phone,
        tel_of(counter.phone),
        email,
        counter.hours,
        office_of(place),
    )


def desks(places: Iterable[Administration]) -> tuple[Desk, ...]:
    return tuple(desk_of(counter, place) for place in places for counter in place.counters)


def web_address(address: str | None) -> str | None:
    """The address when it is a harmless one on the web."""
    href = safe_href(address) if address else None
    return href if href is not None and href.startswith(("https://", "http://")) else None


def _first_desk(place: Administration) -> Desk | None:
    counters = desks([place])
    return next((desk for desk in counters if desk.phone), counters[0] if counters else None)


def _standing_in(owners: list[Administration], concern: Concern) -> Administration | None:
    """The owner whose counter helps somebody who reads a page of that concern; None: their own town hall, or none.

    First who answers for the page, then who is of its territory. Who serves the whole country does not stand in
    for many communes: their counter does not do what a town hall does.
    """
    reachable = [place for place in owners if any(counter.phone for counter in place.counters)] or owners
    many = _is_of_many_communes(owners)
    for place in reachable:
        if place.id in concern.administrations:
            return place
    for place in reachable:
        if place.territory in concern.territories and (place.kind is Kind.COMMUNE or not many):
            return place
    return None if many else next(iter(reachable), None)


def _is_of_many_communes(owners: list[Administration]) -> bool:
    return sum(place.kind is Kind.COMMUNE for place in owners) >= MANY_COMMUNES


def _named(owners: list[Administration], chosen: Administration | None) -> tuple[str, ...]:
    """The owners in one line; of many communes, the one that is meant or "votre commune"."""
    if not _is_of_many_communes(owners):
        return tuple(place.short_name for place in owners)
    commune = chosen.short_name if chosen is not None and chosen.kind is Kind.COMMUNE else _("votre commune")
    return (commune, *(place.short_name for place in owners if place.kind is not Kind.COMMUNE))


def outage_now(row: OnlineService) -> str:
    """What is said of an outage while it lasts; "" before it, after it and without one."""
    now = clock.now()
    begun = row.outage_from is None or row.outage_from <= now
    return row.outage if begun and (row.outage_until is None or row.outage_until > now) else ""


def _service(row: OnlineService, concern: Concern) -> Service:
    chosen = _standing_in(row.owners, concern)
    return Service(
        slug=row.slug,
        title=row.title,
        kind=service_kinds()[row.kind],
        href=web_address(row.url),
        login=logins()[row.login],
        summary=row.summary,
        outage=outage_now(row),
        offices=tuple(office_of(owner) for owner in row.owners),
        named=_named(row.owners, chosen),
        desk=_first_desk(chosen) if chosen is not None else None,
        is_town_hall=chosen is None and bool(row.owners),
    )


def places(ids: Iterable[int] | None = None) -> list[Administration]:
    """Administrations with their counters, in alphabetical order: those of some ids, or all that are open."""
    query = sa.select(Administration).options(selectinload(Administration.counters))
    query = query.where(
        Administration.closed_at.is_(None) if ids is None else Administration.id.in_(list(ids))
    )
    return sorted(session().scalars(query), key=lambda place: sort_key(place.name))


def services(where: sa.ColumnElement[bool] | None = None, concern: Concern = ANYONE) -> list[Service]:
    """Services in alphabetical order, as a page of that concern shows them; those that are withdrawn are not there."""
    query = (
        sa.select(OnlineService)
        .where(OnlineService.withdrawn_at.is_(None))
        .options(selectinload(OnlineService.owners).selectinload(Administration.counters))
    )
    rows = session().scalars(query if where is None else query.where(where))
    return sorted((_service(row, concern) for row in rows), key=lambda service: sort_key(service.title))


def count(kind: type[Administration] | type[OnlineService]) -> int:
    """How many the public finds."""
    gone = Administration.closed_at if kind is Administration else OnlineService.withdrawn_at
    return session().scalar(sa.select(sa.func.count()).select_from(kind).where(gone.is_(None))) or 0
