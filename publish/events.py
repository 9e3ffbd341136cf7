"""News of the public side."""

from __future__ import annotations

from dataclasses import dataclass

from app import events


@events.event
@dataclass(frozen=True)
class EditionPublished(events.Event):
    """An article has a new edition, and its pages have been marked stale in the same transaction."""

    name = "publish.edition_published"
    edition_id: int
    article_id: int
    slug: str


@events.event
@dataclass(frozen=True)
class ArticleChanged(events.Event):
    """Something was done to an article as a whole (`publish.fate_stages.Fate`); its pages have been marked stale.

    Who follows the page is told from here: `deed` is the act, `state` what the article is now.
    """

    name = "publish.article_changed"
    article_id: int
    number: int
    deed: str
    state: str
    slug: str
