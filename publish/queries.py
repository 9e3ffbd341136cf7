"""What the public pages show, as plain dataclasses. Nothing here touches a draft: editions only."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import selectinload

from app import clock
from app.accounts.models import Person
from app.db import session
from app.directory import models as directory
from app.directory.models import Administration, Kind, Login, OnlineService, ServiceKind
from app.extensions import gettext as _
from app.markup import safe_href
from drafts import vocabulary
from drafts.models import Article, ArticleState
from drafts.review_models import RevisionCompetence
from publish import addresses
from publish.models import Address, Edition
from publish.subjects import summaries


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
class Service:
    slug: str
    title: str
    kind: str
    href: str | None
    login: str
    summary: str
    outage: str
    offices: tuple[Office, ...]
    desk: Desk | None


@dataclass(frozen=True)
class Subject:
    """A theme or a life event, with how many articles stand under it."""

    slug: str
    title: str
    summary: str
    articles: int = 0


@dataclass(frozen=True)
class Card:
    """An article in a list."""

    article_id: int
    edition_id: int
    revision_id: int
    slug: str
    title: str
    lead: str
    number: int
    fingerprint: str
    published_at: datetime
    fields: dict[str, Any]

    def listed(self, field: str) -> list[str]:
        value = self.fields.get(field)
        return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


@dataclass(frozen=True)
class Past:
    """One line of an article's history."""

    number: int
    published_at: datetime
    note: str
    credits: tuple[str, ...]
    fingerprint: str


@dataclass(frozen=True)
class Reading:
    """Everything an article's page shows."""

    card: Card
    body: str
    tree: list[Any]
    credits: tuple[Office, ...]
    offices: tuple[Office, ...]
    desks: tuple[Desk, ...]
    services: tuple[Service, ...]
    review_date: date | None
    themes: tuple[Subject, ...]
    life_events: tuple[Subject, ...]
    related: tuple[Card, ...]


@dataclass(frozen=True)
class OfficePage:
    office: Office
    kind: str
    site: str | None
    desks: tuple[Desk, ...]
    services: tuple[Service, ...]
    articles: tuple[Card, ...]


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


def _service_kinds() -> dict[ServiceKind, str]:
    return {
        ServiceKind.ONLINE_PROCEDURE: _("Démarche en ligne"),
        ServiceKind.FORM: _("Formulaire à remplir"),
        ServiceKind.LETTER_TEMPLATE: _("Modèle de lettre"),
        ServiceKind.SIMULATOR: _("Simulateur"),
        ServiceKind.APPOINTMENT: _("Prise de rendez-vous"),
    }


def _logins() -> dict[Login, str]:
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


def _desk(counter: directory.Counter, place: Administration) -> Desk:
    digits = re.sub(r"[^0-9+]", "", counter.phone)
    # Numbers of the territory have six digits; the country code makes the link work from anywhere.
    tel = f"+687{digits}" if re.fullmatch(r"[0-9]{6}", digits) else digits
    email = counter.email if re.fullmatch(r"[^@\s<>\"?&]+@[^@\s<>\"?&]+", counter.email or "") else ""
    return Desk(
        counter.name,
        counter.address,
        counter.commune,
        counter.phone,
        tel,
        email,
        counter.hours,
        office_of(place),
    )


def desks(places: Iterable[Administration]) -> tuple[Desk, ...]:
    return tuple(_desk(counter, place) for place in places for counter in place.counters)


def _service(row: OnlineService) -> Service:
    counters = desks(row.owners)
    href = safe_href(row.url)
    return Service(
        slug=row.slug,
        title=row.title,
        kind=_service_kinds()[row.kind],
        href=href if href is not None and href.startswith(("https://", "http://")) else None,
        login=_logins()[row.login],
        summary=row.summary,
        outage=row.outage,
        offices=tuple(office_of(owner) for owner in row.owners),
        desk=next((desk for desk in counters if desk.phone), counters[0] if counters else None),
    )


_CARD = (
    Edition.article_id, Edition.id.label("edition_id"), Edition.revision_id, Edition.slug, Edition.title, Edition.lead,
    Edition.number, Edition.fingerprint, Edition.published_at, Edition.fields,
)  # fmt: skip


def live_cards() -> list[Card]:
    """Every article that is live, the newest edition first."""
    rows = session().execute(
        sa.select(*_CARD)
        .join(Article, Article.live_revision_id == Edition.revision_id)
        .where(Article.state == ArticleState.LIVE)
        .order_by(Edition.published_at.desc(), Edition.id.desc())
    )
    return [Card(**row._mapping) for row in rows]


def competent_for(revision_ids: Sequence[int]) -> dict[int, list[int]]:
    """Administrations that answered for each revision: {revision: administrations}."""
    found: dict[int, list[int]] = {}
    rows = session().execute(
        sa.select(RevisionCompetence.revision_id, RevisionCompetence.administration_id).where(
            RevisionCompetence.revision_id.in_(revision_ids)
        )
    )
    for revision_id, administration_id in rows:
        found.setdefault(revision_id, []).append(administration_id)
    return found


def places(ids: Iterable[int] | None = None) -> list[Administration]:
    """Administrations with their counters, in alphabetical order."""
    query = sa.select(Administration).options(selectinload(Administration.counters))
    if ids is not None:
        query = query.where(Administration.id.in_(list(ids)))
    return sorted(session().scalars(query), key=lambda place: sort_key(place.name))


