"""Contacts and online services that a text may refer to: searched by what one remembers of their names."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import selectinload

from app.db import session
from app.directory.models import Administration, Counter, OnlineService
from app.extensions import gettext as _
from drafts.models import Draft

MOST = 20
LONGEST_QUERY = 200
MOST_WORDS = 12
# References asked for by name: a page that shows more of them is no page.
MOST_NAMED = 200
# A service that every commune offers is not told apart by naming them all.
MOST_OWNERS = 3


@dataclass(frozen=True)
class ContactItem:
    """An administration as a whole (`counter` 0), or one of its counters."""

    administration: str
    counter: int
    label: str
    detail: str


@dataclass(frozen=True)
class ServiceItem:
    service: str
    label: str
    detail: str


def folded(text: str) -> str:
    """Lower case, without accents; words of letters and digits with one space between."""
    plain = unicodedata.normalize("NFKD", text.lower().replace("œ", "oe").replace("æ", "ae"))
    return " ".join(re.findall(r"[a-z0-9]+", "".join(c for c in plain if not unicodedata.combining(c))))


def _rank(wanted: Sequence[str], name: str, rest: str) -> int | None:
    """How well the sought words fit, 0 the best; None when one of them is nowhere. Beginnings of words count."""
    whole, phrase = f" {name} {rest}", " ".join(wanted)
    if any(f" {word}" not in whole for word in wanted):
        return None
    if f" {name} ".startswith(f" {phrase} "):
        return 0
    if name.startswith(phrase):
        return 1
    return 2 if all(f" {word}" in f" {name}" for word in wanted) else 3


def _wanted(query: str) -> list[str]:
    return folded(query[:LONGEST_QUERY]).split()[:MOST_WORDS]


def contacts(draft: Draft, query: str) -> list[ContactItem]:
    """At most MOST contacts, and one more when there are more; without a query those of the administrations that answer for the draft."""
    wanted = _wanted(query)
    places = session().scalars(
        sa.select(Administration)
        .where(Administration.closed_at.is_(None))
        .options(selectinload(Administration.counters))
    )
    mine = {place.id for place in draft.article.competent} | {draft.article.lead_administration_id}
    found: list[tuple[int, str, int, ContactItem]] = []
    for place in places:
        if not wanted and place.id not in mine:
            continue
        names = [name for name in (place.acronym, place.name) if name]
        for item, said in _contacts_of(place):
            # Each name it goes by is tried: « DITTT » is the whole of one and the end of another.
            ranks = [_rank(wanted, folded(name), folded(said)) for name in names]
            best = min((rank for rank in ranks if rank is not None), default=None)
            if best is not None:
                found.append((best, folded(place.name), item.counter, item))
    return [item for _rank_, _name, _counter, item in sorted(found, key=lambda line: line[:3])[: MOST + 1]]


def _contacts_of(place: Administration) -> Iterable[tuple[ContactItem, str]]:
    """The contacts of an administration, each with the words it may be found by beside its names."""
    known = f"{place.name} {place.acronym or ''} {place.territory.replace('-', ' ')}"
    yield _whole(place), known
    for counter in place.counters:
        yield _counter(place, counter), f"{counter.name} {counter.commune} {counter.address} {known}"


def _whole(place: Administration) -> ContactItem:
    said = [place.acronym or "", _("Tous les guichets")]
    return ContactItem(place.slug, 0, place.name, _line(said))


def _counter(place: Administration, counter: Counter) -> ContactItem:
    said = [place.short_name, counter.commune, counter.phone]
    return ContactItem(place.slug, counter.id, counter.name, _line(said))


def _line(said: Iterable[str]) -> str:
    return " · ".join(part for part in said if part)


def services(query: str) -> list[ServiceItem]:
    """At most MOST online services, and one more when there are more, found by their titles, their owners and what they are for."""
    wanted = _wanted(query)
    rows = session().scalars(
        sa.select(OnlineService)
        .where(OnlineService.withdrawn_at.is_(None))
        .options(selectinload(OnlineService.owners))
    )
    found: list[tuple[int, str, ServiceItem]] = []
    for row in rows:
        owners = " ".join(f"{place.name} {place.acronym or ''}" for place in row.owners)
        rank = _rank(wanted, folded(row.title), folded(f"{owners} {row.summary}"))
        if rank is not None:
            found.append((rank, folded(row.title), _service(row)))
    return [item for _rank_, _name, item in sorted(found, key=lambda line: line[:2])[: MOST + 1]]


def _service(row: OnlineService) -> ServiceItem:
    names = [place.short_name for place in row.owners[:MOST_OWNERS]]
    more = "…" if len(row.owners) > MOST_OWNERS else ""
    return ServiceItem(row.slug, row.title, ", ".join(names) + more)


def named(
    contact_names: Sequence[str], service_slugs: Sequence[str]
) -> tuple[list[ContactItem], list[ServiceItem]]:
    """The items of references by name (`slug:counter` and slugs), in their order; unknown ones are left out."""
    pairs = [pair for name in contact_names[:MOST_NAMED] if (pair := _pair(name)) is not None]
    slugs = service_slugs[:MOST_NAMED]
    places = {
        place.slug: place
        for place in session().scalars(
            sa.select(Administration)
            .where(Administration.slug.in_({slug for slug, _number in pairs}))
            .options(selectinload(Administration.counters))
        )
    }
    rows = {
        row.slug: row
        for row in session().scalars(
            sa.select(OnlineService)
            .where(OnlineService.slug.in_(set(slugs)), OnlineService.withdrawn_at.is_(None))
            .options(selectinload(OnlineService.owners))
        )
    }
    contacts_ = []
    for slug, number in pairs:
        place = places.get(slug)
        if place is None:
            continue
        if number == 0:
            contacts_.append(_whole(place))
        contacts_ += [_counter(place, counter) for counter in place.counters if counter.id == number]
    return contacts_, [_service(rows[slug]) for slug in slugs if slug in rows]


def _pair(name: str) -> tuple[str, int] | None:
    match = re.fullmatch(r"([a-z0-9-]{1,120}):([0-9]{1,15})", name)
    return (match.group(1), int(match.group(2))) if match else None
