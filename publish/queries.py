"""What the public pages show, as plain dataclasses. Nothing here touches a draft: editions only."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import selectinload

from app import clock
from app.accounts.models import Person
from app.db import session
from app.directory.models import Administration, OnlineService
from drafts import vocabulary
from drafts.models import Article, ArticleState
from drafts.review_models import Decision, RevisionCompetence, SignOff
from publish import addresses
from publish.catalogue import (
    Concern,
    Desk,
    Office,
    Service,
    desks,
    kind_names,
    office_of,
    places,
    services,
    sort_key,
    web_address,
)
from publish.models import Address, Edition
from publish.subjects import summaries

# Beside an article: the two first counters of each administration, the others one click away.
MOST_DESKS = 2
MOST_RELATED = 4


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
class Contact:
    """An administration with its first counters; `more` when it has others."""

    office: Office
    desks: tuple[Desk, ...]
    more: bool


@dataclass(frozen=True)
class Reading:
    """Everything an article's page shows."""

    card: Card
    body: str
    tree: list[Any]
    credits: tuple[Office, ...]
    signed: tuple[Office, ...]
    contacts: tuple[Contact, ...]
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
    signed = frozenset(
        session().scalars(
            sa.select(SignOff.administration_id).where(
                SignOff.revision_id == card.revision_id, SignOff.decision == Decision.SIGNED
            )
        )
    )
    wanted = card.listed("services")
    concern = Concern(frozenset(place.id for place in offices), frozenset(card.listed("territories")))
    found = services(OnlineService.slug.in_(wanted), concern) if wanted else []
    by_slug = {service.slug: service for service in found}
    return Reading(
        card=card,
        body=edition.body,
        tree=edition.revision.tree,
        credits=tuple(
            office_of(written[entry["administration"]])
            for entry in edition.credits
            if entry["administration"] in written
        ),
        signed=tuple(office_of(place) for place in offices if place.id in signed),
        contacts=tuple(
            Contact(office_of(place), desks([place])[:MOST_DESKS], len(place.counters) > MOST_DESKS)
            for place in offices
        ),
        services=tuple(by_slug[slug] for slug in wanted if slug in by_slug),
        review_date=review_date(card.fields),
        themes=_named(SubjectKind.THEME, card),
        life_events=_named(SubjectKind.LIFE_EVENT, card),
        related=_related(card),
    )


def _subjects_of(card: Card) -> set[tuple[str, str]]:
    return {(kind, slug) for kind in SubjectKind for slug in card.listed(kind)}


def _related(card: Card) -> tuple[Card, ...]:
    """The articles that share most themes and life events, the newest first among equals."""
    mine = _subjects_of(card)
    near = [
        (len(mine & _subjects_of(other)), other)
        for other in live_cards()
        if other.article_id != card.article_id
    ]
    near.sort(key=lambda entry: -entry[0])
    return tuple(other for shared, other in near[:MOST_RELATED] if shared)


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
    return OfficePage(
        office=office_of(place),
        kind=kind_names()[place.kind],
        site=web_address(place.site),
        desks=desks([place]),
        services=tuple(
            services(OnlineService.owners.any(Administration.id == place.id), Concern(frozenset({place.id})))
        ),
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
