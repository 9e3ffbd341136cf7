"""The lists that programs read, out of editions and the directory."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.orm import selectinload

from app.db import session
from app.directory import catalogue
from app.directory.models import OnlineService
from drafts import glossary_queries
from drafts.models import Article
from labs.wish_queries import WishCard
from publish import addresses, queries
from publish.api_shapes import (
    AdministrationItem,
    ArticleItem,
    AskedArticles,
    AskedEditions,
    Desk,
    EditionItem,
    ServiceItem,
    WishItem,
)
from publish.fate_stages import READABLE
from publish.glossary_shapes import GlossaryItem
from publish.models import Address, Edition
from publish.queries import Card


def wanted(it: AskedArticles) -> list[Card]:
    """The live articles that were asked for."""
    found = queries.live_cards()
    for field, word in (
        ("themes", it.theme), ("audiences", it.audience), ("territories", it.territory), ("life_events", it.life_event),
    ):  # fmt: skip
        if word is not None:
            found = [card for card in found if word in card.listed(field)]
    if it.since is not None:
        found = [card for card in found if card.published_at >= it.since]
    if it.administration is not None:
        slugs = _competent(found)
        found = [card for card in found if it.administration in slugs[card.revision_id]]
    return found


def _competent(cards: Sequence[Card]) -> dict[int, list[str]]:
    """{revision: slugs of the administrations that answer for it}."""
    competent = queries.competent_for([card.revision_id for card in cards])
    slugs = {
        place.id: place.slug for place in catalogue.places({one for ids in competent.values() for one in ids})
    }
    return {
        card.revision_id: sorted(slugs[one] for one in competent.get(card.revision_id, ())) for card in cards
    }


def articles(cards: Sequence[Card], home: str) -> list[ArticleItem]:
    """`home`: the address under which people see the portal."""
    competent = _competent(cards)
    return [
        ArticleItem(
            slug=card.slug,
            title=card.title,
            lead=card.lead,
            url=home + addresses.article(card.slug),
            administrations=competent[card.revision_id],
            themes=card.listed("themes"),
            life_events=card.listed("life_events"),
            audiences=card.listed("audiences"),
            territories=card.listed("territories"),
            edition=card.number,
            published_at=card.published_at,
            fingerprint=card.fingerprint,
        )
        for card in cards
    ]


def administrations(home: str) -> list[AdministrationItem]:
    return [
        AdministrationItem(
            slug=place.slug,
            name=place.name,
            acronym=place.acronym,
            kind=place.kind,
            territory=place.territory,
            site=place.site,
            url=home + addresses.administration(place.slug),
            counters=[
                Desk(
                    name=desk.name, address=desk.address, commune=desk.commune, phone=desk.phone, email=desk.email,
                    hours=desk.hours,
                )
                for desk in catalogue.desks([place])
            ],
        )
        for place in catalogue.places()
    ]  # fmt: skip


def services(home: str) -> list[ServiceItem]:
    """Those that are not withdrawn."""
    rows = session().scalars(
        sa.select(OnlineService)
        .where(OnlineService.withdrawn_at.is_(None))
        .options(selectinload(OnlineService.owners))
    )
    return [
        ServiceItem(
            slug=row.slug,
            title=row.title,
            kind=row.kind,
            summary=row.summary,
            login=row.login,
            administrations=sorted(owner.slug for owner in row.owners),
            site=catalogue.web_address(row.url),
            opens=home + addresses.opening(row.slug),
            outage=catalogue.outage_now(row),
        )
        for row in rows
    ]


def words(home: str) -> list[GlossaryItem]:
    """The glossary."""
    return [
        GlossaryItem(
            key=line.key,
            term=line.term,
            forms=list(line.forms),
            spelled_out=line.spelled_out,
            definition=line.definition,
            source=line.source,
            source_url=line.source_url,
            changed_at=line.changed_at,
            url=home + addresses.word(line.key),
        )
        for line in glossary_queries.public()
    ]


def wishes(cards: Sequence[WishCard], home: str) -> list[WishItem]:
    return [
        WishItem(
            id=card.id,
            title=card.title,
            need=card.need,
            status=card.status,
            supports=card.supports,
            filed_on=card.day,
            url=home + addresses.wish(card.id),
        )
        for card in cards
    ]


def editions(it: AskedEditions, home: str) -> tuple[list[EditionItem], int | None]:
    """A page of the editions of what may be read, the oldest first: (them, the last one's number when more follow)."""
    query = (
        sa.select(Edition, Address.slug, Article.shown_revision_id)
        .join(Article, Article.id == Edition.article_id)
        .join(Address, (Address.article_id == Article.id) & Address.is_current.is_(True))
        .where(Article.state.in_(READABLE))
        .order_by(Edition.id)
        .limit(it.limit + 1)
    )
    if it.after is not None:
        query = query.where(Edition.id > it.after)
    if it.article is not None:
        query = query.where(
            Edition.article_id.in_(sa.select(Address.article_id).where(Address.slug == it.article))
        )
    rows = session().execute(query).all()
    shown = [
        EditionItem(
            id=edition.id,
            article=slug,
            number=edition.number,
            title=edition.title,
            published_at=edition.published_at,
            fingerprint=edition.fingerprint,
            change_note=edition.change_note,
            is_current=edition.revision_id == current,
            url=home + addresses.article(slug),
            evidence=f"{home}/preuves/{edition.id}",
        )
        for edition, slug, current in rows[: it.limit]
    ]
    return shown, shown[-1].id if len(rows) > it.limit else None
