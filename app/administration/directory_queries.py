"""Administrations, services and spaces as administrators see them: also those that the public does not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

import sqlalchemy as sa
from sqlalchemy.orm import selectinload

from app import clock
from app.accounts.models import Person, PersonStatus
from app.db import session
from app.directory.catalogue import kind_names, outage_now, service_kinds, sort_key
from app.directory.models import Administration, ConnectedSpace, Counter, OnlineService, service_owner
from app.errors import Missing
from app.extensions import gettext as _
from drafts.models import Article
from publish.openings import openings
from publish.queries import live_cards

# Days whose openings a list counts.
COUNTED_DAYS = 30


@dataclass(frozen=True)
class OfficeLine:
    id: int
    name: str
    acronym: str
    kind: str
    people: int
    services: int
    articles: int
    is_closed: bool


@dataclass(frozen=True)
class OfficePage:
    """An administration with what it holds; `place` is read from, never changed."""

    place: Administration
    successor: str
    counters: tuple[Counter, ...]
    people: tuple[tuple[int, str], ...]
    services: tuple[tuple[int, str], ...]
    articles: tuple[tuple[str, str], ...]
    led: int


@dataclass(frozen=True)
class ServiceLine:
    id: int
    title: str
    kind: str
    owners: tuple[str, ...]
    outage: str
    is_planned: bool
    is_withdrawn: bool
    opened: int


@dataclass(frozen=True)
class SpaceLine:
    id: int
    name: str
    commune: str
    phone: str
    computers: int
    is_closed: bool


T = TypeVar("T")


def _there(row: T | None) -> T:
    if row is None:
        raise Missing(_("Cette page n’existe pas, ou vous n’y avez pas accès."))
    return row


def offices() -> list[OfficeLine]:
    """All of them, those that are closed last."""
    people = _counts(
        sa.select(Person.administration_id, sa.func.count())
        .where(Person.status == PersonStatus.ACTIVE, Person.administration_id.is_not(None))
        .group_by(Person.administration_id)
    )
    services = _counts(
        sa.select(service_owner.c.administration_id, sa.func.count()).group_by(
            service_owner.c.administration_id
        )
    )
    articles = _counts(
        sa.select(Article.lead_administration_id, sa.func.count()).group_by(Article.lead_administration_id)
    )
    lines = [
        OfficeLine(
            place.id, place.name, place.acronym or "", kind_names()[place.kind], people.get(place.id, 0),
            services.get(place.id, 0), articles.get(place.id, 0), place.closed_at is not None,
        )
        for place in session().scalars(sa.select(Administration))
    ]  # fmt: skip
    return sorted(lines, key=lambda line: (line.is_closed, sort_key(line.name)))


def _counts(query: sa.Select[int, int] | sa.Select[int | None, int]) -> dict[int, int]:
    return {row[0]: row[1] for row in session().execute(query) if row[0] is not None}


def office(number: int) -> OfficePage:
    place = _there(session().get(Administration, number))
    people = session().execute(
        sa.select(Person.id, Person.name).where(
            Person.administration_id == number, Person.status == PersonStatus.ACTIVE
        )
    )
    services = session().execute(
        sa.select(OnlineService.id, OnlineService.title).where(
            OnlineService.owners.any(Administration.id == number)
        )
    )
    led = set(session().scalars(sa.select(Article.id).where(Article.lead_administration_id == number)))
    cards = [card for card in live_cards() if card.article_id in led]
    return OfficePage(
        place=place,
        successor=place.successor.name if place.successor is not None else "",
        counters=tuple(place.counters),
        people=_by_name(people),
        services=_by_name(services),
        articles=tuple(sorted(((card.slug, card.title) for card in cards), key=lambda one: sort_key(one[1]))),
        led=len(led),
    )


def _by_name(rows: sa.Result[int, str]) -> tuple[tuple[int, str], ...]:
    return tuple(sorted(((row[0], row[1]) for row in rows), key=lambda one: sort_key(one[1])))


def services() -> list[ServiceLine]:
    """All of them, those that are withdrawn last."""
    opened = openings(clock.local(clock.now()).date() - timedelta(days=COUNTED_DAYS))
    rows = session().scalars(sa.select(OnlineService).options(selectinload(OnlineService.owners)))
    lines = [
        ServiceLine(
            row.id, row.title, service_kinds()[row.kind], tuple(place.short_name for place in row.owners[:3]),
            outage_now(row), bool(row.outage_from and row.outage_from > clock.now()),
            row.withdrawn_at is not None, opened.get(row.slug, 0),
        )
        for row in rows
    ]  # fmt: skip
    return sorted(lines, key=lambda line: (line.is_withdrawn, sort_key(line.title)))


def service(number: int) -> OnlineService:
    return _there(session().get(OnlineService, number))


def outages(now: datetime) -> list[tuple[int, str, str]]:
    """(id, title, words) of the services that are said not to work now."""
    rows = session().scalars(
        sa.select(OnlineService).where(OnlineService.outage != "", OnlineService.withdrawn_at.is_(None))
    )
    return [(row.id, row.title, words) for row in rows if (words := outage_now(row))]


def spaces() -> list[SpaceLine]:
    """All of them by commune, those that are closed last."""
    lines = [
        SpaceLine(row.id, row.name, row.commune, row.phone, row.computers, row.closed_at is not None)
        for row in session().scalars(sa.select(ConnectedSpace))
    ]
    return sorted(lines, key=lambda line: (line.is_closed, sort_key(line.commune), sort_key(line.name)))


def space(number: int) -> ConnectedSpace:
    return _there(session().get(ConnectedSpace, number))
