"""The page of an administration: its counters, its online services, the articles it answers for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import selectinload

from app.db import session
from app.directory.catalogue import (
    Concern,
    Desk,
    Office,
    Service,
    desks,
    kind_names,
    office_of,
    services,
    sort_key,
    web_address,
)
from app.directory.models import Administration, OnlineService
from publish.queries import Card, competent_for, live_cards, with_link_state


@dataclass(frozen=True)
class OfficePage:
    office: Office
    kind: str
    site: str | None
    desks: tuple[Desk, ...]
    services: tuple[Service, ...]
    articles: tuple[Card, ...]
    closed_at: datetime | None = None
    successor: Office | None = None


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
        services=with_link_state(
            services(OnlineService.owners.any(Administration.id == place.id), Concern(frozenset({place.id})))
        ),
        articles=tuple(
            sorted(
                (card for card in cards if place.id in competent.get(card.revision_id, ())),
                key=lambda card: sort_key(card.title),
            )
        ),
        closed_at=place.closed_at,
        successor=office_of(place.successor) if place.successor is not None else None,
    )
