"""What the public pages show, as plain dataclasses. Nothing here touches a draft: editions only."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from app import clock
from app.accounts.models import Person
from app.db import session
from app.directory.catalogue import (
    Concern,
    Desk,
    Office,
    Service,
    desks,
    office_of,
    places,
    services,
    web_address,
)
from app.directory.models import Administration, OnlineService
from drafts import vocabulary
from drafts.card_queries import references_of
from drafts.cards import fill
from drafts.models import Article, ArticleState
from drafts.review_models import RevisionCompetence
from publish import addresses, shown, territories
from publish.fate_stages import READABLE
from publish.link_notes import led_through, noted, references_noted, service_noted
from publish.link_state import broken_among, links_of
from publish.looks import once
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
    edition_id: int
    # Published before its review came out; and when the others approved it, if they ever did.
    is_urgent: bool
    approved_at: datetime | None


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
    # Who has signed: the whole, a part, through somebody else; and who is competent and has not.
    signed: tuple[Office, ...]
    signed_in_part: tuple[Office, ...]
    signed_instead: tuple[Office, ...]
    unsigned: tuple[Office, ...]
    contacts: tuple[Contact, ...]
    services: tuple[Service, ...]
    # When it was last found exact, and until when.
    verified_at: datetime
    review_date: date | None
    # Published before its review came out. Until when it has to be approved; None when it was.
    is_urgent: bool
    urgent_until: date | None
    # Why it was withdrawn, and when; None while it is live.
    withdrawn: shown.Withdrawn | None
    themes: tuple[Subject, ...]
    life_events: tuple[Subject, ...]
    related: tuple[Card, ...]


_CARD = (
    Edition.article_id, Edition.id.label("edition_id"), Edition.revision_id, Edition.slug, Edition.title, Edition.lead,
    Edition.number, Edition.fingerprint, Edition.published_at, Edition.fields,
)  # fmt: skip


def live_cards() -> list[Card]:
    """Every article that is live, the newest edition first."""
    return list(once("live_cards", _live_cards))


def _live_cards() -> list[Card]:
    rows = session().execute(
        sa.select(*_CARD)
        .join(Article, Article.shown_revision_id == Edition.revision_id)
        .where(Article.state == ArticleState.LIVE)
        .order_by(Edition.published_at.desc(), Edition.id.desc())
    )
    return [Card(**row._mapping) for row in rows]


def newest_card() -> Card | None:
    """The live article that was published last."""
    row = session().execute(
        sa.select(*_CARD)
        .join(Article, Article.shown_revision_id == Edition.revision_id)
        .where(Article.state == ArticleState.LIVE)
        .order_by(Edition.published_at.desc(), Edition.id.desc())
        .limit(1)
    ).first()  # fmt: skip
    return Card(**row._mapping) if row is not None else None


def cards_of(article_ids: Sequence[int]) -> list[Card]:
    """Articles that are live, in the order that was asked for."""
    rows = session().execute(
        sa.select(*_CARD)
        .join(Article, Article.shown_revision_id == Edition.revision_id)
        .where(Article.state == ArticleState.LIVE, Article.id.in_(article_ids))
    )
    found = {row.article_id: Card(**row._mapping) for row in rows}
    return [found[article_id] for article_id in article_ids if article_id in found]


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


def was_subject(kind: SubjectKind, slug: str) -> bool:
    """Whether any edition ever stood under a subject, so that there was a page for it."""
    # Narrowed by the database, decided by the values: a slug may stand in another field too.
    rows = session().scalars(
        sa.select(Edition.fields).where(sa.cast(Edition.fields, sa.Text).contains(f'"{slug}"'))
    )
    return any(slug in (fields.get(kind) or ()) for fields in rows)


def article_at(slug: str) -> Card | str | None:
    """The article that is read at a slug; the current slug when it has moved; None when there is none.

    Readable are live articles and withdrawn ones; what became of the others `publish.fate_queries` knows.
    """
    address = session().get(Address, slug)
    if address is None:
        return None
    row = (
        session()
        .execute(
            sa.select(*_CARD)
            .join(Article, Article.shown_revision_id == Edition.revision_id)
            .where(Article.id == address.article_id, Article.state.in_(READABLE))
        )
        .first()
    )
    if row is None:
        return None
    card = Card(**row._mapping)
    return card if card.slug == slug else card.slug


def current_slug(article_id: int) -> str | None:
    """The address under which an article is or was public; None when it never was."""
    return session().scalar(
        sa.select(Address.slug).where(Address.article_id == article_id, Address.is_current.is_(True))
    )


def reading(card: Card, door: str = addresses.DOOR, territory: str = "") -> Reading:
    """Everything the page of `card` shows; its online services are opened through `door`, "" for programs. `territory`: only
    what is for that one."""
    edition = session().get_one(Edition, card.edition_id)
    tree = territories.kept(edition.revision.tree, territory) if territory else edition.revision.tree
    offices = places(competent_for([card.revision_id]).get(card.revision_id, ()))
    written = {place.id: place for place in places(entry["administration"] for entry in edition.credits)}
    signatures = shown.signatures(edition)
    wanted = card.listed("services")
    concern = Concern(frozenset(place.id for place in offices), frozenset(card.listed("territories")))
    found = services(OnlineService.slug.in_(wanted), concern) if wanted else []
    known = references_of(tree, concern=concern)
    every = [*found, *known.services.values()]
    broken = broken_among({*links_of(tree), *(one.href for one in every if one.href is not None)})
    by_slug = {service.slug: service_noted(service, broken) for service in found}
    verified_at, until = shown.verified(edition)
    first = next((place for place in offices if place.id == edition.article.lead_administration_id), None)
    return Reading(
        card=card,
        body=fill(
            led_through(
                noted(
                    territories.body(tree) if territory else edition.body,
                    broken,
                    office_of(first) if first is not None else None,
                ),
                _services_at(links_of(tree)),
                door,
            ),
            references_noted(known, broken),
            door=door,
        ),
        tree=tree,
        credits=tuple(
            office_of(written[entry["administration"]])
            for entry in edition.credits
            if entry["administration"] in written
        ),
        signed=_offices(offices, signatures.whole),
        signed_in_part=_offices(offices, signatures.part),
        signed_instead=_offices(offices, signatures.substituted),
        unsigned=_offices(offices, signatures.missing),
        contacts=tuple(
            Contact(office_of(place), desks([place])[:MOST_DESKS], len(place.counters) > MOST_DESKS)
            for place in offices
        ),
        services=tuple(by_slug[slug] for slug in wanted if slug in by_slug),
        verified_at=verified_at,
        review_date=until,
        is_urgent=card.revision_id in shown.urgencies([card.revision_id]),
        urgent_until=shown.urgent_until(edition.article),
        withdrawn=shown.withdrawn(edition.article),
        themes=_named(SubjectKind.THEME, card),
        life_events=_named(SubjectKind.LIFE_EVENT, card),
        related=_related(card),
    )


def _offices(places: Sequence[Administration], wanted: Collection[int]) -> tuple[Office, ...]:
    return tuple(office_of(place) for place in places if place.id in wanted)


def _services_at(urls: Sequence[str]) -> dict[str, str]:
    """{address: slug} of the online services that a text leads to by their own address."""
    rows = session().execute(
        sa.select(OnlineService.url, OnlineService.slug)
        .where(OnlineService.url.in_(urls), OnlineService.withdrawn_at.is_(None))
        .order_by(OnlineService.slug.desc())
    )
    return {url: slug for url, slug in rows if web_address(url) is not None}


def card_of(article: Article) -> Card:
    """An article in a list, whatever became of it."""
    row = session().execute(sa.select(*_CARD).where(Edition.revision_id == article.shown_revision_id)).one()
    return Card(**row._mapping)


def with_link_state(found: Sequence[Service]) -> tuple[Service, ...]:
    """Online services, with a word at those whose site does not answer now."""
    broken = broken_among(one.href for one in found if one.href is not None)
    return tuple(service_noted(service, broken) for service in found)


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


def history(article_id: int) -> list[Past]:
    """Every edition of an article, the newest first."""
    rows = (
        session()
        .scalars(sa.select(Edition).where(Edition.article_id == article_id).order_by(Edition.number.desc()))
        .all()
    )
    urgent = shown.urgencies([row.revision_id for row in rows])
    return [
        Past(
            row.number,
            row.published_at,
            row.change_note,
            tuple(str(entry.get("name", "")) for entry in row.credits),
            row.fingerprint,
            row.id,
            row.revision_id in urgent,
            urgent.get(row.revision_id),
        )
        for row in rows
    ]


def is_demonstration() -> bool:
    """Whether demonstration accounts exist here, so that every page says what its texts are worth."""
    return session().scalar(sa.select(Person.id).where(Person.is_demo).limit(1)) is not None


def today() -> date:
    return clock.local(clock.now()).date()