def services(where: sa.ColumnElement[bool] | None = None) -> list[Service]:
    query = sa.select(OnlineService).options(
        selectinload(OnlineService.owners).selectinload(Administration.counters)
    )
    rows = session().scalars(query if where is None else query.where(where))
    return sorted((_service(row) for row in rows), key=lambda service: sort_key(service.title))


class SubjectKind(StrEnum):
    """Under what articles are listed; the word is the field of an edition."""

    THEME = "themes"
    LIFE_EVENT = "life_events"


def subjects(kind: SubjectKind, cards: Sequence[Card] = ()) -> list[Subject]:
    """Subjects of a kind in their order, with the number of `cards` under each.

    A slug that the vocabulary has lost still has its page, under its own words.
    """
    titles = vocabulary.themes() if kind is SubjectKind.THEME else vocabulary.life_events()
    texts = summaries() if kind is SubjectKind.THEME else {}
    counts = Counter(slug for card in cards for slug in dict.fromkeys(card.listed(kind)))
    lost = [slug for slug in counts if slug not in titles and re.fullmatch(addresses.SLUG, slug)]
    return [
        Subject(
            slug, titles.get(slug, slug.replace("-", " ").capitalize()), texts.get(slug, ""), counts[slug]
        )
        for slug in [*titles, *sorted(lost)]
    ]


def article_at(slug: str) -> Card | str | None:
    """The live article at a slug; the current slug when the article has moved; None when there is none."""
    address = session().get(Address, slug)
    if address is None:
        return None
    row = (
        session()
        .execute(
            sa.select(*_CARD)
            .join(Article, Article.live_revision_id == Edition.revision_id)
            .where(Article.id == address.article_id, Article.state == ArticleState.LIVE)
        )
        .first()
    )
    if row is None:
        return None
    card = Card(**row._mapping)
    return card if card.slug == slug else card.slug


def reading(card: Card) -> Reading:
    """Everything the page of `card` shows."""
    edition = session().get_one(Edition, card.edition_id)
    offices = places(competent_for([card.revision_id]).get(card.revision_id, ()))
    written = {place.id: place for place in places(entry["administration"] for entry in edition.credits)}
    wanted = card.listed("services")
    by_slug = (
        {service.slug: service for service in services(OnlineService.slug.in_(wanted))} if wanted else {}
    )
    cards = live_cards()
    mine = set(card.listed("themes")) | {f"+{slug}" for slug in card.listed("life_events")}

    def nearness(other: Card) -> int:
        return len(
            mine & (set(other.listed("themes")) | {f"+{slug}" for slug in other.listed("life_events")})
        )

    near = sorted(
        (other for other in cards if other.article_id != card.article_id), key=nearness, reverse=True
    )
    return Reading(
        card=card,
        body=edition.body,
        tree=edition.revision.tree,
        credits=tuple(
            office_of(written[entry["administration"]])
            for entry in edition.credits
            if entry["administration"] in written
        ),
        offices=tuple(office_of(place) for place in offices),
        desks=desks(offices),
        services=tuple(by_slug[slug] for slug in wanted if slug in by_slug),
        review_date=review_date(card.fields),
        themes=_named(SubjectKind.THEME, card),
        life_events=_named(SubjectKind.LIFE_EVENT, card),
        related=tuple(other for other in near[:4] if nearness(other)),
    )


def _named(kind: SubjectKind, card: Card) -> tuple[Subject, ...]:
    known = {subject.slug: subject for subject in subjects(kind, [card])}
    return tuple(known[slug] for slug in card.listed(kind) if slug in known)


def review_date(fields: dict[str, Any]) -> date | None:
    """The day before which an article has to be looked at again."""
    value = fields.get("review_date")
    try:
        return date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None


def history(article_id: int) -> list[Past]:
    """Every edition of an article, the newest first."""
    rows = session().scalars(
        sa.select(Edition).where(Edition.article_id == article_id).order_by(Edition.number.desc())
    )
    return [
        Past(
            row.number,
            row.published_at,
            row.change_note,
            tuple(str(entry.get("name", "")) for entry in row.credits),
            row.fingerprint,
        )
        for row in rows
    ]


def office_page(slug: str) -> OfficePage | None:
    place = (
        session()
        .scalars(
            sa.select(Administration)
            .where(Administration.slug == slug)
            .options(selectinload(Administration.counters))
        )
        .first()
    )
    if place is None:
        return None
    cards = live_cards()
    competent = competent_for([card.revision_id for card in cards])
    site = safe_href(place.site) if place.site else None
    return OfficePage(
        office=office_of(place),
        kind=kind_names()[place.kind],
        site=site if site is not None and site.startswith(("https://", "http://")) else None,
        desks=desks([place]),
        services=tuple(services(OnlineService.owners.any(Administration.id == place.id))),
        articles=tuple(
            sorted(
                (card for card in cards if place.id in competent.get(card.revision_id, ())),
                key=lambda card: sort_key(card.title),
            )
        ),
    )


def is_demonstration() -> bool:
    """Whether demonstration accounts exist here, so that every page says what its texts are worth."""
    return session().scalar(sa.select(Person.id).where(Person.is_demo).limit(1)) is not None


def today() -> date:
    return clock.local(clock.now()).date()
