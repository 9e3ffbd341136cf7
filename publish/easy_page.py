"""The easy-to-read twin of an article at its own address: what was signed with the live edition, and who has read it."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from app import events
from app.db import session
from drafts import canonical, easy_queries
from drafts.easy_text import read_signed, render
from drafts.events import EasyReadingsChanged
from drafts.models import Article
from drafts.review_models import Revision
from publish import addresses, queries, store
from publish.models import Edition
from publish.queries import Card


def has_twin(card: Card) -> bool:
    """Whether the edition the public reads was signed with a twin."""
    return bool(card.fields.get(canonical.EASY))


def had_twin(card: Card) -> bool:
    """Whether an earlier edition of the article had one, so that its address was public."""
    every = session().scalars(sa.select(Edition.fields).where(Edition.article_id == card.article_id))
    return any(fields.get(canonical.EASY) for fields in every)


def words(card: Card) -> dict[str, Any]:
    """What the page of the twin says. Its words are those of the bytes that were signed, and no others."""
    revision = session().get_one(Revision, card.revision_id)
    here, before = _readings(card, revision.draft_id)
    return {
        "it": queries.reading(card),
        "text": render(read_signed(canonical.parse(revision.canonical)[1])),
        "readings": here,
        "earlier": before,
    }


def _readings(
    card: Card, draft_id: int
) -> tuple[tuple[easy_queries.ReadingRow, ...], tuple[easy_queries.ReadingRow, ...]]:
    """Who has read the twin of this edition, and who has read those of earlier ones."""
    earlier = session().scalars(
        sa.select(Revision.draft_id)
        .join(Edition, Edition.revision_id == Revision.id)
        .where(Edition.article_id == card.article_id, Revision.draft_id != draft_id)
        .distinct()
    )
    return easy_queries.readings_of([draft_id]), easy_queries.readings_of(earlier.all())


@events.on(EasyReadingsChanged, "publish.easy_again")
def _again(news: EasyReadingsChanged) -> None:
    """The page says who has read it."""
    slugs = session().scalars(
        sa.select(Edition.slug)
        .join(Article, Article.shown_revision_id == Edition.revision_id)
        .join(Revision, Revision.article_id == Article.id)
        .where(Revision.draft_id == news.draft_id)
        .distinct()
    )
    for slug in slugs.all():
        store.touch(addresses.easy(slug))
